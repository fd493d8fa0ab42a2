"""A Spark Connect server in front of a cluster is used like any other, with the same results."""

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from neo_assets.lakehouse.model.tables import TABLES
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.sources.neows.dataset import NEO
from neo_assets.sources.simulator import SimulatedSky
from neo_assets.targets.local.session import spark_session
from neo_assets_tests.lakehouse.feed_objects import Snapshot, fetched, land, rows_of, run
from neo_assets_tests.lakehouse.fixtures import copied_lakehouse, new_lakehouse
from neo_assets_tests.real_data import NEOWS, month
from neo_assets_tests.spark_server.cluster import Cluster, standalone_cluster

OF_THE_RUN = {"ingested_at", "source_file"}


def content(lakehouse: Lakehouse) -> dict[str, list[str]]:
    """The rows of each table, without what differs from run to run.

    Not of bronze, whose VARIANT delta-rs does not read; silver has all that it holds.
    """
    return {table.name: sorted(map(_text, rows_of(lakehouse, table.name))) for table in TABLES[1:]}


def _text(row: dict[str, Any]) -> str:
    values = {name: value for name, value in row.items() if name not in OF_THE_RUN}
    return json.dumps(values, default=repr, sort_keys=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with standalone_cluster(tmp_path_factory.mktemp("cluster"), workers=2) as running:
        yield running


def histories() -> dict[date, list[Snapshot]]:
    """Two days with revisions and, where it is there, a month of real answers."""
    sky, asked_on = SimulatedSky(), (date(2024, 2, 20), date(2024, 4, 20))
    simulated = {
        day: [(fetched(number), sky.feed(day, asked)) for number, asked in enumerate(asked_on)]
        for day in (date(2024, 3, 1), date(2024, 3, 2))
    }
    real = month("2017-10") if NEOWS.is_dir() else {}
    return simulated | {
        date.fromisoformat(day): [(fetched(0), objects)] for day, objects in real.items()
    }


def test_two_workers_give_what_one_process_gives(
    spark: SparkSession, cluster: Cluster, empty: Path, tmp_path: Path
) -> None:
    snapshots = histories()
    here = copied_lakehouse(spark, empty, tmp_path / "here")
    land(here, snapshots)
    run(here, snapshots)
    session = spark_session(cluster.address)
    there = new_lakehouse(session, tmp_path / "there")
    shutil.copytree(here.landing(NEO), there.landing(NEO))
    run(there, snapshots)
    state = cluster.state
    session.stop()
    assert [worker["state"] for worker in state["workers"]] == ["ALIVE", "ALIVE"]
    (application,) = state["activeapps"]
    assert application["cores"] == 2
    expected = content(here)
    assert content(there) == expected
    assert expected["gold_neo_fact"] and expected["gold_neo_revision"]
