"""The interpreter itself: what it evaluates, and that it rejects what Power Query rejects."""

from typing import Any

import pytest

from neo_assets_tests.powerbi.m.evaluation import LIBRARY, MError, Scope, Table, run
from neo_assets_tests.powerbi.m.syntax import MSyntaxError, parse

THINGS = Table({"a": "Int64.Type", "b": "text"}, [{"a": 1, "b": "x"}, {"a": None, "b": "y"}])


def value(text: str) -> Any:
    return run(text, Scope({**LIBRARY, "Things": THINGS}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ('"a" & "b" & "c" = "abc"', True),
        ('"say ""x"""', 'say "x"'),
        ("null ?? 3", 3),
        ("null * 3", None),
        ("not true or 1 < 2 and 2 <> 2", False),
        ("if 1 is null then 1 else 2", 2),
        ('{1, "x"} is list', True),
        ('"x" meta [IsParameterQuery = true]', "x"),
        ("let b = a + 1, a = 1 in b", 2),
        ('let #"A b" = 1, unused = error "no" in #"A b"', 1),
        ("((a as number, optional b as nullable number) as any => b ?? a)(5)", 5),
        ("[x = 1, y = 2][y]", 2),
        ("{10, 20}{1}", 20),
        ('Things{[b = "x"]}[a]', 1),
        ('Things{[b = "x"]}?[a]', 1),
        ('Things{[b = "z"]}? is null', True),
        (
            'Table.TransformColumnTypes(Table.FromRows({}, {"a"}), List.Zip({{"a"}, {type text}}))',
            Table({"a": "text"}),
        ),
        ("List.Transform({1, 2}, each _ + 1)", [2, 3]),
        ('Table.SelectRows(Things, each [b] = "y")', Table(THINGS.columns, [THINGS.rows[1]])),
        (
            'Table.AddColumn(Things, "c", each [a] * 2, Int64.Type)',
            Table(
                {**THINGS.columns, "c": "Int64.Type"},
                [{"a": 1, "b": "x", "c": 2}, {"a": None, "b": "y", "c": None}],
            ),
        ),
        ('Table.RemoveColumns(Things, {"a"})', Table({"b": "text"}, [{"b": "x"}, {"b": "y"}])),
    ],
)
def test_value_of_an_expression(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("No.Such(1)", "No.Such matches no exports"),
        ('"a" & 1', "& does not take"),
        ("if null then 1 else 2", "to type Logical"),
        ("[x = 1][y]", "field 'y'"),
        ('Things{[b = "z"]}', "matched 0 rows"),
        ('Things{[c = "z"]}', "column 'c'"),
        ('Things{[c = "z"]}?', "column 'c'"),
        ('Table.SelectColumns(Things, {"c"})', "column 'c'"),
        ('Table.RemoveColumns(Things, {"c"})', "column 'c'"),
        ("Table.SelectRows(Things, each [c])", "column 'c'"),
        ("Table.SelectRows(Things, each [a])", "to type Logical"),
        ('Table.AddColumn(Things, "c", each [d], type text)', "column 'd'"),
        ('Table.AddColumn(Things, "a", each 1, type text)', "already exists"),
        ('Table.TransformColumns(Things, {{"c", each _, type text}})', "column 'c'"),
        ('error "no"', "no"),
        ("((a) => a)(1, 2)", "2 arguments"),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(MError, match=message):
        value(text)


@pytest.mark.parametrize(
    "text", ["1 +", "let a = 1", "{1, 2", "[a = 1", "if 1 then 2", "a b", "f(1 2)", "'a'", ""]
)
def test_what_is_no_m(text: str) -> None:
    with pytest.raises(MSyntaxError):
        parse(text)


def test_a_column_that_was_dropped_is_missed_without_rows_too() -> None:
    """The refresh failed so: a filter after the column that it needs was removed."""
    empty = Scope({**LIBRARY, "Rows": Table({"key": "Int64.Type", "is_current": "logical"})})
    with pytest.raises(MError, match="is_current"):
        run(
            'Table.SelectRows(Table.SelectColumns(Rows, {"key"}), each [is_current])',
            empty,
        )
    right = 'Table.RemoveColumns(Table.SelectRows(Rows, each [is_current]), {"is_current"})'
    assert run(right, empty) == Table({"key": "Int64.Type"}, [])
