"""The semantic model holds together: names, relationships, measures, parameters."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from datetime import date
from uuid import UUID

import pytest

from neo_assets.lakehouse.model import bands
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.lakehouse.report import DayReport
from neo_assets.pipeline import LAYERS
from neo_assets_tests.powerbi.project import (
    MODEL,
    columns,
    expressions,
    measures,
    read,
    strings,
    tables,
    unknown_names,
)
from neo_assets_tests.powerbi.tmdl import Node, column_reference, unquoted
from powerbi.generate import AGENCIES, APPROACH_REASONS, CHANGES, MEASURES, label

RELATIONSHIPS = read("relationships.tmdl").children
ONE_SIDES = {
    ("Approach", "NEO event key"),
    ("Object", "NEO key"),
    ("Date", "Date key"),
    ("Date", "Date"),
    ("Risk agreement", "Object"),
}
"""Columns that have every value once: the keys of their tables, of the objects as known now."""
RESERVED_TABLE_NAMES = {"measure", "measures", "goal", "calculations"}
"""Table names that Desktop rejects, in any case, although TMDL and TOM allow them."""
VALUES = {
    *(metric for metric, _ in DayReport(date(2024, 3, 1)).metrics),
    # What versions before the rename measured as rows_duplicated.
    "rows_doubled",
    *LAYERS,
    *(label(band) for band in bands.RISK_ORDER),
    *("first", "changed", "withdrawn", "returned"),
    *("open", "replayed", "discarded"),
    *(*AGENCIES.values(), *CHANGES.values(), *APPROACH_REASONS.values()),
}
"""What the columns hold that measures compare with a text."""
FOLDERS = {
    *("Approaches", "Revisions", "Data quality"),
    *("Impact risk", "Fireballs", "Agreement"),
}
TEXTS = {"Closest object", "Fastest object", "Highest Palermo object", "Freshness"}
"""Measures that are no numbers."""
SHOWN = {", ", "No data yet", "Data as of ", " UTC", "yyyy-mm-dd hh:nn"}
"""Texts that measures show, and how."""


def repeated(values: Iterable[Hashable]) -> list[Hashable]:
    return [value for value, times in Counter(values).items() if times > 1]


def test_every_file_is_read() -> None:
    names = {file.relative_to(MODEL).as_posix() for file in MODEL.rglob("*.*")}
    others = {"database.tmdl", "expressions.tmdl", "model.tmdl", "relationships.tmdl"}
    assert names == others | {f"tables/{name}.tmdl" for name in tables()}
    assert sorted(node.name for node in read("model.tmdl").of("ref")) == sorted(tables())


@pytest.mark.parametrize("table", [*tables()])
def test_power_bi_desktop_accepts_the_name_of_a_table(table: str) -> None:
    assert table.lower() not in RESERVED_TABLE_NAMES
    # Desktop does not load a template or project with one of these in a table name.
    assert not set(table) & set(".'\"")


def test_every_name_and_every_lineage_tag_is_used_once() -> None:
    # A table and an expression are both queries, and queries have one name each.
    queries = [*tables().values(), *read("expressions.tmdl").children]
    assert repeated(node.name.lower() for node in queries) == []
    inside = [node for table in tables().values() for node in table.children]
    fields = [node for node in inside if node.kind in ("column", "measure")]
    assert repeated(UUID(node.properties["lineageTag"]) for node in (*queries, *fields)) == []
    for table in tables().values():
        named = [*table.of("column"), *table.of("measure")]
        assert repeated(node.name.lower() for node in named) == []


@pytest.mark.parametrize("relationship", RELATIONSHIPS, ids=lambda node: node.name)
def test_a_relationship_goes_from_a_column_to_a_key_of_its_type(relationship: Node) -> None:
    many, one = (
        column_reference(relationship.properties[end]) for end in ("fromColumn", "toColumn")
    )
    types = []
    for table, name in (many, one):
        assert name in columns(table)
        (column,) = (node for node in tables()[table].of("column") if node.name == name)
        types.append(column.properties["dataType"])
    assert types[0] == types[1]
    assert one in ONE_SIDES


def test_filters_reach_a_table_on_one_way_only() -> None:
    ways: Counter[tuple[str, str]] = Counter()
    steps = [
        (
            column_reference(node.properties["toColumn"])[0],
            column_reference(node.properties["fromColumn"])[0],
        )
        for node in RELATIONSHIPS
        if node.properties.get("isActive") != "false"
    ]
    paths = list(steps)
    while paths:
        ways.update(paths)
        paths = [(start, end) for start, middle in paths for begin, end in steps if begin == middle]
    assert repeated(ways.elements()) == []
    assert {("Date", "Approach"), ("Object", "Approach"), ("Date", "Revision")} <= set(ways)
    assert {("Date", "Quality metric"), ("Approach", "Revision")} <= set(ways)
    assert {("Date", "Prediction"), ("Object", "Prediction")} <= set(ways)
    assert {("Date", "Impact risk"), ("Object", "Impact risk")} <= set(ways)
    assert {("Risk agreement", "Impact risk"), ("Date", "Fireball")} <= set(ways)
    assert ("Date", "Approach agreement") in ways


def test_the_calendar_is_marked_as_such() -> None:
    assert [name for name, table in tables().items() if "dataCategory" in table.properties] == [
        "Date"
    ]
    assert tables()["Date"].properties["dataCategory"] == "Time"
    (key,) = (node for node in tables()["Date"].of("column") if "isKey" in node.properties)
    assert (key.name, key.properties["dataType"]) == ("Date", "dateTime")
    # Desktop's own hidden calendars would exist in addition to it.
    assert Node("annotation", "__PBI_TimeIntelligenceEnabled", "0") in read("model.tmdl").children


def test_the_calendar_has_a_hierarchy() -> None:
    (hierarchy,) = tables()["Date"].of("hierarchy")
    levels = [level.properties["column"] for level in hierarchy.of("level")]
    assert [unquoted(name) for name in levels] == ["Year", "Quarter name", "Month name", "Date"]
    assert {unquoted(name) for name in levels} <= columns("Date")


def test_keys_and_sort_helpers_are_hidden() -> None:
    helpers = {column_reference(node.properties["fromColumn"]) for node in RELATIONSHIPS}
    helpers |= {
        (table, unquoted(column.properties["sortByColumn"]))
        for table in tables()
        for column in tables()[table].of("column")
        if "sortByColumn" in column.properties
    }
    assert {("Quarantine", "Partition date"), ("Date", "Month")} < helpers
    assert helpers & set(visible_columns()) == set()
    assert [name for _, name in visible_columns() if name.endswith((" key", " order"))] == []


def test_what_describes_an_object_is_shown_once() -> None:
    of_object = {name for table, name in visible_columns() if table == "Object"}
    assert "Designation" in of_object
    elsewhere = {name for table, name in visible_columns() if table != "Object"}
    assert of_object & elsewhere == set()


def visible_columns() -> list[tuple[str, str]]:
    """Table and name of every column that is not hidden."""
    return [
        (name, column.name)
        for name, table in tables().items()
        for column in table.of("column")
        if "isHidden" not in column.properties
    ]


@pytest.mark.parametrize("measure", measures().values(), ids=lambda node: node.name)
def test_a_measure_has_a_format_a_folder_and_a_description(measure: Node) -> None:
    assert re.fullmatch(r"[A-Z].{20,}[.]", measure.description)
    assert measure.properties["displayFolder"] in FOLDERS
    is_text = measure.name in TEXTS
    assert ("formatString" in measure.properties) is not is_text


def test_the_measures_that_were_asked_for_are_there() -> None:
    assert {
        *("Approaches", "Closest (lunar distances)", "Fastest (km/s)", "Hazardous share"),
        *("Drops a day", "Duplicates a day", "Revision error"),
    } <= set(measures())


@pytest.mark.parametrize("name", expressions())
def test_what_is_computed_refers_to_what_there_is(name: str) -> None:
    dax = expressions()[name]
    assert unknown_names(dax) == set()
    assert strings(dax) <= VALUES | SHOWN
    assert dax.count("(") == dax.count(")")


@pytest.mark.parametrize(
    ("dax", "unknown"),
    [
        ("SUM(Approach[Miss distance])", {"Approach[Miss distance]"}),
        ("[Approachs]", {"[Approachs]"}),
        ("COUNTROWS(Approaches)", {"Approaches"}),
        ("SUM('Quality'[Value])", {"'Quality'[Value]"}),
        ("VAR Near = 1 RETURN Nearest", {"Nearest"}),
        ('VAR Near = "Nearest [x]" RETURN Near + [Approaches]', set()),
    ],
)
def test_a_reference_to_nothing_is_seen(dax: str, unknown: set[str]) -> None:
    assert unknown_names(dax) == unknown


@pytest.mark.parametrize("table", [*tables()])
def test_a_column_comes_from_somewhere_and_is_never_added_up(table: str) -> None:
    (partition,) = tables()[table].of("partition")
    for column in tables()[table].of("column"):
        assert column.properties["summarizeBy"] == "none"
        if "sortByColumn" in column.properties:
            assert unquoted(column.properties["sortByColumn"]) in columns(table)
        if table != MEASURES:
            assert column.description
            source = column.properties.get("sourceColumn")
            assert bool(source) is not bool(column.expression)
            assert source is None or f'"{source}"' in partition.properties["source"]


def test_parameters_choose_the_source() -> None:
    shared = {node.name: node.expression for node in read("expressions.tmdl").children}
    function = shared.pop("Lakehouse")
    assert set(shared) == {
        *("Source", "ParquetFolder", "DatabricksHost", "DatabricksHttpPath", "Catalog", "Schema")
    }
    for name, value in shared.items():
        assert re.match(r'"[^"]+" meta \[IsParameterQuery = true, ', value)
        assert re.search(rf"\b{name}\b", function)
    assert 'List = {"parquet", "databricks"}' in shared["Source"]
    assert "Databricks.Catalogs(" in function and "Parquet.Document(" in function
    assert GOLD_NEO_FACT.name not in function
