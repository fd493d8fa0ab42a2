"""The client of NASA's Near Earth Object Web Service (NeoWs), https://api.nasa.gov.

One call answers for at most seven dates; `element_count` says how many objects the answer holds,
which makes a shortened answer visible.  Bad requests answer in NeoWs' own shape, keys and limits in
that of the gateway before it, and outages with a page of HTML: whatever comes, the caller gets
whole days or a :class:`FeedError` of one sentence.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, NoReturn
from urllib.parse import quote

import requests
import tenacity

LONGEST_WINDOW = timedelta(days=6)
"""NeoWs answers for at most seven dates a call, both ends included."""

LONGEST_TROUBLE_S = 480.0
"""Seconds after which no further try begins, so that a fault without end fails within minutes."""

KEY_PARAMETER = re.compile(r"([?&]api_key=)[^&#\"'\s]*")
REDACTED = "REDACTED"

# urllib3 writes whole addresses, with the key in them, into its debug log.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class FeedError(Exception):
    """The feed gave no usable answer; the message says for which dates, why, and what to do."""


class PassingFeedError(FeedError):
    """A fault that may be gone at the next try."""

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


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


def windows(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Cover the days with as few calls as NeoWs allows, asking for no day that is not wanted."""
    ordered = sorted(set(days))
    while ordered:
        first = last = ordered.pop(0)
        while ordered and ordered[0] == last + timedelta(days=1) <= first + LONGEST_WINDOW:
            last = ordered.pop(0)
        yield first, last


def scrub(value: Any, key: str) -> Any:
    """The same JSON value with the caller's key taken out of every string in it."""
    if isinstance(value, str):
        scrubbed = KEY_PARAMETER.sub(rf"\g<1>{REDACTED}", value)
        # A key shorter than this is a word that may stand in a name; NASA's have 40 characters.
        if len(key) >= 8:
            scrubbed = scrubbed.replace(key, REDACTED).replace(quote(key), REDACTED)
        return scrubbed
    if isinstance(value, dict):
        return {name: scrub(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [scrub(item, key) for item in value]
    return value


class NeoWsClient:
    """Asks NeoWs for days and believes an answer only when it is complete."""

    def __init__(
        self, base_url: str, api_key: str, *, timeout_s: float = 30, retries: int = 5
    ) -> None:
        self._address = f"{base_url.rstrip('/')}/feed"
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(PassingFeedError),
            stop=tenacity.stop_after_attempt(retries + 1)
            | tenacity.stop_before_delay(LONGEST_TROUBLE_S),
            wait=_pause,
            reraise=True,
        )
        self._session = requests.Session()

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
            if calls_left == 0:
                raise FeedError(
                    f"The key's call budget is used up before {_span(first, last)} was asked for; "
                    "run these days again when the hour is over, what was fetched is kept."
                )
            answers = self._retrying(self._ask, first, last)
            calls_left = answers[-1].calls_left
            yield from answers

    def _ask(self, first: date, last: date) -> list[DayAnswer]:
        try:
            response = self._session.get(
                self._address,
                params={
                    "start_date": first.isoformat(),
                    "end_date": last.isoformat(),
                    "api_key": self._api_key,
                },
                timeout=self._timeout_s,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # Not chained: the text of requests' own exceptions holds the address with the key.
            raise PassingFeedError(
                f"NeoWs could not be reached for {_span(first, last)} "
                f"({type(error).__name__}); try again later, or check NEOWS_BASE_URL."
            ) from None
        if response.status_code != 200:
            self._refuse(response, first, last)
        body = self._body(response, first, last)
        fetched_at = datetime.now(timezone.utc)
        calls_left = _whole_number(response.headers.get("X-RateLimit-Remaining"))
        days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
        listed = _objects_by_day(body, days)
        return [
            DayAnswer(day, tuple(scrub(listed[day], self._api_key)), fetched_at, calls_left)
            for day in days
        ]

    def _body(self, response: requests.Response, first: date, last: date) -> Any:
        try:
            return response.json()
        except ValueError:
            raise PassingFeedError(
                f"NeoWs answered {_span(first, last)} with something that is not JSON "
                f"({response.headers.get('Content-Type', 'no content type')}, "
                f"{len(response.content)} bytes); try again later."
            ) from None

    def _refuse(self, response: requests.Response, first: date, last: date) -> NoReturn:
        said = scrub(_reason(response), self._api_key)
        status = response.status_code
        answer = f"NeoWs answered {status} for {_span(first, last)}: {said}"
        if status == 429:
            wait_s = float(_whole_number(response.headers.get("Retry-After")) or 0)
            message = f"{answer} Run these days again in {max(wait_s, 60) / 60:.0f} minutes."
            if wait_s > LONGEST_TROUBLE_S:
                raise FeedError(message)
            raise PassingFeedError(message, wait_s)
        if status >= 500:
            raise PassingFeedError(f"{answer} The service is down; try again later.")
        if status == 403:
            raise FeedError(f"{answer} Set NASA_API_KEY to a valid key.")
        raise FeedError(f"{answer} Check NEOWS_BASE_URL and the dates.")


def _pause(state: tenacity.RetryCallState) -> float:
    backoff = float(tenacity.wait_random_exponential(multiplier=0.5, max=60)(state))
    error = state.outcome.exception() if state.outcome else None
    return max(backoff, error.retry_after_s if isinstance(error, PassingFeedError) else 0)


def _objects_by_day(body: Any, days: Sequence[date]) -> dict[date, list[dict[str, Any]]]:
    asked = _span(days[0], days[-1])
    listed = body.get("near_earth_objects") if isinstance(body, dict) else None
    if not isinstance(listed, dict) or not all(
        isinstance(objects, list) and all(isinstance(item, dict) for item in objects)
        for objects in listed.values()
    ):
        raise PassingFeedError(f"NeoWs answered {asked} without a list of objects for each date.")
    foreign = sorted(set(listed) - {day.isoformat() for day in days})
    if foreign:
        raise FeedError(
            f"NeoWs was asked for {asked} and answered for {', '.join(foreign)}; nothing was kept."
        )
    promised, given = body.get("element_count"), sum(map(len, listed.values()))
    if promised != given:
        raise PassingFeedError(
            f"NeoWs announced {promised} objects for {asked} and sent {given}; nothing was kept."
        )
    return {day: listed.get(day.isoformat(), []) for day in days}


def _reason(response: requests.Response) -> str:
    """What an error answer says of itself, whichever of NeoWs and its gateway wrote it."""
    try:
        body = response.json()
        gateway = body.get("error") or {}
        said = body.get("error_message") or gateway.get("message") or response.reason
    except (ValueError, AttributeError):
        said = response.reason
    return f"{str(said).rstrip('.')}."


def _whole_number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


def _span(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first.isoformat()}…{last.isoformat()}"
