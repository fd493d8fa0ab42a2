"""Replay and refresh through Dagster: the same history, the same gold, and what repairs what."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from neo_assets.automation.jobs import full_refresh
from neo_assets.automation.schedules import daily_refresh, replay_after_reset_sensor
from neo_assets.backfill import days_between, landed_days, replay
from neo_assets.checks.definitions import checks_of
from neo_assets.definitions import build_definitions, defs
from neo_assets.settings import Settings
from neo_assets.targets.registry import create_target
from neo_assets_tests.faults import injected
from neo_assets_tests.lakehouse.feed_objects import feed_object
from neo_assets_tests.test_cli import in_this_process
from neo_assets_tests.test_graph import ASSETS, Site, bare_site, site

__all__ = ["bare_site", "site"]

DAYS = days_between(date(2024, 3, 1), date(2024, 3, 3), Settings())
LATER = date(2024, 3, 6)


def gold(site: Site) -> list[dict[str, Any]]:
    return sorted(site.rows("gold_neo_fact"), key=lambda row: row["neo_event_key"])


def test_replay_needs_no_feed_and_is_in_the_history(site: Site) -> None:
    assert site.backfill(DAYS[0], DAYS[-1]).is_good
    before, versions = gold(site), site.versions()
    for table in ("silver_neo_events", "silver_neo_versions", "gold_neo_fact"):
        shutil.rmtree(site.root / "data" / "tables" / table)
    site.environment.setenv("NEO_SOURCE", "nasa")
    site.environment.setenv("NEOWS_BASE_URL", "http://127.0.0.1:9/neo/rest/v1")
    outcome = replay(DAYS, site.settings())
    assert outcome.is_good and len(outcome.reports) == 2 * len(DAYS)
    assert gold(site) == before
    assert site.versions()["bronze_neo_events"] == versions["bronze_neo_events"]
    times = {(asset, day): 0 for asset, _, day, _ in site.history()}
    for (asset, check, day, _), number in site.history().items():
        if check == "drop_count":
            times[asset, day] += number
    assert times == {
        (asset, str(day)): number
        for asset, number in {
            "raw_feed_files": 1,
            "bronze_neo_events": 1,
            "silver_neo_events": 2,
            "gold_neo_fact": 2,
        }.items()
        for day in DAYS
    }

    # Maintenance is a job too, and rewrites files.
    with site.instance() as instance:
        definitions = build_definitions(Settings.from_environment())
        assert (
            definitions.resolve_job_def("maintenance").execute_in_process(instance=instance).success
        )
    assert gold(site) == before


def test_missing_tables_are_refused_and_a_full_replay_repairs_them(site: Site) -> None:
    assert site.backfill(DAYS[0], DAYS[0]).is_good
    assert site.backfill(LATER, LATER).is_good
    before = gold(site)
    shutil.rmtree(site.root / "data" / "checkpoints")
    # Bronze knows its event files without it.
    assert site.backfill(LATER, LATER).is_good
    assert gold(site) == before
    fixed = replay(landed_days(site.settings()), site.settings(), full=True)
    # Two runs, for the days between have never landed.
    assert fixed.is_good and {day for _, day in fixed.reports} == {DAYS[0], LATER}
    assert gold(site) == before
    assert not (site.root / "data" / "replay").exists()
    assert site.backfill(LATER, LATER).is_good
    assert gold(site) == before

    shutil.rmtree(site.root / "data" / "tables" / "bronze_neo_events")
    assert_refused(site)


def assert_refused(site: Site) -> None:
    (message,) = site.backfill(LATER, LATER).failures.values()
    assert message.endswith("with: neo-assets replay --full") and " is missing" in message


def test_replay_on_the_command_line(site: Site) -> None:
    assert in_this_process("replay").exit_code == 2
    assert in_this_process("replay", "--start", "2024-03-01").exit_code == 2
    nothing = in_this_process("replay", "--full", COLUMNS="200")
    assert nothing.exit_code == 2 and "Nothing has landed yet" in nothing.stderr
    site.replay("one", {str(DAYS[0]): [feed_object(DAYS[0])]})
    assert site.backfill(DAYS[0], DAYS[0]).is_good
    result = in_this_process("replay", "--full")
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    assert len(gold(site)) == 1


def test_the_kinds_of_refresh_are_jobs() -> None:
    names = {job.name for job in defs().resolve_all_job_defs()}
    assert names > {"refresh", "full_refresh", "selective_refresh", "reset_streaming_checkpoints"}


def test_the_daily_refresh_asks_for_a_window() -> None:
    now = datetime(2024, 3, 10, 6, 30, tzinfo=timezone.utc)
    context = dg.build_schedule_context(scheduled_execution_time=now)
    request = daily_refresh(context, settings=Settings(neo_refresh_days_back=3))
    assert isinstance(request, dg.RunRequest)
    assert request.tags["dagster/asset_partition_range_start"] == "2024-03-07"
    assert request.tags["dagster/asset_partition_range_end"] == "2024-03-17"


def test_a_full_refresh_is_followed_by_a_replay_of_every_landed_day(tmp_path: Path) -> None:
    settings = Settings(neo_data_dir=tmp_path)
    target = create_target(settings)
    for day in (*DAYS, LATER):
        folder = tmp_path / "landing" / "neo_feed" / f"feed_date={day}"
        folder.mkdir(parents=True)
        (folder / "20240401T120000000000Z-0123456789abcdef.json").touch()
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(full_refresh, status=dg.DagsterRunStatus.SUCCESS)
        event = dg.DagsterEvent("PIPELINE_SUCCESS", "full_refresh")
        context = dg.build_run_status_sensor_context(
            "replay_after_reset_sensor",
            event,
            instance,
            run,
            resources={"target": target, "settings": settings},
        )
        requests = list(replay_after_reset_sensor(context))  # type: ignore[arg-type]
    assert [
        (
            request.tags["dagster/asset_partition_range_start"],
            request.tags["dagster/asset_partition_range_end"],
        )
        for request in requests
    ] == [("2024-03-01", "2024-03-03"), ("2024-03-06", "2024-03-06")]


def test_a_day_that_was_never_fetched_is_not_materialized(site: Site) -> None:
    objects = [feed_object(DAYS[0])]
    later = [feed_object(LATER)]
    site.replay("some", {str(DAYS[0]): objects, str(DAYS[2]): [], str(LATER): later})
    for day in (DAYS[0], DAYS[2]):
        assert site.backfill(day, day).is_good
    (message,) = replay(DAYS, site.settings()).failures.values()
    assert f"{DAYS[1]}: never fetched" in message and "neo-assets backfill" in message
    for selection in ("bronze_neo_events", "silver_neo_events", "gold_neo_fact"):
        (message,) = site.backfill(DAYS[1], DAYS[1], selection).failures.values()
        assert f"{DAYS[1]}: never fetched" in message
    # What has landed but is not in the layer before is distinguished.
    assert site.backfill(LATER, LATER, "raw_feed_files").is_good
    for selection in ("silver_neo_events", "gold_neo_fact"):
        (message,) = site.backfill(LATER, LATER, selection).failures.values()
        assert f"{LATER}: bronze_neo_events does not have it" in message
    assert site.backfill(LATER, LATER, "bronze_neo_events").is_good
    (message,) = site.backfill(LATER, LATER, "gold_neo_fact").failures.values()
    assert f"{LATER}: silver_neo_events has not been materialized for it" in message
    with site.instance() as instance:
        for asset in ASSETS:
            materialized = set(instance.get_materialized_partitions(asset))
            # The day without objects was fetched.
            assert materialized - {str(LATER)} == {str(DAYS[0]), str(DAYS[2])}
    assert {status for *_, status in site.history()} <= {"SUCCEEDED", "FAILED"}


def test_nothing_stays_planned_where_raw_fails_for_all_days(bare_site: Site) -> None:
    bare_site.environment.setenv("NEO_SOURCE", "nasa")
    bare_site.environment.setenv("NEOWS_BASE_URL", "http://127.0.0.1:9/neo/rest/v1")
    bare_site.environment.setenv("NEO_HTTP_RETRIES", "0")
    outcome = bare_site.backfill(DAYS[0], DAYS[-1])
    assert not outcome.is_good
    stored = bare_site.history()
    checks = sum(len(checks_of(asset.to_user_string(), ["neows"])) for asset in ASSETS)
    assert len(stored) == stored.total() == checks * len(DAYS)
    assert {status for *_, status in stored} == {"FAILED"}


def test_a_file_cut_off_by_hand_is_refused_until_the_feed_is_asked_again(site: Site) -> None:
    assert site.backfill(DAYS[0], DAYS[-1]).is_good
    before = gold(site)
    (file,) = (site.root / "data/landing/neo_feed" / f"feed_date={DAYS[1]}").glob("*.json")
    file.write_text(file.read_text()[:-100])
    injected("damaged event files")

    outcome = site.backfill(DAYS[0], DAYS[-1], "bronze_neo_events")
    (message,) = outcome.failures.values()
    remedy = f"neo-assets backfill --start {DAYS[1]} --end {DAYS[1]}"
    assert file.name in message and message.rstrip(".").endswith(remedy)
    assert set(outcome.reports) == {("bronze_neo_events", day) for day in (DAYS[0], DAYS[2])}
    (message,) = replay(DAYS, site.settings(), full=True).failures.values()
    assert remedy in message and "left as it is" in message
    assert gold(site) == before

    assert site.backfill(DAYS[1], DAYS[1]).is_good
    assert len(list(file.parent.glob(".*.damaged"))) == 1
    known = len(site.rows("bronze_neo_events"))
    assert gold(site) == before
    # Bronze had it whole, and keeps what no file has any more.
    assert replay(DAYS, site.settings(), full=True).is_good
    assert len(site.rows("bronze_neo_events")) == known and gold(site) == before


@pytest.fixture
def small_disk(
    bare_site: Site, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    # Dagster's event log is elsewhere: on a full disk it could not record the failure.
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    disk = tmp_path / "data"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], check=True)
    shutil.copytree(empty / "tables", disk / "tables")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_disk_that_is_full(small_disk: Path, bare_site: Site) -> None:
    """It fills up before each layer in turn; with room again the run goes on from there."""
    assert bare_site.backfill(DAYS[0], DAYS[0]).is_good
    for layer in ("raw_feed_files", "bronze_neo_events", "silver_neo_events+"):
        with full(small_disk):
            (message,) = bare_site.backfill(DAYS[1], DAYS[-1], layer).failures.values()
        assert "room" in message, message
        if layer != "silver_neo_events+":
            assert bare_site.backfill(DAYS[1], DAYS[-1], layer).is_good

    outcome = bare_site.backfill(DAYS[0], DAYS[-1])
    assert outcome.is_good
    assert len(gold(bare_site)) == sum(
        report.rows_out for (name, _), report in outcome.reports.items() if name == "gold_neo_fact"
    )


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """The disk without a byte left."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))
    injected("full disks")
    yield
    ballast.unlink()
