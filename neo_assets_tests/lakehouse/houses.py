"""Lakehouses in folders."""

import shutil
from pathlib import Path

from pyspark.sql import SparkSession

from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.targets.local.backend import LocalBackend


def new_lakehouse(spark: SparkSession, root: Path) -> Lakehouse:
    """An empty lakehouse, its tables made by the session."""
    house = lakehouse_in(spark, root)
    house.ensure_tables()
    return house


def copied_lakehouse(spark: SparkSession, empty: Path, root: Path) -> Lakehouse:
    """An empty lakehouse, its tables copied from another."""
    shutil.copytree(empty, root, dirs_exist_ok=True)
    return lakehouse_in(spark, root)


def lakehouse_in(spark: SparkSession, root: Path) -> Lakehouse:
    """What is in a folder."""
    return Lakehouse(spark, LocalBackend(root / "landing", root / "checkpoints", root / "tables"))
