import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from neo_assets_tests.processes import descendants, still_running

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_running(tmp_path: Path, ending: signal.Signals) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"NEO_DATA_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    for name in ("DAGSTER_HOME", "NEO_SPARK_REMOTE"):
        environment.pop(name, None)
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "neo_assets.ui", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with supervisor:
        assert supervisor.stdout is not None
        assert any(line == f"The web UI: http://127.0.0.1:{port}\n" for line in supervisor.stdout)
        children = descendants(supervisor.pid)
        # Spark and its JVM; Dagster with its web server, its daemon and the code location.
        assert len(children) >= 6
        supervisor.send_signal(ending)
        supervisor.communicate(timeout=90)
    assert supervisor.returncode == 0
    assert not still_running(children, seconds=5)
