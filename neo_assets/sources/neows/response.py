"""What a response of the feed says: the objects of each of its days, or why it cannot be used.

A response is complete when it has as many objects as its `element_count` says.  A requested date
that a complete response omits is a day without objects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from neo_assets.date_spans import span
from neo_assets.sources.errors import BadResponseError
from neo_assets.sources.json_text import on_a_line


@dataclass(frozen=True)
class Listing:
    """The objects of each requested day, and the days that the response does not mention."""

    objects: Mapping[date, Sequence[dict[str, Any]]]
    omitted: frozenset[date]


def listing(body: Any, days: Sequence[date]) -> Listing:
    """Return what a parsed response lists for these consecutive days.

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


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(on_a_line(name)[:40] for name in names[:7])
    return shown if len(names) <= 7 else f"{shown} and {len(names) - 7} more"
