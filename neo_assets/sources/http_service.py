"""A service over HTTP: one request at a time, and what its faults mean for the days of a run.

Whatever comes, the caller gets a response or one sentence about what went wrong.  A key is in
the address of every call, and therefore in the text of nearly every exception and log line of the
HTTP libraries: none of these texts leaves this module unscrubbed.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3

from neo_assets.background import start_in_background
from neo_assets.sources.errors import (
    BadResponseError,
    FeedError,
    RateLimitError,
    RefusedDatesError,
    ServerFaultError,
    TransientFeedError,
)
from neo_assets.sources.json_text import MOST_VALUES, on_a_line, parsed
from neo_assets.sources.redaction import redact_parameters, scrub, without

RETRY_DEADLINE_S = 540.0
"""How long one call is tried again, so that a fault without end fails a run within ten minutes."""

LONGEST_CREDIBLE_WAIT_S = 7 * 86400.0
"""A `Retry-After` beyond this is taken for none: known limits are by the hour and the day."""

LARGEST_RESPONSE = 16 * 2**20
"""Bytes of one response; seven days of NeoWs have less than 200,000, a year of JPL 1,200,000."""

USER_AGENT = f"neo-assets/{version('neo-assets')}"
"""What requests say of their sender."""


@dataclass(frozen=True)
class Response:
    """A response of any status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpService:
    """Sends requests to one service, and turns its faults into errors of a source.

    Args:
        name: what messages call it, such as `NeoWs`.
        base_url: its address.
        variable: the environment variable that sets the address, for messages.
        timeout_s: how long one request may take, from the first byte to the last.
        key: a secret in requests and responses; empty for a service without one.
        largest_response: bytes of one response.
        most_values: values in the JSON of one response.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        variable: str,
        *,
        timeout_s: float,
        key: str = "",
        largest_response: int = LARGEST_RESPONSE,
        most_values: int = MOST_VALUES,
    ) -> None:
        self._name = name
        self._base_url = base_url.rstrip("/")
        self._variable = variable
        self._timeout_s = timeout_s
        self._key = key
        self._largest_response = largest_response
        self._most_values = most_values
        self._session = _Session()
        self._session.headers["User-Agent"] = USER_AGENT
        # A machine's proxy cannot reach what is served on the machine itself.
        self._session.trust_env = not _is_loopback(base_url)
        # Otherwise requests would send a password that `~/.netrc` has for this host or for any.
        self._session.auth = lambda request: request

    def close(self) -> None:
        """Close the connections to the service."""
        self._session.close()

    def get(
        self, path: str, parameters: Mapping[str, str], requested: str, deadline: float
    ) -> Response:
        """The response to one request, which ends before the deadline, a monotonic time.

        `requested` is what it is about, such as its dates, for messages.

        Raises:
            FeedError: there is none.
        """
        timeout_s = min(self._timeout_s, max(1.0, deadline - time.monotonic()))
        try:
            # The timeout of requests is for every single read and every address of a host: it ends
            # neither a service that sends a byte now and then nor the lookup of a host's address.
            response = start_in_background(
                lambda: self._get(path, parameters, requested, timeout_s)
            )
            outcome: Response | FeedError = response.result(timeout_s)
        except Exception as error:
            outcome = self._fault(error, requested, timeout_s)
        # Raised out here: an exception keeps the one it was raised in the handling of, and what the
        # HTTP libraries raise holds the address with the key.
        if isinstance(outcome, FeedError):
            raise outcome
        return outcome

    def content(self, response: Response, requested: str) -> Any:
        """The JSON of a response, without keys.

        Raises:
            BadResponseError: it is none.
        """
        try:
            return scrub(parsed(response.body, self._most_values), self._key)
        except (ValueError, RecursionError) as error:
            flaw = str(error)
        kind = self.quoted(response.headers.get("Content-Type") or "no content type")
        size = f"{len(response.body)} bytes" if response.body else "nothing at all"
        raise BadResponseError(
            f"{self._name} answered {requested} with invalid JSON ({kind}, {size}: {flaw})"
        )

    def refusal(self, response: Response, requested: str) -> FeedError:
        """Return the error for a response whose status is not 200."""
        status, what = response.status, self.answered(response, requested)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return self.limit(response, requested)
        if status >= 500 or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY):
            wait_s = _seconds(response.headers.get("Retry-After"))
            then = f"after {minute_in(wait_s)}" if wait_s else "later"
            is_about_a_day = status == HTTPStatus.INTERNAL_SERVER_ERROR
            error = ServerFaultError if is_about_a_day else TransientFeedError
            return error(what, f"it seems to be down: run these days again {then}", wait_s)
        if 300 <= status < 400:
            target = self.quoted(_origin(response.headers.get("Location")))
            reason = "for the key would have gone there too" if self._key else "to be safe"
            return FeedError(
                f"{self._name} answered {status} for {requested}, pointing to {target}, which was "
                f"not followed, {reason}",
                f"set {self._variable} to where the service is now",
            )
        if status < 300 or status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            return RefusedDatesError(what, f"check {self._variable} and the dates")
        return FeedError(what, f"check {self._variable}")

    def limit(self, response: Response, requested: str, choice: str = "") -> RateLimitError:
        """What is to be made of a refusal for too many requests; `choice` ends the advice."""
        wait_s = _seconds(response.headers.get("Retry-After"))
        then = f"after {minute_in(wait_s)}" if wait_s else f"after {minute_in(3600)} at the latest"
        return RateLimitError(
            self.answered(response, requested), f"run these days again {then}{choice}", wait_s
        )

    def answered(self, response: Response, requested: str) -> str:
        """Return a sentence with the status of a response and the error message in it."""
        message = self.quoted(_reason(response))
        return f'{self._name} answered {response.status} for {requested}, saying "{message}"'

    def quoted(self, text: str) -> str:
        """Return a message of the service, shortened to fit a sentence, without any key."""
        scrubbed = without(self._key, redact_parameters(text))
        return on_a_line(scrubbed)[:200].rstrip(". ")

    def _get(
        self, path: str, parameters: Mapping[str, str], requested: str, timeout_s: float
    ) -> Response:
        ends = time.monotonic() + timeout_s
        body = bytearray()
        with self._session.get(
            f"{self._base_url}/{path}", params=parameters, timeout=timeout_s, stream=True
        ) as response:
            # `read1` gives back whatever has arrived, so that a drip ends here too.
            while chunk := response.raw.read1(2**16, decode_content=True):
                body += chunk
                if len(body) > self._largest_response:
                    raise RefusedDatesError(
                        f"{self._name} sent more than {self._largest_response:,} bytes for "
                        f"{requested}",
                        f"check {self._variable}",
                    )
                if time.monotonic() > ends:
                    raise requests.Timeout
            return Response(response.status_code, response.headers, bytes(body))

    def _fault(self, error: Exception, requested: str, timeout_s: float) -> FeedError:
        """Return the error for an exception of the HTTP libraries, whose text may hold the key."""
        if isinstance(error, FeedError):
            return error
        timeouts = (futures.TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)
        if isinstance(error, timeouts):
            return TransientFeedError(
                f"{self._name} did not finish its response for {requested} within {timeout_s:g} "
                "seconds",
                "run these days again later, or with a longer NEO_HTTP_TIMEOUT_S",
            )
        cause = _cause(error)
        if isinstance(error, (urllib3.exceptions.ProtocolError, urllib3.exceptions.DecodeError)):
            return BadResponseError(
                f"{self._name} broke off its response for {requested} ({cause})"
            )
        return TransientFeedError(
            f"{self._name} could not be reached for {requested} ({cause})",
            f"run these days again later, or check {self._variable} and the network",
        )


def retrying(
    retries: int,
    may_pass: Callable[[tenacity.RetryCallState], bool],
    before_retry: Callable[[tenacity.RetryCallState], None],
    sleep: Callable[[float], None],
) -> tenacity.Retrying:
    """Calls a function again while its fault may pass, until the deadline, its last argument."""
    return tenacity.Retrying(
        retry=may_pass,
        stop=lambda state: state.attempt_number > retries or _is_past_deadline(state),
        wait=_pause,
        sleep=sleep,
        before_sleep=before_retry,
        reraise=True,
    )


def minute_in(seconds: float) -> str:
    """The first whole minute after these seconds."""
    moment = datetime.now(timezone.utc) + timedelta(seconds=seconds + 60)
    return moment.strftime("%Y-%m-%d %H:%M UTC")


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


def _cause(error: BaseException) -> str:
    """Return the operating system's message, or else the name of the exception."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return redact_parameters(cause.strerror)
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def _reason(response: Response) -> str:
    """Return the message in an error response, in any form that services and gateways use."""
    message: Any = None
    try:
        body = json.loads(response.body)
        error = body.get("error")
        message = body.get("error_message") or body.get("message") or error
        message = error["message"] if isinstance(error, dict) else message
    except (ValueError, AttributeError, LookupError, RecursionError):
        pass  # a page of HTML, mostly: the status says what there is to know
    if isinstance(message, str) and message:
        return message
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
