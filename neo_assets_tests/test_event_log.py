import itertools
import queue
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import DagsterEventBatchMetadata  # noqa: TID251
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus  # noqa: TID251
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value  # noqa: TID251

from neo_assets.checks.definitions import checks_of
from neo_assets.checks.evaluations import outcome_of
from neo_assets.dagster_internals.event_log import EventLog
from neo_assets.dagster_internals.events import one_commit
from neo_assets.instance import prepare_instance
from neo_assets.partitions import daily_partitions
from neo_assets.settings import Settings
from neo_assets_tests.automation.small_graph import SmallGraph
from neo_assets_tests.event_writer import BATCH, entry
from neo_assets_tests.faults import injected

ROOT = Path(__file__).parents[1]
DAY = date(2024, 3, 1)
DAYS = [DAY + timedelta(days=number) for number in range(3)]
NEVER_DONE = AssetCheckExecutionRecordStatus.PLANNED
SILVER, GOLD = dg.AssetKey("silver_neo_events"), dg.AssetKey("gold_neo_fact")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an instance that was never opened, in an environment without settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path))
    return tmp_path / "dagster"


@contextmanager
def opened() -> Iterator[dg.DagsterInstance]:
    home = prepare_instance(Settings.from_environment())
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


@contextmanager
def writing_process(run_id: str, rounds: int) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "neo_assets_tests.event_writer", run_id, str(rounds)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process


def stored(home: Path) -> list[tuple[str, str]]:
    """Run and message of each event in the file, in order, after SQLite's own check of it."""
    with sqlite3.connect(home / "history" / "event_log.db") as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        query = "SELECT run_id, json_extract(event, '$.user_message') FROM event_logs ORDER BY id"
        return file.execute(query).fetchall()


def test_a_killed_process_loses_nothing_that_it_has_stored(home: Path) -> None:
    with writing_process("killed", 1_000_000) as process:
        assert process.stdout is not None
        output = [process.stdout.readline() for _ in range(100)]
        process.kill()
        injected("killed while it stored events")
        output += process.stdout.readlines()
    rounds = Counter(int(message) for _, message in stored(home))
    assert set(rounds) >= {int(number) for number in output}
    assert set(rounds.values()) == {BATCH}
    with opened() as instance:
        instance.event_log_storage.store_event(entry("next", "stored"))
    assert stored(home)[-1] == ("next", "stored")


def test_processes_that_begin_at_once_share_one_file(home: Path) -> None:
    rounds = 100
    expected = [str(number) for number in range(rounds) for _ in range(BATCH)]
    with writing_process("one", rounds) as one, writing_process("other", rounds) as other:
        assert (one.wait(), other.wait()) == (0, 0)
    events = stored(home)
    for run_id in ("one", "other"):
        assert [message for run, message in events if run == run_id] == expected


def test_an_incomplete_event_log_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(
            "dagster._core.storage.event_log.sqlite.consolidated_sqlite_event_log.stamp_alembic_rev",
            lambda *_: sys.exit("killed"),
        )
        with pytest.raises(SystemExit), opened():
            pass
    assert not (home / "history" / "event_log.db").exists()
    with opened() as instance:
        instance.event_log_storage.store_event(entry("a_run", "stored"))
    assert stored(home) == [("a_run", "stored")]


def test_many_threads_store_at_once(home: Path) -> None:
    with opened() as instance:
        log = instance.event_log_storage

        def store(run_id: str) -> None:
            for number in range(10):
                log.store_event(entry(run_id, str(number)))
                assert len(log.get_logs_for_run(run_id)) == number + 1

        threads = [threading.Thread(target=store, args=(f"run {number}",)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Counter(run for run, _ in stored(home)) == {f"run {number}": 10 for number in range(20)}


def test_a_batch_is_stored_whole_or_not_at_all(home: Path) -> None:
    sound, broken = entry("a_run", "0"), entry("a_run", "1")._replace(timestamp=float("nan"))
    with opened() as instance:
        with pytest.raises(ValueError, match="NaN"):
            instance.event_log_storage.store_event_batch([sound, broken])
        assert stored(home) == []


def test_a_batch_that_fails_inside_one_commit_is_stored_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster stores the events of a batch that failed again, one by one."""
    with opened() as instance:
        events = [entry("a_run", str(number)) for number in range(4)]
        log = instance.event_log_storage
        with one_commit(instance):
            log.store_event(events[0])
            with monkeypatch.context() as failing:
                # The disk is full at the second event of the batch, and has room again afterwards.
                failing.setattr(EventLog, "_event_to_row", failing_at(2))
                for event in events[1:]:
                    place = DagsterEventBatchMetadata("a batch", is_end=event is events[-1])
                    instance.handle_new_event(event, batch_metadata=place)
            assert stored(home) == []
    assert stored(home) == [("a_run", str(number)) for number in range(4)]


def failing_at(call: int) -> Callable[[EventLog, dg.EventLogEntry], Any]:
    calls = itertools.count(1)
    original = EventLog._event_to_row

    def row(log: EventLog, event: dg.EventLogEntry) -> Any:
        if next(calls) == call:
            raise OSError("No space left on device")
        return original(log, event)

    return row


def test_a_watcher_of_a_run_receives_events_of_other_processes_at_once() -> None:
    received: queue.Queue[str] = queue.Queue()
    with opened() as instance, opened() as other:
        instance.watch_event_logs(
            "watched", None, lambda event, _: received.put(event.user_message)
        )
        for message in ("0", "1"):
            # The other has the file open, so that nothing is in its main part yet.
            other.event_log_storage.store_event(entry("watched", message))
            assert received.get(timeout=10) == message


def run_with_a_held_day(instance: dg.DagsterInstance) -> None:
    """Three days of silver and gold, the second held back; then the last of them again.

    Before, a run that crashes: what was planned of gold is stored as not done.
    """
    crash = SmallGraph(instance, crash=RuntimeError("Not done."))
    assert not crash.materialize(DAYS[0], len(DAYS)).success
    graph = SmallGraph(instance, dropped={DAYS[1]: 9})
    graph.materialize(DAYS[0], len(DAYS))
    graph.materialize(DAYS[-1])


def test_every_day_is_the_same_as_with_the_default_of_dagster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    histories = []
    for folder, configuration in (("ours", None), ("default", "telemetry: {enabled: false}")):
        home = tmp_path / folder
        monkeypatch.setenv("DAGSTER_HOME", str(home))
        if configuration:
            home.mkdir()
            (home / "dagster.yaml").write_text(configuration)
        # An instance of before there was this event log goes on with the one it has.
        with opened() as instance:
            assert isinstance(instance.event_log_storage, EventLog) is not bool(configuration)
            run_with_a_held_day(instance)
            histories.append([told_of(instance, asset) for asset in (SILVER, GOLD)])
    ours, default = histories
    assert ours == default
    assert [statuses for statuses, *_ in ours] == [
        ({str(day) for day in DAYS}, set(), set()),
        ({str(day) for day in DAYS if day != DAYS[1]}, {str(DAYS[1])}, set()),
    ]


def told_of(instance: dg.DagsterInstance, asset: dg.AssetKey) -> tuple[object, ...]:
    """What the UI shows of an asset, without ids and times.

    The status of its days (materialized, failed, in progress), its materializations, the history of
    its checks and their newest evaluations, and what is in the catalogue.
    """
    daily = daily_partitions(Settings.from_environment())
    cached = get_and_update_asset_status_cache_value(instance, asset, daily)
    assert cached is not None
    statuses = tuple(
        set(subset.get_partition_keys()) if subset else set()
        for subset in (
            cached.deserialize_materialized_partition_subsets(daily),
            cached.deserialize_failed_partition_subsets(daily),
            cached.deserialize_in_progress_partition_subsets(daily),
        )
    )
    (record,) = instance.get_asset_records([asset])
    last = record.asset_entry.last_materialization
    materializations = instance.fetch_materializations(asset, limit=100).records
    log = instance.event_log_storage
    checks = [
        dg.AssetCheckKey(asset, check.name)
        for check in checks_of(asset.to_user_string(), ["neows"])
    ]
    executions = [
        (execution.key.name, execution.status, execution.partition, _said(execution.event))
        for check in checks
        for execution in log.get_asset_check_execution_history(check, limit=100)
    ]
    never_done = {day for _, status, day, _ in executions if status is NEVER_DONE}
    assert not never_done
    newest = log.get_latest_asset_check_execution_by_key(checks)
    return (
        statuses,
        [each.partition_key for each in materializations],
        executions,
        {check.name: (found.status, found.partition) for check, found in newest.items()},
        last and last.asset_materialization and last.asset_materialization.partition,
    )


def _said(entry: dg.EventLogEntry | None) -> object:
    assert entry is not None and entry.dagster_event is not None
    if entry.dagster_event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
        return entry.dagster_event.event_specific_data
    evaluation = entry.dagster_event.asset_check_evaluation_data
    return (
        outcome_of(evaluation),
        evaluation.description,
        evaluation.target_materialization_data is None,
    )
