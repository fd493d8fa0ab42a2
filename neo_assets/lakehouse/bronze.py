"""Event files to bronze: each line once, as it came, by Structured Streaming.

Lines are read as text and parsed into VARIANT: the JSON reader of open-source Spark would drop
fields that it does not know, and lose a line that it cannot read.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.storage import Lakehouse
from neo_assets.lakehouse.tables import BRONZE_NEO_EVENTS

_PATH = r"feed_date=([0-9]{4}-[0-9]{2}-[0-9]{2})/([^/]+)[.]json$"
_FETCHED_AT_IN_ID = "yyyyMMdd'T'HHmmssSSSSSSX"


def ingest(lakehouse: Lakehouse, days: Collection[date], run_id: str) -> list[DayReport]:
    """Append all event files that no earlier call has seen, then account for the given days.

    Files of other days are ingested as well: the stream knows files, not days, and the checkpoint
    holds which of them bronze already has.
    """
    events = _events(
        lakehouse.spark.readStream.format("text")
        .schema("value STRING")
        .option("recursiveFileLookup", "true")
        .option("pathGlobFilter", "*.json")
        # The source forgets files older than this, counted from the newest one.
        .option("maxFileAge", "36500d")
        .load(str(lakehouse.layout.landing))
    )
    lakehouse.append_stream(
        BRONZE_NEO_EVENTS,
        events.withColumns({"run_id": F.lit(run_id), "ingested_at": F.current_timestamp()}),
    )
    return _account(lakehouse, days)


def _events(lines: DataFrame) -> DataFrame:
    """Lines of event files (`value`) as rows of bronze, but for the run's own columns.

    Day and snapshot come from the path, so that they are known for an unreadable line too.
    """
    event = lines.select(
        "value",
        F.try_parse_json("value").alias("event"),
        F.col("_metadata.file_path").alias("source_file"),
    )
    snapshot_id = F.regexp_extract("source_file", _PATH, 2)
    return event.select(
        F.to_date(F.regexp_extract("source_file", _PATH, 1)).alias("feed_date"),
        F.try_variant_get("event", "$.source", "string").alias("source"),
        F.coalesce(
            F.try_variant_get("event", "$.fetched_at", "timestamp"),
            F.try_to_timestamp(
                F.split_part(snapshot_id, F.lit("-"), F.lit(1)), F.lit(_FETCHED_AT_IN_ID)
            ),
        ).alias("fetched_at"),
        snapshot_id.alias("snapshot_id"),
        F.try_variant_get("event", "$.payload", "variant").alias("payload"),
        F.when(F.col("event").isNull(), F.col("value")).alias("unreadable_line"),
        "source_file",
    )


def _account(lakehouse: Lakehouse, days: Collection[date]) -> list[DayReport]:
    """Hold the landing zone against bronze, line by line of each file, for every day."""
    folders = [
        str(folder)
        for day in sorted(days)
        if (folder := lakehouse.layout.landing / f"feed_date={day.isoformat()}").is_dir()
    ]
    ingested = lakehouse.read_days(BRONZE_NEO_EVENTS, days).drop("run_id", "ingested_at")
    landed = ingested.where("false")
    if folders:
        landed = _events(
            lakehouse.spark.read.format("text")
            .schema("value STRING")
            .option("recursiveFileLookup", "true")
            .option("pathGlobFilter", "*.json")
            .load(folders)
        )
    content = "coalesce(to_json(payload), unreadable_line)"
    # The only line of a snapshot without objects counts as a snapshot, but not as a row.
    one = F.expr(f"int({content} IS NOT NULL)")
    by_line = (
        landed.withColumns({"landed": one, "ingested": F.lit(0)})
        .unionByName(ingested.withColumns({"landed": F.lit(0), "ingested": one}))
        .groupBy(
            "feed_date",
            "snapshot_id",
            F.sha2(F.expr(content), 256).alias("content_hash"),
            F.col("unreadable_line").isNotNull().alias("is_unreadable"),
        )
        .agg(F.sum("landed").alias("landed"), F.sum("ingested").alias("ingested"))
        .withColumn("newest", F.expr("max(snapshot_id) OVER (PARTITION BY feed_date)"))
    )
    counted = by_line.groupBy("feed_date").agg(
        F.sum("landed").alias("rows_in"),
        F.sum("ingested").alias("rows_out"),
        F.sum(F.expr("greatest(landed - ingested, 0)")).alias("rows_lost"),
        F.sum(F.expr("greatest(ingested - landed, 0)")).alias("rows_doubled"),
        F.sum(F.expr("if(is_unreadable, landed, 0)")).alias("dropped"),
        F.expr("count(DISTINCT CASE WHEN NOT is_unreadable THEN content_hash END)").alias("kept"),
        F.sum(F.expr("if(snapshot_id = newest, landed, 0)")).alias("snapshot_rows"),
        F.sum(F.expr("if(snapshot_id = newest AND is_unreadable, landed, 0)")).alias(
            "snapshot_dropped"
        ),
        F.countDistinct("snapshot_id").alias("snapshots"),
    )
    counts = {row.feed_date: row.asDict() for row in counted.collect()}
    return [_report(day, counts.get(day, {})) for day in sorted(days)]


def _report(day: date, counts: dict[str, int]) -> DayReport:
    rows_in, dropped, kept = (counts.get(name, 0) for name in ("rows_in", "dropped", "kept"))
    return DayReport(
        day=day,
        rows_in=rows_in,
        kept=kept,
        dropped=dropped,
        exact_duplicates=rows_in - dropped - kept,
        rows_out=counts.get("rows_out", 0),
        rows_lost=counts.get("rows_lost", 0),
        rows_doubled=counts.get("rows_doubled", 0),
        snapshot_rows=counts.get("snapshot_rows", 0),
        snapshot_dropped=counts.get("snapshot_dropped", 0),
        reasons={"unreadable_line": dropped} if dropped else {},
        details={"snapshots": counts.get("snapshots", 0)},
    )
