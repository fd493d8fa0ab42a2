"""JPL's close-approach data (CAD): the approaches to Earth, with their uncertainties."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from neo_assets.sources.base import DayOutcome, Source
from neo_assets.sources.cad.dataset import CAD_APPROACHES

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
    from neo_assets.sources.cad.client import fetch

    return fetch(settings, days, log, sleep)


CAD = Source(
    name="cad",
    title="JPL's close-approach data (cad.api)",
    dataset=CAD_APPROACHES,
    fetch=_fetch,
    provider=lambda settings: settings.neo_source,
    days_per_call=None,
)
