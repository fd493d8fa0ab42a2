"""Which landed files the sensor sends through the layers, and how often."""

import os
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from neo_assets.automation.jobs import PROCESS_LANDED_FILES
from neo_assets.automation.landed_files import landed_files_sensor
from neo_assets.definitions import build_definitions
from neo_assets.lakehouse.model.event_files import day_in
from neo_assets.partitions import days_of_run, range_tags
from neo_assets.run_tags import ONLY_LANDED, WHY
from neo_assets.settings import Settings
from neo_assets.sources import registry
from neo_assets.sources.landing_zone import DAMAGED_QUIET_S, QUIET_S
from neo_assets.targets.local.landing_zone import LocalLandingZone
from neo_assets.targets.registry import create_target

SOURCES = "neows,cad"
DAY = date(2024, 3, 1)
NOON = datetime(2024, 3, 10, 12, tzinfo=timezone.utc)
NEO = ("raw_feed_files", "bronze_neo_events", "silver_neo_events", "gold_neo_fact")
NOTHING = "Bronze has read everything that has landed for the daily partitions."
JOB = PROCESS_LANDED_FILES.name


@dataclass
class Sensor:
    """The sensor as the daemon evaluates it, over a landing zone and a bronze written by hand."""

    instance: dg.DagsterInstance
    settings: Settings
    repository: dg.RepositoryDefinition
    cursor: str | None = None
    message: str | None = None

    def tick(self) -> list[dg.RunRequest]:
        """Evaluate the sensor once; return the runs it asks for."""
        context = dg.build_sensor_context(
            self.instance,
            self.cursor,
            repository_def=self.repository,
            resources={"settings": self.settings, "target": create_target(self.settings)},
        )
        data = self.repository.get_sensor_def(landed_files_sensor.name).evaluate_tick(context)
        self.cursor, self.message = data.cursor, data.skip_message
        return list(data.run_requests or [])

    def days(self) -> list[list[date]]:
        """The days of each run that the next tick asks for."""
        return [self.days_of(request) for request in self.tick()]

    def days_of(self, request: dg.RunRequest) -> list[date]:
        return list(days_of_run(dg.DagsterRun(JOB, tags=dict(request.tags)), self.settings))

    def land(self, day: date = DAY, source: str = "neows", number: int = 0) -> str:
        """Land a snapshot as a run does; return the identity of its file."""
        zone = create_target(self.settings).landing_zone(registry.source(source).dataset)
        landing = zone.land(
            day,
            [{"id": str(number)}],
            source="simulator",
            fetched_at=NOON + timedelta(minutes=number),
        )
        return f"{landing.file.parent.name}/{landing.file.name}"

    def folder(self, day: date = DAY) -> Path:
        folder = self.settings.landing_directory / "neo_feed" / f"feed_date={day}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def read(self, *files: str, source: str = "neows") -> None:
        """Give bronze a row of each file."""
        table = registry.source(source).dataset.tables.bronze.name
        rows = pa.table({"feed_date": [day_in(file) for file in files], "source_file": list(files)})
        write_deltalake(self.settings.tables_directory / table, rows, mode="append")

    def run(self, status: dg.DagsterRunStatus, *assets: str, day: date = DAY) -> str:
        """Have a run of these assets in this state, of the whole job without any."""
        run = self.instance.add_run(
            dg.DagsterRun(
                JOB,
                status=status,
                tags=dict(range_tags(day, day)),
                asset_selection=frozenset(map(dg.AssetKey, assets)) or None,
            )
        )
        return run.run_id

    def end(self, run_id: str) -> None:
        run = self.instance.get_run_by_id(run_id)
        assert run
        self.instance.report_run_failed(run)


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    return build_definitions(Settings(neo_sources=SOURCES)).get_repository_def()


@pytest.fixture
def sensor(tmp_path: Path, repository: dg.RepositoryDefinition) -> Iterator[Sensor]:
    settings = Settings(neo_data_dir=tmp_path, neo_partitions_per_run=30, neo_sources=SOURCES)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Sensor(instance, settings, repository)


def test_nothing_has_landed(sensor: Sensor) -> None:
    assert sensor.tick() == []
    assert sensor.message == NOTHING


def test_a_file_goes_through_the_layers_of_its_source_once(sensor: Sensor) -> None:
    file = sensor.land()
    (request,) = sensor.tick()
    assert request.job_name in (None, JOB)
    assert request.asset_selection == [dg.AssetKey(name) for name in NEO]
    assert sensor.days_of(request) == [DAY]
    assert request.tags[WHY] == f"1 event file landed: neo_feed/{file}"
    assert sensor.tick() == []
    sensor.read(file)
    assert sensor.tick() == []
    assert sensor.message == NOTHING


def test_its_job_requests_nothing_from_the_sources(repository: dg.RepositoryDefinition) -> None:
    assert ONLY_LANDED in repository.get_job(JOB).tags


def test_what_bronze_has_read_starts_nothing_in_a_new_instance(sensor: Sensor) -> None:
    sensor.read(sensor.land())
    assert sensor.cursor is None
    assert sensor.tick() == []
    assert sensor.days() == []


def test_a_later_snapshot_of_a_day_is_new(sensor: Sensor) -> None:
    sensor.read(sensor.land())
    sensor.tick()
    later = sensor.land(number=1)
    (request,) = sensor.tick()
    assert request.tags[WHY] == f"1 event file landed: neo_feed/{later}"


def test_a_bronze_restored_to_an_earlier_state_reads_again(sensor: Sensor) -> None:
    file = sensor.land()
    sensor.tick()
    sensor.read(file)
    assert sensor.tick() == []
    (sensor.settings.tables_directory / "bronze_neo_events").rename(
        sensor.settings.neo_data_dir / "x"
    )
    assert sensor.days() == [[DAY]]


def test_many_files_are_a_few_runs_of_days_that_share_their_sources(sensor: Sensor) -> None:
    days = [DAY + timedelta(days=number) for number in range(70)]
    for day in days:
        sensor.land(day)
        sensor.land(day, number=1)
    for day in days[:30]:
        sensor.land(day, "cad")
    requests = sensor.tick()
    assert [sensor.days_of(request) for request in requests] == [days[:30], days[30:60], days[60:]]
    first, second, _ = (set(request.asset_selection or []) for request in requests)
    assert second == {dg.AssetKey(name) for name in NEO}
    assert first - second == {dg.AssetKey(name) for name in registry.source("cad").dataset.assets}
    assert requests[0].tags[WHY].startswith("90 event files landed: neo_feed/feed_date=2024-03-01/")
    assert requests[0].tags[WHY].endswith(" and 87 more")
    assert sensor.tick() == []


def test_days_apart_are_runs_apart(sensor: Sensor) -> None:
    other = DAY + timedelta(days=2)
    sensor.land(DAY)
    sensor.land(other)
    assert sensor.days() == [[DAY], [other]]


@pytest.mark.parametrize(
    "assets", [NEO, NEO[:1], NEO[1:2], ()], ids=["all", "raw", "bronze", "a job"]
)
def test_a_run_that_lands_or_reads_the_day_is_waited_for(
    sensor: Sensor, assets: Collection[str]
) -> None:
    run = sensor.run(dg.DagsterRunStatus.STARTED, *assets)
    file = sensor.land()
    assert sensor.tick() == []
    assert sensor.message and sensor.message.startswith("Waiting with 2024-03-01: a run of ")
    sensor.read(file)
    sensor.end(run)
    assert sensor.tick() == []


def test_a_run_that_ended_without_reading_the_file_is_followed_by_one(sensor: Sensor) -> None:
    run = sensor.run(dg.DagsterRunStatus.STARTED)
    sensor.land()
    assert sensor.tick() == []
    sensor.end(run)
    assert sensor.days() == [[DAY]]


def test_a_run_whose_process_was_killed_is_not_waited_for(sensor: Sensor) -> None:
    run = sensor.run(dg.DagsterRunStatus.STARTED)
    # As the run has left it, with a lock that nobody holds.
    running = Path(sensor.instance.root_directory) / "running" / run
    running.parent.mkdir()
    running.touch()
    sensor.land()
    assert sensor.days() == [[DAY]]
    ended = sensor.instance.get_run_by_id(run)
    assert ended and ended.status is dg.DagsterRunStatus.FAILURE


def test_runs_of_other_days_and_layers_are_not_waited_for(sensor: Sensor) -> None:
    sensor.run(dg.DagsterRunStatus.STARTED, day=DAY + timedelta(days=1))
    sensor.run(dg.DagsterRunStatus.STARTED, *NEO[2:])
    sensor.run(dg.DagsterRunStatus.STARTED, *registry.source("cad").dataset.assets)
    sensor.land()
    assert sensor.days() == [[DAY]]


def test_a_day_rewritten_again_and_again_has_one_run_in_the_queue(sensor: Sensor) -> None:
    sensor.land()
    runs = sensor.tick()
    queued = sensor.run(dg.DagsterRunStatus.STARTING)
    files = []
    for number in range(1, 20):
        files.append(sensor.land(number=number))
        runs += sensor.tick()
    assert len(runs) == 1
    # The queued run has read those that had landed by then.
    sensor.read(*files[:10])
    sensor.end(queued)
    assert len(sensor.tick()) == 1
    assert sensor.tick() == []


def test_what_bronze_cannot_read_is_not_tried_again_with_the_next_file(sensor: Sensor) -> None:
    other = DAY + timedelta(days=1)
    sensor.land(DAY)
    assert sensor.days() == [[DAY]]
    file = sensor.land(other)
    assert sensor.days() == [[other]]
    sensor.read(file)
    assert sensor.tick() == []
    assert sensor.message and sensor.message.startswith("Bronze has not read 1 file for which a ")


def test_a_copy_in_progress_waits_until_it_is_complete(sensor: Sensor) -> None:
    file = sensor.land()
    whole = sensor.settings.landing_directory / "neo_feed" / file
    content = whole.read_bytes()
    # With the time of its original, as `cp -p` and rsync leave it.
    whole.write_bytes(content[: len(content) // 2])
    os.utime(whole, (0, 0))
    assert sensor.tick() == []
    assert sensor.message and "a file is being written" in sensor.message
    whole.write_bytes(content)
    assert sensor.days() == [[DAY]]


@pytest.mark.parametrize(
    ("name", "quiet_s"),
    [("copy of a day.json", QUIET_S), (f"20240310T120000000000Z-{0:016}.json", DAMAGED_QUIET_S)],
)
def test_a_file_without_a_digest_or_damaged_counts_once_it_no_longer_changes(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch, name: str, quiet_s: int
) -> None:
    (sensor.folder() / name).write_text('{"payload": {}}\n')
    assert sensor.tick() == []
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + quiet_s + 1)
    assert sensor.days() == [[DAY]]
    assert sensor.tick() == []


def test_what_is_no_event_file_of_a_partition_starts_nothing(sensor: Sensor) -> None:
    names: Mapping[str, Any] = {".a.json.unfinished": "x", "_a.json": "x", "notes.txt": "x"}
    for name, content in names.items():
        (sensor.folder() / name).write_text(content)
    (sensor.folder() / "20240310T120000000000Z-0.json").touch()
    sensor.land(date(2014, 12, 31))
    assert sensor.tick() == []
    assert sensor.message == NOTHING


def test_where_listing_is_costly_new_days_of_any_age_are_seen_and_revisions_of_the_newest(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalLandingZone, "watched_days", 1)
    old, known, newest = (DAY + timedelta(days=number) for number in (0, 2, 4))
    sensor.read(sensor.land(known), sensor.land(newest))
    assert sensor.tick() == []
    sensor.land(old)
    sensor.land(known, number=1)
    sensor.land(newest, number=1)
    assert sensor.days() == [[old], [newest]]


def test_sources_that_are_not_included_are_left_alone(sensor: Sensor) -> None:
    sensor.land(DAY, "cad")
    sensor.settings = sensor.settings.with_variables({"NEO_SOURCES": "neows"})
    assert sensor.tick() == []


def test_the_cursor_does_not_grow_with_what_has_been_read(sensor: Sensor) -> None:
    files = [sensor.land(DAY + timedelta(days=number)) for number in range(50)]
    sensor.tick()
    sensor.read(*files)
    sensor.tick()
    assert sensor.cursor and len(sensor.cursor) < 400
