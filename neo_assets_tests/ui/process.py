"""`neo-assets ui` as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neo_assets_tests.fast_daemon import FAST_DAEMON
from neo_assets_tests.processes import descendants, still_running

PARTITIONS_PER_RUN = 16


@contextmanager
def running_ui(
    data_directory: Path, ending: signal.Signals = signal.SIGINT, **settings: str
) -> Iterator[str]:
    """The web UI, with its daemon and a warm Spark server, over a data directory: its address.

    In the end it is asked to end: it does so cleanly, and leaves no process behind.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("NEO_") and name != "DAGSTER_HOME"
    }
    address = f"http://127.0.0.1:{port}"
    log = data_directory / "ui.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("neo-assets"), "ui", "--port", str(port)],
            # From any folder, not only from that of the project.
            cwd=data_directory,
            env=environment
            | {
                "NEO_DATA_DIR": str(data_directory),
                "NEO_SOURCES": "neows",
                "PYTHONUNBUFFERED": "1",
            }
            | FAST_DAEMON
            | settings,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        assert any(address in line for line in process.stdout), log.read_text()
        yield address
    finally:
        children = descendants(process.pid)
        process.send_signal(ending)
        process.communicate(timeout=90)
    # Spark and its JVM; Dagster with its web server, its daemon and the code location.
    assert len(children) >= 6
    assert process.returncode == 0, log.read_text()
    assert not still_running(children, seconds=5)
