"""Values at a path of a JSON object, as SQL expressions over a VARIANT named `payload`.

What a service sends is never trusted: an expression gives null for a value of another kind, so that
a rule can drop the row.
"""

from neo_assets.lakehouse.model.blanks import trimmed

_NUMBER = "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$"


FIRST_YEAR, LAST_YEAR = 1678, 2261
"""The whole years whose every moment fits into 64 bits of nanoseconds, as pandas keeps times.

Spark's own years 0 and before break every reader in Python.
"""


def readable_time(moment: str) -> str:
    """A date or time that every reader of the tables can hold; null for any other."""
    within = f"year(moment) BETWEEN {FIRST_YEAR} AND {LAST_YEAR}"
    return f"array_max(filter(array({moment}), moment -> {within}))"


def text(path: str, of: str = "payload") -> str:
    """A string without blanks around it, or a number as a string; null for a blank one."""
    return trimmed(f"try_variant_get({of}, '$.{path}', 'string')")


def number(path: str) -> str:
    """A finite number, whether it was sent as one or as a string; null for anything else.

    The form is looked for first because a cast takes `NaN`, `Infinity` and Java's `1d` for numbers.
    A cast turns what is beyond a double, such as `-1e999`, into an infinity of that sign.
    """
    number = f"try_cast(regexp_substr({text(path)}, '{_NUMBER}') AS DOUBLE)"
    return f"nullif(nullif({number}, DOUBLE('Infinity')), DOUBLE('-Infinity'))"


def integer(path: str) -> str:
    """A whole number of 32 bits, whether it was sent as one or as a string; null for any other."""
    return f"try_cast(regexp_substr({text(path)}, '^[+-]?[0-9]{{1,10}}$') AS INT)"


def positive(path: str) -> str:
    """A finite number above zero; null for anything else."""
    return f"array_max(filter(array({number(path)}), number -> number > 0))"


def boolean(path: str) -> str:
    """True or false, whether it was sent as one or as a string; null for anything else."""
    return f"try_cast({text(path)} AS BOOLEAN)"


def date(path: str, of: str = "payload") -> str:
    """A day written as 2024-03-01; null for anything else."""
    written = text(path, of)
    form = "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$"
    return readable_time(f"CASE WHEN {written} RLIKE '{form}' THEN try_cast({written} AS DATE) END")


def timestamp(path: str, form: str) -> str:
    """A moment in a form of Spark's, such as `yyyy-MM-dd'T'HH:mm`; null for any other."""
    quoted = form.replace("'", "\\'")
    return readable_time(f"try_to_timestamp({text(path)}, '{quoted}')")
