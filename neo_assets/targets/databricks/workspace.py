"""The workspace: who we are there, and what its answers mean for people."""

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
"""How long one request is tried again: on a lost connection, and on 429 and 503 as they ask."""

CHECK = "neo-assets databricks-check says what is missing"

_UNAUTHENTICATED = (
    "does not know us: see that DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET (or "
    "DATABRICKS_TOKEN) are of this workspace and have not expired"
)

_REMEDIES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((Unauthenticated,), _UNAUTHENTICATED),
    ((PermissionDenied,), f"does not let us: {CHECK}"),
    ((NotFound,), f"does not have it: {CHECK}"),
    (
        (TooManyRequests, ResourceExhausted),
        f"is at a limit and stayed there for {RETRY_FOR_S // 60} minutes: wait, or ask for more "
        "quota, and run the days again",
    ),
    (
        (requests.ConnectionError, requests.Timeout, TimeoutError),
        f"could not be reached for {RETRY_FOR_S // 60} minutes: see that DATABRICKS_HOST is right "
        "and the network there, and run the days again",
    ),
    (
        (InternalError, TemporarilyUnavailable),
        "has trouble of its own: run the days again, and look at status.databricks.com if it stays",
    ),
)

PASSING = (InternalError, TemporarilyUnavailable, requests.ConnectionError, requests.Timeout)
"""Errors of a moment: whoever only asks can ask again."""


def workspace_client() -> WorkspaceClient:
    """A client by the SDK's unified authentication: a service principal first, a token second.

    Both come from the environment, or from a profile of ~/.databrickscfg, and go nowhere else.

    Raises:
        WorkspaceError: no workspace is named, or nothing says who we are.
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
            # A service principal gets its first token here, where it can be told what is wrong.
            config.authenticate()
            return WorkspaceClient(config=config)
    # What the SDK raises for a configuration, or a secret, that cannot be used.
    except ValueError as error:
        problem = said(error)
    if "invalid_client" in problem:
        raise WorkspaceError(f"Nothing was done: the workspace {_UNAUTHENTICATED}.")
    raise WorkspaceError(
        f"The workspace is not configured ({problem}): set DATABRICKS_HOST, and for a service "
        "principal DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, else DATABRICKS_TOKEN."
    )


@contextmanager
def translate_errors(what: str) -> Iterator[None]:
    """Turn what goes wrong with the workspace inside the block into one sentence about `what`.

    Raises:
        WorkspaceError: what happened and what to do.
    """
    try:
        yield
    except (DatabricksError, requests.RequestException, TimeoutError) as error:
        raise WorkspaceError(f"{what}: the workspace {_remedy(error)} ({said(error)}).") from error


def _auth_type() -> str | None:
    """The way that goes first where the environment has several; the SDK would refuse to choose."""
    if os.environ.get("DATABRICKS_AUTH_TYPE"):
        return None
    if os.environ.get("DATABRICKS_CLIENT_ID") and os.environ.get("DATABRICKS_CLIENT_SECRET"):
        return "oauth-m2m"
    return "pat" if os.environ.get("DATABRICKS_TOKEN") else None


def _remedy(error: Exception) -> str:
    for kinds, remedy in _REMEDIES:
        if isinstance(error, kinds):
            return remedy
    return "refused: run the days again, and read what it says if it stays"


def said(error: BaseException) -> str:
    """What it says itself, in one line; a timeout says of what it was one."""
    cause = error.__cause__ if isinstance(error, TimeoutError) and error.__cause__ else error
    # The SDK adds its configuration, which is no news.
    text = " ".join(str(cause).partition(" Config: ")[0].split()) or type(cause).__name__
    return text.rstrip(".") if len(text) <= 300 else f"{text[:300]}…"
