"""Which process waits for which."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from filelock import FileLock

from neo_assets.settings import Settings
from neo_assets.targets.locks import (
    exclusive_writer,
    lock_partitions,
    try_lock_partitions,
    unlock_partitions,
)

ANOTHER_RUN = """
import sys
from datetime import date
from neo_assets.targets.locks import lock_partitions
from neo_assets.settings import Settings

days = [date.fromisoformat(day) for day in sys.argv[1:]]
lock_partitions(days, Settings.from_environment(), lambda _: print("waits", flush=True))
print("works", flush=True)
sys.stdin.read()
"""
DAYS = [date(2024, 3, day) for day in (10, 11, 12)]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path / "data"))
    return Settings.from_environment()


def test_a_process_that_need_not_wait_logs_nothing(settings: Settings) -> None:
    logged: list[str] = []
    for _ in range(2):
        with exclusive_writer(settings, logged.append), pytest.raises(TimeoutError):
            FileLock(settings.writing_lock, timeout=0).acquire()
    assert not logged


def test_a_waiting_process_logs_what_it_waits_for(settings: Settings) -> None:
    logged: list[str] = []
    with exclusive_writer(settings, logged.append):
        other = FileLock(settings.writing_lock, is_singleton=False)
    other.acquire()

    def log(sentence: str) -> None:
        logged.append(sentence)
        # The other one is ready at last.
        other.release()

    with exclusive_writer(settings, log, logged_after_s=0), pytest.raises(TimeoutError):
        FileLock(settings.writing_lock, timeout=0).acquire()
    (sentence,) = logged
    assert f"another run or command that writes to the tables of {settings.neo_data_dir}" in (
        sentence
    )


@pytest.mark.parametrize("days", [("2024-03-12", "2024-03-20"), ("2024-03-01", "2024-03-31")])
def test_runs_of_the_same_day_take_turns(settings: Settings, days: tuple[str, str]) -> None:
    lock_partitions(DAYS, settings, pytest.fail)
    with another_run(days) as other:
        assert state_of(other) == "waits"
        unlock_partitions(DAYS, settings)
        assert state_of(other) == "works"
        assert not try_lock_partitions(DAYS, settings)


@pytest.mark.parametrize("days", [("2024-03-13", "2024-03-20"), ("2024-03-01", "2024-03-09")])
def test_runs_of_other_days_do_not_wait(settings: Settings, days: tuple[str, str]) -> None:
    lock_partitions(DAYS, settings, pytest.fail)
    with another_run(days) as other:
        assert state_of(other) == "works"


def test_days_are_let_go_by_themselves(settings: Settings) -> None:
    """A process that prefetches releases the locks of the finished run, not of the next one."""
    lock_partitions(DAYS, settings, pytest.fail)
    assert try_lock_partitions([date(2024, 3, 13)], settings)
    unlock_partitions(DAYS, settings)
    with another_run(("2024-03-12",)) as first, another_run(("2024-03-13",)) as second:
        assert (state_of(first), state_of(second)) == ("works", "waits")


def test_a_run_that_waited_goes_on_when_the_other_one_was_killed(settings: Settings) -> None:
    logged: list[str] = []
    with another_run(("2024-03-12",)) as other:
        assert state_of(other) == "works"

        def log(sentence: str) -> None:
            logged.append(sentence)
            other.kill()

        lock_partitions(DAYS, settings, log)
        with another_run(("2024-03-12",)) as third:
            assert state_of(third) == "waits"
    assert logged == ["Waiting for another run of 2024-03-10…2024-03-12."]


def test_a_run_that_waits_can_be_ended(settings: Settings) -> None:
    lock_partitions(DAYS, settings, pytest.fail)
    with another_run(("2024-03-12",)) as other:
        assert state_of(other) == "waits"
        other.send_signal(signal.SIGINT)
        assert other.wait(20) == -signal.SIGINT


@contextmanager
def another_run(days: tuple[str, ...]) -> Iterator["subprocess.Popen[str]"]:
    """A process with a reservation, or in wait for one, that lives as long as the block."""
    with subprocess.Popen(
        [sys.executable, "-c", ANOTHER_RUN, *days],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def state_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
