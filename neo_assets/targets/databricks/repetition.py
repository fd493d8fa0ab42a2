"""Requests that are sent again after a failure of the workspace.

The SDK repeats a request after a lost connection, and after 429 and 503.  After 408, 500, 502 and
504 it may have been carried out or not: one that changes nothing the second time is repeated here.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import requests
import tenacity
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import (
    DeadlineExceeded,
    InternalError,
    NotFound,
    TemporarilyUnavailable,
)
from databricks.sdk.errors.base import DatabricksError

REPEAT_FOR_S = 300
"""How long one request is repeated."""
FIRST_WAIT_S = 1

_CUT_OFF = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
_Answer = TypeVar("_Answer")


def is_transient(error: BaseException) -> bool:
    """Whether the workspace failed, and not the request: 5xx, 408 and what was cut off.

    The SDK has no class for 408 and 502, so an error of its base class is taken for one of them.
    """
    if isinstance(error, DatabricksError):
        known = (InternalError, TemporarilyUnavailable, DeadlineExceeded)
        return type(error) is DatabricksError or isinstance(error, known)
    return isinstance(error, _CUT_OFF)


def repeated(call: Callable[[], _Answer]) -> _Answer:
    """The answer of a call that may be made twice; it is, while the workspace fails."""
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_transient),
        wait=tenacity.wait_exponential(multiplier=FIRST_WAIT_S, max=60),
        stop=tenacity.stop_after_delay(REPEAT_FOR_S),
        reraise=True,
    )
    return attempts(call)


def repeat_requests(client: WorkspaceClient) -> None:
    """Let this client, and all that Dagster's own clients send with it, repeat what it can."""
    send = client.api_client.do

    @wraps(send)
    def do(method: str, path: str | None = None, *arguments: Any, **named: Any) -> Any:
        if not _is_repeatable(method, path or "", named.get("body") or {}):
            return send(method, path, *arguments, **named)
        content = named.get("data")
        beginning = content.tell() if content else 0

        def once() -> Any:
            if content:
                content.seek(beginning)
            try:
                return send(method, path, *arguments, **named)
            except NotFound:
                if method == "DELETE":
                    # It is not there, possibly since an attempt whose answer was lost.
                    return {}
                raise

        return repeated(once)

    client.api_client.do = do  # type: ignore[method-assign]


def _is_repeatable(method: str, path: str, body: dict[str, Any]) -> bool:
    return method != "POST" or "idempotency_token" in body or path.endswith("/jobs/runs/cancel")
