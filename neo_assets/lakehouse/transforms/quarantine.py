"""Every dropped row with its reasons and status, brought up to date by each run of silver."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.rules import RuleSet
from neo_assets.lakehouse.model.tables import QUARANTINE_KEY
from neo_assets.lakehouse.report import RowClass
from neo_assets.lakehouse.store.storage import Lakehouse


def update(
    lakehouse: Lakehouse, dataset: Dataset, days: Collection[date], rule_set: RuleSet
) -> None:
    """Bring the quarantine of these days to the rows that the table of versions has as dropped.

    Each of the days must have such rows, or have had them.

    The status of a row follows from its class and its note alone, whatever came before: a row that
    is not dropped any longer is `replayed`; a dropped one is `discarded` if it has the note of
    who discarded it, else `open`.  So a discarded row that a relaxed rule lets through counts
    as in silver, and is discarded again when the rule is strict again.
    """
    now = dropped(lakehouse.read_days(dataset.tables.versions, days), rule_set)
    known = lakehouse.read_days(dataset.tables.quarantine, days)
    values = F.struct(*dataset.tables.quarantine.column_names)
    both = now.select(*QUARANTINE_KEY, values.alias("now")).join(
        known.select(*QUARANTINE_KEY, values.alias("known")), [*QUARANTINE_KEY], "full"
    )
    note = F.col("known.status_note")
    rows = both.select(
        F.expr("inline(array(coalesce(now, known)))"),
        F.when(F.col("now").isNull(), "replayed")
        .when(note.isNotNull(), "discarded")
        .otherwise("open")
        .alias("new_status"),
        note.alias("new_status_note"),
    ).withColumns({"status": F.col("new_status"), "status_note": F.col("new_status_note")})
    lakehouse.replace_days(dataset.tables.quarantine, rows, days, incoming_days=days)


def counts(lakehouse: Lakehouse, dataset: Dataset, days: Collection[date]) -> dict[date, int]:
    """The rows of these days that are dropped now, be they open or discarded."""
    current = lakehouse.read_days(dataset.tables.quarantine, days).where("status <> 'replayed'")
    counted = current.groupBy("partition_date").count().collect()
    return dict.fromkeys(days, 0) | {row["partition_date"]: row["count"] for row in counted}


def dropped(versions: DataFrame, rule_set: RuleSet) -> DataFrame:
    """The dropped rows of a table of versions as open rows of the quarantine."""
    same_row = Window.partitionBy("partition_date", "source_file", "content_hash")
    same_content = Window.partitionBy("partition_date", "content_hash")
    return versions.where(f"classification = '{RowClass.DROPPED}'").withColumns(
        {
            "status": F.lit("open"),
            "status_note": F.lit(None).cast("string"),
            "rule_set": F.lit(rule_set.version),
            "repeat": F.row_number().over(same_row.orderBy("snapshot_id")),
            "first_seen_at": F.min("fetched_at").over(same_content),
            "last_seen_at": F.max("fetched_at").over(same_content),
        }
    )
