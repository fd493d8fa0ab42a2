import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from neo_assets.lakehouse.local_layout import LocalLayout
from neo_assets.lakehouse.storage import Lakehouse


@pytest.fixture(scope="module")
def spark(spark_address: str) -> Iterator[SparkSession]:
    """A session; it does not last longer, for each day that it sees takes the server 30 MB."""
    session = SparkSession.builder.remote(spark_address).create()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def empty(spark_address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lakehouse without rows, to be copied: to make its tables takes seconds."""
    root = tmp_path_factory.mktemp("empty")
    session = SparkSession.builder.remote(spark_address).create()
    new_lakehouse(session, root)
    session.stop()
    return root


@pytest.fixture
def lakehouse(spark: SparkSession, empty: Path, tmp_path: Path) -> Lakehouse:
    """An empty lakehouse."""
    shutil.copytree(empty, tmp_path, dirs_exist_ok=True)
    return lakehouse_in(spark, tmp_path)


def new_lakehouse(spark: SparkSession, root: Path) -> Lakehouse:
    house = lakehouse_in(spark, root)
    house.ensure_tables()
    return house


def lakehouse_in(spark: SparkSession, root: Path) -> Lakehouse:
    return Lakehouse(spark, LocalLayout(root / "landing", root / "checkpoints", root / "tables"))
