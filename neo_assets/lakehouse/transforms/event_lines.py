"""Which lines of event files can be worked with, and what is wrong with the others.

A line is usable when it is JSON that Spark can read, has the form of an event, and stays within two
limits that no answer of the feed comes near.  They keep a single object from stopping a whole day:
Spark walks through an object recursively, and a stack that overflows ends its process.  All of it
is decided on the text, before anything is parsed.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

MAX_DEPTH = 64
"""Levels of nested objects and arrays in a line; the feed has 7, with all details of an orbit."""

MAX_TYPE_LENGTH = 20_000
"""Characters that it takes to write the type of a line: its fields, each with its path and type.

A line of the feed takes 1,500, with all details of an orbit 4,000.
"""

_SHORTEST_WITH_LONG_TYPE = MAX_TYPE_LENGTH // 4
"""Bytes of the shortest line that can have such a type: `"a":0,` becomes `a: DECIMAL(1,0), `."""

_ENVELOPE_BEGINS = '{"feed_date": "'


def event(line: str) -> Column:
    """The event in a line as VARIANT, from the name of a column with text; null if unusable."""
    # In this order: what is too deep must not be parsed, and only what is parsed has a type.
    parsed = f"CASE WHEN NOT {_is_too_deep(line)} THEN try_parse_json({line}) END"
    return F.expr(
        f"get(filter(array({parsed}), event -> event IS NOT NULL "
        f"AND NOT {_has_long_type(line, 'event')} AND {_is_event('event')}), 0)"
    )


def flaw(line: str) -> str:
    """Return the fault of an unusable line, as an SQL expression of type STRING."""
    parsed = f"try_parse_json({line})"
    return (
        f"CASE WHEN {_is_too_deep(line)} THEN 'nested more than {MAX_DEPTH} levels deep' "
        f"WHEN {parsed} IS NULL THEN 'not JSON, or a value in it is out of the range of Spark' "
        f"WHEN {_has_long_type(line, parsed)} THEN 'too many fields, or too long names of fields' "
        "ELSE 'not an event' END"
    )


def has_landed(line: str) -> str:
    """Whether a line was written by the landing zone, not added by hand; an SQL expression."""
    return f"(startswith({line}, '{_ENVELOPE_BEGINS}') AND endswith({line}, '}}'))"


def _is_event(event: str) -> str:
    """Whether JSON is an event: with an object, or the only one of a snapshot without any."""
    return (
        f"(try_variant_get({event}, '$.payload', 'variant') IS NOT NULL "
        f"OR try_variant_get({event}, '$.snapshot_id', 'string') IS NOT NULL)"
    )


def _is_too_deep(line: str) -> str:
    # Brackets inside strings do not count; without escapes a string ends at the next quote.
    unescaped = rf"replace(replace({line}, '\\\\', ''), '\\\"', '')"
    without_strings = f"regexp_replace({unescaped}, '\"[^\"]*\"', '')"
    brackets = rf"translate(regexp_replace({without_strings}, '[^\\[\\]{{}}]+', ''), '{{}}', '[]')"
    # Each step takes away the innermost level.
    rest = (
        f"aggregate(sequence(1, {MAX_DEPTH}), {brackets}, (rest, level) -> replace(rest, '[]', ''))"
    )
    opening = f"(length({line}) - length(translate({line}, '{{[', '')))"
    return f"({opening} > {MAX_DEPTH} AND {rest} <> '')"


def _has_long_type(line: str, event: str) -> str:
    return (
        f"(octet_length({line}) > {_SHORTEST_WITH_LONG_TYPE} "
        f"AND length(schema_of_variant({event})) > {MAX_TYPE_LENGTH})"
    )
