"""A signal to one process stops a command within seconds, with its run canceled."""

import fcntl
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import dagster as dg
import pytest
from filelock import FileLock

from neo_assets import interruption
from neo_assets.backfill import backfill as backfill_days
from neo_assets.instance import prepare_instance
from neo_assets.pipeline import LAYERS
from neo_assets.settings import Settings
from neo_assets_tests.processes import descendants, still_running
from neo_assets_tests.sources import faulty_service as faulty
from neo_assets_tests.sources.faulty_service import FaultyService, serve
from neo_assets_tests.test_attention import Written
from neo_assets_tests.test_graph import Site

NEO_ASSETS = Path(sys.executable).with_name("neo-assets")
FIRST, LAST = date(2024, 3, 1), date(2024, 3, 6)
"""Three runs of two days."""
SUCCEEDED = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])
STOPS_WITHIN_S = 15
"""On a machine that is busy with other tests; alone it takes a second or two."""
INTERRUPT, TERMINATE = signal.SIGINT, signal.SIGTERM


class Command:
    """A command that runs, with what it has written to standard error so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.message: list[str] = []
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
            assert line is not None, f"no {pattern!r} in:\n{''.join(self.message)}"
            self.message.append(line)
            if re.search(pattern, line):
                return

    def stop(self, number: signal.Signals = INTERRUPT) -> str:
        """Send the signal to this process alone, and return its last line when it has ended."""
        started = descendants(self.process.pid)
        self.process.send_signal(number)
        assert self.process.wait(STOPS_WITHIN_S) == 128 + number, self.rest()
        assert not still_running(started, seconds=5)
        return self.rest()

    def rest(self) -> str:
        """Whatever else it wrote, once it has ended."""
        while (line := self._lines.get()) is not None:
            self.message.append(line)
        assert "Traceback" not in "".join(self.message), "".join(self.message)
        return self.message[-1].strip()


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


def continuation(message: str, number: signal.Signals = INTERRUPT) -> str:
    """The command that continues, from the printed sentence."""
    found = re.fullmatch(
        rf"Stopped by {number.name}\. The run in progress is canceled and nothing is half done\. "
        r"Continue with: neo-assets (.*)",
        message,
    )
    assert found, message
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
            message = command.stop(number)
        assert continuation(message, number) == " ".join(arguments)
        assert statuses(site_without_spark) == ["CANCELED"]
        assert len(service.calls) == 1
    with site_without_spark.instance() as instance:
        assert not instance.get_materialized_partitions(dg.AssetKey("raw_feed_files"))


@pytest.mark.parametrize(
    ("answer", "message", "settings"),
    [
        ("503 Service Unavailable", "trying again in", {}),
        ("429 Too Many Requests", "waiting until", {"NEO_RATE_LIMIT": "wait"}),
    ],
)
def test_a_wait_before_the_next_request(
    site_without_spark: Site, answer: str, message: str, settings: dict[str, str]
) -> None:
    for name, value in (settings | {"NEO_HTTP_RETRIES": "0" if settings else "5"}).items():
        site_without_spark.environment.setenv(name, value)
    with serve(finally_=faulty.says(answer, headers={"Retry-After": "60"})) as service:
        at(site_without_spark, service)
        with backfill() as command:
            command.wait_for(message)
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


def test_a_moment_between_two_runs(site_without_spark: Site) -> None:
    """Dagster drops a signal that arrives when a run has just ended."""
    raw = ("--select", "raw_feed_files")
    # Ten runs: the backfill is still going when the signal is sent.
    last = FIRST + timedelta(19)
    with serve() as service:
        at(site_without_spark, service)
        with running("backfill", *span_of(FIRST, last), *raw) as command:
            command.wait_for('execution of step "raw_feed_files"')
            with site_without_spark.instance() as instance:
                wait_until(lambda: instance.get_runs_count(SUCCEEDED) > 0)
            rest = continuation(command.stop()).split()
        found = statuses(site_without_spark)
        done = found.count("SUCCESS")
        # The next run may have begun by then.
        assert found[done:] in ([], ["CANCELED"])
        assert rest == ["backfill", *span_of(FIRST + done * timedelta(2), last), *raw]
        assert_locks_are_free(site_without_spark)
        with running(*rest) as command:
            assert command.process.wait(60) == 0, command.rest()
    landing = site_without_spark.root / "data" / "landing" / "neo_feed"
    files = [file.parent.name for file in landing.glob("*/*.json")]
    days = ((last - FIRST) + timedelta(1)).days
    assert sorted(files) == [f"feed_date={FIRST + timedelta(day)}" for day in range(days)]


@pytest.mark.parametrize(
    ("moment", "possible"),
    [
        ("RUN_START", {"CANCELED"}),
        ("STEP_START", {"CANCELED"}),
        ("STEP_SUCCESS", {"CANCELED"}),
        # Dagster looks for a signal no more: the next entry says that the run has succeeded.
        ("Finished steps in process", {"SUCCESS", "CANCELED"}),
        ("RUN_SUCCESS", {"SUCCESS"}),
    ],
)
def test_an_entry_of_the_log(site_without_spark: Site, moment: str, possible: set[str]) -> None:
    """A run that has succeeded stays so, and its days are not among those that are left."""
    days = [FIRST + timedelta(day) for day in range(4)]

    def stop(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event and (event.event_type.name == moment or moment in (event.message or "")):
            signal.raise_signal(INTERRUPT)

    with serve() as service:
        at(site_without_spark, service)
        with interruption.stop_on_signals():
            raw = [dg.AssetKey("raw_feed_files")]
            outcome = backfill_days(raw, days, Settings.from_environment(), stop)
    assert str(outcome.stopped) == "SIGINT"
    (status,) = statuses(site_without_spark)
    assert status in possible
    assert list(outcome.days_left) == (days[2:] if status == "SUCCESS" else days)


@pytest.mark.parametrize("arguments", [("--full",), ("--start", str(FIRST), "--end", str(LAST))])
def test_a_replay(site_without_spark: Site, arguments: tuple[str, ...]) -> None:
    with serve() as service:
        at(site_without_spark, service)
        assert site_without_spark.backfill(FIRST, LAST, "raw_feed_files").is_good
    before = statuses(site_without_spark)
    lock = FileLock(site_without_spark.root / "data" / ".writing.lock")
    with lock, running("replay", *arguments) as command:
        command.wait_for("Waiting for another run or command that writes")
        message = command.stop(TERMINATE)
    assert continuation(message, TERMINATE).split() == ["replay", *arguments]
    assert statuses(site_without_spark) == [*before, "CANCELED"]
    assert_locks_are_free(site_without_spark)


def test_a_release_that_waits(site_without_spark: Site) -> None:
    home = prepare_instance(Settings.from_environment())
    with dg.DagsterInstance.from_config(str(home)) as instance:
        written = Written(instance)
        written.done([FIRST], LAYERS[:2])
        written.done([FIRST], LAYERS[2:3], dropped=3)
    lock = FileLock(site_without_spark.root / "data" / ".writing.lock")
    with lock, running("release", str(FIRST), "--why", "looked at") as command:
        command.wait_for("Waiting for another run or command that writes")
        said = command.stop(TERMINATE)
    gold = ["--select", f"{LAYERS[3]}+"]
    assert continuation(said, TERMINATE).split() == ["backfill", *span_of(FIRST, FIRST), *gold]
    assert statuses(site_without_spark) == ["CANCELED"]
    assert_locks_are_free(site_without_spark)
    with site_without_spark.instance() as instance:
        silver = dg.AssetRecordsFilter(dg.AssetKey(LAYERS[2]), asset_partitions=[str(FIRST)])
        # The decision stays: the command that continues needs no reason again.
        (released,) = instance.fetch_observations(silver, limit=10).records
    assert "looked at" in str(released.asset_observation)


JAVA_THAT_STARTS_FOREVER = """#!/bin/sh
case "$*" in *-version*)
    echo "java.home = $(dirname "$(dirname "$0")")" >&2
    echo "java.specification.version = 17" >&2
    exit
esac
touch "$0.started"
# Like a real one, it ends when its parent does.
exec cat > /dev/null
"""


def test_a_start_of_spark(site_without_spark: Site) -> None:
    java = site_without_spark.root / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(JAVA_THAT_STARTS_FOREVER)
    java.chmod(0o755)
    site_without_spark.environment.setenv("JAVA_HOME", str(java.parents[1]))
    site_without_spark.environment.delenv("NEO_SPARK_REMOTE")
    with backfill() as command:
        wait_until(java.with_name("java.started").exists)
        message = command.stop(TERMINATE)
    assert continuation(message, TERMINATE).split() == ["backfill", *span_of(FIRST, LAST)]
    assert not statuses(site_without_spark)
    assert_locks_are_free(site_without_spark)


def span_of(first: date, last: date) -> list[str]:
    return ["--start", str(first), "--end", str(last)]


def assert_locks_are_free(site: Site) -> None:
    data = site.root / "data"
    with FileLock(data / ".writing.lock", timeout=0), (data / ".days.lock").open("ab") as days:
        fcntl.lockf(days, fcntl.LOCK_EX | fcntl.LOCK_NB)


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


STOPPED_IN_A_FINALIZER = """
import os, signal
from neo_assets import interruption
class Object:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        print(sum(range(9)))
with interruption.stop_on_signals():
    Object()
    try:
        interruption.check()
    except interruption.Stopped as stopped:
        print(stopped)
"""


def test_a_signal_in_a_finalizer() -> None:
    """Python drops what a finalizer raises, and prints it."""
    message = subprocess.run(
        [sys.executable, "-c", STOPPED_IN_A_FINALIZER], capture_output=True, text=True, check=True
    )
    assert (message.stdout, message.stderr) == ("SIGTERM\n", "")


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
