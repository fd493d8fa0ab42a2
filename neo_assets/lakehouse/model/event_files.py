"""Event files by their identity: the folder of their day and their name.

Whatever precedes these two in a path says where the data folder is, and that changes when the
folder is moved, restored from a backup, mounted at another place or reached through a link.  So no
table stores it, and nothing compares it.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import date
from pathlib import Path

EVENT_FILE_NAME = "[!._]*.json"
"""Names of event files, as a pattern of `glob`: Spark ignores the others."""


def day_folder(day: date) -> str:
    """The name of the folder with the event files of a day."""
    return f"feed_date={day.isoformat()}"


def landed_days(landing: Path) -> list[date]:
    """The days that have a folder in the landing zone, in order; other folders are no days."""
    days = []
    for folder in landing.glob("feed_date=????-??-??"):
        with suppress(ValueError):
            days.append(day_in(folder.name))
    return sorted(days)


def event_files(
    landing: Path, days: Collection[date], known: Collection[str] = frozenset()
) -> set[str]:
    """The identities of the event files that have landed for these days, without the known ones."""
    return {
        identity_of(file)
        for day in days
        for file in (landing / day_folder(day)).glob(EVENT_FILE_NAME)
        # A file without a line leaves no row by which it would be known.  Its size is a request to
        # object storage where the landing zone is mounted.
        if identity_of(file) not in known and file.stat().st_size
    }


def is_event_file(name: str) -> bool:
    """Whether a file of this name in the folder of a day is an event file."""
    return name.endswith(".json") and not name.startswith((".", "_"))


def identity_of(file: Path) -> str:
    """The identity of an event file."""
    return f"{file.parent.name}/{file.name}"


def day_in(identity: str) -> date:
    """The day of an event file, from its identity or from the name of its folder."""
    return date.fromisoformat(identity.partition("/")[0].removeprefix("feed_date="))


def identity(path: str) -> str:
    """The identity of an event file, from its path or identity; an SQL expression of type STRING.

    A regular expression here took a twelfth of all the time of bronze.
    """
    return f"substring_index({path}, '/', -2)"


def day_of(source_file: str) -> str:
    """The day of an event file, from its identity; an SQL expression of type DATE.

    Null if the folder of the file is not that of a day.
    """
    folder = f"substring_index({source_file}, '/', 1)"
    day = f"try_cast(substring_index({folder}, '=', -1) AS DATE)"
    return f"CASE WHEN {folder} LIKE 'feed_date=____-__-__' THEN {day} END"


def is_in(landing: Path, path: str) -> str:
    """Whether a path leads to a file right below a folder of the landing zone; an SQL expression.

    Copies made by hand, `feed_date=2024-03-01/old/feed_date=2024-03-01/…`, are found by whatever
    lists a folder with all that is below it, and have the identity of their original.
    """
    name = landing.name.replace("\\", "\\\\").replace("'", "\\'")
    return f"substring_index(substring_index({path}, '/', -3), '/', 1) = '{name}'"
