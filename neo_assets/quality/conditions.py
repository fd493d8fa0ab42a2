"""What is wrong with a rule's condition, found without Spark: syntax, columns, what it may ask.

Types are left to Spark, which checks every condition again before it is applied.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from neo_assets.lakehouse.model.dataset import Dataset

Types = Mapping[str, str]
"""The columns that a condition can name, with their types."""

_NO_PATTERN_ANYWHERE = ("unterminated character set", "unterminated subpattern", "unbalanced paren")
"""Errors of regular expressions on which Python and Java agree, with Python's messages."""

_RANDOM_FUNCTIONS = {
    *("monotonically_increasing_id", "rand", "randn", "random", "randstr", "shuffle"),
    *("spark_partition_id", "uniform", "uuid"),
}


@dataclass(frozen=True)
class Problem:
    """Why a condition cannot be used; `fragment` is the part that is wrong, if there is one."""

    reason: str
    fragment: str = ""


def problem(dataset: Dataset, condition: str) -> Problem | None:
    """The first thing that is wrong with a condition in SQL on the rows of a dataset."""
    columns = (*dataset.tables.bronze.columns, *dataset.columns)
    types = {column.name: column.type for column in columns}
    try:
        parsed = sqlglot.parse(condition, dialect="spark")
    except TokenError:
        return Problem("a quotation mark or a comment in it is not closed")
    except ParseError as error:
        return _syntax_problem(error)
    tree, *more = parsed
    if more or not isinstance(tree, exp.Condition | exp.Query | exp.Alias | exp.Star):
        return Problem("it is not one expression in SQL")
    return next(_problems(tree, types), None)


def _syntax_problem(error: ParseError) -> Problem:
    first = error.errors[0]
    fragment = str(first["highlight"] or "")
    if str(first["description"]).startswith("Required keyword"):
        return Problem(f"something is missing after {fragment!r}", fragment)
    return Problem(
        f"SQL does not expect {fragment!r} there" if fragment else "it ends too early", fragment
    )


def _problems(tree: exp.Expr, types: Types) -> Iterator[Problem]:
    for node in tree.walk():
        if node.comments:
            yield Problem("a comment is not possible in it", str(node.comments[0]).strip())
        if isinstance(node, exp.Query):
            yield Problem("a query is not possible in it: it looks at one row")
        elif isinstance(node, exp.Window):
            yield Problem("a window function is not possible in it: it looks at one row", "over")
        elif isinstance(node, exp.AggFunc):
            name = node.sql_name().lower()
            yield Problem(f"{name} is an aggregate, and a rule looks at one row", name)
        elif isinstance(node, exp.UDTF | exp.Explode):
            yield Problem("it makes several rows of one")
        elif isinstance(node, exp.Placeholder | exp.Parameter | exp.Star | exp.Alias):
            fragment = node.sql(dialect="spark")
            yield Problem(f"{fragment} is not possible in it", fragment)
        elif isinstance(node, exp.Func) and _name(node) in _RANDOM_FUNCTIONS:
            yield Problem(f"{_name(node)} returns another value each time", _name(node))
        elif isinstance(node, exp.Column):
            yield from _column_problem(node, types)
        elif isinstance(node, exp.RegexpLike) and isinstance(node.expression, exp.Literal):
            yield from _pattern_problem(node.expression.name)
    yield from _type_problem(tree.unnest(), types)


def _column_problem(column: exp.Column, types: Types) -> Iterator[Problem]:
    name = ".".join(part.name for part in column.parts)
    if name.lower() not in types:
        near = get_close_matches(name.lower(), types, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        yield Problem(f"there is no column {name}{hint}", name)


def _pattern_problem(pattern: str) -> Iterator[Problem]:
    try:
        re.compile(pattern)
    except re.error as error:
        if any(words in error.msg for words in _NO_PATTERN_ANYWHERE):
            yield Problem(f"{pattern} is no regular expression: {error.msg}", pattern)


def _type_problem(tree: exp.Expr, types: Types) -> Iterator[Problem]:
    """Whether it is obviously neither true nor false; for the rest Spark knows."""
    is_value = isinstance(tree, exp.Literal) or (
        isinstance(tree, exp.Binary) and not isinstance(tree, exp.Predicate | exp.Connector)
    )
    if isinstance(tree, exp.Column):
        is_value = types.get(tree.name.lower(), "BOOLEAN") != "BOOLEAN"
    if is_value:
        yield Problem("it is neither true nor false")


def _name(function: exp.Func) -> str:
    name = function.name if isinstance(function, exp.Anonymous) else function.sql_name()
    return str(name).lower()
