"""How ESA's risk list is requested."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timezone

from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.access import service_address
from neo_assets.sources.agency_client import AgencyClient
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot
from neo_assets.sources.errors import BadResponseError
from neo_assets.sources.esa_risk.response import objects


def fetch(
    settings: Settings,
    days: Sequence[date],
    log: LogFunction,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[DayOutcome]:
    """Yield what the list says now as the snapshot of the day, which is today.

    Raises:
        FeedError: the service is down or cannot be reached.
    """
    with (
        service_address(settings, settings.neocc_base_url) as base_url,
        AgencyClient("ESA", base_url, "NEOCC_BASE_URL", settings, log, sleep) as client,
    ):
        for day in days:
            try:
                listed = client.text(
                    "PSDB-portlet/download", {"file": "esa_risk_list"}, "its risk list", objects
                )
            except BadResponseError as error:
                yield DayFailure(day, str(error))
            else:
                yield DaySnapshot(day, tuple(listed), datetime.now(timezone.utc))
