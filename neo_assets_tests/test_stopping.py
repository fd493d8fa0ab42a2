"""A signal to one process stops a command within seconds, with its run canceled."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import dagster as dg
import pytest
from filelock import FileLock

from neo_assets_tests.sources import faulty_service as faulty
from neo_assets_tests.sources.faulty_service import FaultyService, serve
from neo_assets_tests.test_graph import Site

NEO_ASSETS = Path(sys.executable).with_name("neo-assets")
FIRST, LAST = date(2024, 3, 1), date(2024, 3, 6)
"""Three runs of two days."""
STOPS_WITHIN_S = 15
"""On a machine that is busy with other tests; alone it takes a second or two."""
INTERRUPT, TERMINATE = signal.SIGINT, signal.SIGTERM


class Command:
    """A command that runs, with what it has written to standard error so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said: list[str] = []
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, pattern: str, seconds: float = 120) -> None:
        """Wait until a line matches."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                line = None
            assert line is not None, f"no {pattern!r} in:\n{''.join(self.said)}"
            self.said.append(line)
            if re.search(pattern, line):
                return

    def stop(self, number: signal.Signals = INTERRUPT) -> str:
        """Send the signal to this process alone; what it says last, when it has ended."""
        self.process.send_signal(number)
        assert self.process.wait(STOPS_WITHIN_S) == 128 + number, self.rest()
        return self.rest()

    def rest(self) -> str:
        """Whatever else it wrote, once it has ended."""
        while (line := self._lines.get()) is not None:
            self.said.append(line)
        assert "Traceback" not in "".join(self.said)
        return self.said[-1].strip()


@contextmanager
def running(*arguments: str) -> Iterator[Command]:
    """A command in a process group of its own; nothing that it started outlives it."""
    with subprocess.Popen(
        [NEO_ASSETS, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Command(process)
        finally:
            process.kill()


@contextmanager
def backfill(first: date = FIRST, last: date = LAST) -> Iterator[Command]:
    with running("backfill", "--start", str(first), "--end", str(last)) as command:
        yield command


def continuation(said: str, number: signal.Signals = INTERRUPT) -> str:
    """The command that continues, by the sentence that was said."""
    found = re.fullmatch(
        rf"Stopped by {number.name}\. The run in progress is canceled and nothing is half done\. "
        r"Continue with: neo-assets (.*)",
        said,
    )
    assert found, said
    return found[1]


def statuses(site: Site) -> list[str]:
    """The status of each run, the first one first."""
    with site.instance() as instance:
        return [run.status.value for run in reversed(instance.get_runs())]


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO_PARTITIONS_PER_RUN", "2")
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")


@pytest.fixture
def site_without_spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site for what ends before Spark is needed."""
    for name in ("DAGSTER_HOME", "NASA_API_KEY", "NEO_SIMULATOR_RECORDINGS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NEO_SPARK_REMOTE", "sc://localhost:9")
    return Site(tmp_path, monkeypatch)


def at(site: Site, service: FaultyService) -> None:
    """Fetch from this service."""
    site.environment.setenv("NEO_SOURCE", "nasa")
    site.environment.setenv("NEOWS_BASE_URL", service.base_url)


@pytest.mark.parametrize(
    ("number", "arguments"),
    [
        (INTERRUPT, ("backfill", "--start", str(FIRST), "--end", str(LAST))),
        (TERMINATE, ("demo",)),
    ],
)
def test_a_request_in_flight(
    site_without_spark: Site, number: signal.Signals, arguments: tuple[str, ...]
) -> None:
    with serve(finally_=faulty.hangs) as service:
        at(site_without_spark, service)
        with running(*arguments) as command:
            wait_until(lambda: len(service.calls) > 0)
            said = command.stop(number)
        assert continuation(said, number) == " ".join(arguments)
        assert statuses(site_without_spark) == ["CANCELED"]
        assert len(service.calls) == 1
    with site_without_spark.instance() as instance:
        assert not instance.get_materialized_partitions(dg.AssetKey("raw_feed_files"))


@pytest.mark.parametrize(
    ("answer", "said", "settings"),
    [
        ("503 Service Unavailable", "trying again in", {}),
        ("429 Too Many Requests", "waiting until", {"NEO_RATE_LIMIT": "wait"}),
    ],
)
def test_a_wait_before_the_next_request(
    site_without_spark: Site, answer: str, said: str, settings: dict[str, str]
) -> None:
    for name, value in (settings | {"NEO_HTTP_RETRIES": "0" if settings else "5"}).items():
        site_without_spark.environment.setenv(name, value)
    with serve(finally_=faulty.says(answer, headers={"Retry-After": "60"})) as service:
        at(site_without_spark, service)
        with backfill() as command:
            command.wait_for(said)
            assert continuation(command.stop()) == f"backfill --start {FIRST} --end {LAST}"
        assert len(service.calls) == 1
    assert statuses(site_without_spark) == ["CANCELED"]


def test_a_wait_for_another_writer(site_without_spark: Site) -> None:
    with serve() as service:
        at(site_without_spark, service)
        (site_without_spark.root / "data").mkdir()
        with FileLock(site_without_spark.root / "data" / ".writing.lock"), backfill() as command:
            command.wait_for("Waiting for another run or command that writes")
            assert continuation(command.stop()) == f"backfill --start {FIRST} --end {LAST}"
        # One for the run, one ahead for the next run: the third was not to come yet.
        assert len(service.calls) <= 2
    assert statuses(site_without_spark) == ["CANCELED"]


STUBBORN = """
import sys, time
from neo_assets import interruption
interruption.STOPPING_TAKES_AT_MOST_S = float(sys.argv[1])
with interruption.stop_on_signals(), interruption.before_forced_exit(lambda: print("last")):
    try:
        print("ready", flush=True)
        time.sleep(60)
    except interruption.Stopped:
        print("stopping", flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize("seconds", [0.5, 60])
def test_a_command_that_does_not_stop_is_ended(seconds: float) -> None:
    """By itself after a while, or by the second signal."""
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN, str(seconds)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(TERMINATE)
        assert process.stdout.readline() == "stopping\n"
        if seconds == 60:
            process.send_signal(INTERRUPT)
        assert process.wait(10) == 128 + TERMINATE


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
