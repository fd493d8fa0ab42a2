"""The client of NASA's Near Earth Object Web Service (NeoWs), https://api.nasa.gov.

One call answers for at most seven dates; `element_count` says how many objects the answer holds,
which makes a shortened answer visible.  Bad requests answer in NeoWs' own shape, keys and limits in
that of the gateway before it, and outages with a page of HTML: whatever comes, the caller gets for
each day its objects, or one sentence about what went wrong.

A response that cannot be used concerns the days of its call alone: they are requested one by one,
and the other calls go on.  This is bounded.  A day is requested once with the others of its call
and once alone; beyond that a run has twice `retries` further tries for all days together, and
`deadline_s` for all unusable responses together.  A key that is refused, the hourly limit, a
service that is down or cannot be reached: these concern every call and end the run's requests.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timezone
from http import HTTPStatus

import tenacity

from neo_assets.date_spans import expanded, span
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot
from neo_assets.sources.errors import (
    BadResponseError,
    FeedError,
    RateLimitError,
    RefusedDatesError,
    ServerFaultError,
    TransientFeedError,
)
from neo_assets.sources.http_service import (
    LARGEST_RESPONSE,
    RETRY_DEADLINE_S,
    HttpService,
    Response,
    minute_in,
    retrying,
)
from neo_assets.sources.neows.response import listing
from neo_assets.sources.neows.windows import windows

LONGEST_WAIT_S = 3900.0
MOST_WAITS = 6
"""How long and how often one call waits for the end of the hourly limit, all waits together."""

DEFAULT_RATE_LIMIT_WAIT_S = 600.0
"""The wait where the service refuses for the limit and does not say until when."""

_CHOICE = ", or set NEO_RATE_LIMIT=wait"

_LOG = logging.getLogger(__name__)


class NeoWsClient:
    """Asks NeoWs for days and believes an answer only when it is complete.

    Args:
        base_url: the address of NeoWs, without `/feed`.
        api_key: the caller's key.
        timeout_s: how long one request may take, from the first byte to the last.
        retries: further tries of a call whose fault may pass.
        deadline_s: how long a call is tried in all, and how long the calls of a run may take whose
            responses are unusable; waiting for the hourly limit is not counted.
        waits_for_limit: whether to wait for the end of the hourly limit, or to stop there.
        log: receives a sentence about every retry and wait.
        sleep: what passes the time between two tries.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float = 30,
        retries: int = 5,
        deadline_s: float = RETRY_DEADLINE_S,
        waits_for_limit: bool = False,
        log: Callable[[str], None] = _LOG.warning,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api_key = api_key
        self._deadline_s = deadline_s
        self._waits_for_limit = waits_for_limit
        self._log = log
        self._sleep = sleep
        self._retries = retries
        self._retrying = retrying(retries, self._may_pass, self._before_retry, sleep)
        self._service = HttpService(
            "NeoWs",
            base_url,
            "NEOWS_BASE_URL",
            timeout_s=timeout_s,
            key=api_key,
            largest_response=LARGEST_RESPONSE,
        )

    def __enter__(self) -> "NeoWsClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._service.close()

    def fetch(self, days: Sequence[date]) -> Iterator[DayOutcome]:
        """Yield one answer or failure for each day, in order of date, as the calls return.

        Raises:
            FeedError: a fault that concerns every call; the days yielded before are valid.
        """
        self._calls_left: int | None = None
        self._spare_tries = 2 * self._retries
        self._unusable_s = 0.0
        for first, last in windows(days):
            response = self._requested(first, last)
            if isinstance(response, BadResponseError):
                yield from self._one_by_one(_dates(first, last), response)
            else:
                yield from response

    def _one_by_one(self, days: Sequence[date], bad: BadResponseError) -> Iterator[DayOutcome]:
        """The days of a call whose response is unusable, each requested alone."""
        if len(days) > 1:
            self._log(f"{bad.what}; requesting these days one by one.")
        failures: list[BadResponseError] = []
        for day in days:
            response = self._requested(day, day) if len(days) > 1 else bad
            if isinstance(response, BadResponseError):
                failures.append(response)
                yield DayFailure(day, str(response))
            else:
                yield from response
        # Where no day of a call fares better alone, the fault is not with the days.
        if len(failures) == len(days) and isinstance(failures[-1], ServerFaultError):
            raise failures[-1]

    def _requested(self, first: date, last: date) -> list[DaySnapshot] | BadResponseError:
        try:
            return self._call(first, last)
        except BadResponseError as error:
            return error

    def _call(self, first: date, last: date) -> list[DaySnapshot]:
        """The days of one call, unless the run is out of calls or out of time for bad responses."""
        # A client that waits asks nevertheless: only the refusal says until when.
        if self._calls_left == 0 and not self._waits_for_limit:
            raise FeedError(
                f"The key's hourly budget of calls was used up before {span(first, last)} "
                "could be asked for",
                f"run these days again after {minute_in(3600)} at the latest, or set "
                "NEO_RATE_LIMIT=wait; what was fetched is kept",
            )
        if self._unusable_s >= self._deadline_s:
            raise FeedError(
                f"NeoWs sent unusable responses for {self._unusable_s / 60:.0f} minutes, so "
                f"{span(first, last)} was not requested any more",
                "run these days again later, or check NEOWS_BASE_URL; what was fetched is kept",
            )
        waits: list[float] = []
        while True:
            try:
                return self._tried(first, last)
            except RateLimitError as error:
                limit = error
            waits.append(limit.retry_after_s or DEFAULT_RATE_LIMIT_WAIT_S)
            has_no_end = sum(waits) > LONGEST_WAIT_S or len(waits) > MOST_WAITS
            if has_no_end or not self._waits_for_limit:
                raise limit
            self._log(f"{limit.what}; waiting until {minute_in(waits[-1])}.")
            self._sleep(waits[-1])

    def _tried(self, first: date, last: date) -> list[DaySnapshot]:
        """The days of one call, tried again where the fault may pass."""
        began = time.monotonic()
        try:
            return self._retrying(
                self._ask, first, last, began + self._deadline_s - self._unusable_s
            )
        except BadResponseError:
            self._unusable_s += time.monotonic() - began
            raise

    def _may_pass(self, state: tenacity.RetryCallState) -> bool:
        """Whether to try a call again: of unusable responses only those for a single day."""
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, BadResponseError):
            return isinstance(error, TransientFeedError)
        first, last, _ = state.args
        may_differ = not isinstance(error, RefusedDatesError)
        return first == last and may_differ and self._spare_tries > 0

    def _ask(self, first: date, last: date, deadline: float) -> list[DaySnapshot]:
        asked = span(first, last)
        outcome = self._service.get(
            "feed",
            {
                "start_date": first.isoformat(),
                "end_date": last.isoformat(),
                "api_key": self._api_key,
            },
            asked,
            deadline,
        )
        self._calls_left = _whole_number(outcome.headers.get("X-RateLimit-Remaining"))
        if outcome.status != HTTPStatus.OK:
            raise self._refusal(outcome, asked)
        try:
            return self._read(outcome, _dates(first, last))
        except FeedError:
            raise
        except Exception as error:
            flaw = type(error).__name__
        # A response that makes the code above fail is at fault itself.
        raise BadResponseError(f"NeoWs answered {asked} with something unreadable ({flaw})")

    def _read(self, response: Response, days: Sequence[date]) -> list[DaySnapshot]:
        fetched_at = datetime.now(timezone.utc)
        content = self._service.content(response, span(days[0], days[-1]))
        found = listing(content, days)
        return [
            DaySnapshot(
                day, tuple(found.objects[day]), fetched_at, self._calls_left, day in found.omitted
            )
            for day in days
        ]

    def _refusal(self, response: Response, asked: str) -> FeedError:
        """Return the error for a response whose status is not 200, if the key matters."""
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._service.limit(response, asked, "" if self._waits_for_limit else _CHOICE)
        if response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            what = self._service.answered(response, asked)
            return FeedError(what, "set NASA_API_KEY to a valid key and run these days again")
        return self._service.refusal(response, asked)

    def _before_retry(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, BadResponseError):
            self._spare_tries -= 1
        if isinstance(error, FeedError):
            self._log(f"{error.what}; trying again in {state.upcoming_sleep:.1f} seconds.")


def _whole_number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,9}", text.strip()) else None


def _dates(first: date, last: date) -> list[date]:
    return list(expanded([(first, last)]))
