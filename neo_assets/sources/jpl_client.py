"""Days from those services of JPL that answer for any range of dates in one call."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from neo_assets.date_spans import expanded, span, spans
from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.agencies import JPL
from neo_assets.sources.agency_client import AgencyClient
from neo_assets.sources.base import DayFailure, DayOutcome
from neo_assets.sources.errors import BadResponseError
from neo_assets.sources.jpl import JplResponse, read_response

Objects = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class JplService:
    """One service: its path, the version that is known, what it is always asked for.

    `day_of` is the day of an object, none where it cannot be read.
    """

    path: str
    known_version: str
    parameters: Mapping[str, str]
    day_of: Callable[[dict[str, Any]], date | None]


def fetch_days(
    service: JplService,
    settings: Settings,
    days: Sequence[date],
    log: LogFunction,
    sleep: Callable[[float], None],
) -> Iterator[DayOutcome]:
    """Yield what each day results in, in order, from one call for each span of days.

    Raises:
        FeedError: a fault that concerns every call; the days yielded before it stand.
    """
    with JPL.client(settings, log, sleep) as client:
        for first, last in spans(days):
            yield from _span(client, service, first, last)


def _span(
    client: AgencyClient, service: JplService, first: date, last: date
) -> Iterator[DayOutcome]:
    requested = span(first, last)
    days = list(expanded([(first, last)]))

    def read(body: Any) -> tuple[JplResponse, Mapping[date, Objects]]:
        response = read_response(body, service.path, requested, service.known_version)
        return response, by_day(response.objects, service.day_of, first, last)

    try:
        response, objects = client.json(
            service.path,
            {
                "date-min": first.isoformat(),
                # The documentation does not say whether a date means its beginning or its end.
                "date-max": (last + timedelta(days=1)).isoformat(),
                **service.parameters,
            },
            requested,
            read,
        )
    except BadResponseError as error:
        reason = str(error)
        yield from (DayFailure(day, reason) for day in days)
        return
    for day in days:
        yield replace(response, objects=objects.get(day, ())).snapshot(day)


def by_day(
    objects: Objects, day_of: Callable[[dict[str, Any]], date | None], first: date, last: date
) -> Mapping[date, Objects]:
    """The objects of each day from first to last, in their order.

    An object whose day cannot be read is counted for the day of the one before it, because
    responses are in order of date: it is a row to be dropped, and no fault of the response.  What
    is of the day after the last is left out.

    Raises:
        BadResponseError: an object is of any other day.
    """
    found: dict[date, list[dict[str, Any]]] = {}
    day = first
    for item in objects:
        day = day_of(item) or day
        if not first <= day <= last + timedelta(days=1):
            raise BadResponseError(f"JPL was asked for {span(first, last)} and answered for {day}")
        found.setdefault(day, []).append(item)
    found.pop(last + timedelta(days=1), None)
    return found
