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

The key stands in the address of every call, and therefore in the text of nearly every exception
and log line of the HTTP libraries, and in the links of the answers.  None of these texts leaves
this module unscrubbed.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3

from neo_assets.background import start_in_background
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot
from neo_assets.sources.errors import (
    BadResponseError,
    FeedError,
    RateLimitError,
    RefusedDatesError,
    ServerFaultError,
    TransientFeedError,
)
from neo_assets.sources.neows.response import (
    LARGEST_RESPONSE,
    listing,
    on_a_line,
    parsed,
    span,
)
from neo_assets.sources.neows.windows import windows
from neo_assets.sources.redaction import redact_parameters, scrub, without

RETRY_DEADLINE_S = 540.0
"""How long one call is tried again, so that a fault without end fails a run within ten minutes."""

LONGEST_WAIT_S = 3900.0
MOST_WAITS = 6
"""How long and how often one call waits for the end of the hourly limit, all waits together."""

DEFAULT_RATE_LIMIT_WAIT_S = 600.0
"""The wait where the service refuses for the limit and does not say until when."""

LONGEST_CREDIBLE_WAIT_S = 7 * 86400.0
"""A `Retry-After` beyond this is taken for none: NASA's limits are by the hour and the day."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


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
        self._address = f"{base_url.rstrip('/')}/feed"
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._deadline_s = deadline_s
        self._waits_for_limit = waits_for_limit
        self._log = log
        self._sleep = sleep
        self._retries = retries
        self._retrying = tenacity.Retrying(
            retry=self._may_pass,
            stop=lambda state: state.attempt_number > retries or _is_past_deadline(state),
            wait=_pause,
            sleep=sleep,
            before_sleep=self._before_retry,
            reraise=True,
        )
        self._session = _Session()
        # A machine's proxy cannot reach what is served on the machine itself.
        self._session.trust_env = not _is_loopback(base_url)
        # Otherwise requests would send a password that `~/.netrc` has for this host or for any.
        self._session.auth = lambda request: request

    def __enter__(self) -> "NeoWsClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def fetch(self, days: Sequence[date]) -> Iterator[DayOutcome]:
        """Yield one answer or failure for each day, in order of date, as the calls return.

        Raises:
            FeedError: a fault that concerns every call; the days yielded before it stand.
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
        # One who waits asks nevertheless: only the refusal tells until when.
        if self._calls_left == 0 and not self._waits_for_limit:
            raise FeedError(
                f"The key's hourly budget of calls was used up before {span(first, last)} "
                "could be asked for",
                f"run these days again after {_minute_in(3600)} at the latest, or set "
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
            self._log(f"{limit.what}; waiting until {_minute_in(waits[-1])}.")
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
        timeout_s = min(self._timeout_s, max(1.0, deadline - time.monotonic()))
        try:
            # The timeout of requests is for every single read and every address of a host: it ends
            # neither a service that sends a byte now and then nor the lookup of a host's address.
            response = start_in_background(lambda: self._get(first, last, timeout_s))
            outcome: _Response | FeedError = response.result(timeout_s)
        except Exception as error:
            outcome = _fault(error, asked, timeout_s)
        # Raised out here: an exception keeps the one it was raised in the handling of, and what the
        # HTTP libraries raise holds the address with the key.
        if isinstance(outcome, FeedError):
            raise outcome
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

    def _read(self, response: _Response, days: Sequence[date]) -> list[DaySnapshot]:
        fetched_at = datetime.now(timezone.utc)
        content = self._content(response, span(days[0], days[-1]))
        found = listing(content, days)
        return [
            DaySnapshot(
                day, tuple(found.objects[day]), fetched_at, self._calls_left, day in found.omitted
            )
            for day in days
        ]

    def _get(self, first: date, last: date, timeout_s: float) -> _Response:
        ends = time.monotonic() + timeout_s
        body = bytearray()
        with self._session.get(
            self._address,
            params={
                "start_date": first.isoformat(),
                "end_date": last.isoformat(),
                "api_key": self._api_key,
            },
            timeout=timeout_s,
            stream=True,
        ) as response:
            # `read1` gives back whatever has arrived, so that a drip ends here too.
            while chunk := response.raw.read1(2**16, decode_content=True):
                body += chunk
                if len(body) > LARGEST_RESPONSE:
                    raise RefusedDatesError(
                        f"NeoWs sent more than {LARGEST_RESPONSE:,} bytes for {span(first, last)}",
                        "check NEOWS_BASE_URL",
                    )
                if time.monotonic() > ends:
                    raise requests.Timeout
            return _Response(response.status_code, response.headers, bytes(body))

    def _content(self, response: _Response, asked: str) -> Any:
        """The JSON of an answer, without keys."""
        try:
            return scrub(parsed(response.body), self._api_key)
        except (ValueError, RecursionError) as error:
            flaw = str(error)
        kind = self._quoted(response.headers.get("Content-Type") or "no content type")
        size = f"{len(response.body)} bytes" if response.body else "nothing at all"
        raise BadResponseError(f"NeoWs answered {asked} with invalid JSON ({kind}, {size}: {flaw})")

    def _refusal(self, response: _Response, asked: str) -> FeedError:
        """What is to be made of an answer whose status is not 200."""
        status = response.status
        what = f'NeoWs answered {status} for {asked}, saying "{self._quoted(_reason(response))}"'
        wait_s = _seconds(response.headers.get("Retry-After"))
        then = f"after {_minute_in(wait_s)}" if wait_s else "later"
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            if not wait_s:
                then = f"after {_minute_in(3600)} at the latest"
            choice = "" if self._waits_for_limit else ", or set NEO_RATE_LIMIT=wait"
            return RateLimitError(what, f"run these days again {then}{choice}", wait_s)
        if status >= 500 or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY):
            is_about_a_day = status == HTTPStatus.INTERNAL_SERVER_ERROR
            error = ServerFaultError if is_about_a_day else TransientFeedError
            return error(what, f"it seems to be down: run these days again {then}", wait_s)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return FeedError(what, "set NASA_API_KEY to a valid key and run these days again")
        if 300 <= status < 400:
            target = self._quoted(_origin(response.headers.get("Location")))
            return FeedError(
                f"NeoWs answered {status} for {asked}, pointing to {target}, which was not "
                "followed, for the key would have gone there too",
                "set NEOWS_BASE_URL to where the service is now",
            )
        if status < 300 or status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            return RefusedDatesError(what, "check NEOWS_BASE_URL and the dates")
        return FeedError(what, "check NEOWS_BASE_URL")

    def _before_retry(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, BadResponseError):
            self._spare_tries -= 1
        if isinstance(error, FeedError):
            self._log(f"{error.what}; trying again in {state.upcoming_sleep:.1f} seconds.")

    def _quoted(self, text: str) -> str:
        """Words of the service that are fit for a sentence, and hold no key however short."""
        scrubbed = without(self._api_key, redact_parameters(text))
        return on_a_line(scrubbed)[:200].rstrip(". ")


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect: it would carry the key to another address."""


def _pause(state: tenacity.RetryCallState) -> float:
    backoff = tenacity.wait_exponential_jitter(multiplier=0.5, max=60, jitter=0.5)(state)
    error = state.outcome.exception() if state.outcome else None
    return max(backoff, error.retry_after_s if isinstance(error, FeedError) else 0)


def _is_past_deadline(state: tenacity.RetryCallState) -> bool:
    *_, deadline = state.args
    return bool(time.monotonic() + state.upcoming_sleep >= deadline)


def _fault(error: Exception, asked: str, timeout_s: float) -> FeedError:
    """What is to be made of an exception of the HTTP libraries, whose text may hold the key."""
    if isinstance(error, FeedError):
        return error
    if isinstance(error, (futures.TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)):
        return TransientFeedError(
            f"NeoWs did not finish its response for {asked} within {timeout_s:g} seconds",
            "run these days again later, or with a longer NEO_HTTP_TIMEOUT_S",
        )
    cause = _cause(error)
    if isinstance(error, (urllib3.exceptions.ProtocolError, urllib3.exceptions.DecodeError)):
        return BadResponseError(f"NeoWs broke off its response for {asked} ({cause})")
    return TransientFeedError(
        f"NeoWs could not be reached for {asked} ({cause})",
        "run these days again later, or check NEOWS_BASE_URL and the network",
    )


def _cause(error: BaseException) -> str:
    """What the operating system says of it, or else the name of its kind."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return redact_parameters(cause.strerror)
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def _reason(response: _Response) -> str:
    """What an error answer says of itself, whichever of NeoWs and its gateway wrote it."""
    said: Any = None
    try:
        body = json.loads(response.body)
        said = body.get("error_message") or (body.get("error") or {}).get("message")
    except (ValueError, AttributeError, RecursionError):
        pass  # a page of HTML, mostly: the status says what there is to know
    if isinstance(said, str) and said:
        return said
    try:
        return HTTPStatus(response.status).phrase
    except ValueError:
        return "nothing known"


def _is_loopback(address: str) -> bool:
    return bool(re.match(r"https?://(127\.[0-9.]+|\[::1\]|localhost)(?=[:/]|$)", address))


def _origin(location: str | None) -> str:
    """Scheme and host of a redirect's target, which is enough to find the service again."""
    try:
        target = urlsplit(location or "")
        return f"{target.scheme}://{target.hostname}" if target.hostname else "another path"
    except ValueError:
        return "an unreadable address"


def _seconds(retry_after: str | None) -> float:
    """Seconds from now that a `Retry-After` means, a number or a date; 0 if absurd or not given."""
    text = (retry_after or "").strip()
    if re.fullmatch("[0-9]{1,15}([.][0-9]*)?", text):
        seconds = float(text)
    else:
        try:
            moment = parsedate_to_datetime(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=timezone.utc)
            seconds = (moment - datetime.now(timezone.utc)).total_seconds()
        except (TypeError, ValueError, ArithmeticError, LookupError):
            return 0.0
    return seconds if 0 < seconds <= LONGEST_CREDIBLE_WAIT_S else 0.0


def _minute_in(seconds: float) -> str:
    """The first whole minute after these seconds."""
    moment = datetime.now(timezone.utc) + timedelta(seconds=seconds + 60)
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _whole_number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,9}", text.strip()) else None


def _dates(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
