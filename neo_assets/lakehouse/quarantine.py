"""The quarantine: every dropped row, what is wrong with it, and what became of it.

Silver brings it up to date with every run; people discard rows with a reason.  What people do needs
no Spark.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from neo_assets.lakehouse.rules import RuleSet
from neo_assets.lakehouse.storage import Lakehouse
from neo_assets.lakehouse.tables import SILVER_NEO_QUARANTINE, SILVER_NEO_VERSIONS

_KEY = ("partition_date", "source_file", "content_hash", "repeat")


def update(lakehouse: Lakehouse, days: Collection[date], rule_set: RuleSet) -> None:
    """Bring the quarantine of these days to the rows that `silver_neo_versions` has dropped.

    Each of the days must have such rows, or have had them.

    The status of a row follows from its class and its note alone, whatever came before: a row that
    is not dropped any longer is `replayed`; a dropped one is `discarded` if it has the note of
    whoever discarded it, else `open`.  So a discarded row that a relaxed rule lets through counts
    as in silver, and is discarded again when the rule is strict again.
    """
    now = _dropped(lakehouse.read_days(SILVER_NEO_VERSIONS, days), rule_set)
    known = lakehouse.read_days(SILVER_NEO_QUARANTINE, days)
    values = F.struct(*SILVER_NEO_QUARANTINE.column_names)
    both = now.select(*_KEY, values.alias("now")).join(
        known.select(*_KEY, values.alias("known")), [*_KEY], "full"
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
    lakehouse.replace_days(SILVER_NEO_QUARANTINE, rows, days, offered_days=days)


def counts(lakehouse: Lakehouse, days: Collection[date]) -> dict[date, int]:
    """The rows of these days that are dropped now, be they open or discarded."""
    standing = lakehouse.read_days(SILVER_NEO_QUARANTINE, days).where("status <> 'replayed'")
    counted = standing.groupBy("partition_date").count().collect()
    return dict.fromkeys(days, 0) | {row["partition_date"]: row["count"] for row in counted}


def _dropped(versions: DataFrame, rule_set: RuleSet) -> DataFrame:
    same_row = Window.partitionBy("partition_date", "source_file", "content_hash")
    same_content = Window.partitionBy("partition_date", "content_hash")
    return versions.where("classification = 'dropped'").withColumns(
        {
            "status": F.lit("open"),
            "status_note": F.lit(None).cast("string"),
            "rule_set": F.lit(rule_set.version),
            "repeat": F.row_number().over(same_row.orderBy("snapshot_id")),
            "first_seen_at": F.min("fetched_at").over(same_content),
            "last_seen_at": F.max("fetched_at").over(same_content),
        }
    )


@dataclass(frozen=True)
class Selection:
    """Which rows of the quarantine are meant; what is not given does not matter.

    `file` is a part of the event file's path, `row` the beginning of a row's content hash.
    """

    day: date | None = None
    rule: str | None = None
    file: str | None = None
    row: str | None = None
    status: str | None = "open"


def rows(tables: Path, selection: Selection) -> list[dict[str, Any]]:
    """The rows of the quarantine that are meant, the newest day first; none without a table."""
    # None is there where Databricks runs stages, nor is it needed.
    import pyarrow.dataset as ds

    from neo_assets.lakehouse.delta_files import dataset, open_table

    folder = tables / SILVER_NEO_QUARANTINE.name
    delta = open_table(folder)
    if delta is None:
        return []
    of_day = ds.field("partition_date") == selection.day if selection.day else None
    found: list[dict[str, Any]] = dataset(delta).to_table(filter=of_day).to_pylist()
    chosen = [
        row
        for row in found
        if selection.status in (None, row["status"])
        and (selection.rule is None or selection.rule in row["reasons"])
        and (selection.file or "") in row["source_file"]
        and row["content_hash"].startswith(selection.row or "")
    ]
    return sorted(
        chosen, key=lambda row: (row["partition_date"], row["content_hash"]), reverse=True
    )


def discard(tables: Path, selected: Sequence[dict[str, Any]], note: str) -> None:
    """Mark these rows as discarded, with who did it and why; the caller must be the only writer.

    The rows are matched by a table of their keys: one condition per row would have to be parsed,
    and some thousands of them overflow the parser.
    """
    import pyarrow as pa
    from deltalake import DeltaTable

    if not selected:
        return
    days = {row["partition_date"] for row in selected}
    is_same = " AND ".join(f"target.{column} = chosen.{column}" for column in _KEY)
    # Literal bounds let Delta skip the files of all other days.
    is_near = (
        f"target.partition_date BETWEEN DATE '{min(days)}' AND DATE '{max(days)}' AND {is_same}"
    )
    keys = pa.Table.from_pylist([{column: row[column] for column in _KEY} for row in selected])
    (
        DeltaTable(tables / SILVER_NEO_QUARANTINE.name)
        .merge(
            keys.append_column("note", pa.array([note] * len(keys), pa.string())),
            predicate=is_near,
            source_alias="chosen",
            target_alias="target",
        )
        .when_matched_update({"status": "'discarded'", "status_note": "chosen.note"})
        .execute()
    )
