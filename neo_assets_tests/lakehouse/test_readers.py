"""Silver and gold as others read them, who share no code with Spark, nor with one another."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from neo_assets.lakehouse.model.tables import TABLES, Table
from neo_assets.lakehouse.store.storage import Lakehouse

from .feed_objects import feed_object, fetched, land, run, tables_of
from .fixtures import copied_lakehouse

FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 2)
READABLE = [table for table in TABLES if table.name.startswith(("silver", "gold"))]
FED = [table for table in READABLE if "delta.enableChangeDataFeed" in table.properties]

Rows = Sequence[dict[str, Any]]


@pytest.fixture(scope="module")
def lakehouse(
    spark: SparkSession, empty: Path, tmp_path_factory: pytest.TempPathFactory
) -> Lakehouse:
    """Two days with a row of every fate, written in several commits."""
    lakehouse = copied_lakehouse(spark, empty, tmp_path_factory.mktemp("lakehouse"))
    same, moving, odd = "2024 AA1", "2024 AB2", "Œuvre (2024 ÄÖ3)"
    land(
        lakehouse,
        {FIRST: [(fetched(0), [feed_object(FIRST, name) for name in (same, moving, odd)])]},
    )
    run(lakehouse, [FIRST])
    brighter = feed_object(FIRST, same, absolute_magnitude_h=19.5)
    broken = feed_object(FIRST, odd, relative_velocity=None)
    land(lakehouse, {FIRST: [(fetched(1), [brighter, broken])]})
    land(lakehouse, {SECOND: [(fetched(1), [feed_object(SECOND, moving)])]})
    run(lakehouse, [FIRST, SECOND])
    return lakehouse


def through_delta_rs(place: Path) -> Rows:
    rows: Rows = DeltaTable(place).to_pyarrow_table().to_pylist()
    return rows


def through_duckdb(place: Path) -> Rows:
    files = DeltaTable(place).to_pyarrow_dataset()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("files", files)
        rows: Rows = connection.sql("SELECT * FROM files").to_arrow_table().to_pylist()
    return rows


def through_polars(place: Path) -> Rows:
    return polars.scan_delta(str(place)).collect().to_dicts()


def counted(rows: Rows, table: Table) -> Counter[tuple[str, ...]]:
    def text(value: Any) -> str:
        return (
            value.isoformat().replace("+00:00", "") if hasattr(value, "isoformat") else str(value)
        )

    return Counter(tuple(text(row[name]) for name in table.column_names) for row in rows)


@pytest.mark.parametrize("table", READABLE, ids=lambda table: table.name)
@pytest.mark.parametrize("through", [through_delta_rs, through_duckdb, through_polars])
def test_others_read_what_spark_reads(
    lakehouse: Lakehouse, table: Table, through: Callable[[Path], Rows]
) -> None:
    in_spark: Rows = lakehouse.read(table).toArrow().to_pylist()
    assert in_spark
    found = counted(through(tables_of(lakehouse) / table.name), table)
    assert found == counted(in_spark, table)


def test_the_tables_with_a_change_data_feed() -> None:
    assert {table.name for table in FED} == {
        "silver_neo_events",
        "gold_neo_fact",
        "gold_dim_neo",
        "gold_dim_date",
        "gold_neo_revision",
    }


def test_a_consumer_reads_what_changed(lakehouse: Lakehouse) -> None:
    place = tables_of(lakehouse) / "gold_neo_fact"
    columns = ("_change_type", "designation", "absolute_magnitude_h", "is_withdrawn")

    def in_order(rows: Rows) -> list[tuple[Any, ...]]:
        return sorted(tuple(row[name] for name in columns) for row in rows)

    newest = DeltaTable(place).version()
    feed = polars.DataFrame(DeltaTable(place).load_cdf(starting_version=newest).read_all())
    changes = in_order(feed.select(columns).to_dicts())
    assert changes == [
        ("insert", "2024 AB2", 21.34, False),
        ("update_postimage", "2024 AA1", 19.5, False),
        ("update_postimage", "2024 AB2", 21.34, True),
        ("update_preimage", "2024 AA1", 21.34, False),
        ("update_preimage", "2024 AB2", 21.34, False),
    ]
    in_spark = (
        lakehouse.spark.read.format("delta")
        .option("readChangeFeed", "true")
        .option("startingVersion", newest)
        .load(str(place))
    )
    assert in_order([row.asDict() for row in in_spark.select(*columns).collect()]) == changes
