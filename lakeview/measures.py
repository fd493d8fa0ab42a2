"""The measures of the Power BI model in SQL.

`_Measures.tmdl` is their only definition.  A measure becomes an aggregate over the rows of one
table of the model, whose columns have the names that the model shows.  Translated are aggregates of
a column, CALCULATE with conditions, DIVIDE, differences, and other measures.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from powerbi.generate import MEASURES, MODEL

_MEASURE = re.compile(
    r"(?P<comment>(?:\t/// .*\n)+)\tmeasure (?P<name>'[^']+'|\w+) =(?P<dax> .*|(?:\n\t{3}.*)+)\n"
    r"(?:\t\tformatString: (?P<format>.*)\n)?"
)
_COLUMN = r"(?:'(?P<quoted>[^']+)'|(?P<plain>\w+))\[(?P<column>[^\]]+)\]"
_AGGREGATES = {
    "AVERAGE": "avg({})",
    "DISTINCTCOUNT": "count(DISTINCT {})",
    "MAX": "max({})",
    "MEDIAN": "median({})",
    "MIN": "min({})",
    "SUM": "sum({})",
}
_CONSTANTS = {
    "TRUE()": "true",
    "FALSE()": "false",
    "UTCTODAY()": "current_date()",
    "{": "(",
    "}": ")",
}


@dataclass(frozen=True)
class Measure:
    """A measure of the model; `format` is its format string, empty for a text."""

    name: str
    description: str
    dax: str
    format: str

    @property
    def table(self) -> str:
        """The table of the model whose rows it is about.

        Raises:
            NotImplementedError: it is about several.
        """
        tables = {it["quoted"] or it["plain"] for it in re.finditer(_COLUMN, self.dax)}
        tables |= {it[1] for it in re.finditer(r"COUNTROWS\('?([\w ]+)'?\)", self.dax)}
        for name in re.findall(r"(?<![\w'])\[([^\]]+)\]", self.dax):
            tables.add(measures()[name].table)
        if len(tables) != 1:
            raise NotImplementedError(f"{self.name} is about {', '.join(sorted(tables))}")
        (table,) = tables
        return table

    @property
    def columns(self) -> set[str]:
        """The columns of its table that it needs, as they are shown."""
        return {*re.findall(r"`([^`]+)`", self.sql)}

    @property
    def sql(self) -> str:
        """It as an aggregate over the rows of its table.

        Raises:
            NotImplementedError: there is something in it that is not translated.
        """
        return _sql(self.dax, ())


@cache
def measures() -> Mapping[str, Measure]:
    """Every measure of the model by its name."""
    text = (MODEL / "tables" / f"{MEASURES}.tmdl").read_text(encoding="utf-8")
    return {
        name: Measure(
            name,
            " ".join(re.findall(r"/// (.*)", found["comment"])),
            re.sub(r"\( | (?=\))", lambda it: it[0].strip(), " ".join(found["dax"].split())),
            found["format"] or "",
        )
        for found in _MEASURE.finditer(text)
        for name in [found["name"].strip("'")]
    }


def _sql(dax: str, conditions: Sequence[str]) -> str:
    """What DAX is in SQL, over the rows that meet the conditions."""
    if dax.endswith(" + 0"):
        return f"coalesce({_sql(dax.removesuffix(' + 0'), conditions)}, 0)"
    if found := re.fullmatch(r"\[([^\]]+)\]", dax):
        return _sql(measures()[found[1]].dax, conditions)
    if found := re.fullmatch(r"(\[[^\]]+\]) - (\[[^\]]+\])", dax):
        return " - ".join(_sql(side, conditions) for side in found.groups())
    function, arguments = call(dax)
    if function == "CALCULATE":
        # A filter replaces others of its column; there are none, in SQL or on the dashboard.
        added = [_condition(it) for it in arguments[1:] if not it.startswith("REMOVEFILTERS(")]
        return _sql(arguments[0], [*conditions, *added])
    if function == "DIVIDE":
        above, below = (_sql(argument, conditions) for argument in arguments[:2])
        share = f"({above}) / nullif({below}, 0)"
        return f"coalesce({share}, {arguments[2]})" if len(arguments) > 2 else share
    if function == "COUNTROWS":
        aggregate = "count(*)"
    elif function in _AGGREGATES:
        aggregate = _AGGREGATES[function].format(_column(arguments[0]))
    else:
        raise NotImplementedError(dax)
    return f"{aggregate} FILTER (WHERE {' AND '.join(conditions)})" if conditions else aggregate


def _condition(dax: str) -> str:
    if dax.startswith("KEEPFILTERS("):
        return _condition(call(dax)[1][0])
    if found := re.fullmatch(r"(NOT )?ISBLANK\((.+)\)", dax):
        return f"{_column(found[2])} IS {found[1] or ''}NULL"
    found = re.fullmatch(rf"(?P<of>{_COLUMN}) (?P<is>=|<>|<=|>=|<|>|IN) (?P<value>.+)", dax)
    if not found:
        raise NotImplementedError(dax)
    value = re.sub('"([^"]*)"', lambda it: "'" + it[1].replace("'", "''") + "'", found["value"])
    for constant, sql in _CONSTANTS.items():
        value = value.replace(constant, sql)
    return f"{_column(found['of'])} {found['is']} {value}"


def _column(dax: str) -> str:
    found = re.fullmatch(_COLUMN, dax)
    if not found:
        raise NotImplementedError(dax)
    return f"`{found['column']}`"


def call(dax: str) -> tuple[str, list[str]]:
    """The name of a function of DAX and its arguments.

    Raises:
        NotImplementedError: it is no call of a single function.
    """
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
