"""What a response of the feed says: the objects of each of its days, or why it cannot be used.

A response is complete when it has as many objects as its `element_count` says.  A requested date
that a complete response omits is a day without objects.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from neo_assets.sources.errors import BadResponseError

LARGEST_RESPONSE = 16 * 2**20
"""Bytes of one response; those of seven days have less than 200,000."""

MOST_VALUES = 500_000
"""Values of one response; those of seven days have about 10,000.

Parsed, an empty list takes 64 bytes and an object with one field 240, which are 3 and 7 bytes of
text: a response within the limit of bytes could still take half a gigabyte.
"""

LONGEST_INTEGER = 4000
"""Digits of an integer; Python refuses to convert more than 4,300."""


@dataclass(frozen=True)
class Listing:
    """The objects of each requested day, and the days that the response does not mention."""

    objects: Mapping[date, Sequence[dict[str, Any]]]
    omitted: frozenset[date]


def parsed(body: bytes) -> Any:
    """The value of a JSON text, such that writing it again changes nothing.

    Text that strict JSON, a double or Python's integers cannot hold is kept as a string: `NaN` and
    `1e999` become strings, which a rule can drop; a row that made its whole file unreadable could
    not be.

    Raises:
        ValueError: for anything else that is not JSON, for a field named twice, where one of the
            two would be lost, and for more values than any feed has.
        RecursionError: nested too deeply.
    """
    # Every value but the first of its container follows a comma.  Those in strings count too.
    values = sum(body.count(mark) for mark in (b",", b"[", b"{"))
    if values > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES:,} values")
    return json.loads(
        body,
        object_pairs_hook=_fields,
        parse_float=_finite,
        parse_int=_integer,
        parse_constant=str,
    )


def listing(body: Any, days: Sequence[date]) -> Listing:
    """What a parsed response lists for these days, which follow each other.

    An object under another date than its own is no fault of the response: it is a row to be
    dropped, and counted for the day it was listed under.

    Raises:
        BadResponseError: it is not complete, or not about these days.
    """
    requested = span(days[0], days[-1])
    listed = body.get("near_earth_objects") if isinstance(body, dict) else None
    if not isinstance(listed, dict) or not all(
        isinstance(objects, list) and all(isinstance(item, dict) for item in objects)
        for objects in listed.values()
    ):
        raise BadResponseError(
            f"NeoWs answered {requested} without a list of objects for each date"
        )
    names = [day.isoformat() for day in days]
    if foreign := sorted(set(listed) - set(names)):
        raise BadResponseError(f"NeoWs was asked for {requested} and answered for {_some(foreign)}")
    promised, given = body.get("element_count"), sum(map(len, listed.values()))
    if type(promised) is not int or promised != given:
        announced = str(promised)[:20] if type(promised) is int else "no number of"
        omitted = [name for name in names if name not in listed]
        left_out = f" and left out {_some(omitted)}" if omitted else ""
        raise BadResponseError(
            f"NeoWs announced {announced} objects for {requested} and sent {given}{left_out}"
        )
    return Listing(
        {day: listed.get(name, []) for day, name in zip(days, names, strict=True)},
        frozenset(day for day, name in zip(days, names, strict=True) if name not in listed),
    )


def span(first: date, last: date) -> str:
    """Dates from first to last, for a sentence."""
    return first.isoformat() if first == last else f"{first.isoformat()}…{last.isoformat()}"


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


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(on_a_line(name)[:40] for name in names[:7])
    return shown if len(names) <= 7 else f"{shown} and {len(names) - 7} more"
