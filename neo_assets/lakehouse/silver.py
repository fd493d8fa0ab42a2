"""Bronze to silver: every row of a day typed, judged by the rules and put into one class.

Each snapshot is the whole of its day, so silver is the newest one, cleaned; the older ones say
since when an approach is known, when it last changed and whether it was withdrawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from neo_assets.lakehouse import keys, rules
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.storage import Lakehouse
from neo_assets.lakehouse.tables import (
    APPROACH_COLUMNS,
    BRONZE_NEO_EVENTS,
    BUSINESS_KEY,
    SILVER_NEO_EVENTS,
    SILVER_NEO_QUARANTINE,
    SILVER_NEO_VERSIONS,
)


def refine(lakehouse: Lakehouse, days: Collection[date]) -> list[DayReport]:
    """Bring silver for these days to what bronze holds, and account for every row of bronze."""
    lakehouse.replace_days(
        SILVER_NEO_VERSIONS,
        classify(lakehouse.read_days(BRONZE_NEO_EVENTS, days)),
        days,
        parts={
            SILVER_NEO_EVENTS: "classification = 'kept'",
            SILVER_NEO_QUARANTINE: "classification = 'dropped'",
        },
    )
    return _account(lakehouse, days)


def classify(bronze: DataFrame) -> DataFrame:
    """Rows of `silver_neo_versions` for the rows of bronze, which must hold whole days."""
    return _with_class(_with_history(_judged(_typed(_in_snapshots(bronze)))))


def _in_snapshots(bronze: DataFrame) -> DataFrame:
    """Number the snapshots of each day, then let go of the rows that only mark an empty one."""
    day = Window.partitionBy("feed_date")
    in_order = day.orderBy("snapshot_id")
    return (
        bronze.withColumn("snapshot", F.dense_rank().over(in_order))
        .withColumn("newest_snapshot", F.max("snapshot").over(day))
        .withColumns(
            {
                name: F.min("fetched_at").over(day.orderBy("snapshot").rangeBetween(step, step))
                for name, step in (("previous_fetched_at", -1), ("next_fetched_at", 1))
            }
        )
        .withColumn("partition_date", F.col("feed_date"))
        .where("payload IS NOT NULL OR unreadable_line IS NOT NULL")
    )


def _typed(rows: DataFrame) -> DataFrame:
    typed = rows.withColumns(
        {column.name: F.expr(column.derivation) for column in APPROACH_COLUMNS}
    )
    values = F.to_json(F.struct(*(column.name for column in APPROACH_COLUMNS)))
    text = F.coalesce(F.to_json("payload"), "unreadable_line")
    return typed.withColumns(
        {
            "payload": text,
            "content_hash": F.sha2(text, 256),
            "values_hash": F.sha2(values, 256),
            "is_numbered": F.expr(keys.IS_NUMBERED),
        }
    )


def _judged(rows: DataFrame) -> DataFrame:
    unreadable = F.col("unreadable_line").isNotNull()
    return (
        rows.withColumn(
            "reasons",
            F.when(unreadable, F.array(F.lit(rules.UNREADABLE_LINE))).otherwise(
                F.expr(rules.broken("drop"))
            ),
        )
        .withColumn("is_valid", F.size("reasons") == 0)
        .withColumn(
            "warnings",
            F.when(F.col("is_valid"), F.expr(rules.broken("warn"))).otherwise(
                F.array().cast("array<string>")
            ),
        )
    )


def _with_history(rows: DataFrame) -> DataFrame:
    """Add to each row when its approach was first seen and last changed, and its last words.

    In one snapshot the "word" on an approach is its best row: a valid one before a dropped one,
    the numbered object before its former self, then by hash.  Of the words of all snapshots the
    last valid one is what gold carries.
    """
    rows = rows.withColumns(
        {
            "approach": F.expr(keys.SPOKEN_OF),
            "rank": F.struct("is_valid", "is_numbered", "content_hash"),
        }
    )
    approach = Window.partitionBy("approach")
    earlier = approach.orderBy("snapshot").rangeBetween(Window.unboundedPreceding, -1)
    rows = rows.withColumn(
        "is_word",
        F.row_number().over(
            Window.partitionBy("approach", "snapshot").orderBy(F.desc("rank"), "source_file")
        )
        == 1,
    )
    word = F.col("is_word")
    valid_word = word & F.col("is_valid")
    rows = (
        rows.withColumn("last_snapshot", F.max("snapshot").over(approach))
        .withColumn(
            "last_good_snapshot", F.max(F.when(valid_word, F.col("snapshot"))).over(approach)
        )
        .withColumn("snapshot_before", F.max("snapshot").over(earlier))
        .withColumn(
            "values_before",
            F.last(F.when(valid_word, F.col("values_hash")), ignorenulls=True).over(earlier),
        )
    )
    came_back = F.col("snapshot_before") < F.col("snapshot") - 1
    is_new = F.col("values_before").isNull()
    is_changed = word & (
        came_back
        | (F.col("is_valid") & (is_new | (F.col("values_before") != F.col("values_hash"))))
    )
    was_withdrawn = F.col("last_snapshot") < F.col("newest_snapshot")
    withdrawn_at = F.when(
        was_withdrawn & (F.col("snapshot") == F.col("last_snapshot")), F.col("next_fetched_at")
    )
    changed_at = F.greatest(F.when(is_changed, F.col("fetched_at")), withdrawn_at)
    return rows.withColumns(
        {
            "is_last_good": valid_word & (F.col("snapshot") == F.col("last_good_snapshot")),
            "first_seen_at": F.min(F.when(valid_word, F.col("fetched_at"))).over(approach),
            "last_changed_at": F.max(changed_at).over(approach),
            "is_gone": was_withdrawn,
        }
    )


def _with_class(rows: DataFrame) -> DataFrame:
    newest_of_content = Window.partitionBy("approach", "is_valid", "content_hash").orderBy(
        F.desc("is_last_good"), F.desc("snapshot"), "source_file"
    )
    is_repeat = F.row_number().over(newest_of_content) > 1
    in_newest = F.col("snapshot") == F.col("newest_snapshot")
    return rows.withColumns(
        {
            "is_in_newest_snapshot": in_newest,
            "classification": F.when(~F.col("is_valid"), "dropped")
            .when(is_repeat, "exact_duplicates")
            .when(~F.col("is_last_good"), "superseded")
            .when(in_newest, "kept")
            .when(F.col("is_gone"), "withdrawn")
            .otherwise("superseded"),
            "payload": F.when(~F.col("is_valid"), F.col("payload")),
        }
    ).select(*SILVER_NEO_VERSIONS.column_names)


def _account(lakehouse: Lakehouse, days: Collection[date]) -> list[DayReport]:
    """Count the classes that were written, and hold them against bronze and silver as they are."""
    classes = (
        lakehouse.read_days(SILVER_NEO_VERSIONS, days)
        .groupBy("partition_date", "classification", "is_in_newest_snapshot", "reasons", "warnings")
        .count()
        .collect()
    )
    bronze = lakehouse.read_days(BRONZE_NEO_EVENTS, days)
    silver = lakehouse.read_days(SILVER_NEO_EVENTS, days)
    rows_in = bronze.groupBy(F.col("feed_date").alias("day")).agg(
        F.count_if(F.expr("payload IS NOT NULL OR unreadable_line IS NOT NULL")).alias("rows_in")
    )
    rows_out = silver.groupBy(F.col("partition_date").alias("day")).agg(
        F.count("*").alias("rows_out"), F.countDistinct(*BUSINESS_KEY).alias("approaches")
    )
    standing = {row.day: row for row in rows_in.join(rows_out, "day", "full").na.fill(0).collect()}
    reports = []
    for day in sorted(days):
        of_day = [row for row in classes if row.partition_date == day]
        counts = _totals((row.classification, row["count"]) for row in of_day)
        newest = _totals(
            (row.classification, row["count"]) for row in of_day if row.is_in_newest_snapshot
        )
        there = standing.get(day)
        rows_in_silver = there.rows_out if there else 0
        reports.append(
            DayReport(
                day=day,
                rows_in=there.rows_in if there else 0,
                rows_out=rows_in_silver,
                rows_lost=max(counts["kept"] - rows_in_silver, 0),
                rows_doubled=rows_in_silver - there.approaches if there else 0,
                snapshot_rows=newest.total(),
                snapshot_dropped=newest["dropped"],
                reasons=dict(
                    _totals((name, row["count"]) for row in of_day for name in row.reasons)
                ),
                warnings=dict(
                    _totals((name, row["count"]) for row in of_day for name in row.warnings)
                ),
                kept=counts["kept"],
                dropped=counts["dropped"],
                exact_duplicates=counts["exact_duplicates"],
                superseded=counts["superseded"],
                withdrawn=counts["withdrawn"],
            )
        )
    return reports


def _totals(counts: Iterable[tuple[str, int]]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for name, count in counts:
        totals[name] += count
    return totals
