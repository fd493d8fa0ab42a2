"""Event files to bronze: each line once, as it came, by Structured Streaming.

Lines are read as text and parsed into VARIANT: the JSON reader of open-source Spark would drop
fields that it does not know, and lose a line that it cannot read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from neo_assets.lakehouse import schema_tracking
from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.event_files import (
    day_folder,
    day_of,
    event_files,
    identity,
    is_in,
)
from neo_assets.lakehouse.model.json_values import readable_time
from neo_assets.lakehouse.model.rules import UNREADABLE_LINE
from neo_assets.lakehouse.model.tables import SOURCE_FILE
from neo_assets.lakehouse.report import DayReport, RowClass
from neo_assets.lakehouse.request import never_fetched
from neo_assets.lakehouse.schema_tracking import Evolution
from neo_assets.lakehouse.store.backend import StreamSource
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import event_lines

_FETCHED_AT_IN_ID = "yyyyMMdd'T'HHmmssSSSSSSX"


def ingest(
    lakehouse: Lakehouse,
    dataset: Dataset,
    days: Collection[date],
    run_id: str,
    evolution: Evolution = "addNewColumns",
) -> list[DayReport]:
    """Append the event files of these days that bronze does not have, and report on the days.

    Bronze itself says which event files it has, by their identity.  The checkpoint of the stream
    knows them by their absolute paths, which change with the place of the data folder: it makes one
    append atomic, and does not decide what is appended.  Without new files no stream is started.

    Where Spark's own file source reads them, only the folders of these days are listed, so that a
    day costs the same whatever has landed before.

    With `failOnNewColumns` the days must be those that `days_that_fail` does not name.
    """
    landed = landed_days(lakehouse, dataset, days)
    new = _new_files(lakehouse, dataset, landed)
    if new:
        _append(lakehouse, dataset, run_id, landed)
        if new & _new_files(lakehouse, dataset, landed):
            # The checkpoint counts files as read that bronze does not have: one of the two was
            # restored without the other, or the folder was moved away and back in the middle of a
            # batch.
            _append(lakehouse, dataset, run_id, landed, new_checkpoint=True)
    with ThreadPoolExecutor() as side_by_side:
        reported = side_by_side.submit(_reports, lakehouse, dataset, days, landed)
        tracked = side_by_side.submit(
            schema_tracking.track, lakehouse, dataset, days, evolution, run_id
        )
    reports, tracking = reported.result(), tracked.result()
    return [
        replace(
            report,
            details={**report.details, "schema_version": tracking.version},
            drift=tuple(tracking.drift.get(report.day, ())),
        )
        for report in reports
    ]


def days_that_fail(
    lakehouse: Lakehouse, dataset: Dataset, days: Collection[date], evolution: Evolution
) -> dict[date, str]:
    """The days with fields that the mode `failOnNewColumns` refuses, and which these are."""
    if evolution != "failOnNewColumns" or not days:
        return {}
    landed = landed_days(lakehouse, dataset, days)
    files = landed_lines(lakehouse, dataset, landed) if landed else None
    return schema_tracking.days_with_new_fields(lakehouse, dataset, days, files)


def ingest_all(lakehouse: Lakehouse, dataset: Dataset, run_id: str) -> None:
    """Append every event file that bronze does not have, of whatever day."""
    _append(lakehouse, dataset, run_id)


def why_without_rows(
    lakehouse: Lakehouse, dataset: Dataset, days: Collection[date]
) -> dict[date, str]:
    """Return why bronze has no snapshot of these days, not even an empty one."""
    return dict.fromkeys(days, never_fetched(dataset.raw_asset)) | dict.fromkeys(
        landed_days(lakehouse, dataset, days),
        f"{dataset.tables.bronze.name} does not have it: materialize that first",
    )


def _append(
    lakehouse: Lakehouse,
    dataset: Dataset,
    run_id: str,
    days: Sequence[date] | None = None,
    *,
    new_checkpoint: bool = False,
) -> None:
    """Append the event files of these days, of all unless given, that bronze does not have."""
    folders = [day_folder(day) for day in days] if days else ["feed_date=*"]
    landing = lakehouse.landing(dataset)
    source = lakehouse.backend.stream_source(
        dataset.tables.bronze,
        landing,
        folders[0] if len(folders) == 1 else f"{{{','.join(folders)}}}",
    )
    lakehouse.append_stream(
        dataset.tables.bronze,
        streamed_events(lakehouse.spark, source, landing, run_id),
        unless_known=SOURCE_FILE,
        days=None if source.lists_all_days else days,
        new_checkpoint=new_checkpoint,
    )


def streamed_events(
    spark: SparkSession, source: StreamSource, landing: Path, run_id: str
) -> DataFrame:
    """The lines of event files as a stream of rows of bronze.

    `landing` is the folder of the dataset.
    """
    lines = (
        spark.readStream.format(source.format)
        .schema("value STRING")
        .options(**source.options)
        .load(source.path)
    )
    return _events(lines, landing).withColumns(
        {"run_id": F.lit(run_id), "ingested_at": F.current_timestamp()}
    )


def landed_days(lakehouse: Lakehouse, dataset: Dataset, days: Collection[date]) -> list[date]:
    """Return the days that have a folder in the landing zone, in order."""
    landing = lakehouse.landing(dataset)
    return [day for day in sorted(days) if (landing / day_folder(day)).is_dir()]


def _new_files(lakehouse: Lakehouse, dataset: Dataset, days: Collection[date]) -> set[str]:
    """The event files of these days that bronze does not have."""
    if not days:
        return set()
    rows = lakehouse.read_days(dataset.tables.bronze, days).select(
        F.expr(identity(SOURCE_FILE)).alias("file")
    )
    known = {row.file for row in rows.distinct().collect()}
    return event_files(lakehouse.landing(dataset), days, known)


def landed_lines(
    lakehouse: Lakehouse, dataset: Dataset, days: Collection[date] | None = None
) -> DataFrame:
    """The lines of all event files, or of those of these days, which must have a folder.

    They are rows of bronze, but for the run's own columns.
    """
    landing = lakehouse.landing(dataset)
    folders = [landing] if days is None else [landing / day_folder(day) for day in days]
    lines = (
        lakehouse.spark.read.format("text")
        .schema("value STRING")
        .option("recursiveFileLookup", "true")
        .option("pathGlobFilter", "*.json")
        .load([str(folder) for folder in folders])
    )
    return _events(lines, landing)


def _events(lines: DataFrame, landing: Path) -> DataFrame:
    """Lines of event files (`value`) as rows of bronze, but for the run's own columns.

    Day and snapshot come from the path, so that they are known for an unreadable line too.  Files
    that are not in the folder of a day are left out.
    """
    event = (
        lines.where(is_in(landing, "_metadata.file_path"))
        .select(
            "value",
            event_lines.event("value").alias("event"),
            F.expr(identity("_metadata.file_path")).alias(SOURCE_FILE),
        )
        .withColumn("feed_date", F.expr(day_of(SOURCE_FILE)))
        .where("feed_date IS NOT NULL")
    )
    snapshot_id = F.substring_index(F.substring_index(SOURCE_FILE, "/", -1), ".json", 1)
    return event.select(
        "feed_date",
        F.try_variant_get("event", "$.source", "string").alias("source"),
        F.coalesce(
            F.expr(readable_time("try_variant_get(event, '$.fetched_at', 'timestamp')")),
            F.try_to_timestamp(
                F.split_part(snapshot_id, F.lit("-"), F.lit(1)), F.lit(_FETCHED_AT_IN_ID)
            ),
        ).alias("fetched_at"),
        snapshot_id.alias("snapshot_id"),
        F.try_variant_get("event", "$.payload", "variant").alias("payload"),
        F.when(F.col("event").isNull(), F.col("value")).alias("unreadable_line"),
        SOURCE_FILE,
    )


def _reports(
    lakehouse: Lakehouse, dataset: Dataset, days: Collection[date], folders: Collection[date]
) -> list[DayReport]:
    """Hold the landing zone against bronze, line by line of each file, for every day.

    `folders` are the days that have one in the landing zone.
    A snapshot whose file is no longer there is taken as bronze has it.
    """
    ingested = lakehouse.read_days(dataset.tables.bronze, days).drop("run_id", "ingested_at")
    landed = landed_lines(lakehouse, dataset, folders) if folders else ingested.where("false")
    content = "coalesce(to_json(payload), unreadable_line)"
    # The only line of a snapshot without objects counts as a snapshot, but not as a row.
    one = F.expr(f"int({content} IS NOT NULL)")
    by_line = (
        landed.withColumns({"landed": one, "ingested": F.lit(0), "is_there": F.lit(True)})
        .unionByName(
            ingested.withColumns({"landed": F.lit(0), "ingested": one, "is_there": F.lit(False)})
        )
        .groupBy(
            "feed_date",
            "snapshot_id",
            F.sha2(F.expr(content), 256).alias("content_hash"),
            F.col("unreadable_line").isNotNull().alias("is_unreadable"),
            # A line that was added to a file by hand was not emitted by the layer before.
            F.expr(f"NOT {event_lines.has_landed('unreadable_line')}").alias("is_foreign"),
        )
        .agg(
            F.sum("landed").alias("landed"),
            F.sum("ingested").alias("ingested"),
            F.max("is_there").alias("is_there"),
        )
        .withColumns(
            {
                "newest": F.expr("max(snapshot_id) OVER (PARTITION BY feed_date)"),
                "has_file": F.expr("max(is_there) OVER (PARTITION BY feed_date, snapshot_id)"),
            }
        )
        .withColumn("landed", F.expr("if(has_file, landed, ingested)"))
    )
    counted = by_line.groupBy("feed_date").agg(
        F.sum("landed").alias("rows_in"),
        F.sum("ingested").alias("rows_out"),
        F.sum(F.expr("greatest(landed - ingested, 0)")).alias("rows_lost"),
        F.sum(F.expr("greatest(ingested - landed, 0)")).alias("rows_duplicated"),
        F.sum(F.expr("if(is_unreadable, landed, 0)")).alias(RowClass.DROPPED.value),
        F.expr("count(DISTINCT CASE WHEN NOT is_unreadable THEN content_hash END)").alias(
            RowClass.KEPT.value
        ),
        F.sum(F.expr("if(snapshot_id = newest, landed, 0)")).alias("snapshot_rows"),
        F.sum(F.expr("if(snapshot_id = newest AND is_unreadable, landed, 0)")).alias(
            "snapshot_dropped"
        ),
        F.sum(F.expr("if(snapshot_id = newest AND is_foreign, landed, 0)")).alias(
            "snapshot_foreign"
        ),
        F.sum(
            F.expr("if(snapshot_id = newest AND NOT is_unreadable, greatest(landed - 1, 0), 0)")
        ).alias("snapshot_duplicates"),
        F.countDistinct("snapshot_id").alias("snapshots"),
        F.expr("count(DISTINCT CASE WHEN NOT has_file THEN snapshot_id END)").alias(
            "snapshots_without_file"
        ),
    )
    counts = {row.feed_date: row.asDict() for row in counted.collect()}
    return [_report(day, counts.get(day, {})) for day in sorted(days)]


def _report(day: date, counts: dict[str, int]) -> DayReport:
    rows_in = counts.get("rows_in", 0)
    dropped, kept = (counts.get(each, 0) for each in (RowClass.DROPPED, RowClass.KEPT))
    return DayReport(
        day=day,
        rows_in=rows_in,
        kept=kept,
        dropped=dropped,
        exact_duplicates=rows_in - dropped - kept,
        rows_out=counts.get("rows_out", 0),
        rows_lost=counts.get("rows_lost", 0),
        rows_duplicated=counts.get("rows_duplicated", 0),
        snapshot_rows=counts.get("snapshot_rows", 0),
        snapshot_dropped=counts.get("snapshot_dropped", 0),
        snapshot_duplicates=counts.get("snapshot_duplicates", 0),
        rows_received=counts.get("snapshot_rows", 0) - counts.get("snapshot_foreign", 0),
        rows_emitted=counts.get("rows_out", 0),
        snapshot_reasons=_unreadable(counts.get("snapshot_dropped", 0)),
        reasons=_unreadable(dropped),
        details={name: counts.get(name, 0) for name in ("snapshots", "snapshots_without_file")},
    )


def _unreadable(lines: int) -> dict[str, int]:
    return {UNREADABLE_LINE: lines} if lines else {}
