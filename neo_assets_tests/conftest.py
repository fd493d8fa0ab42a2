import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from pyspark.sql import SparkSession
from xdist.scheduler import LoadScopeScheduling

from neo_assets.spark_server.server import spark_connect_server
from neo_assets_tests.faults import INJECTED
from neo_assets_tests.lakehouse.fixtures import new_lakehouse
from neo_assets_tests.levels import LEVELS, level_of, longest_first, worker_scope
from neo_assets_tests.processes import javas, resident_bytes

# How long an example takes says more about the machine than about what is tested.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    for level in LEVELS:
        config.addinivalue_line("markers", f"{level}: see levels.py")
    config.pluginmanager.register(FaultsOfWorkers())
    # One source is enough for what does not depend on sources; tests of the others name them.
    os.environ["NEO_SOURCES"] = "neows"
    # The parent of the tests may ignore them, and child processes would inherit that.  After a
    # run Dagster treats both signals alike.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its level."""
    for item in items:
        test = item.nodeid.removeprefix(f"{Path(__file__).parent.name}/")
        needs_spark = "shared_server" in getattr(item, "fixturenames", ())
        item.add_marker(level_of(test, needs_spark=needs_spark))
    items.sort(key=lambda item: longest_first(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give each worker whole files, and one of them all tests of the UI, which is started once."""
    config.option.loadscopereorder = False
    scheduling = LoadScopeScheduling(config, log)
    scheduling._split_scope = worker_scope
    return scheduling


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a worker has injected to the process that prints the summary."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["injected"] = dict(INJECTED)


class FaultsOfWorkers:
    """Adds up what the workers of pytest-xdist have injected."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended; one that crashed has left nothing."""
        INJECTED.update(getattr(node, "workeroutput", {}).get("injected", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the injected faults; that nothing was lost or duplicated is each test's claim."""
    if INJECTED:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(INJECTED.items()))
        failed = len(terminalreporter.stats.get("failed", ()))
        outcome = f"{failed} tests failed" if failed else "nothing was lost or duplicated"
        terminalreporter.write_line(f"{INJECTED.total()} faults injected ({kinds}): {outcome}.")


MEMORY = "5g"
RENEWED_FROM_BYTES = 5_000_000_000
"""Resident memory from which the shared server is replaced before the next module.

It keeps each ended stream for an hour with its session, so that a server which serves hundreds of
tests ends up collecting garbage more than it works. A new one takes a minute to become fast.
"""


class SharedServer:
    """The Spark Connect server of all tests that do not ask for their own."""

    def __init__(self, new_folder: Callable[[], Path]) -> None:
        self._new_folder = new_folder
        self._running = ExitStack()
        self._address = ""

    def address(self) -> str:
        """Its address; it is started when this is first asked for."""
        if not self._address:
            self._address = self._running.enter_context(
                spark_connect_server(self._new_folder(), memory=MEMORY)
            )
        return self._address

    def renew(self) -> None:
        """End it if it has grown large; no test may be using it."""
        if self._address and resident_bytes(javas()) > RENEWED_FROM_BYTES:
            self.stop()

    def stop(self) -> None:
        """End it; the next request for its address starts another."""
        self._running.close()
        self._address = ""


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedServer]:
    server = SharedServer(lambda: tmp_path_factory.mktemp("spark"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def spark_address(shared_server: SharedServer) -> str:
    """One Spark Connect server for all tests that do not ask for their own."""
    shared_server.renew()
    return shared_server.address()


@pytest.fixture(scope="session")
def empty(shared_server: SharedServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lakehouse without rows, to be copied: to make its tables takes seconds."""
    root = tmp_path_factory.mktemp("empty")
    session = SparkSession.builder.remote(shared_server.address()).create()
    new_lakehouse(session, root)
    session.stop()
    return root
