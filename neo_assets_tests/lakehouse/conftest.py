from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from neo_assets.lakehouse.storage import Lakehouse, Layout
from neo_assets.spark_server.server import spark_connect_server


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    with spark_connect_server(tmp_path_factory.mktemp("spark")) as address:
        session = SparkSession.builder.remote(address).create()
        yield session
        session.stop()


@pytest.fixture
def lakehouse(spark: SparkSession, tmp_path: Path) -> Lakehouse:
    """An empty lakehouse."""
    return new_lakehouse(spark, tmp_path)


def new_lakehouse(spark: SparkSession, root: Path) -> Lakehouse:
    house = Lakehouse(spark, Layout(root / "landing", root / "tables", root / "checkpoints"))
    house.ensure_tables()
    return house
