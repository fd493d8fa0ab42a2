"""The client of JPL's close-approach data, https://ssd-api.jpl.nasa.gov/doc/cad.html."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.base import DayOutcome
from neo_assets.sources.jpl_client import JplService, fetch_days

KNOWN_VERSION = "1.5"

LARGEST_DISTANCE_AU = "0.5"
"""The distance within which NeoWs lists approaches, so that both list the same ones."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
    service = JplService(
        "cad.api",
        KNOWN_VERSION,
        {
            "dist-max": LARGEST_DISTANCE_AU,
            "body": "Earth",
            "fullname": "true",
            "diameter": "true",
        },
        approach_day,
    )
    yield from fetch_days(service, settings, days, log, sleep)


def approach_day(item: dict[str, Any]) -> date | None:
    """The day of an approach, from `2024-Mar-01 12:34`; none where it cannot be read."""
    written = re.match(r"\s*([0-9]{4})-([A-Z][a-z]{2})-([0-9]{2})(?![0-9])", str(item.get("cd")))
    if written is None or written[2] not in _MONTHS:
        return None
    try:
        return date(int(written[1]), _MONTHS.index(written[2]) + 1, int(written[3]))
    except ValueError:
        return None
