"""The risk list of ESA's NEO Coordination Centre: possible impactors and their odds, as of now."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from neo_assets.sources.base import DayOutcome, Source
from neo_assets.sources.esa_risk.dataset import ESA_RISK_OBJECTS

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
    from neo_assets.sources.esa_risk.client import fetch

    return fetch(settings, days, log, sleep)


ESA_RISK = Source(
    name="esa_risk",
    title="ESA's risk list",
    dataset=ESA_RISK_OBJECTS,
    fetch=_fetch,
    provider=lambda settings: "esa" if settings.neo_source == "nasa" else settings.neo_source,
    queried="now",
    days_per_call=None,
)
