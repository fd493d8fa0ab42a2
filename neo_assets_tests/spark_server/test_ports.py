"""The ports of the server, and what gives its secrets away."""

import os
import socket
import struct
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from neo_assets.spark_server.delta_jars import delta_jars
from neo_assets_tests.listening_ports import listening_addresses
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


def test_no_port_sends_a_file(
    server: dict[int, set[tuple[str, int]]], spark_address: str, tmp_path: Path
) -> None:
    """The driver has a file server for JARs, and for the folder of what sessions upload."""
    private = tmp_path / "private"
    private.write_text("This is private.")
    jar = delta_jars()[0]
    session = SparkSession.builder.remote(spark_address).create()
    assert session.range(3).count() == 3
    for place in set.union(*server.values()):
        climbing = f"/artifacts/{'../' * 20}{private.relative_to('/')}"
        assert private.read_bytes() not in _answer(place, _stream_request(climbing))
        assert b"PK\x03\x04" not in _answer(place, _stream_request(f"/jars/{jar.name}"))
    session.stop()


def test_a_call_without_the_secret_reaches_no_endpoint(
    server: dict[int, set[tuple[str, int]]],
) -> None:
    """Java has deserialized a call before an endpoint of the driver can refuse it."""
    answers = [_answer(place, _remote_call(place)) for place in set.union(*server.values())]
    assert not [answer for answer in answers if b"Unsupported message" in answer]
    # The driver and its block manager.
    assert len([answer for answer in answers if b"Expected SaslMessage" in answer]) == 2


def test_a_large_result_needs_no_stream(spark_address: str) -> None:
    session = SparkSession.builder.remote(spark_address).create()
    (row,) = session.sql("SELECT repeat('x', 3 * 1024 * 1024) AS text FROM range(1)").collect()
    assert len(row.text) == 3 * 2**20
    session.stop()


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


def _stream_request(name: str) -> bytes:
    """What Spark's own client sends to open a stream."""
    return _frame(6, struct.pack(">i", len(name)) + name.encode())


def _remote_call(place: tuple[str, int]) -> bytes:
    """A call of an endpoint of the driver, with a serialized Java string."""
    sender, receiver = (_address("127.0.0.1", 1), _address(*place))
    text = bytes.fromhex("aced0005 74 0005") + b"hello"
    call = sender + receiver + _short_text("endpoint-verifier") + text
    return _frame(3, struct.pack(">qi", 1, len(call)) + call)


def _address(host: str, port: int) -> bytes:
    return b"\x01" + _short_text(host) + struct.pack(">i", port)


def _short_text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _frame(kind: int, content: bytes) -> bytes:
    return struct.pack(">qb", 9 + len(content), kind) + content


def _answer(place: tuple[str, int], message: bytes) -> bytes:
    """What arrives until the connection is closed, or nothing more arrives for a second."""
    answer = b""
    with socket.create_connection(place) as connection:
        connection.settimeout(1)
        connection.sendall(message)
        try:
            while received := connection.recv(65536):
                answer += received
        except (TimeoutError, ConnectionError):
            pass
    return answer
