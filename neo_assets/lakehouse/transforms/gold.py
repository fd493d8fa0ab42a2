"""Silver to gold: the star of facts and dimensions, brought up to date by the rows that differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pyarrow
from pyarrow import compute
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.model.dataset import Dataset, OtherSources
from neo_assets.lakehouse.model.tables import (
    GOLD_DIM_DATE,
    GOLD_DIM_NEO,
    GOLD_NEO_FACT,
    GOLD_NEO_REVISION,
    SILVER_NEO_VERSIONS,
)
from neo_assets.lakehouse.report import DayReport, published_report
from neo_assets.lakehouse.store.storage import (
    Comparison,
    Lakehouse,
    derived,
    in_days,
    refuse_collisions,
)
from neo_assets.lakehouse.transforms import dimensions, revisions
from neo_assets.lakehouse.transforms.bronze import why_without_rows
from neo_assets.lakehouse.transforms.other_sources import (
    Statements,
    statements,
    with_further_columns,
)
from neo_assets.lakehouse.transforms.silver import rows_ingested

_KEY = "neo_event_key"
_DAY = GOLD_NEO_FACT.day_column
_FIRST_SEEN = "first_seen_at"
_NO_OTHERS = OtherSources()
OUTCOMES = ("inserted", "updated", "unchanged")
CARRIED = "carried"
"""Detail of the report: facts of a day of which the rules let no version through any more."""
MISSING = "foreign_keys_missing"
"""Detail of the report: keys in the facts and revisions of a day that refer to no row."""

DETAILS = (*OUTCOMES, CARRIED, "revisions", MISSING)


def publish(
    lakehouse: Lakehouse, days: Collection[date], others: OtherSources = _NO_OTHERS
) -> list[DayReport]:
    """Bring the star to what silver holds for these days; what is not to change is not written.

    `others` are the sources that add what they know of the same approaches and objects.

    The dimensions come first and the revisions last, so that nothing is ever there before what it
    refers to.

    Raises:
        LakehouseError: two objects or two approaches have the same surrogate key.
    """
    said = statements(lakehouse, others)
    with ThreadPoolExecutor() as side_by_side:
        extended = side_by_side.submit(dimensions.extend_calendar, lakehouse, days)
        compared = [
            side_by_side.submit(dimensions.compare_objects, lakehouse, days, said),
            side_by_side.submit(_compare_facts, lakehouse, days, said),
            side_by_side.submit(revisions.compare, lakehouse, days),
        ]
    extended.result()
    objects, incoming, revised = (comparison.result() for comparison in compared)
    ruled_out, older = _keys_beyond_silver(incoming)
    if carried := ruled_out | older:
        revised = revisions.compare(lakehouse, days, carried)
        incoming = _with_carried(lakehouse, days, incoming, revised, carried, said)
    for comparison in (objects, incoming, revised):
        lakehouse.merge(comparison)
    counts = _output_counts(lakehouse, incoming, days)
    for day, change, is_withdrawn, key in incoming.values(_DAY, "change", "is_withdrawn", _KEY):
        if key in ruled_out:
            counts[day][CARRIED] += 1
        else:
            counts[day].update({"incoming": 1, change: 1, "withdrawn": int(is_withdrawn)})
    for (day,) in revised.without("deleted").values(_DAY):
        counts[day]["revisions"] += 1
    return [published_report(day, counts[day], DETAILS) for day in sorted(days)]


def days_without_silver(
    lakehouse: Lakehouse, dataset: Dataset, days: Collection[date]
) -> dict[date, str]:
    """The days that there is nothing to publish of, and why; an empty day is none of them."""
    refined = lakehouse.read_days(dataset.tables.versions, days).select("partition_date").distinct()
    empty = {*days} - {row.partition_date for row in refined.collect()}
    if not empty:
        return {}
    ingested = rows_ingested(lakehouse, dataset, empty)
    silver = dataset.tables.silver.name
    return why_without_rows(lakehouse, dataset, empty - ingested.keys()) | {
        day: f"{silver} has not been materialized for it: materialize that first"
        for day, rows in ingested.items()
        if rows
    }


def _compare_facts(lakehouse: Lakehouse, days: Collection[date], said: Statements) -> Comparison:
    """Compare the facts that silver offers for these days with those that gold has."""
    versions = lakehouse.read_days(SILVER_NEO_VERSIONS, days).where("is_last_good")
    incoming = derived(GOLD_NEO_FACT, with_further_columns(versions, said, in_days(_DAY, days)))
    existing = lakehouse.read_days(GOLD_NEO_FACT, days)
    compared = lakehouse.compare(GOLD_NEO_FACT, incoming, existing, before=[_FIRST_SEEN])
    if any(change == "inserted" for (change,) in compared.values("change")):
        _refuse_collisions(lakehouse, compared.without("deleted"))
    return compared


def _keys_beyond_silver(compared: Comparison) -> tuple[set[int], set[int]]:
    """Return keys of facts of which gold has more than silver, because a rule became stricter.

    First those that silver does not have at all, then those that it has as first seen later.
    """
    ruled_out, older = set(), set()
    for change, key, first_seen, before in compared.values(
        "change", _KEY, _FIRST_SEEN, f"before_{_FIRST_SEEN}"
    ):
        if change == "deleted":
            ruled_out.add(key)
        elif before is not None and before < first_seen:
            older.add(key)
    return ruled_out, older


def _with_carried(
    lakehouse: Lakehouse,
    days: Collection[date],
    incoming: Comparison,
    revised: Comparison,
    carried: Collection[int],
    said: Statements,
) -> Comparison:
    """The same comparison, but with the carried facts as their revisions have them."""
    chosen = compute.field(_KEY).isin(sorted(carried))
    of_carried = lakehouse.spark.createDataFrame(revised.without("deleted").rows.filter(chosen))
    existing = lakehouse.read_days(GOLD_NEO_FACT, days).join(of_carried, _KEY, "left_semi")
    compared = lakehouse.compare(
        GOLD_NEO_FACT, facts_as_revised(of_carried, said), existing, before=[_FIRST_SEEN]
    )
    others = incoming.rows.filter(~chosen)
    return Comparison(
        GOLD_NEO_FACT, pyarrow.concat_tables([others, compared.rows.cast(others.schema)])
    )


def facts_as_revised(revised: DataFrame, said: Statements) -> DataFrame:
    """Rows of `gold_neo_fact` for approaches of which all revisions are given."""
    seen = revised.groupBy(_KEY).agg(
        F.min("seen_at").alias(_FIRST_SEEN), F.max("seen_at").alias("last_changed_at")
    )
    newest = revised.where("seen_until IS NULL").withColumn(
        "is_withdrawn", F.expr("what = 'withdrawn'")
    )
    return derived(GOLD_NEO_FACT, with_further_columns(newest.join(seen, _KEY), said))


def _refuse_collisions(lakehouse: Lakehouse, compared: Comparison) -> None:
    """See that no approach has the key of another, be that of whatever day."""
    incoming = lakehouse.spark.createDataFrame(compared.rows.select([_KEY]))
    others = lakehouse.read(GOLD_NEO_FACT).join(incoming, _KEY, "left_semi")
    identified = others.select(_KEY, "neo_event_id").collect()
    refuse_collisions(_KEY, (*compared.values(_KEY, "neo_event_id"), *map(tuple, identified)))


def _output_counts(
    lakehouse: Lakehouse, incoming: Comparison, days: Collection[date]
) -> defaultdict[date, Counter[str]]:
    """Count, by day, rows of gold, rows lost or duplicated, and foreign keys without a row."""
    objects = lakehouse.read(GOLD_DIM_NEO).where("is_latest").select("neo_key", "is_latest")
    calendar = lakehouse.read(GOLD_DIM_DATE).where(in_days("date", days)).select("date_key", "date")
    # A revision may refer to a fact of a day near by.
    near = lakehouse.read_days(GOLD_NEO_FACT, revisions.around(days))
    joined = near.join(objects, "neo_key", "left").join(calendar, "date_key", "left")
    lacks = F.expr("int(is_latest IS NULL) + int(date IS NULL)")
    referred = lakehouse.read_days(GOLD_NEO_REVISION, days).select(
        _DAY, F.explode(F.array(_KEY, "moved_from", "moved_to")).alias(_KEY)
    )
    with ThreadPoolExecutor() as side_by_side:
        held = side_by_side.submit(joined.select(_DAY, _KEY, lacks.alias(MISSING)).collect)
        references = side_by_side.submit(referred.where(f"{_KEY} IS NOT NULL").collect)
    counts: defaultdict[date, Counter[str]] = defaultdict(Counter)
    keys: set[int] = set()
    for day, key, missing in held.result():
        counts[day].update({"rows_out": 1, "rows_duplicated": int(key in keys), MISSING: missing})
        keys.add(key)
    for day, key in references.result():
        counts[day][MISSING] += key not in keys
    for day, key in incoming.values(_DAY, _KEY):
        counts[day]["rows_lost"] += key not in keys
    return counts
