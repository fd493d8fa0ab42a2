"""Delta tables on this machine as Arrow reads them, without Spark."""

import pyarrow.dataset as ds
from deltalake import DeltaTable
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem


def dataset(table: DeltaTable) -> ds.Dataset:
    """The rows of a table in a local folder.

    Through Arrow's own file system: the one of delta-rs calls Python from Arrow's threads, and a
    process that ends while one of them does is aborted.
    """
    folder = table.table_uri.removeprefix("file://")
    return table.to_pyarrow_dataset(filesystem=SubTreeFileSystem(folder, LocalFileSystem()))
