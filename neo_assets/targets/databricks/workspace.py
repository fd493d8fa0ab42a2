"""The connection to a workspace, and its errors as sentences that name the remedy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.errors import (
    NotFound,
    PermissionDenied,
    TooManyRequests,
    Unauthenticated,
)
from databricks.sdk.errors.base import DatabricksError

from neo_assets.targets.databricks.repetition import REPEAT_FOR_S, is_transient, repeat_requests
from neo_assets.targets.databricks.workspace_error import WorkspaceError

_MINUTES = REPEAT_FOR_S // 60

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
        (TooManyRequests,),
        f"was at a limit for {_MINUTES} minutes: wait, or ask for more quota, and run "
        "the days again",
    ),
    (
        (requests.ConnectionError, requests.Timeout, TimeoutError),
        f"could not be reached for {_MINUTES} minutes: check DATABRICKS_HOST and the "
        "network, and run the days again",
    ),
)


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
                retry_timeout_seconds=REPEAT_FOR_S,
                product="neo-assets",
                product_version=version("neo-assets"),
            )
            # A service principal gets its first token here, where an error can still be explained.
            config.authenticate()
            client = WorkspaceClient(config=config)
            repeat_requests(client)
            return client
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
    cause = _cause(error)
    for kinds, remedy in _REMEDIES:
        if isinstance(cause, kinds):
            return remedy
    if is_transient(cause):
        return "has an internal error: run the days again; if it persists, see its status page"
    return "refused the request: run the days again; if it persists, read its message"


def _cause(error: BaseException) -> BaseException:
    """The last error of those that the SDK gave up after; it raises a timeout from it."""
    return error.__cause__ if isinstance(error, TimeoutError) and error.__cause__ else error


def message_of(error: BaseException) -> str:
    """The message of an error in one line; that of a timeout names what timed out."""
    cause = _cause(error)
    # The SDK adds its configuration, which does not help the reader.
    text = " ".join(str(cause).partition(" Config: ")[0].split()) or type(cause).__name__
    return text.rstrip(".") if len(text) <= 300 else f"{text[:300]}…"
