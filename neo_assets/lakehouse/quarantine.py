"""Manual work with the quarantine: show its rows, and discard them with a reason.

Neither needs Spark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from neo_assets.lakehouse.model.tables import QUARANTINE_KEY, SILVER_NEO_QUARANTINE
from neo_assets.sources.registry import Included


@dataclass(frozen=True)
class Selection:
    """Which rows of the quarantine are meant; what is not given does not matter.

    `file` is a part of the event file's path, `row` the beginning of a row's content hash, `table`
    the quarantine of one dataset.
    """

    day: date | None = None
    rule: str | None = None
    file: str | None = None
    row: str | None = None
    status: str | None = "open"
    table: str | None = None

    def by_table(self, sources: Sequence[str] = ()) -> Mapping[str, Selection]:
        """The rows that are meant in each quarantine of these sources, or of all, by its name."""
        names = [dataset.tables.quarantine.name for dataset in Included(sources).datasets]
        return {name: replace(self, table=name) for name in names if self.table in (None, name)}


def rows(tables: Path, selection: Selection, sources: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The rows that are meant, the newest day first; none without a table."""
    found = [row for name in selection.by_table(sources) for row in _rows(tables / name, selection)]
    return sorted(found, key=lambda row: (row["partition_date"], row["content_hash"]), reverse=True)


def _rows(folder: Path, selection: Selection) -> list[dict[str, Any]]:
    # None is there where Databricks runs stages, nor is it needed.
    from neo_assets.lakehouse.store.delta_files import dataset, open_table

    delta = open_table(folder)
    if delta is None or not delta.file_uris():
        return []
    # It loads pandas, for which a command that shows no row must not wait.
    from pyarrow import compute

    of_day = compute.field("partition_date") == selection.day if selection.day else None
    found: list[dict[str, Any]] = dataset(delta).to_table(filter=of_day).to_pylist()
    return [
        row
        for row in found
        if selection.status in (None, row["status"])
        and (selection.rule is None or selection.rule in row["reasons"])
        and (selection.file or "") in row["source_file"]
        and row["content_hash"].startswith(selection.row or "")
    ]


def discard(
    tables: Path,
    selected: Sequence[dict[str, Any]],
    note: str,
    table: str = SILVER_NEO_QUARANTINE.name,
) -> None:
    """Mark these rows of a quarantine as discarded, with who did it and why.

    The caller must be the only writer.
    The rows are matched by a table of their keys: one condition per row would have to be parsed,
    and some thousands of them overflow the parser.
    """
    import pyarrow as pa
    from deltalake import DeltaTable

    if not selected:
        return
    days = {row["partition_date"] for row in selected}
    is_same = " AND ".join(f"target.{column} = chosen.{column}" for column in QUARANTINE_KEY)
    # Literal bounds let Delta skip the files of all other days.
    is_near = (
        f"target.partition_date BETWEEN DATE '{min(days)}' AND DATE '{max(days)}' AND {is_same}"
    )
    keys = pa.Table.from_pylist(
        [{column: row[column] for column in QUARANTINE_KEY} for row in selected]
    )
    (
        DeltaTable(tables / table)
        .merge(
            keys.append_column("note", pa.array([note] * len(keys), pa.string())),
            predicate=is_near,
            source_alias="chosen",
            target_alias="target",
        )
        .when_matched_update({"status": "'discarded'", "status_note": "chosen.note"})
        .execute()
    )
