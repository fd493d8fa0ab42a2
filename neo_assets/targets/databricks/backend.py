"""A lakehouse on Databricks: tables in Unity Catalog, event files in a volume, read by Auto Loader.

Sources for the options: docs.databricks.com, "Auto Loader options", "Configure schema
inference and evolution in Auto Loader", "Auto Loader FAQ", "Auto Loader streams with directory
listing mode" and "Use liquid clustering for tables".
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from neo_assets.lakehouse.model.tables import DQ_METRICS, Table
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store import metrics
from neo_assets.lakehouse.store.backend import StorageBackend, StreamSource
from neo_assets.sources import SOURCES
from neo_assets.sources.registry import source
from neo_assets.targets.databricks.unity_catalog import UnityCatalog

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.streaming.query import StreamingQuery
    from pyspark.sql.streaming.readwriter import DataStreamWriter

_STAGING = "replay"


@dataclass(frozen=True)
class UnityCatalogBackend(StorageBackend):
    """Tables by their names in a catalog; `prefix` marks staging tables."""

    catalog: UnityCatalog
    prefix: str = ""

    @classmethod
    def of(cls, catalog: UnityCatalog) -> UnityCatalogBackend:
        """The backend for this schema and volume."""
        return cls(catalog.landing, catalog.checkpoints, catalog)

    def identifier(self, table: Table) -> str:
        """The table's full name, each part in backticks."""
        return self.catalog.table(self.prefix + table.name)

    def has(self, spark: SparkSession, table: Table) -> bool:
        """Whether the catalog has it."""
        return spark.catalog.tableExists(self.identifier(table))

    def clustering(self, table: Table) -> str:
        """Liquid clustering by the day, which all reads and writes name.

        Databricks advises it for every new table, and against partitions in tables this small.
        """
        return f"CLUSTER BY ({table.day_column})" if table.day_column else ""

    def constraints(self, table: Table) -> list[str]:
        """The keys of the star, for Power BI, Genie and Catalog Explorer.

        They are informational, and the columns of a primary key are NOT NULL.  `gold_dim_neo` has a
        row for each version of an object, so that nothing can refer to its key.
        """
        primary = f"PRIMARY KEY ({', '.join(table.primary_key)})"
        foreign = [
            f"FOREIGN KEY ({column}) REFERENCES {self.catalog.table(name)} ({column})"
            for column, name in table.references.items()
        ]
        return [primary, *foreign] if table.primary_key else foreign

    def tags(self, table: Table) -> dict[str, str]:
        """Its layer, and its source if it is of a single one, for search and policies."""
        sources = [name for name in SOURCES if table in source(name).dataset.all_tables]
        layer = {"layer": table.name.partition("_")[0]}
        return {**layer, "source": sources[0]} if len(sources) == 1 else layer

    def stream_source(self, table: Table, landing: Path, folders: str) -> StreamSource:
        """Auto Loader over lines of text, and over the whole landing zone.

        With notifications, Auto Loader allows one path for the life of a checkpoint; with listing
        it may change.  One path goes with both; so what has landed for other days comes too, each
        file once.  Where the volume was moved or restored, it
        lists every file again, and those that bronze has are left out.

        It is not asked to read JSON: bronze takes each object whole into a VARIANT, and follows its
        schema by itself, so that both are the same on every Spark.
        """
        return StreamSource(
            str(landing),
            "cloudFiles",
            {
                "cloudFiles.format": "text",
                # Where Auto Loader keeps the schema: for each stream its own
                # place, as Databricks advises, beside the checkpoint.
                "cloudFiles.schemaLocation": str(self.checkpoints / f"{table.name}_auto_loader"),
                # A line is one text column for ever, so there is nothing to evolve and nothing to
                # rescue (`rescuedDataColumn`): a line that is no JSON is in `unreadable_line`,
                # a field of another type in `bronze_rescued_data`.  `none` is also the only mode
                # besides `rescue` that goes with a schema that is given.
                "cloudFiles.schemaEvolutionMode": "none",
                # Event files are immutable: one that was edited must not be ingested again.
                "cloudFiles.allowOverwrites": "false",
                # What landed before the stream first ran counts too.
                "cloudFiles.includeExistingFiles": "true",
                # No queue and no rights of its own are needed to find files by listing ...
                "cloudFiles.useNotifications": "false",
                # ... all of them: by default it may list only what comes after the last file in
                # order of names, and a day of long ago that is asked for again comes before.
                "cloudFiles.useIncrementalListing": "false",
                # Otherwise `feed_date=…` in the path becomes a column.
                "cloudFiles.partitionColumns": "",
                # An option that Auto Loader does not know fails the stream instead of being passed
                # over.
                "cloudFiles.validateOptions": "true",
                # A batch that was cut off names its files by their old paths; after a move they
                # are found again under the new ones.  A missing line shows in the report.
                "ignoreMissingFiles": "true",
                "recursiveFileLookup": "true",
                "pathGlobFilter": "*.json",
            },
            lists_all_days=True,
        )

    def start(self, stream: DataStreamWriter, table: Table) -> StreamingQuery:
        """Write to the table by its name: managed tables have no path to write to."""
        return stream.toTable(self.identifier(table))

    def staging(self, name: str) -> UnityCatalogBackend:
        """Tables with a prefix, and checkpoints where they are to stay."""
        return replace(self, checkpoints=self.checkpoints / name, prefix=f"{_STAGING}_")

    def adopt_checkpoint(self, staging: StorageBackend, table: Table) -> str:
        """It has grown where it stays: to move files in a volume is to copy them one by one."""
        return str((staging.checkpoints / table.name).relative_to(self.checkpoints))

    def clear_staging(self, spark: SparkSession, tables: Sequence[Table]) -> None:
        """Drop the tables with the prefix."""
        for table in tables:
            spark.sql(f"DROP TABLE IF EXISTS {self.staging('').identifier(table)}")

    def record_metrics(
        self, spark: SparkSession, run_id: str, asset: str, reports: Sequence[DayReport]
    ) -> None:
        """In one commit with what was measured where there is no Spark."""
        waiting = self.waiting_metrics()
        measured = [metrics.RunMetrics(run_id, asset, reports), *waiting.values()]
        (
            spark.createDataFrame(metrics.rows(measured))
            .write.format("delta")
            .mode("overwrite")
            .option("replaceWhere", metrics.is_of(measured))
            .saveAsTable(self.identifier(DQ_METRICS))
        )
        for file in waiting:
            file.unlink()

    def waiting_metrics(self) -> dict[Path, metrics.RunMetrics]:
        """What was measured where there is no Spark, by file; one that is not whole yet waits."""
        waiting = {}
        for file in sorted(self.catalog.metrics.glob("[!.]*.json")):
            with suppress(ValueError):
                waiting[file] = metrics.RunMetrics.from_json(file.read_text(encoding="utf-8"))
        return waiting
