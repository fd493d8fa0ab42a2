from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from neo_assets.lakehouse.store.storage import Lakehouse

from .fixtures import copied_lakehouse


@pytest.fixture(scope="module")
def spark(spark_address: str) -> Iterator[SparkSession]:
    """A session; it does not last longer, for each day that it sees takes the server 30 MB."""
    session = SparkSession.builder.remote(spark_address).create()
    yield session
    session.stop()


@pytest.fixture
def lakehouse(spark: SparkSession, empty: Path, tmp_path: Path) -> Lakehouse:
    """An empty lakehouse."""
    return copied_lakehouse(spark, empty, tmp_path)
