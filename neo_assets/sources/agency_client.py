"""The client of services that agencies offer to everyone: no key, and no published limit.

Requests go out one at a time, under the name of this project, and are tried again as those of NeoWs
are: a fault of the network or of the service, and a response that cannot be used.
"""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import tenacity

from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.errors import (
    BadResponseError,
    FeedError,
    RefusedDatesError,
    TransientFeedError,
)
from neo_assets.sources.http_service import RETRY_DEADLINE_S, HttpService, Response, retrying

LARGEST_RESPONSE = 64 * 2**20
MOST_VALUES = 4_000_000
"""Limits of one response; ten years of close approaches have 14 MB with 800,000 values."""

_Read = TypeVar("_Read")


class AgencyClient:
    """Requests one document after the other from a service.

    Args:
        name: what messages call the service, such as `JPL`.
        base_url: its address.
        variable: the environment variable that sets the address, for messages.
        settings: say how long a request may take and how often it is tried again.
        log: receives a sentence about every retry.
        sleep: passes the time between two tries, and may raise to give up.
        deadline_s: how long one document is requested in all.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        variable: str,
        settings: Settings,
        log: LogFunction,
        sleep: Callable[[float], None] = time.sleep,
        *,
        deadline_s: float = RETRY_DEADLINE_S,
    ) -> None:
        self._name = name
        self._log = log
        self._deadline_s = deadline_s
        self._retrying = retrying(settings.neo_http_retries, _may_pass, self._before_retry, sleep)
        self._service = HttpService(
            name,
            base_url,
            variable,
            timeout_s=settings.neo_http_timeout_s,
            largest_response=LARGEST_RESPONSE,
            most_values=MOST_VALUES,
        )

    def __enter__(self) -> "AgencyClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._service.close()

    def json(
        self,
        path: str,
        parameters: Mapping[str, str],
        requested: str,
        read: Callable[[Any], _Read],
    ) -> _Read:
        """What `read` makes of a document in JSON.

        `requested` is what the document is about, such as its dates, for messages.  Where `read`
        raises a `BadResponseError`, such as for an incomplete document, the document is requested
        again like one that is no JSON.

        Raises:
            BadResponseError: the service gave no usable response; perhaps it does for other dates.
            FeedError: a fault that concerns every request.
        """
        return self._document(
            path,
            parameters,
            requested,
            lambda response: read(self._service.content(response, requested)),
        )

    def text(
        self,
        path: str,
        parameters: Mapping[str, str],
        requested: str,
        read: Callable[[str], _Read],
    ) -> _Read:
        """What `read` makes of a document of plain text in UTF-8, as for `json`.

        Raises:
            BadResponseError: as for `json`.
            FeedError: as for `json`.
        """

        def decoded(response: Response) -> str:
            try:
                return response.body.decode("utf-8-sig")
            except UnicodeDecodeError:
                # Raised here it would keep an exception that holds the whole document.
                pass
            raise BadResponseError(f"{self._name} answered {requested} with text that is no UTF-8")

        return self._document(path, parameters, requested, lambda response: read(decoded(response)))

    def _document(
        self,
        path: str,
        parameters: Mapping[str, str],
        requested: str,
        read: Callable[[Response], _Read],
    ) -> _Read:
        def request(deadline: float) -> _Read:
            response = self._service.get(path, parameters, requested, deadline)
            if response.status != HTTPStatus.OK:
                raise self._service.refusal(response, requested)
            return read(response)

        return self._retrying(request, time.monotonic() + self._deadline_s)

    def _before_retry(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, FeedError):
            self._log(f"{error.what}; trying again in {state.upcoming_sleep:.1f} seconds.")


def _may_pass(state: tenacity.RetryCallState) -> bool:
    """Whether to try again: what a service refuses for its dates, it refuses again."""
    error = state.outcome.exception() if state.outcome else None
    return isinstance(error, (BadResponseError, TransientFeedError)) and not isinstance(
        error, RefusedDatesError
    )
