"""The client of NASA's Near Earth Object Web Service (NeoWs), https://api.nasa.gov.

One call answers for at most seven dates; `element_count` says how many objects the answer holds,
which makes a shortened answer visible.  Bad requests answer in NeoWs' own shape, keys and limits in
that of the gateway before it, and outages with a page of HTML: whatever comes, the caller gets
whole days or a :class:`FeedError` of one sentence.

The key stands in the address of every call, and therefore in the text of nearly every exception
and log line of the HTTP libraries, and in the links of the answers.  None of these texts leaves
this module unscrubbed.
"""

import json
import logging
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus, urlsplit

import requests
import tenacity
import urllib3

LONGEST_WINDOW = timedelta(days=6)
"""From first to last date of a call: NeoWs answers for at most seven dates."""

PATIENCE_S = 540.0
"""How long one call is tried again, so that a fault without end fails a run within ten minutes."""

LONGEST_WAIT_S = 3900.0
MOST_WAITS = 6
"""How long and how often one call waits for the end of the hourly limit, all waits together."""

UNTOLD_WAIT_S = 600.0
"""The wait where the service refuses for the limit and does not say until when."""

LARGEST_ANSWER = 64 * 2**20
"""Bytes of one answer; those of seven days have less than 200,000."""

KEY_PARAMETER = re.compile(r"(api_key=)[^&#\"'\s]*", re.IGNORECASE)
REDACTED = "REDACTED"

_LOG = logging.getLogger(__name__)
_Returned = TypeVar("_Returned")


class FeedError(Exception):
    """The feed gave no usable answer; the text says what happened, for which dates, what to do."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what, advice)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.what}; {self.advice}."


class PassingFeedError(FeedError):
    """A fault that may be gone at the next try, but not before `retry_after_s`."""

    def __init__(
        self, what: str, advice: str = "run these days again later", retry_after_s: float = 0.0
    ) -> None:
        super().__init__(what, advice)
        self.retry_after_s = retry_after_s


class RateLimitError(PassingFeedError):
    """The key's budget of calls is used up."""


@dataclass(frozen=True)
class DayAnswer:
    """What the feed said about one day: the whole of it, with every key scrubbed.

    `objects` are the near-Earth objects as NeoWs gave them, in its order; `calls_left` is the rest
    of the key's hourly budget after the call, where the service told it.
    """

    day: date
    objects: tuple[dict[str, Any], ...]
    fetched_at: datetime
    calls_left: int | None


@dataclass(frozen=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


def windows(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Cover the days with as few calls as NeoWs allows, asking for no day that is not wanted."""
    ordered = sorted(set(days))
    while ordered:
        first = last = ordered.pop(0)
        while (
            ordered and ordered[0] - last == timedelta(1) and ordered[0] - first <= LONGEST_WINDOW
        ):
            last = ordered.pop(0)
        yield first, last


def scrub(value: Any, key: str) -> Any:
    """The same JSON value with the caller's key taken out of every string in it."""
    if isinstance(value, str):
        # A key shorter than this is a word that may stand in a name; NASA's have 40 characters.
        scrubbed = _without(key, value) if len(key) >= 8 else value
        return KEY_PARAMETER.sub(rf"\g<1>{REDACTED}", scrubbed)
    if isinstance(value, dict):
        return {scrub(name, key): scrub(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [scrub(item, key) for item in value]
    return value


class NeoWsClient:
    """Asks NeoWs for days and believes an answer only when it is complete.

    Args:
        base_url: the address of NeoWs, without `/feed`.
        api_key: the caller's key.
        timeout_s: how long one request may take, from the first byte to the last.
        retries: further tries of a call whose fault may pass.
        patience_s: how long a call is tried in all, waiting for the hourly limit not counted.
        waits_for_limit: whether to wait for the end of the hourly limit, or to stop there.
        say: told in a sentence of every retry and wait.
        sleep: what passes the time between two tries.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float = 30,
        retries: int = 5,
        patience_s: float = PATIENCE_S,
        waits_for_limit: bool = False,
        say: Callable[[str], None] = _LOG.warning,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = f"{base_url.rstrip('/')}/feed"
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._waits_for_limit = waits_for_limit
        self._say = say
        self._sleep = sleep
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(PassingFeedError),
            stop=tenacity.stop_after_attempt(retries + 1) | tenacity.stop_before_delay(patience_s),
            wait=_pause,
            sleep=sleep,
            before_sleep=self._announce_retry,
            reraise=True,
        )
        self._session = _Session()
        # A machine's proxy cannot reach what is served on the machine itself.
        self._session.trust_env = not _is_loopback(base_url)

    def __enter__(self) -> "NeoWsClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def fetch(self, days: Sequence[date]) -> Iterator[DayAnswer]:
        """Yield one answer a day, in order of date, as the calls that bring them return.

        Raises:
            FeedError: when a call failed for good; the days yielded before it stand.
        """
        calls_left: int | None = None
        for first, last in windows(days):
            # One who waits asks nevertheless: only the refusal tells until when.
            if calls_left == 0 and not self._waits_for_limit:
                raise FeedError(
                    f"The key's hourly budget of calls was used up before {_span(first, last)} "
                    "could be asked for",
                    f"run these days again after {_minute_in(3600)} at the latest, or set "
                    "NEO_RATE_LIMIT=wait; what was fetched is kept",
                )
            answers = self._answers(first, last)
            calls_left = answers[-1].calls_left
            yield from answers

    def _answers(self, first: date, last: date) -> list[DayAnswer]:
        """The days of one call, waiting for the end of the hourly limit where that is wanted."""
        waits: list[float] = []
        while True:
            try:
                return self._retrying(self._ask, first, last, time.monotonic() + self._patience_s)
            except RateLimitError as error:
                limit = error
            waits.append(limit.retry_after_s or UNTOLD_WAIT_S)
            has_no_end = sum(waits) > LONGEST_WAIT_S or len(waits) > MOST_WAITS
            if has_no_end or not self._waits_for_limit:
                raise limit
            self._say(f"{limit.what}; waiting until {_minute_in(waits[-1])}.")
            self._sleep(waits[-1])

    def _ask(self, first: date, last: date, patience_ends: float) -> list[DayAnswer]:
        asked = _span(first, last)
        timeout_s = min(self._timeout_s, max(1.0, patience_ends - time.monotonic()))
        try:
            outcome: _Response | FeedError = _within(
                timeout_s, lambda: self._get(first, last, timeout_s)
            )
        except Exception as error:
            outcome = _fault(error, asked, timeout_s)
        # Raised out here: an exception keeps the one it was raised in the handling of, and what the
        # HTTP libraries raise holds the address with the key.
        if isinstance(outcome, FeedError):
            raise outcome
        if outcome.status != HTTPStatus.OK:
            raise self._refusal(outcome, asked)
        fetched_at = datetime.now(timezone.utc)
        calls_left = _whole_number(outcome.headers.get("X-RateLimit-Remaining"))
        days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
        listed = _objects_by_day(self._content(outcome, asked), days)
        return [DayAnswer(day, tuple(listed[day]), fetched_at, calls_left) for day in days]

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
                if len(body) > LARGEST_ANSWER:
                    raise FeedError(
                        f"NeoWs sent more than {LARGEST_ANSWER:,} bytes for {_span(first, last)}",
                        "check NEOWS_BASE_URL",
                    )
                if time.monotonic() > ends:
                    raise requests.Timeout
            return _Response(response.status_code, response.headers, bytes(body))

    def _content(self, response: _Response, asked: str) -> Any:
        """The JSON of an answer, without keys."""
        try:
            return scrub(_parsed(response.body), self._api_key)
        except (ValueError, RecursionError) as error:
            flaw = str(error)
        kind = self._quoted(response.headers.get("Content-Type") or "no content type")
        size = f"{len(response.body)} bytes" if response.body else "nothing at all"
        raise PassingFeedError(
            f"NeoWs answered {asked} with something that is not sound JSON ({kind}, {size}: {flaw})"
        )

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
            return PassingFeedError(
                what, f"it seems to be down: run these days again {then}", wait_s
            )
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return FeedError(what, "set NASA_API_KEY to a valid key and run these days again")
        if 300 <= status < 400:
            target = self._quoted(_origin(response.headers.get("Location")))
            return FeedError(
                f"NeoWs answered {status} for {asked}, pointing to {target}, which was not "
                "followed, for the key would have gone there too",
                "set NEOWS_BASE_URL to where the service is now",
            )
        return FeedError(what, "check NEOWS_BASE_URL and the dates")

    def _announce_retry(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, FeedError):
            self._say(f"{error.what}; trying again in {state.upcoming_sleep:.1f} seconds.")

    def _quoted(self, text: str) -> str:
        """Words of the service that are fit for a sentence, and hold no key however short."""
        scrubbed = _without(self._api_key, KEY_PARAMETER.sub(rf"\g<1>{REDACTED}", text))
        return _on_a_line(scrubbed)[:200].rstrip(". ")


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect: it would carry the key to another address."""


class _WithoutKeys(logging.Filter):
    """Takes keys out of log lines with the address of a call in them."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if KEY_PARAMETER.search(message):
            record.msg, record.args = KEY_PARAMETER.sub(rf"\g<1>{REDACTED}", message), None
            record.exc_info = None
        return True


# A filter of a logger does not act on the loggers below it; these log addresses.
for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_WithoutKeys())


def _pause(state: tenacity.RetryCallState) -> float:
    backoff = tenacity.wait_exponential_jitter(multiplier=0.5, max=60, jitter=0.5)(state)
    error = state.outcome.exception() if state.outcome else None
    return max(backoff, error.retry_after_s if isinstance(error, PassingFeedError) else 0)


def _within(seconds: float, call: Callable[[], _Returned]) -> _Returned:
    """What `call` returns or raises, or a timeout, after which it is left to itself.

    The timeout of requests is for every single read and every address of a host: it ends neither a
    service that sends a byte now and then, nor the search for a host's address.
    """
    outcome: futures.Future[_Returned] = futures.Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:
            outcome.set_exception(error)

    # Not an executor's thread: for those, the interpreter waits at its end.
    Thread(target=run, daemon=True).start()
    return outcome.result(seconds)


def _fault(error: Exception, asked: str, timeout_s: float) -> FeedError:
    """What is to be made of an exception of the HTTP libraries, whose text may hold the key."""
    if isinstance(error, FeedError):
        return error
    if isinstance(error, (futures.TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)):
        return PassingFeedError(
            f"NeoWs did not answer whole for {asked} within {timeout_s:g} seconds",
            "run these days again later, or with a longer NEO_HTTP_TIMEOUT_S",
        )
    cause = _cause(error)
    if isinstance(error, (urllib3.exceptions.ProtocolError, urllib3.exceptions.DecodeError)):
        return PassingFeedError(f"NeoWs broke off in its answer for {asked} ({cause})")
    return PassingFeedError(
        f"NeoWs could not be reached for {asked} ({cause})",
        "run these days again later, or check NEOWS_BASE_URL and the network",
    )


def _cause(error: BaseException) -> str:
    """What the operating system says of it, or else the name of its kind."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return KEY_PARAMETER.sub(rf"\g<1>{REDACTED}", cause.strerror)
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def _parsed(body: bytes) -> Any:
    """The value of a JSON text, such that writing it again changes nothing.

    Of what strict JSON cannot hold, or a double not, the letters are kept: `NaN` and `1e999` become
    strings, which a rule can drop; a row that made its whole file unreadable could not be.

    Raises:
        ValueError: for anything else that is not JSON, and for a field named twice, where one of
            the two would be lost.
        RecursionError: nested too deeply.
    """
    return json.loads(body, object_pairs_hook=_fields, parse_float=_finite, parse_constant=str)


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("an object names a field twice")
    return fields


def _finite(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _objects_by_day(body: Any, days: Sequence[date]) -> dict[date, list[dict[str, Any]]]:
    """The listed objects of each day, when the answer is whole and for these days.

    An object under another date than its own is none of these faults: it is a row to be dropped,
    and counted for the day it was listed under.
    """
    asked = _span(days[0], days[-1])
    listed = body.get("near_earth_objects") if isinstance(body, dict) else None
    if not isinstance(listed, dict) or not all(
        isinstance(objects, list) and all(isinstance(item, dict) for item in objects)
        for objects in listed.values()
    ):
        raise PassingFeedError(f"NeoWs answered {asked} without a list of objects for each date")
    names = [day.isoformat() for day in days]
    foreign = sorted(set(listed) - set(names))
    if foreign:
        raise PassingFeedError(
            f"NeoWs was asked for {asked} and answered for {_some(foreign)}, so nothing was kept"
        )
    # The real answers that were looked at (2015-2022, and every day of four years) list every date
    # they were asked for: a day without objects is an empty list, one left out says nothing.
    missing = [name for name in names if name not in listed]
    if missing:
        raise PassingFeedError(
            f"NeoWs was asked for {asked} and left out {_some(missing)}, so nothing was kept"
        )
    promised, given = body.get("element_count"), sum(map(len, listed.values()))
    if type(promised) is not int or promised != given:
        announced = promised if type(promised) is int else "no number of"
        raise PassingFeedError(
            f"NeoWs announced {announced} objects for {asked} and sent {given}, so nothing was kept"
        )
    return {day: listed[day.isoformat()] for day in days}


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


def _without(key: str, text: str) -> str:
    for form in {key, quote(key), quote(key, safe=""), quote_plus(key)} - {""}:
        text = text.replace(form, REDACTED)
    return text


def _seconds(retry_after: str | None) -> float:
    """Seconds from now that a `Retry-After` means, a number or a date; 0 for none."""
    number = _whole_number(retry_after)
    if number is not None:
        return float(number)
    try:
        moment = parsedate_to_datetime(retry_after or "")
    except (TypeError, ValueError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())


def _minute_in(seconds: float) -> str:
    """The first whole minute after these seconds."""
    moment = datetime.now(timezone.utc) + timedelta(seconds=seconds + 60)
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _whole_number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,9}", text.strip()) else None


def _on_a_line(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(_on_a_line(name)[:40] for name in names[:7])
    return shown if len(names) <= 7 else f"{shown} and {len(names) - 7} more"


def _span(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first.isoformat()}…{last.isoformat()}"
