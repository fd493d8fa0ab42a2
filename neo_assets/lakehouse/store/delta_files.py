"""Delta tables on this machine as Arrow reads them, without Spark."""

from pathlib import Path
from urllib.parse import unquote

import pyarrow.dataset as ds
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from neo_assets.lakehouse.store.delta_log import (
    require_whole_commits,
    set_aside_damaged_checkpoints,
)


def open_table(folder: Path) -> DeltaTable | None:
    """The table in a local folder; none if there is no table.

    A checkpoint that was cut off is renamed, and the table is read without it.

    Raises:
        DamagedTableError: it cannot be read without it, or a commit was cut off.
    """
    if not DeltaTable.is_deltatable(str(folder)):
        return None
    try:
        table = DeltaTable(folder)
    except DeltaError:
        if not set_aside_damaged_checkpoints(folder):
            raise
        table = DeltaTable(folder)
    require_whole_commits(folder)
    return table


def dataset(table: DeltaTable) -> ds.Dataset:
    """The rows of a table in a local folder.

    Through Arrow's own file system: the one of delta-rs calls Python from Arrow's threads, and a
    process that ends while one of them does is aborted.
    """
    # The address has blanks, letters beyond ASCII and the like percent-encoded.
    folder = unquote(table.table_uri.removeprefix("file://"))
    return table.to_pyarrow_dataset(filesystem=SubTreeFileSystem(folder, LocalFileSystem()))
