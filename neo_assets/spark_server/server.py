"""The local Spark Connect server, as a child process that cannot outlive its parent."""

import os
import secrets
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from neo_assets.spark_server.delta_jars import delta_jars
from neo_assets.spark_server.java import find_java

STARTING_TAKES_AT_MOST_S = 180
ENDING_TAKES_AT_MOST_S = 30
MEMORY = "2g"
"""The heap of a server: enough for a day every few seconds for an hour (benchmarks/README.md)."""
_OUT_OF_MEMORY = 3
"""The exit code of a JVM that exits when it runs out of memory."""


class SparkServerError(Exception):
    """The server cannot start; the message says why and what to do."""


@dataclass(frozen=True)
class SparkServer:
    """A server that was started: the port it listens on, and the token it asks for."""

    port: int
    token: str = field(repr=False)
    _process: "subprocess.Popen[bytes]" = field(repr=False)

    @property
    def address(self) -> str:
        """The address for clients, with the token."""
        # `localhost` by name: only there does the client send a token without TLS.
        return f"sc://localhost:{self.port}/;token={self.token}"

    @property
    def trouble(self) -> str | None:
        """Why the server has stopped, in a few words; None while it runs.

        One that listens and does not answer is not in trouble: a long garbage collection, and a
        machine that was asleep, look the same, and the run that waits for it may yet end well.
        """
        code = self._process.poll()
        if code is not None:
            return _in_words(code)
        return "nothing listens on its port" if port_is_free(self.port) else None


@contextmanager
def spark_connect_server(
    work_directory: Path,
    *,
    port: int | None = None,
    log_file: Path | None = None,
    is_lasting: bool = True,
    memory: str = MEMORY,
) -> Iterator[str]:
    """Run a Spark Connect server with Delta for the length of the block; yield its address.

    What it writes goes to `log_file`, `server.log` in `work_directory` unless given, in place of
    what an earlier one wrote there.

    Raises:
        as `started_server`.
    """
    log_file = log_file or work_directory / "server.log"
    log_file.unlink(missing_ok=True)
    with started_server(
        work_directory, log_file, port=port, is_lasting=is_lasting, memory=memory
    ) as server:
        yield server.address


@contextmanager
def started_server(
    work_directory: Path,
    log_file: Path,
    *,
    port: int | None = None,
    token: str | None = None,
    is_lasting: bool = True,
    memory: str = MEMORY,
) -> Iterator[SparkServer]:
    """Run a Spark Connect server with Delta for the length of the block.

    It listens on this machine only, on any free port unless one is given, and lets in only who has
    the token, a new one unless given. What it writes is added to `log_file`. One that is not
    lasting, for a single run, is sooner at work and slower later. `memory` is the size of its heap,
    as Java has it.

    Raises:
        SparkServerError: the port is in use, or the server does not start.
        DeltaJarsError: Delta's JARs are not there and cannot be fetched.
        JavaError: there is no Java to run it.
    """
    if port and not port_is_free(port):
        raise SparkServerError(
            f"Port {port} is in use: stop the process that uses it, or choose another port."
        )
    work_directory = work_directory.absolute()
    work_directory.mkdir(parents=True, exist_ok=True)
    token = token or secrets.token_urlsafe()
    command = [
        *(sys.executable, "-m", "neo_assets.spark_server", "serve"),
        *("--port", str(port or 0)),
        *("--work-directory", str(work_directory)),
        *("--memory", memory),
        *(["--lasting"] if is_lasting else []),
        *map(str, delta_jars()),
    ]
    with (
        log_file.open("a") as log,
        subprocess.Popen(
            command,
            env=_environment(token),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as process,
    ):
        try:
            server = SparkServer(_port_when_ready(process, log_file), token, process)
        except BaseException:
            # In the middle of its start it would notice only later that it is to end.
            process.kill()
            raise
        try:
            yield server
        finally:
            _end(process)


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        # Connections that ended a moment ago do not make a port used.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _environment(token: str) -> dict[str, str]:
    # Another Spark that the user has set up must not get into this one.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPARK_", "PYSPARK_"))
    }
    return inherited | {
        "JAVA_HOME": str(find_java().home),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONNECT_AUTHENTICATE_TOKEN": token,
        # Some machines cannot resolve their own name.
        "SPARK_LOCAL_IP": "127.0.0.1",
        # Java reads and writes the names of files in the encoding of the locale: in that of `C` it
        # cannot have a folder with any other letters than those of ASCII.
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


def _port_when_ready(process: "subprocess.Popen[bytes]", log_file: Path) -> int:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], STARTING_TAKES_AT_MOST_S)
    answer = process.stdout.readline() if readable else b""
    if not answer:
        reason = _end_of_log(log_file.read_text(errors="replace").splitlines())
        raise SparkServerError(
            "\n".join([*reason, f"Spark did not start: the reason is above, or in {log_file}."])
        )
    return int(answer)


def _end_of_log(lines: Sequence[str]) -> list[str]:
    """Return the end of a log, and what is before the traceback at its end.

    Java's messages come first; Python only reports that Java has ended.
    """
    tracebacks = [number for number, line in enumerate(lines) if line.startswith("Traceback ")]
    begin = tracebacks[-1] if tracebacks else len(lines)
    return [*lines[:begin][-10:], *lines[begin:][-5:]]


def _in_words(exit_code: int) -> str:
    if exit_code == _OUT_OF_MEMORY:
        return "it ran out of memory"
    # A process that a signal ended has it negated, what a shell makes of it is added to 128.
    number = -exit_code if exit_code < 0 else exit_code - 128
    if number in set(signal.Signals):
        return f"it was ended by {signal.Signals(number).name}"
    return f"it ended with code {exit_code}"


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(ENDING_TAKES_AT_MOST_S)
    except subprocess.TimeoutExpired:
        # The JVM notices that its parent has ended.
        process.kill()
        process.wait()
