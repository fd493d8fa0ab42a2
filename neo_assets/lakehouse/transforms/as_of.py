"""The star as it was known at a moment: how any number looked before it was revised.

What is asked for is what had been fetched by then, not what was true.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.model import keys
from neo_assets.lakehouse.model.dataset import OtherSources
from neo_assets.lakehouse.model.tables import (
    GOLD_DIM_DATE,
    GOLD_DIM_NEO,
    GOLD_NEO_FACT,
    GOLD_NEO_REVISION,
)
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import dimensions
from neo_assets.lakehouse.transforms.gold import facts_as_revised
from neo_assets.lakehouse.transforms.other_sources import (
    Statements,
    in_force,
    object_details,
    statements,
)


def star_as_of(
    lakehouse: Lakehouse, moment: datetime, others: OtherSources
) -> Mapping[str, DataFrame]:
    """Return facts, revisions, objects, calendar and odds as known at `moment` (UTC), by table.

    A row that was replaced later is the current one again. Only `moved_from` and `moved_to` of a
    revision are as known now.
    """
    revised = in_force(lakehouse.read(GOLD_NEO_REVISION), moment)
    said = statements(lakehouse, others, moment)
    star = {
        GOLD_NEO_FACT.name: facts_as_revised(revised, said),
        GOLD_NEO_REVISION.name: revised,
        GOLD_DIM_NEO.name: _objects(lakehouse.read(GOLD_DIM_NEO), moment, said),
        GOLD_DIM_DATE.name: lakehouse.read(GOLD_DIM_DATE),
    }
    if others.risks and lakehouse.has(others.risks):
        star[others.risks.name] = in_force(lakehouse.read(others.risks), moment)
    return star


def _objects(rows: DataFrame, moment: datetime, others: Statements) -> DataFrame:
    """The histories of objects, tied together by the numbers that were known by then."""
    is_unknown = F.col("neo_key") == keys.UNKNOWN_KEY
    known = rows.where((F.col("valid_from") <= moment) & ~is_unknown)
    # Of two rows that begin at once, the table ends the first where the second begins.
    in_place = F.expr("CASE WHEN valid_to = valid_from THEN '0' ELSE '1' END")
    said = dimensions.descriptions(known.withColumn("content_hash", in_place), is_version=True)
    objects = dimensions.objects(known, known)
    details = object_details(others)
    return dimensions.histories(said.join(objects, "designation"), details).unionByName(
        rows.where(is_unknown)
    )
