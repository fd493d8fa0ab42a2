"""Silver to gold for risk lists: what an agency said about each object, from when until when.

The snapshots of a list, read in order, tell when an object was listed, when a value was revised and
when it was removed: by a row that says so, or because the list no longer has it.  A row that breaks
a rule says nothing: what was said before stays in force.

Only the snapshots since the first day that is published are read.  What was in force before them
comes from the table, so that a day costs the same however long the history is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.tables import Table
from neo_assets.lakehouse.report import DayReport, published_report
from neo_assets.lakehouse.store.storage import Lakehouse, derived

REVISIONS = ("listed", "revised", "removed", "relisted")

_ABOUT_THE_ROW = (
    "source",
    "neo_key",
    "seen_on",
    "seen_at",
    "seen_until",
    "revision_type",
    "odds_factor",
)
_IDENTITY = ("number", "name")
_SEEN_AT = "_seen_at"


@dataclass(frozen=True)
class Snapshot:
    """One snapshot of the list; `place` is its number in order of time, beginning with 1."""

    place: int
    day: date
    snapshot_id: str
    fetched_at: datetime


def publish(lakehouse: Lakehouse, dataset: Dataset, days: Collection[date]) -> list[DayReport]:
    """Bring the history of the list to what silver holds since the first of these days."""
    assert dataset.gold is not None
    table, agreement = dataset.gold.tables
    snapshots = _snapshots(lakehouse, dataset, min(days))
    if snapshots:
        first = F.lit(snapshots[0].fetched_at)
        of_list = lakehouse.read(table).where(F.col("source") == dataset.name)
        existing = of_list.where(F.isnull("seen_until") | (F.col("seen_until") >= first))
        carried = existing.where(F.col("seen_at") < first)
        incoming = _revisions(lakehouse, dataset, table, snapshots, carried)
        lakehouse.merge(lakehouse.compare(table, incoming, existing))
        compared = derived(agreement, _side_by_side(agreement, lakehouse.read(table)))
        lakehouse.merge(lakehouse.compare(agreement, compared, lakehouse.read(agreement)))
    return _reports(lakehouse, dataset, table, snapshots, days)


def _snapshots(lakehouse: Lakehouse, dataset: Dataset, first: date) -> list[Snapshot]:
    """The snapshots since a day that silver has refined, in order of time."""
    versions, bronze = dataset.tables.versions, dataset.tables.bronze
    refined = lakehouse.read(versions).where(F.col("partition_date") >= F.lit(first))
    landed = lakehouse.read(bronze).where(F.col("feed_date") >= F.lit(first))
    found = (
        landed.select("feed_date", "snapshot_id", "fetched_at")
        .distinct()
        .join(refined.selectExpr("partition_date AS feed_date").distinct(), "feed_date")
        .orderBy("feed_date", "snapshot_id")
        .toArrow()
        .to_pylist()
    )
    return [Snapshot(place, *row.values()) for place, row in enumerate(found, start=1)]


def _revisions(
    lakehouse: Lakehouse,
    dataset: Dataset,
    table: Table,
    snapshots: Sequence[Snapshot],
    carried: DataFrame,
) -> DataFrame:
    """The rows carried on from before the snapshots, and those that begin with one of them."""
    in_order = Window.partitionBy("designation").orderBy("place")
    shown = lakehouse.spark.createDataFrame(
        [(each.place, each.day, each.snapshot_id, each.fetched_at) for each in snapshots],
        "place INT, seen_on DATE, snapshot_id STRING, seen_at TIMESTAMP",
    )
    said = _said_in_snapshots(lakehouse, dataset, table, shown).unionByName(
        _said_before(table, carried)
    )
    # What was never said of an object cannot end.
    is_known = F.max(~F.col("is_silent") & F.col("state").isNotNull()).over(in_order)
    changed = (
        said.withColumn("is_silent", F.lit(False))
        .unionByName(_removed_silently(said, len(snapshots)).withColumn("is_silent", F.lit(True)))
        .withColumn("state", F.when(is_known, F.col("state")))
        .withColumns(
            {
                "state": F.last("state", ignorenulls=True).over(in_order),
                "identity": F.last("identity", ignorenulls=True).over(in_order),
            }
        )
        .withColumn("before", F.lag("state").over(in_order))
        .where("state IS NOT NULL AND (before IS NULL OR state <> before)")
        .join(F.broadcast(shown.drop("snapshot_id")), "place", "left")
    )
    revision_type = """CASE WHEN kept IS NOT NULL THEN kept.revision_type
        WHEN NOT state.is_listed THEN 'removed' WHEN before IS NULL THEN 'listed'
        WHEN NOT before.is_listed THEN 'relisted' ELSE 'revised' END"""
    odds_factor = """CASE WHEN kept IS NOT NULL THEN kept.odds_factor
        WHEN state.is_listed AND before.is_listed THEN
        try_divide(state.values.impact_probability, before.values.impact_probability) END"""
    values = [
        f"coalesce(state.values.{name}, identity.{name}) AS {name}"
        if name in _IDENTITY
        else f"state.values.{name} AS {name}"
        for name in _value_columns(table)
    ]
    return derived(
        table,
        changed.selectExpr(
            "designation",
            f"'{dataset.name}' AS source",
            "coalesce(kept.seen_on, seen_on) AS seen_on",
            "coalesce(kept.seen_at, seen_at) AS seen_at",
            f"{revision_type} AS revision_type",
            f"{odds_factor} AS odds_factor",
            "removed_at",
            *values,
        ),
    )


def _value_columns(table: Table) -> list[str]:
    about = (*_ABOUT_THE_ROW, "designation", "removed_at")
    return [name for name in table.column_names if name not in about]


def _said_in_snapshots(
    lakehouse: Lakehouse, dataset: Dataset, table: Table, shown: DataFrame
) -> DataFrame:
    """What each snapshot says about each object that it mentions; null where it breaks a rule."""
    filled = {column.name for column in dataset.columns}
    versions = (
        lakehouse.read(dataset.tables.versions)
        .where("is_word AND designation IS NOT NULL")
        .join(
            F.broadcast(shown.withColumnRenamed("seen_on", "partition_date").drop("seen_at")),
            ["partition_date", "snapshot_id"],
        )
        .withColumns(
            {
                column.name: F.expr(f"CAST(NULL AS {column.type})")
                for column in table.columns
                if column.name not in (*_ABOUT_THE_ROW, *filled)
            }
        )
    )
    return _said(table, versions, "removed_at IS NULL", "size(reasons) = 0").select(
        "designation", "place", "state", "identity", "removed_at", _kept("NULL")
    )


def _said_before(table: Table, carried: DataFrame) -> DataFrame:
    """What was in force when the first snapshot was fetched."""
    kept = (
        "named_struct('revision_type', revision_type, 'odds_factor', odds_factor, "
        "'seen_on', seen_on, 'seen_at', seen_at)"
    )
    return _said(table, carried, "revision_type <> 'removed'").select(
        "designation",
        F.lit(0).alias("place"),
        "state",
        "identity",
        "removed_at",
        _kept(kept),
    )


def _kept(expression: str) -> Column:
    kept = "STRUCT<revision_type: STRING, odds_factor: DOUBLE, seen_on: DATE, seen_at: TIMESTAMP>"
    return F.expr(f"CAST({expression} AS {kept})").alias("kept")


def _said(table: Table, rows: DataFrame, is_listed: str, is_valid: str = "true") -> DataFrame:
    values = ", ".join(_value_columns(table))
    return rows.withColumns(
        {
            "state": F.expr(
                f"CASE WHEN {is_valid} THEN struct({is_listed} AS is_listed, "
                f"CASE WHEN {is_listed} THEN struct({values}) END AS values) END"
            ),
            "identity": F.expr(
                f"CASE WHEN {is_valid} AND name IS NOT NULL THEN struct({', '.join(_IDENTITY)}) END"
            ),
        }
    )


def _removed_silently(said: DataFrame, last: int) -> DataFrame:
    """One row wherever the next snapshot does not mention an object any more."""
    following = F.lead("place").over(Window.partitionBy("designation").orderBy("place"))
    gone = said.withColumn("following", F.coalesce(following, F.lit(last + 1))).where(
        "following > place + 1"
    )
    state = gone.schema["state"].dataType.simpleString()
    return gone.select(
        "designation",
        (F.col("place") + 1).alias("place"),
        F.expr(f"CAST(named_struct('is_listed', false, 'values', NULL) AS {state})").alias("state"),
        F.lit(None).cast(gone.schema["identity"].dataType).alias("identity"),
        F.lit(None).cast("timestamp").alias("removed_at"),
        F.lit(None).cast(gone.schema["kept"].dataType).alias("kept"),
    )


def _side_by_side(agreement: Table, history: DataFrame) -> DataFrame:
    """What the agencies say now about each object that one of them lists, a row an object."""
    now = history.where("seen_until IS NULL AND revision_type <> 'removed'").withColumn(
        "object", F.expr("coalesce(number, designation)")
    )
    agencies = [
        name.removesuffix(_SEEN_AT) for name in agreement.column_names if name.endswith(_SEEN_AT)
    ]
    columns = [
        F.max(F.when(F.col("source") == agency, F.col(name.removeprefix(f"{agency}_")))).alias(name)
        for agency in agencies
        for name in agreement.column_names
        if name.startswith(f"{agency}_")
    ]
    return now.groupBy("object").agg(
        F.max_by("name", F.col("source") == agencies[0]).alias("name"), *columns
    )


def _reports(
    lakehouse: Lakehouse,
    dataset: Dataset,
    table: Table,
    snapshots: Sequence[Snapshot],
    days: Collection[date],
) -> list[DayReport]:
    """Count what silver has of each day, and look each object up among what is in force then."""
    ends = {each.day: each.fetched_at for each in snapshots if each.day in days}
    counts: defaultdict[date, Counter[str]] = defaultdict(Counter)
    if ends:
        end = lakehouse.spark.createDataFrame(
            list(ends.items()), "partition_date DATE, end TIMESTAMP"
        )
        in_force = (
            lakehouse.read(table)
            .where(F.col("source") == dataset.name)
            .select(F.col("designation").alias("found"), "seen_at", "seen_until")
        )
        is_in_force = F.expr(
            "found = designation AND seen_at <= end AND (seen_until IS NULL OR seen_until > end)"
        )
        listed = (
            lakehouse.read_days(dataset.tables.versions, days)
            .where("is_last_good")
            .join(F.broadcast(end), "partition_date")
            .join(in_force, is_in_force, "left")
            .groupBy("partition_date", "designation", "classification")
            .agg(F.count("found").alias("rows"))
        )
        for day, classification, rows, number in (
            listed.groupBy("partition_date", "classification", "rows").count().collect()
        ):
            counts[day]["incoming"] += number
            counts[day][classification] += number
            counts[day]["rows_out"] += number * rows
            counts[day]["rows_lost"] += number * (not rows)
            counts[day]["rows_duplicated"] += number * max(rows - 1, 0)
        revised = lakehouse.read_days(table, days).where(F.col("source") == dataset.name)
        for day, revision, number in revised.groupBy("seen_on", "revision_type").count().collect():
            counts[day][revision] += number
    return [published_report(day, counts[day], REVISIONS) for day in sorted(days)]
