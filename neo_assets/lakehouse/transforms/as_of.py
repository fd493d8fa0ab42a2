"""The star as it was known at a moment: how any number looked before it was revised.

What is asked for is what had been fetched by then, not what was true.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.model import keys
from neo_assets.lakehouse.model.tables import (
    GOLD_DIM_DATE,
    GOLD_DIM_NEO,
    GOLD_NEO_FACT,
    GOLD_NEO_REVISION,
)
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import dimensions
from neo_assets.lakehouse.transforms.gold import facts_as_revised


def as_of(lakehouse: Lakehouse, moment: datetime) -> Mapping[str, DataFrame]:
    """Return facts, revisions, objects and the calendar as known at `moment` (UTC), by table.

    A row that was replaced later is the current one again. Only `moved_from` and `moved_to` of a
    revision are as known now.
    """
    revised = in_force(lakehouse.read(GOLD_NEO_REVISION), moment)
    return {
        GOLD_NEO_FACT.name: facts_as_revised(revised),
        GOLD_NEO_REVISION.name: revised,
        GOLD_DIM_NEO.name: _objects(lakehouse.read(GOLD_DIM_NEO), moment),
        GOLD_DIM_DATE.name: lakehouse.read(GOLD_DIM_DATE),
    }


def in_force(rows: DataFrame, moment: datetime) -> DataFrame:
    """The rows of a history that had begun at `moment`, open where they had not ended.

    A history has `seen_at` and `seen_until`, as `gold_neo_revision` and `gold_impact_risk` do.
    """
    ended = F.when(F.col("seen_until") <= moment, F.col("seen_until"))
    return rows.where(F.col("seen_at") <= moment).withColumn("seen_until", ended)


def _objects(rows: DataFrame, moment: datetime) -> DataFrame:
    """The histories of objects, tied together by the numbers that were known by then."""
    is_unknown = F.col("neo_key") == keys.UNKNOWN_KEY
    known = rows.where((F.col("valid_from") <= moment) & ~is_unknown)
    # Of two rows that begin at once, the table ends the first where the second begins.
    in_place = F.expr("CASE WHEN valid_to = valid_from THEN '0' ELSE '1' END")
    said = dimensions.descriptions(known.withColumn("content_hash", in_place), is_version=True)
    objects = dimensions.objects(known, known)
    return dimensions.histories(said.join(objects, "designation")).unionByName(
        rows.where(is_unknown)
    )
