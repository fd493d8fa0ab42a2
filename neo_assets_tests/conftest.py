import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from neo_assets.spark_server.server import spark_connect_server
from neo_assets_tests.faults import INJECTED
from neo_assets_tests.lakehouse.houses import new_lakehouse


def pytest_configure() -> None:
    # Whoever starts the tests may ignore them, and whatever they start would inherit that.  After a
    # run Dagster does with the one as with the other.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was done to the pipeline; that nothing was lost or doubled is each test's claim."""
    if INJECTED:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(INJECTED.items()))
        failed = len(terminalreporter.stats.get("failed", ()))
        outcome = f"{failed} tests failed" if failed else "nothing was lost or doubled"
        terminalreporter.write_line(f"{INJECTED.total()} faults injected ({kinds}): {outcome}.")


@pytest.fixture(scope="session")
def spark_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Spark Connect server for all tests that do not ask for their own."""
    with spark_connect_server(tmp_path_factory.mktemp("spark")) as address:
        yield address


@pytest.fixture(scope="session")
def empty(spark_address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lakehouse without rows, to be copied: to make its tables takes seconds."""
    root = tmp_path_factory.mktemp("empty")
    session = SparkSession.builder.remote(spark_address).create()
    new_lakehouse(session, root)
    session.stop()
    return root
