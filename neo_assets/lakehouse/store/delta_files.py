"""Delta tables on this machine as Arrow reads them, without Spark.

Both libraries are imported where they are needed: the code location and the commands that find no
table do not wait for them to load.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from neo_assets.lakehouse.store.delta_log import (
    require_whole_commits,
    set_aside_damaged_checkpoints,
)

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyarrow.dataset import Dataset


def open_table(folder: Path) -> DeltaTable | None:
    """The table in a local folder; none if there is no table.

    A checkpoint that was cut off is renamed, and the table is read without it.

    Raises:
        DamagedTableError: it cannot be read without it, or a commit was cut off.
    """
    if not folder.exists():
        return None
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

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


def dataset(table: DeltaTable) -> Dataset:
    """The rows of a table in a local folder.

    Through Arrow's own file system: the one of delta-rs calls Python from Arrow's threads, and a
    process that ends while one of them does is aborted.
    """
    from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

    # The address has blanks, letters beyond ASCII and the like percent-encoded.
    folder = unquote(table.table_uri.removeprefix("file://"))
    return table.to_pyarrow_dataset(filesystem=SubTreeFileSystem(folder, LocalFileSystem()))
