"""The model as Power BI would load it: the asset's export of a simulated lakehouse."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from neo_assets.assets.power_bi_export import build_power_bi_export
from neo_assets.lakehouse.store import metrics
from neo_assets.lakehouse.store.metrics import RunMetrics
from neo_assets.pipeline import LAYERS
from neo_assets.settings import Settings
from neo_assets.sources.fireball.dataset import GOLD_FIREBALL
from neo_assets.sources.impact_risk import GOLD_IMPACT_RISK, RISK_AGREEMENT
from neo_assets.sources.neows.agreement import GOLD_CLOSE_APPROACH_AGREEMENT
from neo_assets.sources.simulator.sky import SimulatedSky
from neo_assets_tests.dashboard.agencies import ALL_SOURCES, at, event, odds, side_by_side
from neo_assets_tests.dashboard.lakehouses import write
from neo_assets_tests.lakehouse.feed_objects import land, run
from neo_assets_tests.lakehouse.fixtures import copied_lakehouse
from neo_assets_tests.powerbi.dax import Model
from neo_assets_tests.powerbi.m.evaluation import Table, is_of_type
from neo_assets_tests.powerbi.m.evaluation import run as run_m
from neo_assets_tests.powerbi.m.sources import parquet_scope
from neo_assets_tests.powerbi.project import read, tables
from neo_assets_tests.powerbi.test_queries import QUERIES, query
from neo_assets_tests.powerbi.tmdl import column_reference
from powerbi.generate import TABLES

DAYS = [date(2024, 3, 1) + timedelta(number) for number in range(5)]
NOT_IN_ALL = {"impact_risk_of_object", "impact_risk_compared"}
"""Relationships that need not find a row: of objects that the star lacks, or no list has now."""
ASKED = [date(2024, 2, 27), date(2024, 3, 3), date(2024, 3, 20)]
"""Each of the days was asked for ahead, then when some had passed, then afterwards."""


@pytest.fixture(scope="module")
def folder(spark_address: str, empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the asset exports of five days, each answered three times."""
    root = tmp_path_factory.mktemp("simulated")
    session = SparkSession.builder.remote(spark_address).create()
    lakehouse = copied_lakehouse(session, empty, root)
    sky = SimulatedSky()
    land(
        lakehouse,
        {
            day: [
                (datetime.combine(asked, time(6), timezone.utc), sky.feed(day, asked))
                for asked in ASKED
            ]
            for day in DAYS
        },
    )
    for asset, reports in zip(LAYERS[1:], run(lakehouse, DAYS), strict=True):
        metrics.record(root / "tables", RunMetrics("a run", asset, list(reports.values())))
    session.stop()
    _write_other_sources(root / "tables")
    settings = Settings(neo_data_dir=root, neo_sources=ALL_SOURCES)
    assert dg.materialize([build_power_bi_export(settings, root / "tables")]).success
    return root / "export"


def _write_other_sources(tables: Path) -> None:
    """An object on both lists that the star has, one on JPL's that it has not, and what else."""
    (known, *_) = DeltaTable(tables / "gold_neo_fact").to_pyarrow_table().to_pylist()
    of_known = {name: known[name] for name in ("designation", "neo_key")}
    jpl = {"seen_at": at(DAYS[1]), "seen_on": DAYS[1]}
    esa = {"seen_at": at(DAYS[2]), "seen_on": DAYS[2], "source": "esa_risk"}
    unknown = {"designation": "2095 ZZ", "neo_key": 1}
    listed = [odds(**of_known, **jpl), odds(**of_known, **esa), odds(**unknown, **jpl)]
    write(tables, GOLD_IMPACT_RISK, listed)
    write(tables, RISK_AGREEMENT, side_by_side(listed))
    day = {"event_at": at(DAYS[0]), "event_date": DAYS[0], "date_key": known["date_key"]}
    write(tables, GOLD_FIREBALL, [event(**day), event(**day, occurrence=2, latitude_deg=None)])
    compared = {name: known[name] for name in ("designation", "close_approach_date")}
    write(tables, GOLD_CLOSE_APPROACH_AGREEMENT, [{**compared, "reason": "rounding"}])


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Mapping[str, Table]:
    """Every table of the model with its rows."""
    scope = parquet_scope(folder)
    return {name: run_m(query(name), scope) for name in QUERIES}


def test_every_table_has_rows_of_the_types_that_the_model_declares(
    loaded: Mapping[str, Table],
) -> None:
    for name, table in loaded.items():
        assert table.rows, name
        for row in table.rows:
            assert list(row) == list(table.columns)
            assert [
                (name, column, row[column])
                for column, type_ in table.columns.items()
                if not is_of_type(row[column], type_)
            ] == []


def test_every_row_of_a_file_is_loaded_but_for_former_descriptions_of_objects(
    folder: Path, loaded: Mapping[str, Table]
) -> None:
    for model_table in TABLES:
        file = pq.read_table(folder / f"{model_table.source.name}.parquet")
        if model_table.name == "Object":
            newest = pc.sum(file[model_table.rows.strip("[]")]).as_py()
            assert newest < file.num_rows
            assert len(loaded["Object"].rows) == newest
        else:
            assert len(loaded[model_table.name].rows) == file.num_rows


def test_keys_are_unique_and_relationships_find_their_rows(
    loaded: Mapping[str, Table],
) -> None:
    for relationship in read("relationships.tmdl").children:
        many, one = (
            values(loaded, *column_reference(relationship.properties[end]))
            for end in ("fromColumn", "toColumn")
        )
        assert None not in one
        assert len(set(one)) == len(one), relationship.name
        assert set(many) & set(one), relationship.name
        if relationship.name not in NOT_IN_ALL:
            assert set(many) - {None} <= set(one), relationship.name


def test_the_rows_of_the_quarantine_have_a_key(loaded: Mapping[str, Table]) -> None:
    keys = values(loaded, "Quarantine", "Row ID")
    assert len(set(keys)) == len(keys) > 1


def values(loaded: Mapping[str, Table], table: str, column: str) -> list[Any]:
    """The values of a column of the model."""
    (found,) = (it for it in tables()[table].of("column") if it.name == column)
    return [row[found.properties["sourceColumn"]] for row in loaded[table].rows]


def test_measures_count_what_the_tables_hold(loaded: Mapping[str, Table]) -> None:
    model = Model(loaded, datetime(2024, 4, 1))
    current = [row for row in loaded["Approach"].rows if not row["is_withdrawn"]]
    assert model.value("Approaches") == model.value("Number of approaches") == len(current)
    assert model.value("Withdrawn approaches") == len(loaded["Approach"].rows) - len(current) > 0
    assert model.value("Measured days") == len(DAYS)
    assert model.value("Lost or doubled rows") == 0
    assert model.value("Open quarantine rows") == len(loaded["Quarantine"].rows)
    assert model.value("Dropped rows by rule") >= len(loaded["Quarantine"].rows)
    assert model.value("Predictions") > 0
    assert model.value("Revision error") > 0
    assert model.value("Listed by JPL") == 2
    assert model.value("Listed by ESA") == 1
    assert model.value("Compared objects") == 2
    assert model.value("Fireballs with a place") == 1
    assert model.value("Explained share") == 1
