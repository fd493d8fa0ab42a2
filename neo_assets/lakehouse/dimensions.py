"""The dimensions of the star: objects with the history of their attributes, and the calendar.

Both end the same whatever the order and the split of the days that are published: an object's
history is made anew from all that was ever said of it, the calendar is a matter of arithmetic.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from neo_assets.lakehouse import keys
from neo_assets.lakehouse.storage import (
    Comparison,
    Lakehouse,
    derived,
    in_days,
    refuse_collisions,
)
from neo_assets.lakehouse.tables import (
    GOLD_DIM_DATE,
    GOLD_DIM_NEO,
    NEO_ATTRIBUTES,
    SILVER_NEO_VERSIONS,
)

CALENDAR = (2000, 2049)
"""First and last year of the calendar at least: NeoWs answered for all of them when it was asked.

Days beyond make it longer by whole decades.
"""

_VALID = "size(reasons) = 0"
_OBJECT_KEY = "neo_key"


def compare_objects(lakehouse: Lakehouse, days: Collection[date]) -> Comparison:
    """Compare the history of every object listed on these days, and of no other, with the table's.

    Raises:
        LakehouseError: two objects have the same key.
    """
    versions = lakehouse.read(SILVER_NEO_VERSIONS).where(_VALID)
    listed = (
        versions.where(in_days(SILVER_NEO_VERSIONS.day_column, days))
        .select("designation", F.expr(keys.surrogate_key("designation")).alias(_OBJECT_KEY))
        .distinct()
    )
    unknown = _unknown_object(lakehouse)
    of_listed = versions.join(F.broadcast(listed), "designation", "left_semi")
    offered = histories(of_listed).unionAll(unknown)
    concerned = listed.select(_OBJECT_KEY).unionAll(unknown.select(_OBJECT_KEY))
    standing = lakehouse.read(GOLD_DIM_NEO).join(F.broadcast(concerned), _OBJECT_KEY, "left_semi")
    compared = lakehouse.compare(GOLD_DIM_NEO, offered, standing)
    refuse_collisions(_OBJECT_KEY, compared.values(_OBJECT_KEY, "designation"))
    return compared


def histories(versions: DataFrame) -> DataFrame:
    """Rows of `gold_dim_neo` for the valid versions of objects, which must be all of an object's.

    Snapshots of different days may be fetched at once and disagree: the row of a numbered asteroid
    goes before one of its former self, then the hash of the content decides.
    """
    in_order = Window.partitionBy("designation").orderBy("valid_from")
    attributes = F.struct(*NEO_ATTRIBUTES).alias("attributes")
    described = versions.groupBy("designation", F.col("fetched_at").alias("valid_from")).agg(
        F.max(F.struct(F.expr(keys.IS_NUMBERED), "content_hash", attributes)).alias("best")
    )
    changed = (
        described.select("designation", "valid_from", "best.attributes")
        .withColumn("before", F.lag("attributes").over(in_order))
        .where("before IS NULL OR attributes <> before")
        .select("designation", "valid_from", "attributes.*")
    )
    return derived(GOLD_DIM_NEO, changed)


def _unknown_object(lakehouse: Lakehouse) -> DataFrame:
    """The member that stands for an object which is missing, so that no join loses a fact."""
    values = {
        _OBJECT_KEY: str(keys.UNKNOWN_KEY),
        "designation": "'unknown'",
        "name": "'unknown'",
        "valid_from": "TIMESTAMP'1970-01-01T00:00:00Z'",
        "is_current": "true",
    }
    columns = ", ".join(
        f"CAST({values.get(column.name, 'NULL')} AS {column.type}) AS {column.name}"
        for column in GOLD_DIM_NEO.columns
    )
    return lakehouse.spark.sql(f"SELECT {columns}")


def extend_calendar(lakehouse: Lakehouse, days: Collection[date]) -> int:
    """Add the days that the calendar lacks to cover these, and return how many it lacked."""
    standing = lakehouse.read(GOLD_DIM_DATE)
    held = standing.agg(F.min("date").alias("first"), F.max("date").alias("last")).collect()[0]
    years = [*CALENDAR, *(day.year for day in (held.first, held.last, *days) if day)]
    first = date(min(years) // 10 * 10, 1, 1)
    last = date(max(years) // 10 * 10 + 9, 12, 31)
    lacked = (last - first).days + 1
    if held.first is not None:
        lacked -= (held.last - held.first).days + 1
    if lacked:
        missing = calendar(lakehouse, first, last).join(standing, "date_key", "left_anti")
        lakehouse.append(GOLD_DIM_DATE, missing)
    return lacked


def calendar(lakehouse: Lakehouse, first: date, last: date) -> DataFrame:
    """Rows of `gold_dim_date` from the first day to the last."""
    return derived(
        GOLD_DIM_DATE,
        lakehouse.spark.sql(f"SELECT explode(sequence(DATE'{first}', DATE'{last}')) AS date"),
    )
