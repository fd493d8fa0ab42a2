"""JPL's Sentry: which objects might hit the Earth, and how likely that is, as of now."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from neo_assets.sources.base import DayOutcome, Source
from neo_assets.sources.sentry.dataset import SENTRY_OBJECTS

if TYPE_CHECKING:
    from neo_assets.progress import LogFunction
    from neo_assets.settings import Settings


def _fetch(
    settings: "Settings",
    days: Sequence[date],
    log: "LogFunction",
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[DayOutcome]:
    # A job that only refines what has landed has no HTTP client.
    from neo_assets.sources.sentry.client import fetch

    return fetch(settings, days, log, sleep)


SENTRY = Source(
    name="sentry",
    title="JPL's Sentry list",
    dataset=SENTRY_OBJECTS,
    fetch=_fetch,
    provider=lambda settings: settings.neo_source,
    queried="now",
    days_per_call=None,
)
