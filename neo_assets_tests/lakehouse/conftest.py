from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from neo_assets.lakehouse.local_layout import LocalLayout
from neo_assets.lakehouse.storage import Lakehouse


@pytest.fixture(scope="session")
def spark(spark_address: str) -> Iterator[SparkSession]:
    session = SparkSession.builder.remote(spark_address).create()
    yield session
    session.stop()


@pytest.fixture
def lakehouse(spark: SparkSession, tmp_path: Path) -> Lakehouse:
    """An empty lakehouse."""
    return new_lakehouse(spark, tmp_path)


def new_lakehouse(spark: SparkSession, root: Path) -> Lakehouse:
    house = Lakehouse(spark, LocalLayout(root / "landing", root / "checkpoints", root / "tables"))
    house.ensure_tables()
    return house
