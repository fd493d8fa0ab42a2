"""The same work in the fewest Spark actions one would write by hand: what the project is held to.

Event files to bronze, silver with quarantine and counts, a fact and two dimensions by MERGE.  The
columns are derived by the project's own expressions, so that what differs is the way of working: no
Dagster, no checkpoint, no history of snapshots, no comparison with other layers, and nothing that
makes it safe to run a day twice.

    python -m benchmarks.by_hand LANDING ROOT DAY

does it for a day in a Spark of its own on default settings, as one would at first.
"""

import os
import sys
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from neo_assets.lakehouse.model import keys, rule_expressions
from neo_assets.lakehouse.model.tables import BUSINESS_KEY, GOLD_NEO_FACT
from neo_assets.lakehouse.store.storage import derived, in_days
from neo_assets.sources.neows.dataset import NEO
from neo_assets.spark_server.delta_jars import delta_jars
from neo_assets.spark_server.java import find_java


def by_hand(spark: SparkSession, landing: Path, days: Collection[date], root: Path) -> None:
    """Bring the event files of these days to gold, in tables below `root`."""
    _events(spark, landing, days).write.format("delta").mode("append").save(str(root / "bronze"))
    checked = _checked(_table(spark, root / "bronze").where(in_days("feed_date", days)))
    _replace(checked.where("rank = 1").drop("payload", "feed_date"), root / "silver", days)
    _replace(checked.where("rank = 0").drop("payload", "feed_date"), root / "quarantine", days)
    counts = checked.groupBy("partition_date", "rank").count()
    counts.write.format("delta").mode("append").save(str(root / "metrics"))
    counts.collect()

    silver = _table(spark, root / "silver").where(in_days("partition_date", days))
    _upsert(derived(GOLD_NEO_FACT, silver), root / "fact", ("neo_event_key",), days)
    objects = silver.groupBy("designation").agg(
        F.expr("max_by(struct(neo_id, name, absolute_magnitude_h), fetched_at)").alias("newest")
    )
    key = f"{keys.surrogate_key('designation')} AS neo_key"
    _upsert(objects.selectExpr(key, "designation", "newest.*"), root / "objects", ("neo_key",))
    calendar = silver.selectExpr(
        f"{keys.date_key('close_approach_date')} AS date_key", "close_approach_date AS date"
    )
    _upsert(calendar.distinct(), root / "calendar", ("date_key",))


def _events(spark: SparkSession, landing: Path, days: Collection[date]) -> DataFrame:
    lines = spark.read.text([str(landing / f"feed_date={day}") for day in sorted(days)])
    return lines.selectExpr(
        "try_parse_json(value) AS event", "_metadata.file_path AS source_file"
    ).selectExpr(
        "try_variant_get(event, '$.feed_date', 'date') AS feed_date",
        "try_variant_get(event, '$.snapshot_id', 'string') AS snapshot_id",
        "try_variant_get(event, '$.fetched_at', 'timestamp') AS fetched_at",
        "try_variant_get(event, '$.payload', 'variant') AS payload",
        "source_file",
    )


def _checked(bronze: DataFrame) -> DataFrame:
    """Rows with a `rank`: 0 breaks a rule, 1 is the newest of its approach."""
    typed = (
        bronze.where("payload IS NOT NULL")
        .withColumn("partition_date", F.col("feed_date"))
        .withColumns({column.name: F.expr(column.derivation) for column in NEO.columns})
        .withColumn("reasons", F.expr(rule_expressions.broken(NEO, NEO.rule_set.dropping)))
    )
    newest = (
        f"row_number() OVER (PARTITION BY size(reasons) = 0, {', '.join(BUSINESS_KEY)} "
        "ORDER BY snapshot_id DESC)"
    )
    return typed.withColumns(
        {
            "rank": F.expr(f"if(size(reasons) = 0, {newest}, 0)"),
            "first_seen_at": F.col("fetched_at"),
            "last_changed_at": F.col("fetched_at"),
            "classification": F.lit("kept"),
        }
    )


def _table(spark: SparkSession, folder: Path) -> DataFrame:
    return spark.read.format("delta").load(str(folder))


def _replace(rows: DataFrame, folder: Path, days: Collection[date]) -> None:
    writer = rows.write.format("delta").mode("overwrite")
    if folder.exists():
        writer = writer.option("replaceWhere", in_days("partition_date", days))
    writer.save(str(folder))


def _upsert(
    rows: DataFrame, folder: Path, key: Sequence[str], days: Collection[date] | None = None
) -> None:
    if not folder.exists():
        writer = rows.write.format("delta")
        if days is not None:
            writer = writer.partitionBy(*GOLD_NEO_FACT.partitioned_by)
        writer.save(str(folder))
        return
    rows.createOrReplaceTempView("incoming")
    same = " AND ".join(f"target.{column} = incoming.{column}" for column in key)
    within = "true" if days is None else in_days(f"target.{GOLD_NEO_FACT.day_column}", days)
    rows.sparkSession.sql(
        f"MERGE INTO delta.`{folder}` AS target USING incoming ON {same} AND {within} "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    ).collect()


def _default_spark() -> SparkSession:
    os.environ["JAVA_HOME"] = str(find_java().home)
    settings = {
        "spark.jars": ",".join(map(str, delta_jars())),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
    }
    builder = SparkSession.builder.master("local[*]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


if __name__ == "__main__":
    _, landing, root, day = sys.argv
    by_hand(_default_spark(), Path(landing), [date.fromisoformat(day)], Path(root))
