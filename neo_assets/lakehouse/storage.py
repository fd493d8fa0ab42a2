"""Where tables live and how they are written; every write leaves unchanged days untouched."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from neo_assets.lakehouse.tables import TABLES, Table


@dataclass(frozen=True)
class Layout:
    """The places of one lakehouse on a file system."""

    landing: Path
    tables: Path
    checkpoints: Path

    def identifier(self, table: Table) -> str:
        """The table's name in SQL."""
        path = str(self.tables / table.name).replace("`", "``")
        return f"delta.`{path}`"


@dataclass(frozen=True)
class Lakehouse:
    """The tables of one layout, reached through one Spark session."""

    spark: SparkSession
    layout: Layout

    def ensure_tables(self) -> None:
        """Create the tables that do not exist yet."""
        for table in TABLES:
            if not (self.layout.tables / table.name / "_delta_log").is_dir():
                self.spark.sql(_creation(table, self.layout.identifier(table)))

    def read(self, table: Table) -> DataFrame:
        """The table as it is now."""
        return self.spark.table(self.layout.identifier(table))

    def read_days(self, table: Table, days: Collection[date]) -> DataFrame:
        """The rows of these days; the literal bounds let Delta skip every other file."""
        return self.read(table).where(in_days(table.day_column, days))

    def append_stream(self, table: Table, rows: DataFrame) -> None:
        """Append all that a streaming source has now, exactly once by the table's checkpoint."""
        query = (
            rows.select(*table.column_names)
            .writeStream.format("delta")
            .queryName(table.name)
            .option("checkpointLocation", str(self.layout.checkpoints / table.name))
            .trigger(availableNow=True)
            .start(str(self.layout.tables / table.name))
        )
        query.awaitTermination()

    def replace_days(self, table: Table, days: Collection[date], rows: DataFrame) -> None:
        """Make `rows` all that the table holds for these days, leaving alone those that agree."""
        rows = rows.select(*table.column_names)
        changed = _differing_days(table.day_column, rows, self.read_days(table, days))
        if changed:
            condition = in_days(table.day_column, changed)
            (
                rows.where(condition)
                .write.format("delta")
                .mode("overwrite")
                .option("replaceWhere", condition)
                .saveAsTable(self.layout.identifier(table))
            )

    def upsert(self, table: Table, key: str, bounds: str, rows: DataFrame) -> None:
        """Insert the rows or update those with the same key, within literal `bounds`."""
        view = f"changed_{table.name}"
        rows.select(*table.column_names).createOrReplaceTempView(view)
        self.spark.sql(
            f"MERGE INTO {self.layout.identifier(table)} AS target USING {view} AS changed "
            f"ON target.{key} = changed.{key} AND {bounds} "
            "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        ).collect()


def in_days(column: str, days: Collection[date]) -> str:
    """A condition that holds for these days, with literal bounds before the list of days."""
    if not days:
        return "false"
    listed = ", ".join(f"DATE'{day.isoformat()}'" for day in sorted(days))
    first, last = min(days).isoformat(), max(days).isoformat()
    return f"{column} BETWEEN DATE'{first}' AND DATE'{last}' AND {column} IN ({listed})"


def _differing_days(column: str, rows: DataFrame, current: DataFrame) -> set[date]:
    """Days whose rows differ, by two independent 64-bit digests of all rows of the day."""
    values = ", ".join(f"`{name}`" for name in rows.columns)
    tagged = rows.selectExpr("*", "1 AS side").unionByName(current.selectExpr("*", "-1 AS side"))
    digests = tagged.groupBy(column).agg(
        F.expr("sum(side)").alias("rows"),
        F.expr(f"sum(side * CAST(xxhash64({values}) AS DECIMAL(38, 0)))").alias("sum"),
        F.expr(f"sum(side * CAST(xxhash64('', {values}) AS DECIMAL(38, 0)))").alias("other_sum"),
    )
    return {row[0] for row in digests.where("rows <> 0 OR sum <> 0 OR other_sum <> 0").collect()}


def _creation(table: Table, identifier: str) -> str:
    columns = ", ".join(
        f"`{column.name}` {column.type} COMMENT {_literal(column.comment)}"
        for column in table.columns
    )
    partitions = f"PARTITIONED BY ({', '.join(table.partitioned_by)})"
    properties = ", ".join(
        f"{_literal(name)} = {_literal(value)}" for name, value in table.properties.items()
    )
    clauses: Iterable[str] = (
        f"CREATE TABLE IF NOT EXISTS {identifier} ({columns}) USING delta",
        partitions if table.partitioned_by else "",
        f"COMMENT {_literal(table.comment)}",
        f"TBLPROPERTIES ({properties})" if properties else "",
    )
    return " ".join(clause for clause in clauses if clause)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
