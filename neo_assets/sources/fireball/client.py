"""The client of JPL's fireballs, https://ssd-api.jpl.nasa.gov/doc/fireball.html."""

import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.base import DayOutcome, DaySnapshot
from neo_assets.sources.fireball.dataset import OCCURRENCE
from neo_assets.sources.jpl_client import JplService, fetch_days

KNOWN_VERSION = "1.2"

_DISTINGUISHED_BY = ("lat-dir", "lat", "lon-dir", "lon", "energy", "impact-e")
"""In what events of one second differ: the first of these are the last to be revised."""


def fetch(
    settings: Settings,
    days: Sequence[date],
    log: LogFunction,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[DayOutcome]:
    """Yield what each day results in, in order, from one call for each span of days.

    Raises:
        FeedError: a fault that concerns every call; the days yielded before it stand.
    """
    service = JplService("fireball.api", KNOWN_VERSION, {}, event_day)
    for outcome in fetch_days(service, settings, days, log, sleep):
        if isinstance(outcome, DaySnapshot):
            yield replace(outcome, objects=tuple(numbered(outcome.objects)))
        else:
            yield outcome


def event_day(item: dict[str, Any]) -> date | None:
    """The day of an event in UTC, from `2024-03-01 12:34:56`; none where it cannot be read."""
    written = re.match(r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9])", str(item.get("date")))
    try:
        return date.fromisoformat(written[1]) if written else None
    except ValueError:
        return None


def numbered(events: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events, those that share their second with another one numbered from the second on.

    Events have no identifier.  The same event twice is a repeat, and has one number.
    """
    of_second: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for event in events:
        of_second[str(event.get("date"))].add(_identity(event))
    for event in events:
        number = sorted(of_second[str(event.get("date"))]).index(_identity(event)) + 1
        yield event if number == 1 else {**event, OCCURRENCE: number}


def _identity(event: dict[str, Any]) -> tuple[str, str]:
    distinguished_by = json.dumps([event.get(name) for name in _DISTINGUISHED_BY])
    return distinguished_by, json.dumps(event, sort_keys=True)
