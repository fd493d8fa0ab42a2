"""Delta tables in folders, and a Spark Connect server that sees them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.event_files import identity_of
from neo_assets.lakehouse.model.tables import SOURCE_FILE, Table
from neo_assets.lakehouse.store.delta_files import dataset as rows_of
from neo_assets.lakehouse.store.delta_files import open_table
from neo_assets.progress import LogFunction
from neo_assets.sources.landing_zone import LandingZone
from neo_assets.spark_server.supervision import supervised_server
from neo_assets.targets.base import Target
from neo_assets.targets.local.backend import LocalBackend
from neo_assets.targets.local.landing_zone import LocalLandingZone
from neo_assets.targets.local.stage_runner import SparkStageRunner
from neo_assets.targets.locks import exclusive_writer

if TYPE_CHECKING:
    from neo_assets.lakehouse.quarantine import Selection


class LocalTarget(Target):
    """Tables in folders of this machine, and a Spark Connect server that sees these folders."""

    @property
    def local_tables(self) -> Path:
        """One folder a Delta table."""
        return self._settings.tables_directory

    @property
    def starts_spark(self) -> bool:
        """Whether there is no server to connect to."""
        return self._settings.neo_spark_remote is None

    def stage_runner(self) -> SparkStageRunner:
        """A session of Spark Connect."""
        return SparkStageRunner(self._settings, self._backend())

    def _backend(self) -> LocalBackend:
        return LocalBackend(
            landing=self._settings.landing_directory,
            tables=self.local_tables,
            checkpoints=self._settings.checkpoints_directory,
        )

    def landing_zone(self, dataset: Dataset) -> LandingZone:
        """Return the landing zone in a folder of the data folder."""
        return LocalLandingZone(self._settings.landing_directory / dataset.landing_folder)

    def landing_location(self, dataset: Dataset) -> str:
        """Return the path of that folder."""
        return str(self._settings.landing_directory / dataset.landing_folder)

    def location(self, table: Table) -> str:
        """Return the path of the table's folder."""
        return str(self.local_tables / table.name)

    def content(self, table: Table) -> tuple[int, date | None]:
        """Return the rows and the newest day, from the statistics in the Delta log."""
        delta = open_table(self.local_tables / table.name)
        if delta is None:
            return 0, None
        files = delta.get_add_actions(flatten=True)
        rows = files.column("num_records").to_pylist()
        if not rows or not table.day_column:
            return sum(rows), None
        return sum(rows), max(files.column(f"max.{table.day_column}").to_pylist())

    def event_files_read(self, dataset: Dataset) -> set[str]:
        """Read from one column of bronze, by Arrow."""
        delta = open_table(self.local_tables / dataset.tables.bronze.name)
        if delta is None:
            return set()
        files = rows_of(delta).to_table(columns=[SOURCE_FILE])[SOURCE_FILE].unique()
        # Tables of earlier versions have whole paths.
        return {identity_of(Path(file)) for file in files.to_pylist()}

    def version(self, table: Table) -> str:
        """Return the newest commit of the Delta log, and when it was written."""
        log = self.local_tables / table.name / "_delta_log"
        newest = max(log.glob("[0-9]*.json"), default=None)
        return f"{newest.name} {newest.stat().st_mtime_ns}" if newest else ""

    def quarantined(self, selection: "Selection") -> list[dict[str, Any]]:
        """Return the chosen rows, read by delta-rs."""
        from neo_assets.lakehouse import quarantine

        return quarantine.rows(self.local_tables, selection, self._settings.sources)

    def discard(self, selection: "Selection", note: str, log: LogFunction) -> int:
        """Written by delta-rs, as the only writer on this machine."""
        from neo_assets.lakehouse import quarantine

        with exclusive_writer(self._settings, log):
            number = 0
            for name, of_table in selection.by_table(self._settings.sources).items():
                chosen = self.quarantined(of_table)
                quarantine.discard(self.local_tables, chosen, note, name)
                number += len(chosen)
        return number

    @contextmanager
    def running_compute(self) -> Iterator[Mapping[str, str]]:
        """One Spark Connect server for all runs, unless there is one already."""
        if self._settings.neo_spark_remote:
            yield {}
            return
        with supervised_server(self._settings.neo_data_dir / "spark") as address:
            yield {"NEO_SPARK_REMOTE": address}
