"""What other rules would change in silver: the same functions as silver's, with nothing written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import date

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.rules import RuleSet
from neo_assets.lakehouse.report import DayReport, RowClass
from neo_assets.lakehouse.request import RowChange
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import silver

NAMES = 20
"""Objects that are named of the rows of a day that change in the same way."""

_ROW = ("partition_date", "source_file", "content_hash", "number")
_OUTCOME = ("classification", "reasons", "warnings")


def plan(
    lakehouse: Lakehouse, dataset: Dataset, days: Collection[date], rule_set: RuleSet
) -> tuple[list[DayReport], list[RowChange]]:
    """The reports that silver would give with these rules, and the rows that would change.

    These are the rows that would be in another class, or have other warnings.
    """
    bronze = lakehouse.read_days(dataset.tables.bronze, days)
    planned = silver.classify(dataset, bronze, rule_set)
    return (
        _reports(lakehouse, dataset, days, planned, rule_set),
        _changes(dataset, lakehouse.read_days(dataset.tables.versions, days), planned),
    )


def _reports(
    lakehouse: Lakehouse,
    dataset: Dataset,
    days: Collection[date],
    planned: DataFrame,
    rule_set: RuleSet,
) -> list[DayReport]:
    ingested = silver.rows_by_day(lakehouse, dataset, days)
    by_day: dict[date, list[Row]] = defaultdict(list)
    for row in silver.counted_by_class(planned).collect():
        by_day[row.day].append(row)
    return [
        silver.report_of(dataset, day, ingested[day], by_day[day], _filled(by_day[day]), rule_set)
        for day in sorted(ingested)
    ]


def _filled(classes: Collection[Row]) -> Counter[str]:
    """The rows that the tables would have."""
    rows: Counter[str] = Counter()
    for row in classes:
        rows[row.classification] += row.rows
    kept, dropped = rows[RowClass.KEPT], rows[RowClass.DROPPED]
    return Counter(rows_out=kept, keys=kept, in_quarantine=dropped)


def _changes(dataset: Dataset, stored: DataFrame, planned: DataFrame) -> list[RowChange]:
    name = F.coalesce(F.col(dataset.preview[0]), F.substring("content_hash", 1, 10))
    before, after = (
        _numbered(rows).select(*_ROW, name.alias(f"name_{side}"), F.struct(*_OUTCOME).alias(side))
        for rows, side in ((stored, "before"), (planned, "after"))
    )
    changed = (
        before.join(after, [*_ROW])
        .where("before <> after")
        .select(
            F.col("partition_date").alias("day"),
            F.col("before.classification").alias("before"),
            F.col("after.classification").alias("after"),
            _broken_only("after", "before").alias("breaks"),
            _broken_only("before", "after").alias("obeys"),
            F.coalesce("name_after", "name_before").alias("name"),
        )
    )
    grouped = changed.groupBy("day", "before", "after", "breaks", "obeys").agg(
        F.count("*").alias("rows"),
        F.slice(F.sort_array(F.collect_list("name")), 1, NAMES).alias("names"),
    )
    found = [RowChange(**row.asDict()) for row in grouped.collect()]
    return sorted(found, key=lambda change: (change.day, change.before, change.after, change.names))


def _numbered(versions: DataFrame) -> DataFrame:
    """The rows with a number that tells those of the same content in one file apart."""
    same = Window.partitionBy("partition_date", "source_file", "content_hash")
    return versions.withColumn("number", F.row_number().over(same.orderBy(*_OUTCOME)))


def _broken_only(one: str, other: str) -> Column:
    """The rules that rows break in one outcome and not in the other."""
    rules = "array_union({0}.reasons, {0}.warnings)"
    return F.expr(f"sort_array(array_except({rules.format(one)}, {rules.format(other)}))")
