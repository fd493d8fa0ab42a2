"""How Sentry is requested: its list, and the objects removed from it, which are one snapshot."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timezone

from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.access import service_address
from neo_assets.sources.agency_client import AgencyClient
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot
from neo_assets.sources.errors import BadResponseError
from neo_assets.sources.jpl import JplResponse, read_response

KNOWN_VERSION = "2.0"
"""The version of the interface for which `dataset.py` was written."""

_PATH = "sentry.api"

_NO_REMOVALS = (
    "a request for removed objects was answered with others, so nothing is known of removals"
)


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

        def request(parameters: dict[str, str], requested: str) -> JplResponse:
            return client.json(
                _PATH,
                parameters,
                requested,
                lambda content: read_response(content, _PATH, requested, KNOWN_VERSION),
            )

        for day in days:
            try:
                listed = request({}, "Sentry's list")
                removed = request({"removed": "1"}, "the objects removed from Sentry's list")
            except BadResponseError as error:
                yield DayFailure(day, str(error))
            else:
                yield _snapshot(day, listed, removed)


def _snapshot(day: date, listed: JplResponse, removed: JplResponse) -> DaySnapshot:
    """Both responses as one; a service that does not know the parameter answers with the list."""
    removals = [each for each in removed.objects if "removed" in each]
    is_other = bool(removed.objects) and not removals
    return DaySnapshot(
        day,
        (*listed.objects, *(() if is_other else removed.objects)),
        datetime.now(timezone.utc),
        api_version=listed.version or None,
        warnings=tuple(
            dict.fromkeys(
                (*listed.warnings, *removed.warnings, *((_NO_REMOVALS,) if is_other else ()))
            )
        ),
    )
