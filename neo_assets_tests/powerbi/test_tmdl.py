"""The parser itself: what it reads, and that it does not let mistakes through."""

import pytest

from neo_assets_tests.powerbi.tmdl import Node, TmdlError, column_reference, parse

TEXT = """\
/// What one row is.
table 'Quality metric'
\tlineageTag: 1

\t/// A number.
\tmeasure 'Drops ''a'' day' =
\t\t\tCALCULATE(
\t\t\t    1
\t\t\t)
\t\tformatString: #,##0.00

\tcolumn Asset
\t\tdataType: string
\t\tisHidden
\t\tsourceColumn: asset

\t\tannotation SummarizationSetBy = User
"""


def test_objects_have_names_descriptions_expressions_and_properties() -> None:
    (table,) = parse(TEXT).children
    assert (table.kind, table.name, table.description) == (
        "table",
        "Quality metric",
        "What one row is.",
    )
    assert table.properties == {"lineageTag": "1"}
    (measure,) = table.of("measure")
    assert measure == Node(
        "measure",
        "Drops 'a' day",
        "CALCULATE(\n    1\n)",
        "A number.",
        {"formatString": "#,##0.00"},
    )
    (column,) = table.of("column")
    assert column.properties == {"dataType": "string", "isHidden": "true", "sourceColumn": "asset"}
    assert column.children == [Node("annotation", "SummarizationSetBy", "User")]


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("\tlineageTag: 1", "  lineageTag: 1", "line 3: a space at the beginning"),
        ("\tlineageTag: 1", "\t\tlineageTag: 1", "line 3: indented too far"),
        ("\tlineageTag: 1", "\tlineageTags: 1", "line 3: a table has no lineageTags"),
        ("\tlineageTag: 1", "\tlineageTag:1", "line 3: neither an object nor a property"),
        ("\tcolumn Asset", "\tlevel Asset", "a table has no level"),
        ("\t\tisHidden", "\t\tisHidden\n\t\tisHidden", "isHidden a second time"),
        ("\t/// A number.", "\t/// A number.\n", "an empty line that may not be here"),
        ("\t\tdataType", "\t\t/// What?\n\t\tdataType", "a description of a property"),
        ("\t\t\tCALCULATE(", "\t\tCALCULATE(", "an expression without a line"),
        ("column Asset", "column My asset", "neither an object nor a property"),
    ],
)
def test_a_mistake_is_refused_with_its_line(right: str, wrong: str, message: str) -> None:
    assert right in TEXT
    with pytest.raises(TmdlError, match=message):
        parse(TEXT.replace(right, wrong, 1))


def test_a_reference_has_a_table_and_a_column() -> None:
    assert column_reference("'Quality metric'.'Partition date'") == (
        "Quality metric",
        "Partition date",
    )
    with pytest.raises(TmdlError):
        column_reference("Quality metric.Asset")
