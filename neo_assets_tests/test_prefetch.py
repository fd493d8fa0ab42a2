"""Days that are fetched before their run begins, from a service over real HTTP."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from neo_assets import prefetch
from neo_assets.prefetch import prefetching
from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.base import DayOutcome, DaySnapshot, Source
from neo_assets.sources.errors import FeedError
from neo_assets.sources.neows import NEOWS
from neo_assets_tests.sources import faulty_service as faulty
from neo_assets_tests.sources.faulty_service import FaultyService, serve
from neo_assets_tests.targets.test_locks import another_run, state_of

FIRST = (date(2024, 3, 1), date(2024, 3, 2))
SECOND = (date(2024, 3, 3), date(2024, 3, 4))
THIRD = (date(2024, 3, 6),)
RUNS = [FIRST, SECOND, THIRD]


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    for name, value in {
        "NEO_SOURCE": "nasa",
        "NASA_API_KEY": "k3y-of-the-caller",
        "NEO_DATA_DIR": str(tmp_path / "data"),
        "NEO_HTTP_RETRIES": "1",
    }.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator["At"]:
    """Points the source to a service, while prefetching for all runs."""
    with prefetching(RUNS):
        yield lambda service: monkeypatch.setenv("NEOWS_BASE_URL", service.base_url)


At = Callable[[FaultyService], None]


def fetch(source: Source, days: Sequence[date], log: LogFunction) -> Iterator[DayOutcome]:
    """Fetch the days for a run that starts now."""
    return prefetch.fetch(source, days, Settings.from_environment(), log)


def test_the_next_days_are_fetched_once_these_are_taken(at: At) -> None:
    with serve() as service:
        at(service)
        assert [answer.day for answer in fetch(NEOWS, FIRST, pytest.fail)] == [*FIRST]
        wait_for_calls(service, 2)
        assert service.asked[1] == ("2024-03-03", "2024-03-04")
        # The days after the next ones are fetched when the next ones are taken.
        second = list(fetch(NEOWS, SECOND, pytest.fail))
        assert [answer.day for answer in second] == [*SECOND]
        counts = [len(answer.objects) for answer in second if isinstance(answer, DaySnapshot)]
        assert counts == [0, 2]
        assert [answer.day for answer in fetch(NEOWS, THIRD, pytest.fail)] == [*THIRD]
    assert [first for first, _ in service.asked] == ["2024-03-01", "2024-03-03", "2024-03-06"]


def test_failures_while_prefetching_are_logged_in_the_run_of_those_days(at: At) -> None:
    refusal = faulty.says("503 Service Unavailable")
    with serve(faulty.honest(), refusal, refusal) as service:
        at(service)
        list(fetch(NEOWS, FIRST, pytest.fail))
        wait_for_calls(service, 3)
        logged: list[str] = []
        with pytest.raises(FeedError, match="503 for 2024-03-03…2024-03-04"):
            list(fetch(NEOWS, SECOND, logged.append))
        (sentence,) = logged
        assert "503 for 2024-03-03…2024-03-04" in sentence
        # Nothing is prefetched from a failing service; the next run fetches as usual.
        assert [answer.day for answer in fetch(NEOWS, THIRD, pytest.fail)] == [*THIRD]
        assert len(service.calls) == 4


def test_days_locked_by_another_run_are_not_prefetched(at: At) -> None:
    with serve() as service, another_run(("2024-03-04",)) as other:
        assert state_of(other) == "works"
        at(service)
        list(fetch(NEOWS, FIRST, pytest.fail))
        other.kill()
        other.wait()
        # What the run that has locked the days lands would be newer than what was prefetched.
        time.sleep(0.3)
        assert len(service.calls) == 1
        assert [answer.day for answer in fetch(NEOWS, SECOND, pytest.fail)] == [*SECOND]


def test_prefetched_days_are_locked(at: At) -> None:
    with serve() as service:
        at(service)
        list(fetch(NEOWS, FIRST, pytest.fail))
        with another_run(("2024-03-04",)) as other:
            assert state_of(other) == "waits"


def wait_for_calls(service: FaultyService, calls: int) -> None:
    """Wait until the background thread has sent this number of requests."""
    until = time.monotonic() + 20
    while len(service.calls) < calls:
        assert time.monotonic() < until, f"asked {len(service.calls)} times"
        time.sleep(0.01)


def test_no_request_is_sent_after_the_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = faulty.says("503 Service Unavailable", headers={"Retry-After": "1"})
    with serve(faulty.honest(), finally_=down) as service:
        monkeypatch.setenv("NEOWS_BASE_URL", service.base_url)
        with prefetching(RUNS):
            list(fetch(NEOWS, FIRST, pytest.fail))
            wait_for_calls(service, 2)
        time.sleep(1.5)
        assert len(service.calls) == 2
