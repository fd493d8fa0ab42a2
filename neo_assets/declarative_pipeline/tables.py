"""The tables of a dataset as a declarative pipeline, computed by the functions of the stages.

Bronze is a streaming table: an event file is read once.  The others are materialized views, because
a newer snapshot of a day changes the class of rows of older ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

from pyspark import pipelines
from pyspark.sql import DataFrame, SparkSession

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.tables import Table
from neo_assets.lakehouse.report import RowClass
from neo_assets.lakehouse.store.backend import StorageBackend, StreamSource
from neo_assets.lakehouse.store.storage import column_definition
from neo_assets.lakehouse.transforms import bronze, quarantine, silver

RUN_ID = "declarative pipeline"
"""What the column `run_id` says: a pipeline does not tell its queries which update they are of."""

_SCHEMA_LOCATION = "cloudFiles.schemaLocation"


def declare(spark: SparkSession, dataset: Dataset, backend: StorageBackend) -> None:
    """Declare bronze, the versions, silver and the quarantine of a dataset."""
    tables = dataset.tables

    @pipelines.table(**_definition(tables.bronze))
    def events() -> DataFrame:
        landing = backend.landing / dataset.landing_folder
        return bronze.streamed_events(spark, event_files(dataset, backend), landing, RUN_ID)

    rows_of_bronze = _view(spark, tables.bronze)

    @pipelines.materialized_view(**_definition(tables.versions))
    def versions() -> DataFrame:
        return silver.classify(dataset, spark.read.table(rows_of_bronze), dataset.rule_set)

    rows_of_versions = _view(spark, tables.versions)

    @pipelines.materialized_view(**_definition(tables.silver))
    def kept() -> DataFrame:
        kept = spark.read.table(rows_of_versions).where(f"classification = '{RowClass.KEPT}'")
        return kept.select(*tables.silver.column_names)

    @pipelines.materialized_view(**_definition(tables.quarantine))
    def dropped() -> DataFrame:
        rows = quarantine.dropped(spark.read.table(rows_of_versions), dataset.rule_set)
        return rows.select(*tables.quarantine.column_names)


def event_files(dataset: Dataset, backend: StorageBackend) -> StreamSource:
    """How the pipeline reads the event files of a dataset, of all days."""
    landing = backend.landing / dataset.landing_folder
    source = backend.stream_source(dataset.tables.bronze, landing, "feed_date=*")
    # A pipeline has a place of its own for it; the one in the options is that of the stage.
    options = {name: it for name, it in source.options.items() if name != _SCHEMA_LOCATION}
    return replace(source, options=options)


def _view(spark: SparkSession, table: Table) -> str:
    """Declare a view of a table, for queries that use the table; return its name.

    Spark 4.2 resolves some queries, such as those with `withColumns`, before the pipeline sees
    them.  If the table is there, it takes its rows of before the update (SPARK-57352).
    """
    name = f"{table.name}_view"

    @pipelines.temporary_view(name=name)
    def rows() -> DataFrame:
        return spark.read.table(table.name)

    return name


class _Definition(TypedDict):
    name: str
    comment: str
    schema: str


def _definition(table: Table) -> _Definition:
    return {
        "name": table.name,
        "comment": table.comment,
        "schema": ", ".join(map(column_definition, table.columns)),
    }
