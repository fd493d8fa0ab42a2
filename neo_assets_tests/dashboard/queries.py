"""Gold asked by DuckDB, which shares no code with the dashboard."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from neo_assets.lakehouse.transforms.revisions import predictions


class Queries:
    """SQL over the Delta tables of a folder, each under its own name."""

    def __init__(self, tables: Path) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        for folder in tables.iterdir():
            if folder.is_dir():
                content = DeltaTable(folder).to_pyarrow_dataset().to_table()
                self.connection.register(folder.name, content)
        # Spark's functions of these names, for the queries that are written for it.
        self.connection.execute("CREATE MACRO datediff(a, b) AS date_diff('day', b, a)")
        self.connection.execute("CREATE MACRO minutes_between(a, b) AS date_diff('minute', a, b)")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.connection.execute(sql).fetchall()

    def table(self, sql: str) -> pa.Table:
        """The rows of a query with their types."""
        return self.connection.sql(sql).to_arrow_table()

    def value(self, sql: str) -> Any:
        """The only value of a query."""
        ((value,),) = self.rows(sql)
        return value


def predictions_for_duckdb(horizons: list[int]) -> str:
    """The query that the lakehouse itself offers for Spark."""
    return for_duckdb(predictions("gold_neo_revision", horizons))


def for_duckdb(spark: str) -> str:
    """A query for Spark as `Queries` reads it."""
    return re.sub(r"timestampdiff\(MINUTE,", "minutes_between(", spark)
