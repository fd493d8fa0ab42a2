"""Maintenance of the tables: compact small files, and delete files that no kept version needs.

A day adds a file or two to each table, and a changed fact leaves a copy of its file behind. No row
changes: readers, streams and time travel within the days kept see the same before and after,
whenever the process is killed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from neo_assets.lakehouse.model.tables import TABLES, Table
from neo_assets.lakehouse.store.storage import Lakehouse


@dataclass(frozen=True)
class MaintenanceResult:
    """The result for one table: its live files before and after, and their size in bytes."""

    table: str
    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int

    def __str__(self) -> str:
        return (
            f"{self.table}: {self.files_before} files of {self.bytes_before:,} bytes are now "
            f"{self.files_after} of {self.bytes_after:,}"
        )


def maintain(
    lakehouse: Lakehouse, time_travel_days: int, tables: Iterable[Table] = TABLES
) -> Iterator[MaintenanceResult]:
    """Compact each existing table, then delete versions older than `time_travel_days`.

    A table that was created before it had all its properties gets them.
    """
    for table in filter(lakehouse.has, tables):
        with lakehouse.backend.exclusive_writer(table):
            lakehouse.set_properties(table, table.properties | _retention(time_travel_days))
            done = _compact(lakehouse, table)
        yield done


def _retention(days: int) -> dict[str, str]:
    """Return the properties of a Delta table whose last `days` days can be read and restored.

    Both are needed: the log names the files of a version, and the deleted files have its rows.
    https://docs.delta.io/latest/delta-batch.html#data-retention
    """
    interval = f"interval {days} days"
    return {
        "delta.logRetentionDuration": interval,
        "delta.deletedFileRetentionDuration": interval,
    }


def _compact(lakehouse: Lakehouse, table: Table) -> MaintenanceResult:
    identifier = lakehouse.backend.identifier(table)
    files_before, bytes_before = _live_files(lakehouse, identifier)
    lakehouse.spark.sql(f"OPTIMIZE {identifier}").collect()
    lakehouse.spark.sql(f"VACUUM {identifier}").collect()
    files_after, bytes_after = _live_files(lakehouse, identifier)
    return MaintenanceResult(table.name, files_before, files_after, bytes_before, bytes_after)


def _live_files(lakehouse: Lakehouse, identifier: str) -> tuple[int, int]:
    (detail,) = lakehouse.spark.sql(f"DESCRIBE DETAIL {identifier}").collect()
    return detail.numFiles, detail.sizeInBytes
