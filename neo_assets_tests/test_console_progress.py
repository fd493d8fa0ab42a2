"""What is seen of a backfill while it runs, on a terminal and off it."""

from collections.abc import Callable, Iterator
from datetime import date
from uuid import uuid4

import dagster as dg
import pytest

from neo_assets import progress
from neo_assets.backfill import QUIET
from neo_assets.checks.evaluations import checks_on
from neo_assets.checks.planned import PlannedChecks
from neo_assets.cli.console import narration
from neo_assets.partitions import backfill_policy, daily_partitions, range_tags
from neo_assets.settings import Settings

DAYS = (date(2024, 3, 1), date(2024, 3, 4))


SETTINGS = Settings()


@dg.asset(partitions_def=daily_partitions(SETTINGS), backfill_policy=backfill_policy(SETTINGS))
def raw_feed_files(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    context.log.debug("Not for users.")
    context.log.info("4 days are fetched [from NASA].")
    context.log.warning("It was tried again.")
    context.log.error("This is printed at the end.")
    return dg.MaterializeResult()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """One run over four days, of eight asset partitions."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NEO_SPARK_REMOTE", raising=False)

    def run() -> None:
        with narration(8, Settings.from_environment()) as narrate:
            run_id = str(uuid4())
            instance.add_event_listener(run_id, narrate)
            checks = [checks_on(raw_feed_files.key, SETTINGS)]
            code = dg.Definitions(
                [raw_feed_files],
                asset_checks=checks,
                resources={"planned_checks": PlannedChecks()},
            )
            job = code.resolve_implicit_global_asset_job_def()
            job.execute_in_process(
                instance=instance, run_id=run_id, tags=range_tags(*DAYS), run_config=QUIET
            )

    with dg.DagsterInstance.ephemeral() as instance:
        yield run


def test_off_a_terminal_each_asset_is_a_line(
    run: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    run()
    starting, info, warning, finished = _output_lines(capsys)
    assert starting == "starting Spark: 0 of 8 asset partitions."
    assert info == "raw_feed_files: 4 days are fetched [from NASA]."
    assert warning == "raw_feed_files: It was tried again."
    assert finished.startswith('Finished execution of step "raw_feed_files" in ')
    assert ". 4 of 8 asset partitions, " in finished and finished.endswith(" left.")


def test_off_a_terminal_long_runs_log_their_progress(
    run: Callable[[], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    run()
    days = [line.split(",")[0] for line in _output_lines(capsys)[3:]]
    assert days[:4] == [f"{number} of 8 asset partitions" for number in (1, 2, 3, 4)]
    checks = "raw_feed_files_checks"
    assert days[5:] == [f"{checks}: {number} of 4 days evaluated" for number in (1, 2, 3)]


def test_on_a_terminal_a_bar_is_below(
    run: Callable[[], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    run()
    output = "\n".join(_output_lines(capsys))
    assert "raw_feed_files: 4 days are fetched [from NASA].\n" in output
    bar = output.rpartition("raw_feed_files_checks ")[2]
    assert bar.lstrip().startswith("━") and " 4 of 8 asset partitions, " in bar and " left" in bar
    assert "Finished" not in output


def _output_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()
