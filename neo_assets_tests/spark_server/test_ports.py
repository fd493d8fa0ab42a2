"""The ports of the server, and what gives its secrets away."""

import os
import socket
from pathlib import Path

import pytest

from neo_assets_tests.listening import listening_addresses
from neo_assets_tests.processes import descendants, javas

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/net/tcp").exists(), reason="lists ports as Linux has them"
)


@pytest.fixture(scope="module")
def server(spark_address: str) -> dict[int, set[tuple[str, int]]]:
    """The processes of the server of all tests, with the addresses they listen on."""
    (java,) = javas()
    parent = next(pid for pid in descendants(os.getpid()) if java in descendants(pid))
    found = {process: listening_addresses(process) for process in (java, parent)}
    # Spark Connect, the driver, its block manager, PySpark's gateway.
    assert len(found[java]) >= 4
    assert int(spark_address.split(":")[2].split("/")[0]) in {port for _, port in found[java]}
    return found


def test_every_port_is_open_to_this_machine_alone(
    server: dict[int, set[tuple[str, int]]],
) -> None:
    assert {address for places in server.values() for address, _ in places} == {"127.0.0.1"}


def test_the_gateway_runs_no_command(server: dict[int, set[tuple[str, int]]]) -> None:
    for places in server.values():
        for place in places:
            answer = _answer(place, b"c\nz:java.lang.System\ncurrentTimeMillis\ne\n")
            assert not answer.startswith(b"!y")


def test_no_command_line_and_no_file_has_the_token(
    server: dict[int, set[tuple[str, int]]], spark_address: str
) -> None:
    token = spark_address.partition("token=")[2].encode()
    assert len(token) > 20
    for process in descendants(os.getpid()):
        folder = Path("/proc") / str(process)
        assert token not in (folder / "cmdline").read_bytes()
        # The environment, which has it, is its owner's.
        assert (folder / "environ").stat().st_mode & 0o077 == 0
    (parent,) = server.keys() - javas()
    work_directory = (Path("/proc") / str(parent) / "cwd").readlink()
    files = [file for file in work_directory.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if token in file.read_bytes()]


def _answer(place: tuple[str, int], message: bytes) -> bytes:
    with socket.create_connection(place) as connection:
        connection.settimeout(1)
        connection.sendall(message)
        try:
            return connection.recv(4096)
        except (TimeoutError, ConnectionError):
            return b""
