"""Rebuild bronze from the landing zone in a second table, and swap it in when it is complete.

The new bronze grows in a folder of its own, with its own checkpoint.  Only when it has every line
of every event file does one Delta commit put its rows, and the name of its checkpoint, into the
table.  Whenever the process is killed, the table is either all of the old one, with the old
checkpoint, or all of the new one; what is left in staging is cleared by the next call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timezone

from pyspark.sql import DataFrame

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.event_files import event_files, landed_days
from neo_assets.lakehouse.model.tables import SOURCE_FILE
from neo_assets.lakehouse.store.storage import Lakehouse, LakehouseError
from neo_assets.lakehouse.transforms import bronze
from neo_assets.progress import LogFunction


def rebuild_bronze(lakehouse: Lakehouse, dataset: Dataset, run_id: str, log: LogFunction) -> int:
    """Stream the whole landing zone with a new checkpoint and swap it in; return the lines read.

    Snapshots whose event files are gone are copied from the old bronze, which stays in the
    history of the table, with its checkpoint, for RESTORE.

    Raises:
        LakehouseError: there are no event files, or the new bronze does not have each of their
            lines once; the old one is kept.
    """
    backend, table, landing = lakehouse.backend, dataset.tables.bronze, lakehouse.landing(dataset)
    files = event_files(landing, landed_days(landing))
    if not files:
        raise LakehouseError(
            f"There are no event files in {landing}, so bronze was left as it is; fetch "
            "them with: neo-assets backfill"
        )
    backend.clear_staging(lakehouse.spark, [table])
    # A name never used before: a Spark that runs on remembers the tables of old ones.
    name = f"{table.name}-{datetime.now(timezone.utc):%Y%m%dT%H%M%S%fZ}"
    new = Lakehouse(lakehouse.spark, backend.staging(name))
    new.ensure_tables([table])
    log(f"A new bronze reads {len(files):,} event files.")
    bronze.ingest_all(new, dataset, run_id)
    log("Comparing it with them, line by line.")
    rows = _verified(new, dataset, files)
    log(f"It has all of their {rows:,} lines, and is swapped in.")
    # Before the commit that names it: a checkpoint that no table names does no harm.
    checkpoint = backend.adopt_checkpoint(new.backend, table)
    rebuilt = new.read(table)
    if lakehouse.has(table):
        rebuilt = rebuilt.unionByName(_without_file(lakehouse, dataset, rebuilt))
    lakehouse.swap_in(table, rebuilt, checkpoint)
    backend.clear_staging(lakehouse.spark, [table])
    return rows


def _without_file(lakehouse: Lakehouse, dataset: Dataset, rebuilt: DataFrame) -> DataFrame:
    """Return what only the old bronze has: snapshots whose event files are missing or damaged."""
    snapshots = rebuilt.select("feed_date", "snapshot_id").distinct()
    return lakehouse.read(dataset.tables.bronze).join(
        snapshots, ["feed_date", "snapshot_id"], "left_anti"
    )


def _verified(new: Lakehouse, dataset: Dataset, files: Collection[str]) -> int:
    """The number of rows, when each of the files has as many as it has lines."""
    lines = _lines_by_file(bronze.landed_lines(new, dataset))
    rows = _lines_by_file(new.read(dataset.tables.bronze))
    # A file that landed meanwhile may be in one and not yet in the other.
    different = sorted(file for file in files if lines[file] != rows[file] or not rows[file])
    if different:
        raise LakehouseError(
            f"The new bronze does not have the lines of {len(different)} event files, the first of "
            f"them {different[0]}, so the old one was left as it is; if nothing wrote to the "
            "landing zone by hand meanwhile, run it again: neo-assets replay --full"
        )
    return rows.total()


def _lines_by_file(lines: DataFrame) -> Counter[str]:
    counted = lines.groupBy(SOURCE_FILE).count().collect()
    return Counter({row[SOURCE_FILE]: row["count"] for row in counted})
