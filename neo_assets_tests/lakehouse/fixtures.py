"""Lakehouses for tests, in folders of their own."""

import shutil
from pathlib import Path

from pyspark.sql import SparkSession

from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.targets.local.backend import LocalBackend


def new_lakehouse(spark: SparkSession, root: Path) -> Lakehouse:
    """Return an empty lakehouse whose tables the session creates."""
    lakehouse = lakehouse_in(spark, root)
    lakehouse.ensure_tables()
    return lakehouse


def copied_lakehouse(spark: SparkSession, empty: Path, root: Path) -> Lakehouse:
    """Return an empty lakehouse whose tables are copied from another."""
    shutil.copytree(empty, root, dirs_exist_ok=True)
    return lakehouse_in(spark, root)


def lakehouse_in(spark: SparkSession, root: Path) -> Lakehouse:
    """Return the lakehouse in a folder."""
    return Lakehouse(spark, LocalBackend(root / "landing", root / "checkpoints", root / "tables"))
