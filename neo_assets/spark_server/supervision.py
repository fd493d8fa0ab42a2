"""A Spark Connect server that is restarted when it dies, for as long as it is needed."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from neo_assets.spark_server.delta_jars import DeltaJarsError
from neo_assets.spark_server.java import JavaError
from neo_assets.spark_server.server import (
    SparkServer,
    SparkServerError,
    port_is_free,
    started_server,
)

LOOKED_AFTER_EVERY_S = 1.0
PORT_IS_LEFT_AFTER_S = 15
STEADY_AFTER_S = 60
"""A server that lives no longer has died of its start; the next one waits longer."""
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 300.0

_LOG = logging.getLogger(__name__)


@contextmanager
def supervised_server(work_directory: Path) -> Iterator[str]:
    """Run a Spark Connect server for the length of the block; yield its address.

    One that dies is restarted at the same address, with the same token, so that clients that know
    the address can keep using it. Only its sessions are lost. The first time that happens at
    once; a server that dies again and again, or does not start, is given more time each time, and
    each time the log says why.

    Raises:
        as `started_server`, when the first does not start.
    """
    log_file = work_directory / "server.log"
    log_file.unlink(missing_ok=True)
    ended = Event()
    with ExitStack() as running:
        server = running.enter_context(started_server(work_directory, log_file))

        def start_anew() -> SparkServer:
            running.close()
            # A JVM whose parent was killed takes a moment to end.
            deadline = monotonic() + PORT_IS_LEFT_AFTER_S
            while not port_is_free(server.port) and monotonic() < deadline:
                ended.wait(0.2)
            return running.enter_context(
                started_server(work_directory, log_file, port=server.port, token=server.token)
            )

        # Should this thread be in the middle of a start when the process ends, nothing is left: a
        # server ends with its parent.
        supervision = Thread(target=_supervise, args=(server, start_anew, ended), daemon=True)
        supervision.start()
        try:
            yield server.address
        finally:
            ended.set()
            supervision.join()


def _supervise(server: SparkServer, start_anew: Callable[[], SparkServer], ended: Event) -> None:
    waiting, begin = waits(), monotonic()
    while not ended.wait(LOOKED_AFTER_EVERY_S):
        trouble = server.trouble
        if trouble is None:
            continue
        if monotonic() - begin > STEADY_AFTER_S:
            waiting = waits()
        for wait_s in waiting:
            when = f"in {wait_s:.0f} seconds" if wait_s else "now"
            _LOG.warning("Spark has stopped: %s. It is restarted %s.", trouble, when)
            if ended.wait(wait_s):
                return
            try:
                server = start_anew()
                break
            except (SparkServerError, DeltaJarsError, JavaError, OSError) as error:
                trouble = str(error).rstrip(".")
        begin = monotonic()


def waits() -> Iterator[float]:
    """The seconds before each start of a server that dies again and again."""
    yield 0
    wait_s = FIRST_WAIT_S
    while True:
        yield wait_s
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)
