"""The dimensions of the star: objects with the history of their attributes, and the calendar.

Both end the same whatever the order and the split of the days that are published: an object's
history is rebuilt from all its snapshots, and the calendar is computed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from neo_assets.lakehouse.model import keys
from neo_assets.lakehouse.model.tables import (
    GOLD_DIM_DATE,
    GOLD_DIM_NEO,
    NEO_ATTRIBUTES,
    OBJECT_DETAILS,
    SILVER_NEO_VERSIONS,
)
from neo_assets.lakehouse.store.storage import (
    Comparison,
    Lakehouse,
    derived,
    in_days,
    refuse_collisions,
)
from neo_assets.lakehouse.transforms.other_sources import Statements, object_details

CALENDAR = (2000, 2049)
"""First and last year of the calendar at least: the feed answered for all of them when asked.

Days beyond make it longer by whole decades.
"""

_VALID = "size(reasons) = 0"
_OBJECT_KEY = "neo_key"
_NOTHING_SAID = Statements()
_NULLS = tuple(f"{column.derivation} AS {column.name}" for column in OBJECT_DETAILS)


def compare_objects(
    lakehouse: Lakehouse, days: Collection[date], said: Statements = _NOTHING_SAID
) -> Comparison:
    """Compare the history of some objects with the table's, and of no other.

    These are the objects listed on the days, and those of which another source says something else
    than the table.

    Raises:
        LakehouseError: two objects have the same key.
    """
    versions = lakehouse.read(SILVER_NEO_VERSIONS).where(_VALID)
    known = lakehouse.read(GOLD_DIM_NEO).where(f"{_OBJECT_KEY} <> {keys.UNKNOWN_KEY}")
    listed = versions.where(in_days(SILVER_NEO_VERSIONS.day_column, days))
    details = object_details(said)
    if details is not None:
        listed = _named(listed).unionAll(_named(_described_otherwise(known, details)))
    concerned = F.broadcast(objects(listed, known))
    unknown = _unknown_object(lakehouse)
    described = descriptions(
        versions.withColumn("valid_from", F.col("fetched_at")), is_version=True
    ).unionAll(descriptions(known.withColumn("content_hash", F.lit("")), is_version=False))
    incoming = histories(described.join(concerned, "designation"), details).unionAll(unknown)
    key = F.expr(keys.surrogate_key("designation")).alias(_OBJECT_KEY)
    of_concerned = concerned.select(key).unionAll(unknown.select(_OBJECT_KEY))
    existing = lakehouse.read(GOLD_DIM_NEO).join(
        F.broadcast(of_concerned), _OBJECT_KEY, "left_semi"
    )
    compared = lakehouse.compare(GOLD_DIM_NEO, incoming, existing)
    refuse_collisions(_OBJECT_KEY, compared.values(_OBJECT_KEY, "designation"))
    return compared


def objects(listed: DataFrame, known: DataFrame) -> DataFrame:
    """The designations of all objects that are listed, each with its `object`.

    That is the number of a numbered asteroid, whichever of its designations has it, else the
    designation.
    """
    number = F.expr(keys.NUMBER).alias("number")
    numbers = (
        listed.select("designation", number, F.lit(True).alias("is_listed"))
        .unionAll(known.select("designation", number, F.lit(False)))
        .groupBy("designation")
        .agg(
            F.max("number").alias("number"),
            F.collect_set("number").alias("numbers"),
            F.max("is_listed").alias("is_listed"),
        )
    )
    # Of an object that had another number once, the other designations of that one as well.
    concerned = numbers.where("is_listed").select(F.explode("numbers").alias("number")).distinct()
    return (
        numbers.join(
            F.broadcast(concerned.withColumn("is_concerned", F.lit(True))), "number", "left"
        )
        .where("is_listed OR is_concerned")
        .selectExpr("designation", f"{keys.OBJECT} AS object")
    )


def _named(rows: DataFrame) -> DataFrame:
    return rows.select("designation", "neo_id")


def _described_otherwise(known: DataFrame, details: DataFrame) -> DataFrame:
    """The objects in the table of which other sources say something else now."""
    names = ", ".join(column.name for column in OBJECT_DETAILS)
    said = details.selectExpr("designation", f"struct({names}) AS said")
    in_table = F.expr(f"struct({names})")
    nothing = F.expr(f"struct({', '.join(_NULLS)})")
    return (
        known.where("is_latest")
        .join(said, "designation", "left")
        .where(in_table != F.coalesce("said", nothing))
    )


def histories(said: DataFrame, details: DataFrame | None) -> DataFrame:
    """Return rows of `gold_dim_neo` from all attributes of some objects.

    `details` are what other sources say of objects.

    Snapshots of different days may be fetched at once and disagree: the row of a numbered asteroid
    goes before one of its former self, then the hash of the content decides.  A designation without
    any valid version keeps the rows that the table has.
    """
    in_order = Window.partitionBy("object").orderBy("valid_from", "best", "designation")
    changed = (
        said.groupBy("object", "designation", "valid_from")
        .agg(F.max("said").alias("best"))
        .withColumn(
            "has_versions", F.max("best.is_version").over(Window.partitionBy("designation"))
        )
        .where("best.is_version OR NOT has_versions")
        .withColumn("described", F.struct("designation", "best.attributes"))
        .withColumn("before", F.lag("described").over(in_order))
        .where("before IS NULL OR described <> before")
        .withColumn("place", F.row_number().over(in_order))
        .select("object", "place", "designation", "valid_from", "best.attributes.*")
    )
    if details is not None:
        changed = changed.join(details, "designation", "left")
    return derived(GOLD_DIM_NEO, changed)


def descriptions(rows: DataFrame, *, is_version: bool) -> DataFrame:
    """Return the objects' attributes in the rows; of two, the greater `said` counts."""
    return rows.select(
        "designation",
        "valid_from",
        F.struct(
            F.lit(is_version).alias("is_version"),
            F.expr(keys.IS_NUMBERED).alias("is_numbered"),
            "content_hash",
            F.struct(*NEO_ATTRIBUTES).alias("attributes"),
        ).alias("said"),
    )


def _unknown_object(lakehouse: Lakehouse) -> DataFrame:
    """Return the member for objects that are missing, so that no join loses a fact."""
    values = {
        _OBJECT_KEY: str(keys.UNKNOWN_KEY),
        "designation": "'unknown'",
        "name": "'unknown'",
        "valid_from": "TIMESTAMP'1970-01-01T00:00:00Z'",
        "is_current": "true",
        "is_latest": "true",
        "current_neo_key": str(keys.UNKNOWN_KEY),
    }
    columns = ", ".join(
        f"CAST({values.get(column.name, 'NULL')} AS {column.type}) AS {column.name}"
        for column in GOLD_DIM_NEO.columns
    )
    return lakehouse.spark.sql(f"SELECT {columns}")


def extend_calendar(lakehouse: Lakehouse, days: Collection[date]) -> int:
    """Add the days that the calendar lacks to cover these, and return how many it lacked."""
    existing = lakehouse.read(GOLD_DIM_DATE)
    held = existing.agg(F.min("date").alias("first"), F.max("date").alias("last")).collect()[0]
    years = [*CALENDAR, *(day.year for day in (held.first, held.last, *days) if day)]
    first = date(min(years) // 10 * 10, 1, 1)
    last = date(max(years) // 10 * 10 + 9, 12, 31)
    lacked = (last - first).days + 1
    if held.first is not None:
        lacked -= (held.last - held.first).days + 1
    if lacked:
        missing = calendar(lakehouse, first, last).join(existing, "date_key", "left_anti")
        lakehouse.append(GOLD_DIM_DATE, missing)
    return lacked


def calendar(lakehouse: Lakehouse, first: date, last: date) -> DataFrame:
    """Rows of `gold_dim_date` from the first day to the last."""
    return derived(
        GOLD_DIM_DATE,
        lakehouse.spark.sql(f"SELECT explode(sequence(DATE'{first}', DATE'{last}')) AS date"),
    )
