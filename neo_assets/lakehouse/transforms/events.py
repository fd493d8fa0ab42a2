"""Silver to gold for events on Earth: each in its last valid version, and whether it was expected.

An event that a stricter rule lets no version of through leaves gold; its rows are in quarantine.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT, Table
from neo_assets.lakehouse.report import DayReport, published_report
from neo_assets.lakehouse.store.storage import Comparison, Lakehouse, derived
from neo_assets.lakehouse.transforms.revisions import around

HOURS_APART = 1
"""Hours between an event and the approach that fits it.

An approach is listed for its closest point, which an impactor passes within minutes of the event,
and times of approaches are 69 s ahead of UTC.
"""

FITTING_DISTANCE_AU = 1e-4
"""Distance from the center of the Earth, in au, below which an approach fits an event: 15,000 km.

The Earth's radius is 6,378 km; the distance is that of an orbit with its uncertainty.
"""

OUTCOMES = ("inserted", "updated", "unchanged", "deleted")


def publish(lakehouse: Lakehouse, dataset: Dataset, days: Collection[date]) -> list[DayReport]:
    """Bring the events of these days in gold to what silver holds; the same are not written."""
    assert dataset.gold is not None
    (table,) = dataset.gold.tables
    versions = lakehouse.read_days(dataset.tables.versions, days).where("is_last_good")
    incoming = derived(table, _with_approaches(lakehouse, versions, days))
    compared = lakehouse.compare(table, incoming, lakehouse.read_days(table, days))
    lakehouse.merge(compared)
    return _reports(lakehouse, table, compared, days)


def _with_approaches(
    lakehouse: Lakehouse, versions: DataFrame, days: Collection[date]
) -> DataFrame:
    """The versions, each with the approach that fits it, if one is listed."""
    if not lakehouse.has(GOLD_NEO_FACT):
        return versions.withColumns(
            {
                "approach_designation": F.lit(None).cast("string"),
                "is_known_beforehand": F.lit(False),
            }
        )
    approaches = (
        lakehouse.read_days(GOLD_NEO_FACT, around(days, 1))
        .where(f"NOT is_withdrawn AND miss_distance_au < {FITTING_DISTANCE_AU}")
        .select(
            F.col("designation").alias("approach_designation"),
            F.col("close_approach_at").alias("approach_at"),
            F.col("first_seen_at").alias("approach_seen_at"),
        )
    )
    seconds = F.expr("abs(unix_seconds(approach_at) - unix_seconds(event_at))")
    fitting = F.min_by(
        F.struct("approach_designation", "approach_seen_at"), F.struct(seconds, "approach_seen_at")
    ).alias("fitting")
    key = ["event_at", "occurrence"]
    fits = (
        versions.select(*key)
        .join(F.broadcast(approaches), seconds <= HOURS_APART * 3600)
        .groupBy(*key)
        .agg(fitting)
    )
    return versions.join(fits, key, "left").withColumns(
        {
            "approach_designation": F.col("fitting.approach_designation"),
            "is_known_beforehand": F.expr(
                "CASE WHEN fitting IS NULL THEN false "
                "WHEN fitting.approach_seen_at < event_at THEN true END"
            ),
        }
    )


def _reports(
    lakehouse: Lakehouse, table: Table, compared: Comparison, days: Collection[date]
) -> list[DayReport]:
    counts: defaultdict[date, Counter[str]] = defaultdict(Counter)
    stored = lakehouse.read_days(table, days).select(table.day_column, *table.key).toArrow()
    rows = Counter(tuple(row.values()) for row in stored.to_pylist())
    for (day, *_), number in rows.items():
        counts[day].update({"rows_out": number, "rows_duplicated": number - 1})
    columns = (table.day_column, "change", "is_withdrawn", *table.key)
    for day, change, is_withdrawn, *key in compared.values(*columns):
        counts[day][change] += 1
        if change != "deleted":
            is_lost = (day, *key) not in rows
            counts[day].update(
                {"incoming": 1, "withdrawn": int(is_withdrawn), "rows_lost": int(is_lost)}
            )
    return [published_report(day, counts[day], OUTCOMES) for day in sorted(days)]
