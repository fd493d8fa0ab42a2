"""The tables of the semantic model are what is made from the tables of the lakehouse."""

import json

import pytest

from neo_assets.lakehouse.export import EXPORTED
from neo_assets.sources.registry import Included
from neo_assets_tests.powerbi.project import MODEL, SEMANTIC_MODEL, tables
from powerbi.generate import MEASURES, TABLES, ModelTable, definition, diagram, shown_name

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@each_table
def test_the_file_is_what_is_generated(table: ModelTable) -> None:
    file = MODEL / "tables" / f"{table.name}.tmdl"
    assert file.read_text(encoding="utf-8") == definition(table), "Run: python -m powerbi.generate"


@each_table
def test_every_name_that_shapes_a_table_is_a_column_of_it(table: ModelTable) -> None:
    lakehouse = {column.name for column in table.source.columns}
    assert table.left_out < lakehouse
    names = {column.name for column in table.columns}
    shaped = {*table.hidden, *table.sorted_by, *table.sorted_by.values(), *table.categories}
    levels = {level for levels in table.hierarchies.values() for level in levels}
    shaped |= {*table.labels, *table.formats}
    assert {*shaped, *levels, *filter(None, [table.date, table.row_key])} <= names


def test_the_model_has_what_is_exported_and_measures() -> None:
    others = Included().gold_beside_the_star
    assert [table.source.name for table in TABLES if not table.is_optional] == [
        table.name for table in EXPORTED
    ]
    assert {table.source for table in TABLES if table.is_optional} == {*others}
    assert set(tables()) == {MEASURES, *(table.name for table in TABLES)}


def test_the_diagram_shows_every_table() -> None:
    text = (SEMANTIC_MODEL / "diagramLayout.json").read_text(encoding="utf-8")
    assert text == diagram(), "Run: python -m powerbi.generate"
    (layout,) = json.loads(text)["diagrams"]
    shown = {node["nodeIndex"]: node["nodeLineageTag"] for node in layout["nodes"]}
    assert shown == {name: table.properties["lineageTag"] for name, table in tables().items()}


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ("miss_distance_km", "Miss distance (km)"),
        ("miss_distance_lunar", "Miss distance (lunar distances)"),
        ("relative_velocity_km_s", "Relative velocity (km/s)"),
        ("estimated_diameter_max_m", "Estimated diameter max (m)"),
        ("absolute_magnitude_h", "Absolute magnitude H"),
        ("neo_id", "NEO ID"),
        ("name", "Name"),
    ],
)
def test_a_column_is_shown_by_a_label_with_its_unit(column: str, shown: str) -> None:
    assert shown_name(column) == shown
