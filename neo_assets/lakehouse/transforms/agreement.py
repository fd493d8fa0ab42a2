"""Approaches of two sources side by side, with one reason for each difference.

Two approaches are the same when they are of the same object and body, at most `NEAR_DAYS` apart,
and neither has one that is nearer in time.  The object is the same when its designation or its
number is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from neo_assets.lakehouse.model.dataset import UNEXPLAINED, Agreement
from neo_assets.lakehouse.model.tables import (
    GOLD_NEO_FACT,
    GOLD_NEO_REVISION,
    DatasetTables,
    Table,
)
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store.storage import Lakehouse, derived, in_days
from neo_assets.lakehouse.transforms.revisions import NEAR_DAYS, around

COMPARED, DIFFERING = "approaches_compared", "approaches_unexplained"
"""Details of the report."""

_NAMED = 3
"""Unexplained approaches of a day that are named."""


def publish(
    lakehouse: Lakehouse,
    agreement: Agreement,
    own: DatasetTables,
    other: DatasetTables,
    days: Collection[date],
) -> None:
    """Bring the comparison of these days, and of days near by, to what both sides hold.

    Days that only one of them has refined are not compared.
    """
    if not lakehouse.has(other.versions):
        return
    # An approach here may have been matched there, and leaves its partner alone when it moves.
    concerned, context = around(days), around(days, 3 * NEAR_DAYS)
    refined = _refined(lakehouse, own.bronze, context) & _refined(lakehouse, other.bronze, context)
    concerned &= refined
    if not concerned:
        return
    facts = lakehouse.read_days(GOLD_NEO_FACT, context).where("NOT is_withdrawn")
    listed = lakehouse.read_days(other.silver, context)
    rows = derived(agreement.table, _both(lakehouse, agreement, other, facts, listed, context))
    of_days = in_days(agreement.table.day_column, concerned)
    existing = lakehouse.read_days(agreement.table, concerned)
    lakehouse.merge(lakehouse.compare(agreement.table, rows.where(of_days), existing))


def _refined(lakehouse: Lakehouse, bronze: Table, days: Collection[date]) -> set[date]:
    """The days of which the source has landed a snapshot, be it an empty one."""
    found = lakehouse.read_days(bronze, days).select("feed_date").distinct().collect()
    return {row.feed_date for row in found}


def _both(
    lakehouse: Lakehouse,
    agreement: Agreement,
    other: DatasetTables,
    facts: DataFrame,
    listed: DataFrame,
    days: Collection[date],
) -> DataFrame:
    """Every approach of both sides once, matched with the one that it is on the other side."""
    uncertain = (*agreement.compared, *agreement.uncertainty)
    own_side = facts.select(
        F.col("neo_event_key").alias("own"),
        *_renamed(agreement.own_name, agreement.compared),
        F.expr(agreement.own_number).alias("own_number"),
        F.col("designation").alias("own_designation"),
        F.col("orbiting_body").alias("own_body"),
    )
    other_side = listed.select(
        F.struct("designation", "close_approach_date", "orbiting_body").alias("other"),
        *_renamed(agreement.other_name, uncertain),
        F.expr(agreement.other_number).alias("other_number"),
        F.col("designation").alias("other_designation"),
        F.col("orbiting_body").alias("other_body"),
    )
    pairs = _pairs(agreement, own_side, other_side)
    earlier = _agreed_before(lakehouse, agreement, other, own_side, other_side, pairs, days)
    return (
        own_side.join(pairs, "own", "left")
        .join(other_side, "other", "full")
        .join(earlier, "own", "left")
        .select(
            F.col("own").alias("neo_event_key"),
            F.coalesce("own_designation", "other_designation").alias("designation"),
            F.coalesce("own_body", "other_body").alias("orbiting_body"),
            *(f"{agreement.own_name}_{name}" for name in agreement.compared),
            *(f"{agreement.other_name}_{name}" for name in uncertain),
            F.coalesce("agreed_before", F.lit(False)).alias("agreed_before"),
        )
    )


def _renamed(side: str, columns: Sequence[str]) -> list[Column]:
    return [F.col(name).alias(f"{side}_{name}") for name in columns]


def _pairs(agreement: Agreement, own_side: DataFrame, other_side: DataFrame) -> DataFrame:
    """The keys of approaches that are the same."""
    day, time = (f"{{}}_{name}" for name in ("close_approach_date", "close_approach_at"))
    own_name, other_name = agreement.own_name, agreement.other_name
    days_apart = F.abs(F.date_diff(day.format(own_name), day.format(other_name)))
    seconds_apart = F.expr(
        f"abs(unix_seconds({time.format(own_name)}) - unix_seconds({time.format(other_name)}))"
    )
    own_ids = own_side.withColumn("id", _ids("own")).withColumnRenamed("own_body", "body")
    other_ids = other_side.withColumn("id", _ids("other")).withColumnRenamed("other_body", "body")
    candidates = (
        own_ids.join(other_ids, ["id", "body"])
        .where(days_apart <= NEAR_DAYS)
        .select("own", "other", F.struct(days_apart, seconds_apart, "other").alias("distance"))
        .distinct()
    )
    nearest = {
        f"{side}_rank": F.row_number().over(Window.partitionBy(side).orderBy("distance", "own"))
        for side in ("own", "other")
    }
    ranked = candidates.withColumns(nearest)
    return ranked.where("own_rank = 1 AND other_rank = 1").select("own", "other")


def _ids(side: str) -> Column:
    """The designation of an object, and its number if it has one."""
    return F.explode(
        F.expr(f"filter(array({side}_designation, '#' || {side}_number), id -> id IS NOT NULL)")
    )


def _agreed_before(
    lakehouse: Lakehouse,
    agreement: Agreement,
    other: DatasetTables,
    own_side: DataFrame,
    other_side: DataFrame,
    pairs: DataFrame,
    days: Collection[date],
) -> DataFrame:
    """The approaches of which one side agrees with an earlier version of the other."""
    own_values = [f"{agreement.own_name}_{name}" for name in agreement.compared]
    other_values = [f"{agreement.other_name}_{name}" for name in agreement.compared]
    earlier_own = lakehouse.read_days(GOLD_NEO_REVISION, days).select(
        F.col("neo_event_key").alias("own"), *_renamed(agreement.own_name, agreement.compared)
    )
    earlier_other = (
        lakehouse.read_days(other.versions, days)
        .where("size(reasons) = 0")
        .select(
            F.struct("designation", "close_approach_date", "orbiting_body").alias("other"),
            *_renamed(agreement.other_name, agreement.compared),
        )
    )
    with_earlier_own = pairs.join(earlier_own, "own").join(
        other_side.select("other", *other_values), "other"
    )
    with_earlier_other = pairs.join(earlier_other, "other").join(
        own_side.select("own", *own_values), "own"
    )
    agreed = with_earlier_own.unionByName(with_earlier_other).where(agreement.agrees)
    return agreed.select("own", F.lit(True).alias("agreed_before")).distinct()


def with_counts(
    lakehouse: Lakehouse, agreement: Agreement, reports: Sequence[DayReport]
) -> list[DayReport]:
    """The reports of the facts, each with how many approaches of its day were compared.

    The unexplained ones are named, the largest difference of distance first.
    """
    days = [report.day for report in reports]
    rows = lakehouse.read_days(agreement.table, days).select(
        agreement.table.day_column, "reason", "designation", "distance_difference_au"
    )
    compared: Counter[date] = Counter()
    unexplained: defaultdict[date, list[tuple[float, str]]] = defaultdict(list)
    for day, reason, designation, difference in rows.collect():
        compared[day] += 1
        if reason == UNEXPLAINED:
            unexplained[day].append((-abs(difference or 0), designation))
    return [
        replace(
            report,
            details={
                **report.details,
                COMPARED: compared[report.day],
                DIFFERING: len(unexplained[report.day]),
            },
            disagreements=tuple(name for _, name in sorted(unexplained[report.day])[:_NAMED]),
        )
        # A day of which the other side knows nothing counts nothing.
        if compared[report.day]
        else report
        for report in reports
    ]
