"""A lakehouse in folders of this machine, or of any that Spark and this process both see."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neo_assets.lakehouse.model.tables import DQ_METRICS, Table
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store import metrics
from neo_assets.lakehouse.store.backend import StorageBackend, StreamSource

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.streaming.query import StreamingQuery
    from pyspark.sql.streaming.readwriter import DataStreamWriter


@dataclass(frozen=True)
class LocalBackend(StorageBackend):
    """One folder a table below `tables`, which Spark knows by their paths alone."""

    tables: Path

    def identifier(self, table: Table) -> str:
        """The table's folder, in backticks."""
        path = str(self.tables / table.name).replace("`", "``")
        return f"delta.`{path}`"

    def has(self, spark: SparkSession, table: Table) -> bool:
        """Whether its log has begun; a process killed while creating it leaves an empty one."""
        return any((self.tables / table.name / "_delta_log").glob("*.json"))

    def clustering(self, table: Table) -> str:
        """Folders by month and the like, where there are enough rows for it."""
        columns = ", ".join(table.partitioned_by)
        return f"PARTITIONED BY ({columns})" if columns else ""

    def stream_source(self, table: Table, landing: Path, folders: str) -> StreamSource:
        """Spark's own file source, over these folders alone: it lists all that it is shown."""
        return StreamSource(
            str(landing / folders),
            "text",
            {
                "recursiveFileLookup": "true",
                "pathGlobFilter": "*.json",
                # The source forgets files older than this, counted from the newest one.
                "maxFileAge": "36500d",
            },
            lists_all_days=False,
        )

    def start(self, stream: DataStreamWriter, table: Table) -> StreamingQuery:
        """Write to the table's folder."""
        return stream.start(str(self.tables / table.name))

    def staging(self, name: str) -> LocalBackend:
        """A folder with tables and checkpoints of its own."""
        folder = self._staging / name
        return LocalBackend(self.landing, folder / "checkpoints", folder / "tables")

    def adopt_checkpoint(self, staging: StorageBackend, table: Table) -> str:
        """Move it here, under the name of the staging folder."""
        name = staging.checkpoints.parent.name
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        (staging.checkpoints / table.name).rename(self.checkpoints / name)
        return name

    def clear_staging(self, spark: SparkSession, tables: Sequence[Table]) -> None:
        """Remove all staging folders."""
        shutil.rmtree(self._staging, ignore_errors=True)

    def exclusive_writer(self, table: Table) -> AbstractContextManager[None]:
        """Metrics are written by others too."""
        return metrics.exclusive_writer(self.tables) if table is DQ_METRICS else nullcontext()

    def record_metrics(
        self, spark: SparkSession, run_id: str, asset: str, reports: Sequence[DayReport]
    ) -> None:
        """Without Spark, which would take longer."""
        metrics.record(self.tables, metrics.RunMetrics(run_id, asset, reports))

    @property
    def _staging(self) -> Path:
        return self.checkpoints.parent / "replay"
