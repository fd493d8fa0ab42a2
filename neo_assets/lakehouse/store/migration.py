"""Tables made by earlier versions, brought to the form of today when they are opened.

A property of a table says which form its rows have.  It is set after they have it, so that what
is killed in between does the same again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from neo_assets.lakehouse.model.event_files import identity
from neo_assets.lakehouse.model.tables import QUARANTINE_KEY, SOURCE_FILE, Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def is_done(table: Table, properties: Mapping[str, str]) -> bool:
    """Whether a table that has these properties needs no migration."""
    return all(properties.get(name) == form for name, form in table.form.items())


def migrate(spark: SparkSession, identifier: str, table: Table) -> None:
    """Replace the absolute paths of event files by their identity.

    In the quarantine a row can have been stored twice, under two paths of one file, because the
    data folder was moved: of those the one that was discarded stays, with its note.
    """
    is_absolute = f"{SOURCE_FILE} LIKE '%/%/%'"
    rows = spark.table(identifier)
    if rows.where(is_absolute).isEmpty():
        return
    if {*QUARANTINE_KEY} <= {*table.column_names}:
        same_row = (
            f"PARTITION BY {', '.join(QUARANTINE_KEY)} "
            # A manual decision first.
            "ORDER BY status_note IS NULL, status <> 'open'"
        )
        (
            rows.withColumn(SOURCE_FILE, F.expr(identity(SOURCE_FILE)))
            .selectExpr("*", f"row_number() OVER ({same_row}) AS number")
            .where("number = 1")
            .drop("number")
            .write.format("delta")
            .mode("overwrite")
            .saveAsTable(identifier)
        )
        return
    spark.sql(
        f"UPDATE {identifier} SET {SOURCE_FILE} = {identity(SOURCE_FILE)} WHERE {is_absolute}"
    ).collect()
