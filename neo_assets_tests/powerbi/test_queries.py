"""Every query of the model, evaluated step by step over what it reads, from either source."""

import re
from pathlib import Path
from typing import Any

import pytest

from neo_assets.lakehouse.export import export
from neo_assets.lakehouse.model.tables import (
    GOLD_DIM_NEO,
    GOLD_NEO_FACT,
    GOLD_NEO_PREDICTION,
    GOLD_NEO_REVISION,
    SILVER_NEO_QUARANTINE,
)
from neo_assets.sources.fireball.dataset import GOLD_FIREBALL
from neo_assets.sources.impact_risk import GOLD_IMPACT_RISK, RISK_AGREEMENT
from neo_assets.sources.neows.agreement import GOLD_CLOSE_APPROACH_AGREEMENT
from neo_assets_tests.dashboard.agencies import event, odds
from neo_assets_tests.dashboard.lakehouses import fact, write
from neo_assets_tests.dashboard.queries import Queries, for_duckdb
from neo_assets_tests.powerbi.m.evaluation import MError, Scope, Table, run, steps
from neo_assets_tests.powerbi.m.sources import (
    as_databricks,
    databricks_scope,
    parquet_scope,
)
from neo_assets_tests.powerbi.project import tables
from neo_assets_tests.powerbi.revisions import REVISIONS
from powerbi.generate import MEASURES, TABLES

QUERIES = {name: table for name, table in tables().items() if name != MEASURES}
MODEL_TYPES = {
    "Int64.Type": "int64",
    "number": "double",
    "text": "string",
    "logical": "boolean",
    "date": "dateTime",
    "datetime": "dateTime",
}
STORED = tuple(table.source for table in TABLES if table.source != GOLD_NEO_PREDICTION)
OPTIONAL = [table.name for table in TABLES if table.is_optional]
each_query = pytest.mark.parametrize("name", QUERIES)


def query(name: str) -> str:
    """The M of a table."""
    (partition,) = QUERIES[name].of("partition")
    return partition.properties["source"]


def source_columns(name: str) -> dict[str, str]:
    """The columns that a query has to deliver, with their types in the model."""
    return {
        column.properties["sourceColumn"]: column.properties["dataType"]
        for column in QUERIES[name].of("column")
        if not column.expression
    }


def model_types(table: Table) -> dict[str, str]:
    return {
        name: MODEL_TYPES[type_.removeprefix("nullable ")] for name, type_ in table.columns.items()
    }


def of_files(folder: Path) -> Scope:
    """What the model reads from the files exported of a folder of tables."""
    exported = folder.with_name(f"{folder.name}-export")
    assert list(export(folder, exported, [table.source for table in TABLES]))
    return parquet_scope(exported)


def of_databricks(folder: Path) -> Scope:
    """The same from the tables as Databricks shows them, SQL evaluated by DuckDB."""
    queries = Queries(folder)

    def evaluated(sql: str) -> Table:
        return as_databricks(queries.table(for_duckdb(sql)))

    shown = {
        table.name: queries.table(f"SELECT * FROM {table.name}")
        for table in STORED
        if (folder / table.name).exists()
    }
    return databricks_scope(
        {name: as_databricks(content) for name, content in shown.items()}, evaluated
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the tables of the lakehouse, without rows."""
    for table in STORED:
        write(tmp_path, table, [])
    return tmp_path


@each_query
@pytest.mark.parametrize("scope_of", [of_files, of_databricks])
def test_every_step_has_the_columns_it_needs(name: str, scope_of: Any, folder: Path) -> None:
    scope = scope_of(folder)
    done = dict(steps(query(name), scope))
    assert all(isinstance(value, Table) for value in done.values())
    loaded = run(query(name), scope)
    assert loaded == [*done.values()][-1]
    assert model_types(loaded) == source_columns(name)


def test_what_a_lakehouse_need_not_have_is_of_its_other_sources() -> None:
    assert OPTIONAL == ["Impact risk", "Risk agreement", "Fireball", "Approach agreement"]


@each_query
def test_databricks_without_other_sources_is_refreshed(name: str, tmp_path: Path) -> None:
    """Only `NEO_SOURCES=neows`: there are no other tables, and no row of them is missed."""
    optional = {table.source for table in TABLES if table.is_optional}
    for table in STORED:
        if table not in optional:
            write(tmp_path, table, [])
    loaded = run(query(name), of_databricks(tmp_path))
    assert loaded.rows == []
    assert model_types(loaded) == source_columns(name)


def test_files_exported_before_there_were_other_sources_are_refreshed(tmp_path: Path) -> None:
    optional = [table.source for table in TABLES if table.is_optional]
    assert list(export(tmp_path / "tables", tmp_path, optional[1:]))
    loaded = run(query(OPTIONAL[0]), parquet_scope(tmp_path))
    assert model_types(loaded) == source_columns(OPTIONAL[0])
    with pytest.raises(MError, match=f"There is no such table. {GOLD_NEO_FACT.name}"):
        run(query("Approach"), parquet_scope(tmp_path))


def test_a_table_that_every_lakehouse_has_is_missed_on_databricks(tmp_path: Path) -> None:
    write(tmp_path, GOLD_DIM_NEO, [])
    with pytest.raises(MError, match=f"There is no such table. {GOLD_NEO_FACT.name}"):
        run(query("Approach"), of_databricks(tmp_path))


def test_a_filter_after_the_column_it_needs_was_dropped_is_seen(folder: Path) -> None:
    right = query("Object")
    (needed,) = re.findall(r"Table\.SelectRows\(Rows, each \[(\w+)\]\)", right)
    wrong = right.replace(f', "{needed}"', "", 1)
    assert wrong != right
    with pytest.raises(MError, match=needed):
        run(wrong, of_files(folder))


@pytest.mark.parametrize("scope_of", [of_files, of_databricks])
def test_texts_keep_their_brackets_and_quotes(scope_of: Any, folder: Path) -> None:
    findings = ['no_name: name is ["x"]', 'invalid_velocity: "-1" [km/s]']
    row = {
        "content_hash": "abcdef0123456789",
        "repeat": 1,
        "source_file": "a.json",
        "status": "open",
        "reasons": ["no_name", "invalid_velocity"],
        "findings": findings,
    }
    write(folder, SILVER_NEO_QUARANTINE, [row])
    (loaded,) = run(query("Quarantine"), scope_of(folder)).rows
    assert loaded["findings"] == ", ".join(findings)
    assert loaded["reasons"] == "no_name, invalid_velocity"


def test_equal_rows_of_the_quarantine_stay_apart(folder: Path) -> None:
    equal = {"content_hash": "abcdef0123456789", "source_file": "a.json", "reasons": ["no_name"]}
    other = equal | {"source_file": "b.json"}
    rows = [equal | {"repeat": 1}, equal | {"repeat": 2}, other | {"repeat": 1}]
    write(folder, SILVER_NEO_QUARANTINE, rows)
    loaded = run(query("Quarantine"), of_files(folder)).rows
    assert sorted(row["row_id"] for row in loaded) == [
        "abcdef012345 1 a.json",
        "abcdef012345 1 b.json",
        "abcdef012345 2 a.json",
    ]


def test_bands_have_labels_in_order_and_a_diameter_may_be_unknown(folder: Path) -> None:
    big = fact(size_band="very_large", distance_band="inside_geo", risk_band="high")
    unknown = fact(size_band="unknown", estimated_diameter_min_m=None, designation='50% [x] "y"')
    write(folder, GOLD_NEO_FACT, [big, unknown])
    first, second = run(query("Approach"), of_files(folder)).rows
    assert (first["size_band"], first["size_band_order"]) == ("Very large", 4)
    assert (first["distance_band"], first["distance_band_order"]) == ("Inside GEO", 1)
    assert (first["risk_band"], first["risk_band_order"]) == ("High", 5)
    assert first["diameter_m"] == 150
    assert (second["size_band"], second["size_band_order"]) == ("Unknown", 0)
    assert second["diameter_m"] is None
    assert second["jpl_page"].endswith("?sstr=50%25%20%5Bx%5D%20%22y%22")


def test_an_object_is_loaded_as_it_is_known_now(folder: Path) -> None:
    (filtered_by,) = (table.rows.strip("[]") for table in TABLES if table.name == "Object")
    before = {"neo_key": 1, "designation": "2024 AA1", "name": "(2024 AA1)", filtered_by: False}
    now = before | {"name": "700001 (2024 AA1)", filtered_by: True}
    write(folder, GOLD_DIM_NEO, [before, now])
    (loaded,) = run(query("Object"), of_files(folder)).rows
    assert loaded["name"] == "700001 (2024 AA1)"


def test_every_designation_of_an_object_is_loaded_and_leads_to_the_current_one(
    folder: Path,
) -> None:
    old = {"neo_key": 1, "is_latest": True, "is_current": False, "current_neo_key": 2}
    new = {"neo_key": 2, "is_latest": True, "is_current": True, "current_neo_key": 2}
    write(folder, GOLD_DIM_NEO, [old, new])
    loaded = run(query("Object"), of_files(folder)).rows
    assert [(row["neo_key"], row["current_neo_key"]) for row in loaded] == [(1, 2), (2, 2)]


def test_both_sources_have_the_same_predictions(folder: Path) -> None:
    write(folder, GOLD_NEO_REVISION, REVISIONS)
    from_files = run(query("Prediction"), of_files(folder))
    from_databricks = run(query("Prediction"), of_databricks(folder))
    assert len(from_files.rows) == 15
    assert in_order(from_files) == in_order(from_databricks)


def in_order(table: Table) -> list[list[str]]:
    return sorted([repr(value) for value in row.values()] for row in table.rows)


def loaded_row(folder: Path, table: Any, name: str, row: Any) -> Any:
    """The only row of a table of the model, from the files."""
    write(folder, table, [row])
    (loaded,) = run(query(name), of_files(folder)).rows
    return loaded


@pytest.mark.parametrize(
    ("number", "name", "shown"),
    [
        (None, "(2024 AA1)", "2024 AA1"),
        (None, None, "2024 AA1"),
        ("101955", None, "2024 AA1"),
        ("101955", "101955 Bennu (1999 RQ36)", "101955 Bennu (1999 RQ36)"),
        ("101955", "Bennu", "101955 Bennu"),
    ],
)
def test_an_object_on_a_list_has_its_name_if_it_has_a_number(
    number: str | None, name: str | None, shown: str, folder: Path
) -> None:
    row = odds(source="esa_risk", designation="2024 AA1", number=number, name=name)
    loaded = loaded_row(folder, GOLD_IMPACT_RISK, "Impact risk", row)
    assert loaded["listed_object"] == shown
    assert loaded["object_and_source"] == f"{shown}, ESA's risk list"
    assert loaded["object"] == (number or "2024 AA1")
    compared = {"object": number or "2024 AA1", "name": name, "reason": "only_esa_risk"}
    loaded = loaded_row(folder, RISK_AGREEMENT, "Risk agreement", compared)
    assert loaded["compared_object"] == (shown if name else number or "2024 AA1")


@pytest.mark.parametrize(
    ("revision_type", "factor", "change"),
    [
        ("listed", None, "Entered"),
        ("relisted", None, "Entered"),
        ("removed", None, "Left"),
        ("revised", 0.0, "Fell tenfold"),
        ("revised", 0.1, "Fell tenfold"),
        ("revised", 0.11, "Smaller changes"),
        ("revised", 9.9, "Smaller changes"),
        ("revised", 10.0, "Rose tenfold"),
        ("revised", None, "Smaller changes"),
    ],
)
def test_a_revision_of_odds_says_what_changed(
    revision_type: str, factor: float | None, change: str, folder: Path
) -> None:
    row = odds(revision_type=revision_type, odds_factor=factor)
    loaded = loaded_row(folder, GOLD_IMPACT_RISK, "Impact risk", row)
    assert (loaded["change"], loaded["source"]) == (change, "JPL's Sentry list")
    assert loaded["is_listed"] is (revision_type != "removed")
    assert loaded["source_order"] == 0


@pytest.mark.parametrize(
    ("palermo", "ratio", "apart"),
    [(-0.7, 2.0, 0.7), (0.1, 0.001, 3.0), (None, 0.0, 0.0), (None, None, 0.0)],
)
def test_agencies_are_apart_by_the_larger_difference(
    palermo: float | None, ratio: float | None, apart: float, folder: Path
) -> None:
    row = {"object": "2024 AA1", "palermo_difference": palermo, "odds_ratio": ratio}
    loaded = loaded_row(folder, RISK_AGREEMENT, "Risk agreement", row | {"reason": "horizon"})
    assert loaded["difference_powers_of_ten"] == pytest.approx(apart)


@pytest.mark.parametrize(
    ("name", "table"),
    [("Risk agreement", RISK_AGREEMENT), ("Approach agreement", GOLD_CLOSE_APPROACH_AGREEMENT)],
)
def test_every_reason_has_a_label_and_its_meaning(name: str, table: Any, folder: Path) -> None:
    meanings = table.meanings("reason")
    write(folder, table, [{"object": "1", "designation": "1", "reason": it} for it in meanings])
    loaded = run(query(name), of_files(folder)).rows
    assert [row["reason_order"] for row in loaded] == [*range(len(meanings))]
    assert [row["reason_meaning"] for row in loaded] == [*meanings.values()]
    assert all(re.fullmatch(r"[A-Z][^_]+", row["reason"]) for row in loaded)
    assert {row["reason"] for row in loaded} > {"Agree", "Unexplained"}


def test_a_fireball_is_known_by_its_second_and_may_have_no_place(folder: Path) -> None:
    write(folder, GOLD_FIREBALL, [event(), event(occurrence=2, latitude_deg=None)])
    first, second = run(query("Fireball"), of_files(folder)).rows
    assert (first["event_id"], first["event_year"]) == ("2013-02-15 03:20:33 1", 2013)
    assert second["event_id"] == "2013-02-15 03:20:33 2"
    assert (first["has_place"], second["has_place"]) == (True, False)
