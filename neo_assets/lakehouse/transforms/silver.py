"""Bronze to silver: every row of a day is typed, checked by the rules and put into one class.

Each snapshot is the whole of its day, so silver is the newest one, cleaned; the older ones say
since when a row is known, when it last changed and whether it was withdrawn.

An object that holds several rows of its day is one row in bronze and one for each of them here
(`nested_rows`): `rows_in` counts those rows, `rows_received` the objects.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from neo_assets.lakehouse.model import rule_expressions
from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.rules import UNREADABLE_LINE, RuleSet
from neo_assets.lakehouse.report import DayReport, RowClass
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import event_lines, nested_rows, quarantine
from neo_assets.lakehouse.transforms.rule_conditions import require_applicable

_IS_ROW = "payload IS NOT NULL OR unreadable_line IS NOT NULL"
"""Whether a row of bronze is more than the mark of a snapshot without objects."""


def refine(
    lakehouse: Lakehouse,
    dataset: Dataset,
    days: Collection[date],
    rule_set: RuleSet | None = None,
) -> list[DayReport]:
    """Update silver for these days from bronze, and put every row of bronze into one class.

    A day of which bronze has no snapshot was never fetched: it is left as it is, without a report.

    Raises:
        RuleError: a rule has a condition that Spark cannot read.
    """
    rule_set = rule_set or dataset.rule_set
    tables = dataset.tables
    ingested = rows_by_day(lakehouse, dataset, days)
    days = ingested.keys()
    if not days:
        return []
    lakehouse.replace_days(
        tables.versions,
        classify(dataset, lakehouse.read_days(tables.bronze, days), rule_set),
        days,
        incoming_days=[day for day, counts in ingested.items() if counts.rows],
        parts={tables.silver: f"classification = '{RowClass.KEPT}'"},
    )
    existing, classes = _output_counts(lakehouse, dataset, days)
    dropped = {row.day for row in classes if row.classification == RowClass.DROPPED}
    if unclean := dropped | {day for day in days if existing[day]["quarantined"]}:
        quarantine.update(lakehouse, dataset, unclean, rule_set)
        for day, rows in quarantine.counts(lakehouse, dataset, unclean).items():
            existing[day]["in_quarantine"] = rows
    by_day: dict[date, list[Row]] = defaultdict(list)
    for row in classes:
        by_day[row.day].append(row)
    return [
        report_of(dataset, day, ingested[day], by_day[day], existing[day], rule_set)
        for day in sorted(days)
    ]


def rows_ingested(
    lakehouse: Lakehouse, dataset: Dataset, days: Collection[date]
) -> dict[date, int]:
    """The rows that bronze has of each day; a day never fetched is missing, an empty one has 0."""
    counted = (
        lakehouse.read_days(dataset.tables.bronze, days)
        .groupBy("feed_date")
        .agg(F.count_if(F.expr(_IS_ROW)).alias("rows"))
    )
    return {row.feed_date: row["rows"] for row in counted.collect()}


def rows_by_day(lakehouse: Lakehouse, dataset: Dataset, days: Collection[date]) -> dict[date, Row]:
    """Of each day in bronze: its rows, the objects they are of, and elements left out."""
    is_row = F.expr(_IS_ROW)
    counted = (
        nested_rows.one_row_each(dataset, lakehouse.read_days(dataset.tables.bronze, days))
        .groupBy("feed_date")
        .agg(
            F.count_if(is_row).alias("rows"),
            F.count_if(is_row & F.col(nested_rows.IS_FIRST)).alias("objects"),
            F.sum(nested_rows.LEFT_OUT).alias("left_out"),
        )
    )
    return {row.feed_date: row for row in counted.collect()}


def classify(dataset: Dataset, bronze: DataFrame, rule_set: RuleSet) -> DataFrame:
    """Rows of the table of versions for the rows of bronze, which must hold whole days."""
    # Everything that looks at a single row comes first, before the windows bring the rows of a day
    # together: it is most of the work, and so all cores share it.
    typed = _typed(dataset, bronze)
    require_applicable(dataset, rule_set, typed)
    checked = _checked(dataset, typed, rule_set)
    return _with_class(dataset, _with_history(dataset, _in_snapshots(checked)))


def _typed(dataset: Dataset, bronze: DataFrame) -> DataFrame:
    typed = (
        nested_rows.one_row_each(dataset, bronze)
        .withColumn("partition_date", F.col("feed_date"))
        .withColumns({column.name: F.expr(column.derivation) for column in dataset.columns})
    )
    values = F.to_json(F.struct(*(column.name for column in dataset.columns)))
    return typed.withColumns(
        {
            "is_row": F.expr(_IS_ROW),
            "text": F.coalesce(F.to_json("payload"), "unreadable_line"),
            "values_hash": F.sha2(values, 256),
            "is_preferred": F.expr(dataset.preference),
        }
    ).withColumn("content_hash", F.sha2("text", 256))


def _checked(dataset: Dataset, rows: DataFrame, rule_set: RuleSet) -> DataFrame:
    unreadable = F.col("unreadable_line").isNotNull()
    only = F.array(F.lit(UNREADABLE_LINE))
    flaw = F.expr(f"array(concat('{UNREADABLE_LINE}: ', {event_lines.flaw('text')}))")
    none = F.array().cast("array<string>")
    warnings = F.expr(rule_expressions.broken(dataset, rule_set.warning))
    if dataset.nested:
        left_out = F.array(F.lit(dataset.nested.warning))
        has_left_out = F.col(nested_rows.LEFT_OUT) > 0
        warnings = F.concat(warnings, F.when(has_left_out, left_out).otherwise(none))
    return (
        rows.withColumns(
            {
                "reasons": F.when(unreadable, only).otherwise(
                    F.expr(rule_expressions.broken(dataset, rule_set.dropping))
                ),
                "findings": F.when(unreadable, flaw).otherwise(
                    F.expr(rule_expressions.findings(dataset, rule_set.dropping))
                ),
            }
        )
        .withColumn("is_valid", F.size("reasons") == 0)
        .withColumns(
            {
                "warnings": F.when(F.col("is_valid"), warnings).otherwise(none),
                "payload": F.when(~F.col("is_valid"), F.col("text")),
            }
        )
    )


def _in_snapshots(rows: DataFrame) -> DataFrame:
    """Number the snapshots of each day, then drop the rows that only mark an empty one."""
    day = Window.partitionBy("feed_date")
    in_order = day.orderBy("snapshot_id")
    return (
        rows.withColumn("snapshot", F.dense_rank().over(in_order))
        .withColumn("newest_snapshot", F.max("snapshot").over(day))
        .withColumns(
            {
                name: F.min("fetched_at").over(day.orderBy("snapshot").rangeBetween(step, step))
                for name, step in (("previous_fetched_at", -1), ("next_fetched_at", 1))
            }
        )
        .where("is_row")
    )


def _with_history(dataset: Dataset, rows: DataFrame) -> DataFrame:
    """Add to each row when what it is about was first seen and last changed, and its last words.

    In one snapshot the "word" on a subject is its best row: a valid one before a dropped one, one
    that the dataset prefers before another, then by hash.  Of the words of all snapshots the last
    valid one is what gold carries.
    """
    rows = rows.withColumns(
        {
            "subject": F.expr(dataset.row_identity),
            "rank": F.struct("is_valid", "is_preferred", "content_hash"),
        }
    )
    subject = Window.partitionBy("subject")
    earlier = subject.orderBy("snapshot").rangeBetween(Window.unboundedPreceding, -1)
    rows = rows.withColumn(
        "is_word",
        F.row_number().over(
            Window.partitionBy("subject", "snapshot").orderBy(F.desc("rank"), "source_file")
        )
        == 1,
    )
    word = F.col("is_word")
    valid_word = word & F.col("is_valid")
    rows = (
        rows.withColumn("last_snapshot", F.max("snapshot").over(subject))
        .withColumn(
            "last_good_snapshot", F.max(F.when(valid_word, F.col("snapshot"))).over(subject)
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
            "first_seen_at": F.min(F.when(valid_word, F.col("fetched_at"))).over(subject),
            "last_changed_at": F.max(changed_at).over(subject),
            "is_gone": was_withdrawn,
        }
    )


def _with_class(dataset: Dataset, rows: DataFrame) -> DataFrame:
    newest_of_content = Window.partitionBy("subject", "is_valid", "content_hash").orderBy(
        F.desc("is_last_good"), F.desc("snapshot"), F.desc("is_word"), "source_file"
    )
    is_repeat = F.row_number().over(newest_of_content) > 1
    in_newest = F.col("snapshot") == F.col("newest_snapshot")
    return rows.withColumns(
        {
            "is_in_newest_snapshot": in_newest,
            "classification": F.when(~F.col("is_valid"), RowClass.DROPPED.value)
            .when(is_repeat, RowClass.EXACT_DUPLICATES.value)
            .when(~F.col("is_last_good"), RowClass.SUPERSEDED.value)
            .when(in_newest, RowClass.KEPT.value)
            .when(F.col("is_gone"), RowClass.WITHDRAWN.value)
            .otherwise(RowClass.SUPERSEDED.value),
        }
    ).select(*dataset.tables.versions.column_names)


def _output_counts(
    lakehouse: Lakehouse, dataset: Dataset, days: Collection[date]
) -> tuple[dict[date, Counter[str]], list[Row]]:
    """Count what the tables have now: their rows by day, and those of the versions by class.

    The rows by day are of silver and of the quarantine, whatever their status.  A class is
    what the report distinguishes.
    """
    day = F.col("partition_date").alias("day")
    rows_out = (
        lakehouse.read_days(dataset.tables.silver, days)
        .groupBy(day)
        .agg(F.count("*").alias("rows_out"), F.countDistinct(*dataset.key).alias("keys"))
    )
    quarantined = (
        lakehouse.read_days(dataset.tables.quarantine, days)
        .groupBy(day)
        .agg(F.count("*").alias("quarantined"))
    )
    classes = counted_by_class(lakehouse.read_days(dataset.tables.versions, days))
    counts: dict[date, Counter[str]] = defaultdict(Counter)
    with ThreadPoolExecutor() as side_by_side:
        of_class = side_by_side.submit(classes.collect)
        for rows in side_by_side.map(DataFrame.collect, (rows_out, quarantined)):
            for row in rows:
                numbers = row.asDict()
                counts[numbers.pop("day")].update(numbers)
    return counts, of_class.result()


def counted_by_class(versions: DataFrame) -> DataFrame:
    """The rows of the table of versions, by their day and what a report distinguishes."""
    return versions.groupBy(
        F.col("partition_date").alias("day"),
        "classification",
        "is_in_newest_snapshot",
        "is_last_good",
        "reasons",
        "warnings",
    ).agg(F.count("*").alias("rows"))


def report_of(
    dataset: Dataset,
    day: date,
    ingested: Row,
    classes: Sequence[Row],
    existing: Counter[str],
    rule_set: RuleSet,
) -> DayReport:
    """The report of a day, from its rows in bronze, by class, and in the tables (`existing`)."""
    counts = _totals((row.classification, row.rows) for row in classes)
    in_newest = [row for row in classes if row.is_in_newest_snapshot]
    newest = _totals((row.classification, row.rows) for row in in_newest)
    surplus = existing["in_quarantine"] - counts[RowClass.DROPPED]
    return DayReport(
        day=day,
        rows_in=ingested.rows,
        kept=counts[RowClass.KEPT],
        dropped=counts[RowClass.DROPPED],
        exact_duplicates=counts[RowClass.EXACT_DUPLICATES],
        superseded=counts[RowClass.SUPERSEDED],
        withdrawn=counts[RowClass.WITHDRAWN],
        rows_out=existing["rows_out"],
        rows_lost=max(counts[RowClass.KEPT] - existing["rows_out"], 0) + max(-surplus, 0),
        rows_duplicated=existing["rows_out"] - existing["keys"] + max(surplus, 0),
        snapshot_rows=newest.total(),
        snapshot_dropped=newest[RowClass.DROPPED],
        snapshot_duplicates=newest[RowClass.EXACT_DUPLICATES] + newest[RowClass.SUPERSEDED],
        snapshot_reasons=_by_rule(in_newest, "reasons"),
        reasons=_by_rule(classes, "reasons"),
        warnings=_by_rule(classes, "warnings"),
        details={
            "in_quarantine": existing["in_quarantine"],
            **({dataset.nested.left_out: ingested.left_out} if dataset.nested else {}),
        },
        rows_received=ingested.objects,
        rows_emitted=sum(row.rows for row in classes if row.is_last_good),
        rule_set=rule_set.version,
    )


def _by_rule(classes: Iterable[Row], column: str) -> dict[str, int]:
    return dict(_totals((name, row.rows) for row in classes for name in row[column]))


def _totals(counts: Iterable[tuple[str, int]]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for name, count in counts:
        totals[name] += count
    return totals
