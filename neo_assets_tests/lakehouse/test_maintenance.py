"""Maintenance compacts files and changes no row."""

from concurrent import futures
from datetime import date

import pytest
from annotated_types import Ge
from deltalake import DeltaTable

from neo_assets.lakehouse.maintenance import compaction
from neo_assets.lakehouse.model.tables import (
    BRONZE_NEO_EVENTS,
    DQ_METRICS,
    GOLD_DIM_NEO,
    GOLD_NEO_FACT,
    SILVER_NEO_VERSIONS,
    Table,
)
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store import metrics
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.settings import Settings

from .feed_objects import feed_object, fetched, land, run, tables_of, version_of

DAYS = (date(2024, 3, 30), date(2024, 3, 31))
WATCHED = (BRONZE_NEO_EVENTS, SILVER_NEO_VERSIONS, GOLD_NEO_FACT, GOLD_DIM_NEO)


def rows(lakehouse: Lakehouse, table: Table, version: int | None = None) -> list[str]:
    of_version = "" if version is None else f" VERSION AS OF {version}"
    found = lakehouse.spark.sql(f"SELECT * FROM {lakehouse.backend.identifier(table)}{of_version}")
    return sorted(map(str, found.collect()))


def run_alone(lakehouse: Lakehouse, number: int, day: date) -> None:
    objects = [feed_object(day, f"2024 A{number}"), feed_object(day, f"2024 B{number}")]
    land(lakehouse, {day: [(fetched(number), objects)]})
    run(lakehouse, [day])


def test_files_keep_the_bounds_of_their_days_and_of_no_other_column(lakehouse: Lakehouse) -> None:
    run_alone(lakehouse, 0, DAYS[0])
    for table in (BRONZE_NEO_EVENTS, SILVER_NEO_VERSIONS, GOLD_NEO_FACT):
        actions = DeltaTable(tables_of(lakehouse) / table.name).get_add_actions(flatten=True)
        bounds = [name for name in actions.schema.names if name.startswith("max.")]
        assert bounds == [f"max.{table.day_column}"]


def test_a_table_created_without_its_properties_gets_them(lakehouse: Lakehouse) -> None:
    identifier = lakehouse.backend.identifier(GOLD_NEO_FACT)
    names = ", ".join(f"'{name}'" for name in GOLD_NEO_FACT.properties)
    lakehouse.spark.sql(f"ALTER TABLE {identifier} UNSET TBLPROPERTIES ({names})").collect()
    list(compaction.maintain(lakehouse, 30, [GOLD_NEO_FACT]))
    properties = DeltaTable(tables_of(lakehouse) / GOLD_NEO_FACT.name).metadata().configuration
    assert GOLD_NEO_FACT.properties.items() <= properties.items()


def test_metrics_are_compacted_while_nothing_writes_them(lakehouse: Lakehouse) -> None:
    """A run that fetches writes its metrics without Spark, while another one has Spark at work."""
    lakehouse.record_metrics("a run", "raw_feed_files", [DayReport(DAYS[0])])
    before = version_of(lakehouse, DQ_METRICS.name)
    with futures.ThreadPoolExecutor() as beside:
        with metrics.exclusive_writer(tables_of(lakehouse)):
            maintaining = beside.submit(list, compaction.maintain(lakehouse, 30, [DQ_METRICS]))
            with pytest.raises(futures.TimeoutError):
                maintaining.result(3)
            assert version_of(lakehouse, DQ_METRICS.name) == before
        assert maintaining.result(60)
    assert version_of(lakehouse, DQ_METRICS.name) > before


def test_a_reader_that_opened_a_table_before_maintenance_can_read_it_afterwards(
    lakehouse: Lakehouse,
) -> None:
    for number, day in enumerate(DAYS):
        run_alone(lakehouse, number, day)
    table = tables_of(lakehouse) / GOLD_NEO_FACT.name
    opened = [DeltaTable(table).to_pyarrow_dataset() for _ in range(2)]
    rows_before = opened[0].count_rows()
    shortest = next(
        limit.ge
        for limit in Settings.model_fields["neo_time_travel_days"].metadata
        if isinstance(limit, Ge)
    )
    assert isinstance(shortest, int)
    list(compaction.maintain(lakehouse, shortest, [GOLD_NEO_FACT]))
    assert opened[0].to_table().num_rows == rows_before
    # The limit of the setting is what protects it.
    list(compaction.maintain(lakehouse, 0, [GOLD_NEO_FACT]))
    with pytest.raises(FileNotFoundError):
        opened[1].to_table()


def test_files_become_few_and_rows_stay(lakehouse: Lakehouse) -> None:
    for number, day in enumerate(DAYS):
        run_alone(lakehouse, number, day)
    before = {table.name: rows(lakehouse, table) for table in WATCHED}
    versions = {table.name: version_of(lakehouse, table.name) for table in WATCHED}

    done = {of.table: of for of in compaction.maintain(lakehouse, 30, WATCHED)}
    assert done.keys() == before.keys()
    files = {name: (of.files_before, of.files_after) for name, of in done.items()}
    assert {files[table.name] for table in WATCHED} == {(2, 1)}
    for table in WATCHED:
        assert rows(lakehouse, table) == before[table.name]
        assert rows(lakehouse, table, versions[table.name]) == before[table.name]
        properties = DeltaTable(tables_of(lakehouse) / table.name).metadata().configuration
        assert properties["delta.logRetentionDuration"] == "interval 30 days"

    versions = {table.name: version_of(lakehouse, table.name) for table in WATCHED}
    run(lakehouse, DAYS)
    assert {table.name: version_of(lakehouse, table.name) for table in WATCHED} == versions

    # Versions that are not kept any longer take their files with them.
    for of in compaction.maintain(lakehouse, 0, WATCHED):
        files_of = (tables_of(lakehouse) / of.table).rglob("part-*.parquet")
        on_disk = [file for file in files_of if "_change_data" not in file.parts]
        assert len(on_disk) == of.files_before == of.files_after
    run_alone(lakehouse, 2, date(2024, 4, 1))
    for table in WATCHED:
        assert {*before[table.name]} < {*rows(lakehouse, table)}
