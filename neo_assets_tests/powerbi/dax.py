"""Evaluates the plain DAX of the model over tables as the queries load them, by DuckDB.

Aggregations of a column, CALCULATE with filters of columns, DIVIDE, sums and other measures: enough
for every measure that counts rows or metrics.  Relationships and time intelligence are not
evaluated; a measure that uses them raises `NotImplementedError`.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from neo_assets_tests.powerbi.m.evaluation import Table
from neo_assets_tests.powerbi.project import measures, tables

_ARROW = {
    "Int64.Type": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "logical": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
}
_COLUMN = r"(?:'([^']+)'|(\w+))\[([^\]]+)\]"
_AGGREGATES = {
    "AVERAGE": "avg({})",
    "DISTINCTCOUNT": "nullif(count(DISTINCT {}), 0)",
    "MAX": "max({})",
    "MEDIAN": "median({})",
    "MIN": "min({})",
    "SUM": "sum({})",
}
_NEWEST = re.compile(
    rf"{_COLUMN} = CALCULATE\(MAX\({_COLUMN}\), ALLEXCEPT\('[^']+', {_COLUMN}, {_COLUMN}\)\)"
)
Filters = Mapping[tuple[str, str], tuple[str, ...]]
"""Conditions in SQL by table and column."""


class Model:
    """The tables of the model with their rows, and what its measures are over them."""

    def __init__(self, loaded: Mapping[str, Table], today: datetime) -> None:
        self.today = today
        self.connection = duckdb.connect()
        for name, table in loaded.items():
            self._register(name, table)

    def value(self, measure: str, filters: Filters | None = None) -> Any:
        """What a card shows for a measure; None where it is blank."""
        return self._evaluate(_plain(measures()[measure].expression), filters or {})

    def _register(self, name: str, table: Table) -> None:
        columns = tables()[name].of("column")
        types = {
            source: _ARROW[type_.removeprefix("nullable ")]
            for source, type_ in table.columns.items()
        }
        content = pa.Table.from_pylist(list(table.rows), schema=pa.schema(types.items()))
        self.connection.register("content", content)
        shown = [
            f'"{column.properties["sourceColumn"]}" AS "{column.name}"'
            for column in columns
            if not column.expression
        ]
        self.connection.execute(f'CREATE TABLE "{name}" AS SELECT {", ".join(shown)} FROM content')
        for column in columns:
            if column.expression:
                newest = _NEWEST.fullmatch(column.expression)
                assert newest, column.expression
                _, _, value, _, _, same, _, _, one, _, _, other = newest.groups()
                assert value == same
                self.connection.execute(
                    f'CREATE OR REPLACE TABLE "{name}" AS SELECT *, "{value}" = max("{value}") '
                    f'OVER (PARTITION BY "{one}", "{other}") AS "{column.name}" FROM "{name}"'
                )

    def _evaluate(self, dax: str, filters: Filters) -> Any:
        if dax.endswith(" + 0"):
            return self._evaluate(dax.removesuffix(" + 0"), filters) or 0
        if found := re.fullmatch(r"\[([^\]]+)\]", dax):
            return self.value(found[1], filters)
        function, arguments = _call(dax)
        if function == "CALCULATE":
            return self._evaluate(arguments[0], self._filtered(arguments[1:], filters))
        if function == "DIVIDE":
            above, below = (self._evaluate(argument, filters) for argument in arguments[:2])
            if below:
                return None if above is None else above / below
            return float(arguments[2]) if len(arguments) > 2 else None
        if function == "COUNTROWS":
            return self._query("nullif(count(*), 0)", arguments[0].strip("'"), filters)
        if function in _AGGREGATES:
            table, column = _reference(arguments[0])
            return self._query(_AGGREGATES[function].format(f'"{column}"'), table, filters)
        raise NotImplementedError(dax)

    def _filtered(self, arguments: list[str], filters: Filters) -> Filters:
        """The filters with those of CALCULATE, which replace others of their column or add to."""
        result = dict(filters)
        for argument in arguments:
            adds = argument.startswith("KEEPFILTERS(")
            column, condition = self._condition(_call(argument)[1][0] if adds else argument)
            result[column] = (*(result.get(column, ()) if adds else ()), condition)
        return result

    def _condition(self, dax: str) -> tuple[tuple[str, str], str]:
        if found := re.fullmatch(rf"(NOT )?ISBLANK\({_COLUMN}\)", dax):
            table, column = found[2] or found[3], found[4]
            return (table, column), f'"{column}" IS {"NOT " if found[1] else ""}NULL'
        found = re.fullmatch(rf"{_COLUMN} (=|<>|<|IN) (.+)", dax)
        if not found:
            raise NotImplementedError(dax)
        table, column, operator, value = found[1] or found[2], found[3], found[4], found[5]
        value = value.replace("{", "(").replace("}", ")").replace('"', "'")
        value = value.replace("TRUE()", "true").replace("FALSE()", "false")
        value = value.replace("UTCTODAY()", f"DATE '{self.today:%Y-%m-%d}'")
        # In DAX a blank equals 0 and differs from a text.
        return (table, column), f'("{column}" {operator} {value})'

    def _query(self, expression: str, table: str, filters: Filters) -> Any:
        conditions = [
            condition
            for (filtered, _), found in filters.items()
            if filtered == table
            for condition in found
        ]
        where = " AND ".join(["true", *conditions])
        (row,) = self.connection.execute(
            f'SELECT {expression} FROM "{table}" WHERE {where}'
        ).fetchall()
        return row[0]


def _plain(dax: str) -> str:
    text = " ".join(dax.split())
    return text.replace("( ", "(").replace(" )", ")")


def _reference(dax: str) -> tuple[str, str]:
    found = re.fullmatch(_COLUMN, dax)
    if not found:
        raise NotImplementedError(dax)
    return found[1] or found[2], found[3]


def _call(dax: str) -> tuple[str, list[str]]:
    """The name of a function and its arguments."""
    found = re.fullmatch(r"([A-Z]+)\((.*)\)", dax)
    if not found:
        raise NotImplementedError(dax)
    arguments, depth = [""], 0
    for character in found[2]:
        depth += (character in "({[") - (character in ")}]")
        if character == "," and not depth:
            arguments.append("")
        else:
            arguments[-1] += character
    if depth:
        raise NotImplementedError(dax)
    return found[1], [argument.strip() for argument in arguments]
