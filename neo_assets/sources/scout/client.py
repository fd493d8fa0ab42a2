"""How Scout is requested: without parameters it answers with a summary of every object."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timezone

from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.access import service_address
from neo_assets.sources.agency_client import AgencyClient
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot
from neo_assets.sources.errors import BadResponseError
from neo_assets.sources.jpl import read_response

KNOWN_VERSION = "1.3"
"""The version of the interface for which `dataset.py` was written."""

_PATH = "scout.api"
_REQUESTED = "Scout's list"


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
        service_address(settings, settings.jpl_base_url) as base_url,
        AgencyClient("JPL", base_url, "JPL_BASE_URL", settings, log, sleep) as client,
    ):
        for day in days:
            try:
                listed = client.json(
                    _PATH,
                    {},
                    _REQUESTED,
                    lambda content: read_response(content, _PATH, _REQUESTED, KNOWN_VERSION),
                )
            except BadResponseError as error:
                yield DayFailure(day, str(error))
            else:
                yield DaySnapshot(
                    day,
                    tuple(listed.objects),
                    datetime.now(timezone.utc),
                    api_version=listed.version or None,
                    warnings=listed.warnings,
                )
