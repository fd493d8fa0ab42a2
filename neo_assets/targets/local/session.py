"""A session on a compatible Spark Connect server, and how to tell that it was lost."""

import os
from collections.abc import Callable
from concurrent import futures
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import urlsplit

from neo_assets.background import start_in_background
from neo_assets.lakehouse.request import StageError

if TYPE_CHECKING:
    from pyspark.errors.exceptions.connect import SparkConnectGrpcException
    from pyspark.sql import SparkSession

RETRIES, LONGEST_WAIT_MS = 10, 4000
"""Retries of a call that finds no server, and the longest wait between two: 30 seconds in all.

A server of this project that died is back by then, so that a run that begins in the meantime goes
on.  PySpark's own ten minutes would win nothing: the session of a server that died is lost, and a
network that is down for longer should fail the run soon.
"""

CANCEL_INTERVAL_S = 0.5
"""Between two statements there is nothing to cancel, so the cancellation is repeated."""

_TIME_ZONE, _UTC = "spark.sql.session.timeZone", "UTC"
_ZERO = "SELECT java_method('java.time.format.DecimalStyle', 'ofDefaultLocale') AS style"
"""The digits that the server's Java formats numbers with; the answer begins `DecimalStyle[0`."""
_EXTENSIONS = "spark.sql.extensions"
_NO_SERVER = ("UNAVAILABLE", "CANCELLED")
"""The states of calls that met no server, or one that was just ending."""
_LOST = ("INVALID_HANDLE.", "NO_ACTIVE_SESSION", "RESPONSE_ALREADY_RECEIVED")
"""The conditions with which a new server on the same port rejects a session of the old one."""

_Returned = TypeVar("_Returned")


def display_address(address: str) -> str:
    """An address of Spark Connect for messages: without its token and other parameters."""
    return f"sc://{urlsplit(address).netloc.rpartition('@')[2]}"


def is_on_this_machine(address: str) -> bool:
    """Whether an address of Spark Connect names the loopback interface."""
    host = urlsplit(address).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def spark_session(address: str) -> "SparkSession":
    """A new session in UTC, to be stopped by the caller.

    Raises:
        StageError: the server is not compatible, and would damage the tables.
    """
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session = _connected(address)
    try:
        session.client.set_retry_policies(
            [DefaultPolicy(max_retries=RETRIES, max_backoff=LONGEST_WAIT_MS)]
        )
        _refuse_incompatible_server(session, display_address(address))
        # Times of the feed have no zone, and a server elsewhere would read them as of its own.
        session.conf.set(_TIME_ZONE, _UTC)
        _refuse_other_digits(session, display_address(address))
    except BaseException:
        abandon(session)
        raise
    return session


def _connected(address: str) -> "SparkSession":
    """A session whose calls to this machine do not go through the proxy of `http_proxy`.

    Without this gRPC would ask the proxy for `localhost`, unless `no_proxy` names it.
    """
    from pyspark.sql.connect.client import DefaultChannelBuilder
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    # Set by `SparkSession.builder.remote`, which takes no options of a channel.
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
    options = [("grpc.enable_http_proxy", 0)] if is_on_this_machine(address) else []
    channel = DefaultChannelBuilder(address, channelOptions=options)
    return cast("SparkSession", ConnectSession.builder.channelBuilder(channel).create())


def abandon(session: "SparkSession") -> None:
    """Leave a session whose server may be gone, without asking it to release the session."""
    session.client.close()


def run_cancelable(session: "SparkSession", call: Callable[[], _Returned]) -> _Returned:
    """Return or raise what `call` does, in a thread of its own.

    Whatever interrupts the wait for it, as Dagster does to cancel a run, is raised only once the
    server has stopped working for the session, which is closed then. A statement that goes on there
    could commit when the next writer has begun.
    """
    outcome = start_in_background(call)
    try:
        return outcome.result()
    except BaseException:
        if not outcome.done():
            _cancel(session, outcome)
        raise


def _cancel(session: "SparkSession", outcome: "futures.Future[_Returned]") -> None:
    while not outcome.done():
        # If the server has ended, the call fails by itself.
        with suppress(Exception):
            session.interruptAll()
        futures.wait([outcome], CANCEL_INTERVAL_S)
    # This waits for the session's streams, which an interrupt only asks to end.
    session.stop()


def is_alive(session: "SparkSession") -> bool:
    """Whether its server still has the session; waits for a server that is restarting."""
    try:
        session.conf.get(_EXTENSIONS, "")
    except Exception as error:
        if is_lost(error):
            return False
        raise
    return True


def is_lost(error: Exception) -> bool:
    """Whether an error means that the server, or the session on it, was lost."""
    from pyspark.errors import PySparkException
    from pyspark.errors.exceptions.connect import SparkConnectGrpcException

    if isinstance(error, SparkConnectGrpcException) and _grpc_status(error) in _NO_SERVER:
        return True
    return isinstance(error, PySparkException) and (error.getCondition() or "").startswith(_LOST)


def _refuse_incompatible_server(session: "SparkSession", place: str) -> None:
    from pyspark import __version__
    from pyspark.errors.exceptions.connect import SparkConnectGrpcException

    try:
        version, extensions = session.version, session.conf.get(_EXTENSIONS, "")
    except SparkConnectGrpcException as error:
        if _grpc_status(error) == "UNAUTHENTICATED":
            raise StageError(
                f"Spark at {place} does not know the token of NEO_SPARK_REMOTE; nothing was done."
            ) from None
        raise
    if version.split(".")[:2] != __version__.split(".")[:2]:
        raise StageError(
            f"Spark at {place} has version {version}, and the client here {__version__}: use a "
            "server of the client's version; nothing was done."
        )
    if "io.delta." not in (extensions or ""):
        raise StageError(
            f"Spark at {place} was started without Delta: start it as docs/spark_cluster.md says; "
            "nothing was done."
        )


def _refuse_other_digits(session: "SparkSession", place: str) -> None:
    """Refuse a server whose Java has other digits than 0 to 9.

    Delta would name its log files with them, and find none of them again.

    Raises:
        StageError: it does.
    """
    from pyspark.errors import PySparkException

    try:
        (row,) = session.sql(_ZERO).collect()
    except PySparkException as error:
        if is_lost(error):
            raise
        return  # It has no Java, or does not allow calls to it.
    if not row.style.startswith("DecimalStyle[0"):
        raise StageError(
            f"Spark at {place} runs in a locale with other digits than 0 to 9, in which Delta does "
            "not find its own files again: start the server with LC_ALL=C.UTF-8, as "
            "docs/spark_cluster.md says; nothing was done."
        )


def _grpc_status(error: "SparkConnectGrpcException") -> str:
    # The class of the codes itself comes without types.
    name: str = error.getGrpcStatusCode().name
    return name
