"""Dagster's event log in one SQLite file, by connections that stay open.

Dagster's default opens, commits four times and closes for every event, in a file for each run and
one for all, and a long backfill spends more time on that than on its work.  Here one event, or
a batch of them, is one commit.

What was stored stays stored whenever a process is killed.  When the whole machine goes down, the
last seconds may be missing and the file is sound: that is what `synchronous=NORMAL` means in WAL
mode (https://www.sqlite.org/pragma.html#pragma_synchronous).  WAL needs a local disk.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.event_api import EventHandlerFn
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log import (
    ConsolidatedSqliteEventLogStorage,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from filelock import FileLock
from watchdog.events import FileSystemEvent, PatternMatchingEventHandler
from watchdog.observers import Observer

EVENTS_IN_A_BATCH = 500
"""Events of one output that Dagster holds back to store them at once.

A process killed meanwhile loses them, and with them the end of a step that was not done yet.
"""

# In one file for all runs, "the events of a kind in this run" would be looked for in all runs.
_INDEX_OF_RUNS = sa.text(
    "CREATE INDEX idx_events_by_run_and_type ON event_logs (run_id, dagster_event_type, id)"
)
_STORE_EVENT = SqlEventLogStorageTable.insert()
_STORE_EVALUATION = AssetCheckExecutionsTable.insert()
# An upsert would do, but SQLAlchemy would translate it into SQL each time.
_STORE_PLANNED_EVALUATION = AssetCheckExecutionsTable.update().where(
    *(
        AssetCheckExecutionsTable.c[name] == sa.bindparam(f"of_{name}")
        for name in ("asset_key", "check_name", "run_id", "partition")
    )
)


class EventLog(ConsolidatedSqliteEventLogStorage):
    """The events of all runs, in `history/event_log.db` in the folder of the instance."""

    _obs: Any
    """The observer of the file, once a run is watched."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        # The parent opens its file at once, but where that lies is known with the instance only.
        self._inst_data = inst_data

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Open the file of this instance."""
        self._file = Path(instance.root_directory) / "history" / "event_log.db"
        self._of_thread = threading.local()
        self._engine = sa.create_engine(
            f"sqlite:///{self._file}",
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            # The UI has many threads, and none is to wait for the connection of another.
            max_overflow=-1,
        )
        sa.event.listen(self._engine, "connect", _leave_syncing_to_the_system)
        # Dagster makes batches only where this is set, and has no other place to set it.
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(EVENTS_IN_A_BATCH))
        super().__init__(str(self._file.parent), self._inst_data)
        super().register_instance(instance)

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """There is nothing to configure."""
        return {}

    def _init_db(self) -> None:
        """Make the file, which appears whole or not at all, and once."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._file.with_suffix(".lock")):
            if not self._file.exists():
                with TemporaryDirectory(dir=self._file.parent) as folder:
                    new = ConsolidatedSqliteEventLogStorage(folder)
                    with new.index_connection() as connection:  # type: ignore[no-untyped-call]
                        connection.execute(_INDEX_OF_RUNS)
                    (Path(folder) / self._file.name).rename(self._file)

    @contextmanager
    def one_commit(self) -> Iterator[None]:
        """Store all that this thread logs in the block in one commit."""
        with self._connect() as connection:
            # The driver would begin at the first write only, and a savepoint before that would be a
            # transaction of its own.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def _connect(self) -> Iterator[sa.Connection]:
        """A connection in a transaction; what its thread does inside is part of the same."""
        outer: sa.Connection | None = getattr(self._of_thread, "connection", None)
        if outer is not None:
            yield outer
            return
        with self._engine.begin() as connection:
            self._of_thread.connection = connection
            try:
                yield connection
            finally:
                self._of_thread.connection = None

    @contextmanager
    def _all_or_nothing(self) -> Iterator[sa.Connection]:
        """A connection for events that are stored together: an error leaves none of them.

        Inside `one_commit` this takes a savepoint. Dagster stores the events of a failed batch
        again, one by one; without it the first of them would be stored twice.
        """
        is_outermost = getattr(self._of_thread, "connection", None) is None
        with (
            self._connect() as connection,
            nullcontext() if is_outermost else (connection.begin_nested()),
        ):
            yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether there is such a table."""
        with self._connect() as connection:
            return sa.inspect(connection).has_table(table_name)

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Store an event and what follows from it, in one commit."""
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store events and what follows from them, in one commit."""
        # An asset shows its newest event of a kind: those before need not be written there.
        newest: dict[tuple[dg.DagsterEventType, dg.AssetKey], tuple[dg.EventLogEntry, int]] = {}
        with self._all_or_nothing() as connection:
            for entry in events:
                row = self._event_to_row(entry)
                event_id = connection.execute(_STORE_EVENT, row).lastrowid
                event = entry.dagster_event
                if event and event.event_type in ASSET_EVENTS and event.asset_key:
                    self._store_asset_event_tags(connection, [entry], [event_id])
                    newest[event.event_type, event.asset_key] = entry, event_id
                elif event and event.event_type in ASSET_CHECK_EVENTS:
                    check = event.event_specific_data
                    if isinstance(check, dg.AssetCheckEvaluation) and check.partition:
                        self._store_evaluation(connection, check, row, event_id)
                    else:
                        self.store_asset_check_event(entry, event_id)
            for entry, event_id in newest.values():
                self._store_asset_event(connection, entry, event_id)

    def _store_evaluation(
        self,
        connection: sa.Connection,
        evaluation: dg.AssetCheckEvaluation,
        row: Mapping[str, Any],
        event_id: int,
    ) -> None:
        """Store what the parent would, which is most of what is stored, by statements of our own.

        By the parent's, the events of a run of 92 days take 1.3 times the processor time.
        """
        status = AssetCheckExecutionRecordStatus
        target = evaluation.target_materialization_data
        values = {
            "execution_status": (status.SUCCEEDED if evaluation.passed else status.FAILED).value,
            "evaluation_event": row["event"],
            "evaluation_event_timestamp": row["timestamp"],
            "evaluation_event_storage_id": event_id,
            "materialization_event_storage_id": target.storage_id if target else None,
        }
        place = {
            "asset_key": evaluation.asset_key.to_string(),
            "check_name": evaluation.check_name,
            "run_id": row["run_id"],
            "partition": evaluation.partition,
        }
        planned = {f"of_{name}": value for name, value in place.items()}
        if not connection.execute(_STORE_PLANNED_EVALUATION, values | planned).rowcount:
            connection.execute(_STORE_EVALUATION, values | place)

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Tell the callback of the events of a run after the cursor, as they are stored."""
        if not self._obs:
            self._obs = Observer()
            self._obs.schedule(_Watchdog(self._file, self.on_modified), str(self._file.parent))
            self._obs.start()
        self._watchers[run_id][callback] = cursor

    def dispose(self) -> None:
        """Close the connections to the database file."""
        super().dispose()  # type: ignore[no-untyped-call]
        self._engine.dispose()


class _Watchdog(PatternMatchingEventHandler):
    """Sees that something was stored: in the log beside the file, much later in the file itself."""

    def __init__(self, file: Path, look: Callable[[], None]) -> None:
        super().__init__(patterns=[str(file), f"{file}-wal"])
        self._look = look

    def on_modified(self, event: FileSystemEvent) -> None:
        self._look()


def _leave_syncing_to_the_system(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")
