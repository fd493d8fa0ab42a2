"""The connection to a workspace, and its errors as sentences that name the remedy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.errors import (
    InternalError,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    TemporarilyUnavailable,
    TooManyRequests,
    Unauthenticated,
)
from databricks.sdk.errors.base import DatabricksError

from neo_assets.targets.databricks.workspace_error import WorkspaceError

RETRY_FOR_S = 300
"""How long one request is retried: on a lost connection, and on 429 and 503 as they ask."""

RUN_CHECK = "neo-assets databricks-check shows what is missing"

_UNAUTHENTICATED = (
    "rejected the credentials: check that DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET (or "
    "DATABRICKS_TOKEN) belong to this workspace and have not expired"
)

_REMEDIES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((Unauthenticated,), _UNAUTHENTICATED),
    ((PermissionDenied,), f"denied permission: {RUN_CHECK}"),
    ((NotFound,), f"does not have it: {RUN_CHECK}"),
    (
        (TooManyRequests, ResourceExhausted),
        f"was at a limit for {RETRY_FOR_S // 60} minutes: wait, or ask for more quota, and run "
        "the days again",
    ),
    (
        (requests.ConnectionError, requests.Timeout, TimeoutError),
        f"could not be reached for {RETRY_FOR_S // 60} minutes: check DATABRICKS_HOST and the "
        "network, and run the days again",
    ),
    (
        (InternalError, TemporarilyUnavailable),
        "has an internal error: run the days again; if it persists, see status.databricks.com",
    ),
)

TRANSIENT_ERRORS = (
    InternalError,
    TemporarilyUnavailable,
    requests.ConnectionError,
    requests.Timeout,
)
"""Errors after which a request that changes nothing can be sent again."""


def workspace_client() -> WorkspaceClient:
    """A client by the SDK's unified authentication: a service principal first, a token second.

    Both come from the environment, or from a profile of ~/.databrickscfg, and go nowhere else.

    Raises:
        WorkspaceError: no workspace is named, or there are no credentials for it.
    """
    problem = ""
    try:
        with translate_errors("Nothing was done"):
            config = Config(
                auth_type=_auth_type(),
                retry_timeout_seconds=RETRY_FOR_S,
                product="neo-assets",
                product_version=version("neo-assets"),
            )
            # A service principal gets its first token here, where an error can still be explained.
            config.authenticate()
            return WorkspaceClient(config=config)
    # What the SDK raises for a configuration, or a secret, that cannot be used.
    except ValueError as error:
        problem = message_of(error)
    if "invalid_client" in problem:
        raise WorkspaceError(f"Nothing was done: the workspace {_UNAUTHENTICATED}.")
    raise WorkspaceError(
        f"The workspace is not configured ({problem}): set DATABRICKS_HOST, and for a service "
        "principal DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, else DATABRICKS_TOKEN."
    )


@contextmanager
def translate_errors(what: str) -> Iterator[None]:
    """Turn errors of the workspace inside the block into one sentence that begins with `what`.

    Raises:
        WorkspaceError: what happened and what to do.
    """
    try:
        yield
    except (DatabricksError, requests.RequestException, TimeoutError) as error:
        raise WorkspaceError(
            f"{what}: the workspace {_remedy(error)} ({message_of(error)})."
        ) from error


def _auth_type() -> str | None:
    """The method to use where the environment has several; the SDK would refuse to choose."""
    if os.environ.get("DATABRICKS_AUTH_TYPE"):
        return None
    if os.environ.get("DATABRICKS_CLIENT_ID") and os.environ.get("DATABRICKS_CLIENT_SECRET"):
        return "oauth-m2m"
    return "pat" if os.environ.get("DATABRICKS_TOKEN") else None


def _remedy(error: Exception) -> str:
    for kinds, remedy in _REMEDIES:
        if isinstance(error, kinds):
            return remedy
    return "refused the request: run the days again; if it persists, read its message"


def message_of(error: BaseException) -> str:
    """The message of an error in one line; that of a timeout names what timed out."""
    cause = error.__cause__ if isinstance(error, TimeoutError) and error.__cause__ else error
    # The SDK adds its configuration, which does not help the reader.
    text = " ".join(str(cause).partition(" Config: ")[0].split()) or type(cause).__name__
    return text.rstrip(".") if len(text) <= 300 else f"{text[:300]}…"
