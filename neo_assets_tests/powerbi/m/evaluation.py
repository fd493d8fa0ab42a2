"""Evaluates M: the operators and the functions of the library that the model uses.

A step that M rejects is rejected here with an `MError`: a column that is not there, a row that is
not found, an operator on values it does not take.  Steps are evaluated when they are needed.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from neo_assets_tests.powerbi.m.syntax import (
    Binary,
    Call,
    Error,
    Field,
    Function,
    If,
    Item,
    Let,
    ListOf,
    Literal,
    Name,
    Not,
    Record,
    Type,
    nodes,
    parse,
    row_fields,
)


class MError(Exception):
    """What Power Query reports instead of a value."""


@dataclass(frozen=True)
class Table:
    """A table: the types of its columns, in order, and its rows."""

    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Closure:
    """A function with the variables it was defined among."""

    function: Function
    scope: "Scope"

    def __call__(self, *arguments: Any) -> Any:
        """The value of its body."""
        parameters, missing = self.function.parameters, self.function.optional
        if not len(parameters) - missing <= len(arguments) <= len(parameters):
            raise MError(f"{len(arguments)} arguments for {parameters}")
        padded = [*arguments, *[None] * (len(parameters) - len(arguments))]
        values = dict(zip(parameters, padded, strict=True))
        return evaluate(self.function.body, Scope(values, self.scope))


class Scope:
    """Variables; a callable without arguments of `lazy` gives the value when it is asked for."""

    def __init__(self, values: dict[str, Any], outer: "Scope | None" = None) -> None:
        self.values = values
        self.lazy: dict[str, Callable[[], Any]] = {}
        self.outer = outer

    def __getitem__(self, name: str) -> Any:
        """The value of a variable."""
        if name in self.lazy:
            self.values[name] = self.lazy.pop(name)()
        if name in self.values:
            return self.values[name]
        if self.outer is None:
            raise MError(f"The import {name} matches no exports.")
        return self.outer[name]


def evaluate(expression: Any, scope: Scope) -> Any:
    """The value of an expression."""
    for kind, rule in _RULES.items():
        if isinstance(expression, kind):
            return rule(expression, scope)
    raise MError(f"{expression} is not evaluated here")


def steps(text: str, scope: Scope) -> Iterator[tuple[str, Any]]:
    """Every step of a query with its value, whether a later one needs it or not."""
    let = parse(text)
    inner = _inside(let, scope)
    for name, _ in let.steps:
        yield name, inner[name]


def run(text: str, scope: Scope) -> Any:
    """The value of a text in M."""
    return evaluate(parse(text), scope)


def _inside(let: Let, scope: Scope) -> Scope:
    inner = Scope({}, scope)
    for name, expression in let.steps:
        inner.lazy[name] = partial(evaluate, expression, inner)
    return inner


def _binary(node: Binary, scope: Scope) -> Any:
    left = evaluate(node.left, scope)
    if node.operator in ("and", "or", "??"):
        is_enough = left is not None if node.operator == "??" else left is (node.operator == "or")
        return left if is_enough else evaluate(node.right, scope)
    if node.operator == "meta":
        return left
    if node.operator in ("is", "as"):
        return _has_type(left, node.right.name) if node.operator == "is" else left
    right = evaluate(node.right, scope)
    if node.operator in ("=", "<>"):
        return (left == right) is (node.operator == "=")
    if left is None or right is None:
        return None
    if node.operator == "&" and not (isinstance(left, str) and isinstance(right, str)):
        raise MError(f"& does not take {left!r} and {right!r}")
    if node.operator in "+-*/" and not all(_is_number(value) for value in (left, right)):
        raise MError(f"{node.operator} does not take {left!r} and {right!r}")
    return _OPERATORS[node.operator](left, right)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "&": lambda left, right: left + right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_type(value: Any, name: str) -> bool:
    kinds: dict[str, Any] = {"list": list, "text": str, "table": Table, "null": type(None)}
    return isinstance(value, kinds[name])


def _if(node: If, scope: Scope) -> Any:
    return evaluate(node.then if _logical(node.condition, scope) else node.otherwise, scope)


def _logical(expression: Any, scope: Scope) -> bool:
    value = evaluate(expression, scope)
    if not isinstance(value, bool):
        raise MError(f"We cannot convert the value {value!r} to type Logical.")
    return value


def _field(node: Field, scope: Scope) -> Any:
    record = evaluate(node.record, scope)
    if not isinstance(record, Mapping) or node.name not in record:
        raise MError(f"The field '{node.name}' of the record wasn't found.")
    return record[node.name]


def _item(node: Item, scope: Scope) -> Any:
    container, key = evaluate(node.container, scope), evaluate(node.key, scope)
    if isinstance(container, list):
        return container[key]
    _require(container, key)
    found = [row for row in container.rows if {**row, **key} == row]
    if node.is_optional and not found:
        return None
    if len(found) != 1:
        raise MError(f"The key {key} matched {len(found)} rows in the table.")
    return found[0]


def _error(node: Error, scope: Scope) -> Any:
    raise MError(str(evaluate(node.value, scope)))


_RULES: dict[Any, Callable[[Any, Scope], Any]] = {
    Literal: lambda node, scope: node.value,
    Name: lambda node, scope: scope[node.name],
    Type: lambda node, scope: node.name,
    ListOf: lambda node, scope: [evaluate(item, scope) for item in node.items],
    Record: lambda node, scope: {name: evaluate(value, scope) for name, value in node.items},
    Let: lambda node, scope: evaluate(node.result, _inside(node, scope)),
    If: _if,
    Error: _error,
    Function: Closure,
    Call: lambda node, scope: evaluate(node.function, scope)(
        *(evaluate(argument, scope) for argument in node.arguments)
    ),
    Field: _field,
    Item: _item,
    Binary: _binary,
    Not: lambda node, scope: not _logical(node.value, scope),
}


def _require(table: Table, names: Any) -> None:
    for name in names:
        if name not in table.columns:
            raise MError(f"The column '{name}' of the table wasn't found.")


def _require_fields(table: Table, function: Any) -> None:
    """As each row would, for a table without rows too."""
    if isinstance(function, Closure):
        _require(table, row_fields(function.function))


def _select_columns(table: Table, names: list[str]) -> Table:
    _require(table, names)
    return Table(
        {name: table.columns[name] for name in names},
        [{name: row[name] for name in names} for row in table.rows],
    )


def _remove_columns(table: Table, names: list[str]) -> Table:
    _require(table, names)
    return _select_columns(table, [name for name in table.columns if name not in names])


def _select_rows(table: Table, condition: Closure) -> Table:
    _require_fields(table, condition)
    kept = []
    for row in table.rows:
        is_kept = condition(row)
        if not isinstance(is_kept, bool):
            raise MError(f"We cannot convert the value {is_kept!r} to type Logical.")
        if is_kept:
            kept.append(row)
    return Table(table.columns, kept)


def _add_column(table: Table, name: str, value: Closure, type_: str) -> Table:
    if name in table.columns:
        raise MError(f"The field '{name}' already exists in the record.")
    _require_fields(table, value)
    return Table({**table.columns, name: type_}, [{**row, name: value(row)} for row in table.rows])


def _transform_columns(table: Table, transformations: list[list[Any]]) -> Table:
    for name, change, type_ in transformations:
        _require(table, [name])
        table = Table(
            {**table.columns, name: type_},
            [{**row, name: change(row[name])} for row in table.rows],
        )
    return table


def _transform_column_types(table: Table, types: list[list[Any]]) -> Table:
    """Of a table without rows, as there is nothing to convert."""
    assert not table.rows
    _require(table, [name for name, _ in types])
    return Table({**table.columns, **dict(types)})


def _from_rows(rows: list[Any], names: list[str]) -> Table:
    assert not rows
    return Table(dict.fromkeys(names, "any"))


def _sqrt(number: Any) -> Any:
    if number is None:
        return None
    return math.sqrt(number) if number >= 0 else math.nan


def _date_time_to_text(value: datetime, options: Mapping[str, str]) -> str:
    assert options == {"Format": "yyyy-MM-dd HH:mm:ss", "Culture": "en-US"}
    return value.strftime("%Y-%m-%d %H:%M:%S")


def _if_known(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else function(value)


LIBRARY: Mapping[str, Any] = {
    "Int64.Type": "Int64.Type",
    "Date.From": _if_known(lambda value: value.date() if isinstance(value, datetime) else value),
    "Date.StartOfMonth": _if_known(lambda value: value.replace(day=1)),
    "Date.Year": _if_known(lambda value: value.year),
    "DateTime.ToText": _date_time_to_text,
    "Error.Record": lambda reason, message, detail: f"{reason}: {message} {detail}",
    "Json.Document": json.loads,
    "List.Max": max,
    "List.PositionOf": lambda items, item: items.index(item) if item in items else -1,
    "List.Transform": lambda items, change: [change(item) for item in items],
    "List.Zip": lambda lists: [[*items] for items in zip(*lists, strict=True)],
    "Number.Abs": _if_known(abs),
    "Number.Log10": _if_known(math.log10),
    "Number.Sqrt": _sqrt,
    "Number.ToText": _if_known(str),
    "Record.FieldOrDefault": lambda record, name, value: record.get(name, value),
    "Table.AddColumn": _add_column,
    "Table.FromRows": _from_rows,
    "Table.RemoveColumns": _remove_columns,
    "Table.SelectColumns": _select_columns,
    "Table.SelectRows": _select_rows,
    "Table.TransformColumnTypes": _transform_column_types,
    "Table.TransformColumns": _transform_columns,
    "Text.Combine": lambda texts, between: between.join(it for it in texts if it is not None),
    "Text.Contains": lambda text, part: part in text,
    "Text.Replace": lambda text, old, new: text.replace(old, new),
    "Text.Start": lambda text, count: text[:count],
    "Text.StartsWith": lambda text, start: text.startswith(start),
    "Uri.EscapeDataString": lambda text: quote(text, safe="-._~"),
}
"""The functions of M that the model uses; those that read a source depend on the test."""


def used_functions(expression: Any) -> set[str]:
    """The names with a dot in an expression: functions and types of the library."""
    return {node.name for node in nodes(expression) if isinstance(node, Name) and "." in node.name}


def is_of_type(value: Any, type_: str) -> bool:
    """Whether a value can be in a column of a type."""
    kinds: dict[str, Any] = {
        "Int64.Type": int,
        "number": float,
        "text": str,
        "logical": bool,
        "date": date,
        "datetime": datetime,
    }
    kind = kinds[type_.removeprefix("nullable ")]
    if value is None:
        return True
    # A whole number is a number like any other for M.
    if kind is float:
        return _is_number(value)
    # A bool is an int, and a datetime a date, for Python alone.
    return type(value) is kind
