"""NASA's Near Earth Object Web Service: which objects pass the Earth, day by day."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from neo_assets.sources.base import DayOutcome, Source
from neo_assets.sources.neows.dataset import NEO
from neo_assets.sources.neows.windows import DAYS_PER_CALL

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
    from neo_assets.sources.neows.access import fetch

    return fetch(settings, days, log, sleep)


NEOWS = Source(
    name="neows",
    title="NASA's NeoWs feed",
    dataset=NEO,
    fetch=_fetch,
    provider=lambda settings: settings.neo_source,
    days_per_call=DAYS_PER_CALL,
    secrets=lambda settings: [settings.nasa_api_key.get_secret_value()],
)
