"""A lakehouse reached through one Spark Connect session a run, made when first needed."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from neo_assets.lakehouse.model.tables import Table
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Request, Result, StageError
from neo_assets.lakehouse.store.delta_log import refuse_other_digits, set_aside_damaged_checkpoints
from neo_assets.progress import LogFunction, track_progress
from neo_assets.settings import Settings
from neo_assets.sources.registry import Included
from neo_assets.spark_server.server import spark_connect_server
from neo_assets.targets.local.backend import LocalBackend
from neo_assets.targets.local.session import (
    abandon,
    display_address,
    is_alive,
    is_lost,
    run_cancelable,
    spark_session,
)
from neo_assets.targets.locks import exclusive_writer
from neo_assets.targets.stage_runner import Context, StageRunner

if TYPE_CHECKING:
    from neo_assets.lakehouse.store.storage import Lakehouse


DISK_IS_FULL = "No space left on device"


class SparkStageRunner(StageRunner):
    """A lakehouse in folders of this machine.

    With `NEO_SPARK_REMOTE` the session is one of that server; otherwise a server is started for the
    run and ends with it.
    """

    def __init__(self, settings: Settings, backend: LocalBackend) -> None:
        super().__init__(settings)
        self._backend = backend
        self._open = ExitStack()
        self._lakehouse: Lakehouse | None = None
        self._ready_tables: set[str] = set()
        self._address = ""

    def close(self) -> None:
        """End the session, and its server where the run started one."""
        super().close()
        self._lakehouse = None
        self._ready_tables.clear()
        self._open.close()

    def run(self, context: Context, request: Request) -> Result:
        """Run a stage in a session of this process."""
        from neo_assets.lakehouse import stages

        log = context.log.info

        def run(lakehouse: "Lakehouse") -> Result:
            if request.needs_tables:
                tables = Included(request.sources).tables_of(request.stage)
                self._make_tables(lakehouse, tables, log)
            return stages.run(lakehouse, request, log)

        with self.rebuilding(log) as lakehouse:
            return run_cancelable(lakehouse.spark, lambda: run(lakehouse))

    def record_metrics(self, run_id: str, asset: str, reports: Sequence[DayReport]) -> None:
        """Store the metrics without Spark."""
        from neo_assets.lakehouse.store import metrics

        metrics.record(self._backend.tables, metrics.RunMetrics(run_id, asset, reports))

    @contextmanager
    def writing(self, log: LogFunction) -> Iterator["Lakehouse"]:
        """The lakehouse, with no other writer on this machine until the block ends.

        `log` receives what it waits for.

        Raises:
            dagster.Failure: its files do not fit together, the disk is full, or Spark was lost.
        """
        with self.rebuilding(log) as lakehouse:
            self._make_tables(lakehouse, Included(self._settings.sources).tables, log)
            yield lakehouse

    @contextmanager
    def rebuilding(self, log: LogFunction) -> Iterator["Lakehouse"]:
        """As `writing`, to rebuild tables: they may be missing or unfit."""
        with exclusive_writer(self._settings, log):
            try:
                if self._lakehouse and not is_alive(self._lakehouse.spark):
                    # Spark died between two steps, or while this one waited.
                    self._abandon()
                if self._lakehouse is None:
                    self._lakehouse = self._connect(log)
                yield self._lakehouse
            except StageError as error:
                raise dg.Failure(str(error), allow_retries=False) from None
            except Exception as error:
                if is_lost(error):
                    self._abandon()
                    raise dg.Failure(
                        f"Spark at {display_address(self._address)} died or cannot be reached, and "
                        "nothing is half done: what this step had committed is complete, the rest "
                        "not at all; run it again."
                    ) from error
                if DISK_IS_FULL not in str(error):
                    raise
                raise dg.Failure(
                    f"The disk with {self._settings.neo_data_dir} is full and nothing of this step "
                    "was kept; make room and run it again.",
                    allow_retries=False,
                ) from error

    def _make_tables(
        self, lakehouse: "Lakehouse", tables: Sequence[Table], log: LogFunction
    ) -> None:
        """Create those of the tables that do not exist yet, once in each run."""
        new = [table for table in tables if table.name not in self._ready_tables]
        for table in track_progress(new, len(new), "tables prepared", log):
            lakehouse.ensure_tables([table])
            self._ready_tables.add(table.name)

    def _connect(self, log: LogFunction) -> "Lakehouse":
        # Loading the code location must not cost what loading Spark costs.
        from neo_assets.lakehouse.store.storage import Lakehouse

        refuse_other_digits(self._backend.tables)
        if self._settings.neo_spark_remote is None:
            log("Starting Spark.")
        self._address = self._settings.neo_spark_remote or self._open.enter_context(
            spark_connect_server(self._settings.neo_data_dir / "spark", is_lasting=False)
        )
        for table in self._backend.tables.glob("*"):
            for file in set_aside_damaged_checkpoints(table):
                log(f"{file} is damaged; it was renamed, and Delta reads the commits instead.")
        session = spark_session(self._address)
        self._open.callback(session.stop)
        return Lakehouse(session, self._backend)

    def _abandon(self) -> None:
        """Release everything that was lost, so that a retried step gets a new session."""
        if self._lakehouse is not None:
            abandon(self._lakehouse.spark)
        self._lakehouse = None
        self._ready_tables.clear()
        self._open.close()
