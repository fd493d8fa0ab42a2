"""All files of the open data, from the tables of gold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from filelock import FileLock

from neo_assets.lakehouse.model.tables import (
    GOLD_DIM_NEO,
    GOLD_NEO_FACT,
    GOLD_NEO_REVISION,
    Table,
)
from neo_assets.lakehouse.store.delta_files import open_table
from neo_assets.open_data import approaches
from neo_assets.open_data.calendar import calendar
from neo_assets.open_data.catalogue import (
    CALENDAR,
    FEED,
    INDEX,
    OBJECT_LIST,
    index,
    object_list,
    table_path,
)
from neo_assets.open_data.changes import feed
from neo_assets.open_data.contract import CONTRACT, DICTIONARY, contract, dictionary
from neo_assets.open_data.folder import PublishedFolder
from neo_assets.open_data.formats import json_array, parquet, read
from neo_assets.sources.registry import Included


@dataclass(frozen=True)
class Publication:
    """What a run has published: rows of approaches, all files, and how many of them are new."""

    rows: int
    files: int
    written: int


class MissingTableError(Exception):
    """The table is not there that published files were made from; nothing has been changed."""


def published_tables(included: Included) -> list[Table]:
    """The tables of gold whose sources are included, without the calendar of days."""
    others = included.gold_beside_the_star.items()
    return [
        GOLD_NEO_FACT,
        GOLD_DIM_NEO,
        GOLD_NEO_REVISION,
        *(table for table, is_included in others if is_included),
    ]


def publish(tables: Path, root: Path, today: date, sources: Sequence[str] = ()) -> Publication:
    """Bring the folder up to date with a folder of Delta tables.

    Raises:
        MissingTableError: there were approaches, and now there is no table of them.
    """
    if (root / INDEX).exists() and open_table(tables / GOLD_NEO_FACT.name) is None:
        raise MissingTableError(
            f"The open data in {root} were made from the table {GOLD_NEO_FACT.name}, which is not "
            f"in {tables}. Nothing was changed: restore the table, or move the folder away."
        )
    root.mkdir(parents=True, exist_ok=True)
    # Beside the folder, not in what is served.
    with FileLock(root.with_name(f".{root.name}.lock")):
        return _publish(tables, PublishedFolder(root), today, Included(sources))


def _publish(tables: Path, folder: PublishedFolder, today: date, included: Included) -> Publication:
    chosen = published_tables(included)
    contents = {table: read(tables, table) for table in chosen}
    facts = contents[GOLD_NEO_FACT]
    promise = contract(chosen)
    approaches.publish(folder, facts, is_same_schema=folder.has(CONTRACT, promise))
    for table, rows in contents.items():
        folder.write(table_path(table), parquet(rows))
    folder.write(OBJECT_LIST, json_array(object_list(facts)))
    folder.write(FEED, feed(contents[GOLD_NEO_REVISION]))
    folder.write(CALENDAR, calendar(facts, today))
    folder.write(DICTIONARY, dictionary(chosen))
    folder.write(CONTRACT, promise)
    folder.write(INDEX, index(contents))
    # A table whose source is no longer included is left as it was.
    for path in folder.unpublished("tables/"):
        folder.keep(path)
    folder.finish()
    return Publication(len(facts), folder.files, folder.written)
