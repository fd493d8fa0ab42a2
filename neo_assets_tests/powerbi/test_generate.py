"""The tables of the semantic model are what is made from the tables of the lakehouse."""

import pytest

from neo_assets.lakehouse.export import EXPORTED
from neo_assets_tests.powerbi.project import MODEL, tables
from powerbi.generate import TABLES, ModelTable, definition, shown_name

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
    assert {*shaped, *table.order, *filter(None, [table.date])} <= names


def test_the_model_has_what_is_exported_and_measures() -> None:
    assert {table.source.name for table in TABLES} == {table.name for table in EXPORTED}
    assert set(tables()) == {"_Measures", *(table.name for table in TABLES)}


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
def test_a_column_is_shown_in_words_with_its_unit(column: str, shown: str) -> None:
    assert shown_name(column) == shown
