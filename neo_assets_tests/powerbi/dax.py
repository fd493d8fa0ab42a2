"""Evaluates the plain DAX of the model over tables as the queries load them, by DuckDB.

Aggregations of a column, CALCULATE with filters of columns, DIVIDE, differences, conditions,
variables that are days, and other measures: enough for every measure that counts rows or metrics.
Relationships and time intelligence are not evaluated; a measure that uses them raises
`NotImplementedError`.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import duckdb
import pyarrow as pa

from lakeview.measures import call
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
_EXTREME = re.compile(
    rf"{_COLUMN} = CALCULATE\((MIN|MAX)\({_COLUMN}\), ALLEXCEPT\('[^']+', (.+)\)\)"
)
"""A calculated column: whether a value is the first or the last one of the rows that are alike."""
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
                extreme = _EXTREME.fullmatch(column.expression)
                assert extreme, column.expression
                _, _, value, function, _, _, same, alike = extreme.groups()
                assert value == same
                partition = ", ".join(f'"{_reference(it)[1]}"' for it in alike.split(", "))
                self.connection.execute(
                    f'CREATE OR REPLACE TABLE "{name}" AS SELECT *, "{value}" = '
                    f'{function}("{value}") OVER (PARTITION BY {partition}) AS "{column.name}" '
                    f'FROM "{name}"'
                )

    def _evaluate(self, dax: str, filters: Filters) -> Any:
        if dax.endswith(" + 0"):
            return self._evaluate(dax.removesuffix(" + 0"), filters) or 0
        if found := re.fullmatch(r"VAR (\w+) = (.+?) (RETURN|VAR .+ RETURN) (.+)", dax):
            day = self._evaluate(found[2], filters)
            rest = f"{found[3].removesuffix('RETURN')}{found[4]}"
            return self._evaluate(re.sub(rf"\b{found[1]}\b", _constant(day), rest), filters)
        if found := re.fullmatch(r"\[([^\]]+)\]", dax):
            return self.value(found[1], filters)
        if found := re.fullmatch(r"(\[[^\]]+\]) - (\[[^\]]+\])", dax):
            left, right = (self._evaluate(it, filters) for it in found.groups())
            return None if left is right is None else (left or 0) - (right or 0)
        function, arguments = call(dax)
        if function == "CALCULATE":
            return self._evaluate(arguments[0], self._filtered(arguments[1:], filters))
        if function == "DIVIDE":
            above, below = (self._evaluate(argument, filters) for argument in arguments[:2])
            if below:
                return None if above is None else above / below
            return float(arguments[2]) if len(arguments) > 2 else None
        if function == "IF" and len(arguments) == 2:
            (row,) = self.connection.execute(f"SELECT {self._sql(arguments[0])}").fetchall()
            return self._evaluate(arguments[1], filters) if row[0] else None
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
            if found := re.fullmatch(r"REMOVEFILTERS\(((?:'[^']+'|\w+)?)\)", argument):
                table = found[1].strip("'")
                result = {it: result[it] for it in result if table and it[0] != table}
                continue
            adds = argument.startswith("KEEPFILTERS(")
            column, condition = self._condition(call(argument)[1][0] if adds else argument)
            result[column] = (*(result.get(column, ()) if adds else ()), condition)
        return result

    def _condition(self, dax: str) -> tuple[tuple[str, str], str]:
        if " || " in dax:
            ((of, one), (same, other)) = (self._condition(it) for it in dax.split(" || "))
            assert of == same
            return of, f"({one} OR {other})"
        if found := re.fullmatch(rf"(NOT )?ISBLANK\({_COLUMN}\)", dax):
            table, column = found[2] or found[3], found[4]
            return (table, column), f'"{column}" IS {"NOT " if found[1] else ""}NULL'
        found = re.fullmatch(rf"{_COLUMN} (=|<>|<=|>=|<|>|IN) (.+)", dax)
        if not found:
            raise NotImplementedError(dax)
        table, column, operator = found[1] or found[2], found[3], found[4]
        # In DAX a blank equals 0 and differs from a text.
        return (table, column), f'("{column}" {operator} {self._sql(found[5])})'

    def _sql(self, dax: str) -> str:
        """A constant, or a comparison of constants, in SQL."""
        sql = re.sub('"([^"]*)"', lambda text: _constant(text[1]), dax)
        sql = sql.replace("{", "(").replace("}", ")")
        sql = sql.replace("TRUE()", "true").replace("FALSE()", "false")
        return sql.replace("UTCTODAY()", _constant(self.today.date()))

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


def _constant(value: str | date | None) -> str:
    """A constant of SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, date):
        return f"DATE '{value:%Y-%m-%d}'"
    return "'" + value.replace("'", "''") + "'"


def _plain(dax: str) -> str:
    text = " ".join(dax.split())
    return text.replace("( ", "(").replace(" )", ")")


def _reference(dax: str) -> tuple[str, str]:
    found = re.fullmatch(_COLUMN, dax)
    if not found:
        raise NotImplementedError(dax)
    return found[1] or found[2], found[3]
