"""No check stays planned, however its run ends."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from dagster import DagsterExecutionInterruptedError

from neo_assets.attention import findings
from neo_assets.automation.schedules import complete_canceled, complete_failed
from neo_assets.checks.definitions import checks_of
from neo_assets.checks.planned import CANCELED, KILLED, complete_killed_runs
from neo_assets.definitions import defs
from neo_assets.instance import prepare_instance
from neo_assets.partitions import range_tags
from neo_assets.settings import Settings
from neo_assets_tests.automation.small_graph import SmallGraph

DAY = date(2024, 3, 1)
DAYS = [DAY + timedelta(days=number) for number in range(3)]
LAYERS = ("silver_neo_events", "gold_neo_fact")
EACH_DAY = {(name, check.name) for name in LAYERS for check in checks_of(name, ["neows"])}

Row = tuple[str, str, str | None]


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("NEO_SOURCES", "neows")
    home = prepare_instance(Settings.from_environment())
    with dg.DagsterInstance.from_config(str(home)) as found:
        yield found


def stored(instance: dg.DagsterInstance) -> dict[Row, list[tuple[str, str]]]:
    """What is stored of each check and day: the status and the reason, of every run."""
    found: dict[Row, list[tuple[str, str]]] = {}
    for name in ("raw_feed_files", "bronze_neo_events", *LAYERS):
        for check in checks_of(name, ["neows"]):
            for record in instance.event_log_storage.get_asset_check_execution_history(
                dg.AssetCheckKey(dg.AssetKey(name), check.name), limit=1000
            ):
                event = record.event.dagster_event if record.event else None
                message = event.event_specific_data if event else None
                reason = (
                    message.description if isinstance(message, dg.AssetCheckEvaluation) else None
                )
                row = name, check.name, record.partition
                found.setdefault(row, []).append((record.status.value, str(reason)))
    return found


def assert_one_each(instance: dg.DagsterInstance, reason: str) -> None:
    rows = stored(instance)
    assert set(rows) == {(*check, str(day)) for check in EACH_DAY for day in DAYS}
    for row, found in rows.items():
        assert len(found) == 1, (row, found)
        status, message = found[0]
        assert status in ("SUCCEEDED", "FAILED"), (row, found)
        if status == "FAILED":
            assert message == f"Not done: {reason}.", (row, found)


def told_on_partition_pages(instance: dg.DagsterInstance) -> dict[tuple[str, str], str]:
    """What the page of each partition shows that was not materialized, in one event for each."""
    found: dict[tuple[str, str], str] = {}
    for name in LAYERS:
        records = instance.fetch_observations(dg.AssetKey(name), limit=1000).records
        for record in records:
            observation = record.asset_observation
            assert observation and observation.partition
            assert (name, observation.partition) not in found
            reason = observation.metadata["not_done_because"].value
            found[name, observation.partition] = str(reason)
    return found


def test_the_first_step_fails_for_all_days(instance: dg.DagsterInstance) -> None:
    undone = dict.fromkeys(DAYS, "NeoWs answered 503")
    SmallGraph(instance, undone=undone).materialize(DAY, days=3)
    assert_one_each(instance, "NeoWs answered 503")
    (found,) = findings(instance, Settings.from_environment(), DAYS)
    assert (found.kind, found.table) == ("failed", LAYERS[0])
    assert told_on_partition_pages(instance) == {
        (name, str(day)): "NeoWs answered 503" for name in LAYERS for day in DAYS
    }


def test_the_page_of_a_held_day_shows_the_reason(instance: dg.DagsterInstance) -> None:
    SmallGraph(instance, dropped={DAYS[1]: 4}).materialize(DAY, days=3)
    ((place, reason),) = told_on_partition_pages(instance).items()
    assert place == (LAYERS[1], str(DAYS[1]))
    assert reason.startswith("held back, silver_neo_events drop_count: 4 of 10 rows dropped")


def test_a_step_raises(instance: dg.DagsterInstance) -> None:
    SmallGraph(instance, crash=ValueError("no such thing")).materialize(DAY, days=3)
    assert_one_each(instance, "ValueError: no such thing")
    assert told_on_partition_pages(instance) == {
        (LAYERS[1], str(day)): "ValueError: no such thing" for day in DAYS
    }
    assert Counter(found[0][0] for found in stored(instance).values()) == {
        "SUCCEEDED": 3 * len(checks_of(LAYERS[0], ["neows"])),
        "FAILED": 3 * len(checks_of(LAYERS[1], ["neows"])),
    }


def test_a_run_is_interrupted(instance: dg.DagsterInstance) -> None:
    crash = DagsterExecutionInterruptedError()
    SmallGraph(instance, crash=crash).materialize(DAY, days=3)  # type: ignore[arg-type]
    rows = stored(instance)
    assert len(rows) == len(EACH_DAY) * len(DAYS)
    assert {status for found in rows.values() for status, _ in found} == {"FAILED"}


def test_a_run_is_canceled_before_it_starts(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(
        defs().resolve_implicit_global_asset_job_def(),
        tags=dict(range_tags(DAYS[0], DAYS[-1])),
        asset_selection=frozenset(map(dg.AssetKey, LAYERS)),
        status=dg.DagsterRunStatus.NOT_STARTED,
    )
    assert {status for found in stored(instance).values() for status, _ in found} == {"PLANNED"}
    event = instance.report_run_canceled(run)
    (run,) = instance.get_runs(dg.RunsFilter([run.run_id]))
    context = dg.build_run_status_sensor_context("complete_canceled", event, instance, run)
    complete_canceled(context)
    assert_one_each(instance, CANCELED)


def test_a_run_whose_process_dies_before_it_comes_to_a_step(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(
        defs().resolve_implicit_global_asset_job_def(),
        tags=dict(range_tags(DAYS[0], DAYS[-1])),
        asset_selection=frozenset(map(dg.AssetKey, LAYERS)),
        status=dg.DagsterRunStatus.STARTED,
    )
    event = instance.report_run_failed(run)
    (run,) = instance.get_runs(dg.RunsFilter([run.run_id]))
    context = dg.build_run_status_sensor_context("complete_failed", event, instance, run)
    complete_failed(context)
    assert_one_each(instance, KILLED)


KILLED_RUN = """
import os, signal, sys
from datetime import date
import dagster as dg
from neo_assets.instance import prepare_instance
from neo_assets.settings import Settings
from neo_assets_tests.automation.small_graph import SmallGraph

class Killed(Exception):
    def __str__(self):
        os.kill(os.getpid(), signal.SIGKILL)

home = prepare_instance(Settings.from_environment())
with dg.DagsterInstance.from_config(str(home)) as instance:
    SmallGraph(instance, crash=Killed()).materialize(date.fromisoformat(sys.argv[1]), days=3)
"""


def test_the_next_run_completes_one_that_was_killed(instance: dg.DagsterInstance) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED_RUN, str(DAY)], env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    (run,) = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.STARTED
    assert "PLANNED" in {status for found in stored(instance).values() for status, _ in found}

    complete_killed_runs(instance)
    assert_one_each(instance, KILLED)
    (run,) = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert not list((Path(instance.root_directory) / "running").iterdir())


def test_a_run_that_goes_on_is_left_alone(instance: dg.DagsterInstance) -> None:
    class Looks(Exception):
        def __str__(self) -> str:
            complete_killed_runs(instance)
            (run,) = instance.get_runs()
            return f"it is {run.status.value}"

    SmallGraph(instance, crash=Looks()).materialize(DAY, days=3)
    assert_one_each(instance, f"{Looks.__module__}.{Looks.__qualname__}: it is STARTED")


def test_a_lock_of_no_known_run_is_removed(instance: dg.DagsterInstance) -> None:
    folder = Path(instance.root_directory) / "running"
    folder.mkdir()
    (folder / str(uuid4())).touch()
    complete_killed_runs(instance)
    assert not list(folder.iterdir())
