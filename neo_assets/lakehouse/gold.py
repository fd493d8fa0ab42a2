"""Silver to gold: the fact table, brought up to date by the rows that differ and no others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.storage import Lakehouse, in_days
from neo_assets.lakehouse.tables import GOLD_NEO_FACT, SILVER_NEO_VERSIONS

_KEY = "neo_event_key"
_DAY = GOLD_NEO_FACT.day_column
OUTCOMES = ("inserted", "updated", "unchanged")


def publish(lakehouse: Lakehouse, days: Collection[date]) -> list[DayReport]:
    """Insert what is new and update what changed on these days; nothing is ever deleted."""
    offered = facts(lakehouse.read_days(SILVER_NEO_VERSIONS, days))
    compared = _compare(offered, lakehouse.read_days(GOLD_NEO_FACT, days))
    outcomes = _by_day(
        compared.groupBy(_DAY).agg(
            F.count("*").alias("offered"),
            F.count_if(F.col("is_withdrawn")).alias("withdrawn"),
            *(F.count_if(F.col("outcome") == name).alias(name) for name in OUTCOMES),
        )
    )
    changed = {
        day for day, counts in outcomes.items() if counts["inserted"] + counts["updated"] > 0
    }
    if changed:
        lakehouse.upsert(
            GOLD_NEO_FACT,
            _KEY,
            in_days(f"target.{_DAY}", changed),
            compared.where("outcome <> 'unchanged'"),
        )
    standing = _standing(offered, lakehouse.read_days(GOLD_NEO_FACT, days))
    return [_report(day, outcomes[day] + standing[day]) for day in sorted(days)]


def facts(versions: DataFrame) -> DataFrame:
    """Rows of `gold_neo_fact` for the last valid versions of their approaches."""
    rows = versions.where("is_last_good")
    for column in GOLD_NEO_FACT.columns:
        if column.name not in rows.columns:
            rows = rows.withColumn(column.name, F.expr(column.derivation))
    return rows.select(*GOLD_NEO_FACT.column_names)


def _compare(offered: DataFrame, current: DataFrame) -> DataFrame:
    """The offered rows, each with its `outcome` against the rows that gold has."""
    values = F.struct(*GOLD_NEO_FACT.column_names)
    known = current.select(_KEY, values.alias("known"))
    return (
        offered.withColumn("values", values)
        .join(known, _KEY, "left")
        .withColumn(
            "outcome",
            F.when(F.col("known").isNull(), "inserted")
            .when(F.col("known") != F.col("values"), "updated")
            .otherwise("unchanged"),
        )
    )


def _standing(offered: DataFrame, gold: DataFrame) -> dict[date, Counter[str]]:
    """What gold holds now: its rows, keys that stand twice, and offered keys that are not there."""
    rows = gold.groupBy(_DAY).agg(
        F.count("*").alias("rows_out"),
        (F.count("*") - F.countDistinct(_KEY)).alias("rows_doubled"),
        F.lit(0).cast("long").alias("rows_lost"),
    )
    missing = (
        offered.join(gold.select(_KEY), _KEY, "left_anti")
        .groupBy(_DAY)
        .agg(
            F.lit(0).cast("long").alias("rows_out"),
            F.lit(0).cast("long").alias("rows_doubled"),
            F.count("*").alias("rows_lost"),
        )
    )
    return _by_day(
        rows.unionByName(missing)
        .groupBy(_DAY)
        .agg(*(F.sum(name).alias(name) for name in ("rows_out", "rows_doubled", "rows_lost")))
    )


def _by_day(counted: DataFrame) -> dict[date, Counter[str]]:
    counts: dict[date, Counter[str]] = defaultdict(Counter)
    for row in counted.collect():
        values = row.asDict()
        day = values.pop(_DAY)
        counts[day] = Counter(values)
    return counts


def _report(day: date, counts: Counter[str]) -> DayReport:
    return DayReport(
        day=day,
        rows_in=counts["offered"],
        kept=counts["offered"] - counts["withdrawn"],
        withdrawn=counts["withdrawn"],
        rows_out=counts["rows_out"],
        rows_lost=counts["rows_lost"],
        rows_doubled=counts["rows_doubled"],
        snapshot_rows=counts["offered"],
        taken_over=counts["offered"],
        handed_on=counts["rows_out"],
        details={name: counts[name] for name in OUTCOMES},
    )
