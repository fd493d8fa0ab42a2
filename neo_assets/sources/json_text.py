"""JSON that a service sends, read such that writing it again changes nothing."""

import json
import math
from typing import Any

MOST_VALUES = 500_000
"""Values of one response; those of seven days of NeoWs have about 10,000.

Parsed, an empty list takes 64 bytes and an object with one field 240, which are 3 and 7 bytes of
text: a response within the limit of bytes could still take half a gigabyte.
"""

LONGEST_INTEGER = 4000
"""Digits of an integer; Python refuses to convert more than 4,300."""


def parsed(body: bytes, most_values: int = MOST_VALUES) -> Any:
    """The value of a JSON text, such that writing it again changes nothing.

    Text that strict JSON, a double or Python's integers cannot hold is kept as a string: `NaN` and
    `1e999` become strings, which a rule can drop; a row that made its whole file unreadable could
    not be.

    Raises:
        ValueError: for anything else that is not JSON, for a field named twice, where one of the
            two would be lost, and for more than `most_values`.
        RecursionError: nested too deeply.
    """
    # Every value but the first of its container follows a comma.  Those in strings count too.
    values = sum(body.count(mark) for mark in (b",", b"[", b"{"))
    if values > most_values:
        raise ValueError(f"more than {most_values:,} values")
    return json.loads(
        body,
        object_pairs_hook=_fields,
        parse_float=_finite,
        parse_int=_integer,
        parse_constant=str,
    )


def on_a_line(text: str) -> str:
    """Text of the service without what a line of a log cannot hold."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("an object names a field twice")
    return fields


def _finite(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= LONGEST_INTEGER else text
