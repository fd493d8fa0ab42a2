import subprocess
import sys
from concurrent.futures import Future
from contextvars import ContextVar
from threading import Event

import pytest

from neo_assets.background import start_in_background
from neo_assets.targets.local import session as local_session

WHO = ContextVar("WHO", default="nobody")


def test_what_a_call_returns_or_raises() -> None:
    WHO.set("the caller")
    assert start_in_background(WHO.get).result(10) == "the caller"
    with pytest.raises(ZeroDivisionError):
        start_in_background(lambda: 1 / 0).result(10)


def test_no_process_waits_for_a_call_at_its_end() -> None:
    program = "import time; from neo_assets.background import start_in_background as start; "
    program += "start(lambda: time.sleep(60))"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


class Session:
    """A session whose statement ends when it is interrupted for the second time."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._ended = Event()

    def statement(self) -> None:
        self._ended.wait(30)
        self.calls.append("statement ended")

    def interruptAll(self) -> None:
        self.calls.append("interrupted")
        if self.calls.count("interrupted") == 1:
            raise ConnectionError("unreachable")
        self._ended.set()

    def stop(self) -> None:
        self.calls.append("stopped")


def test_an_interrupted_statement_has_ended_before_the_interruption_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Interrupted(Future[None]):
        """A future of which the first wait is cut short, as a signal does it."""

        def result(self, timeout: float | None = None) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr("neo_assets.background.Future", Interrupted)
    session = Session()
    with pytest.raises(KeyboardInterrupt):
        local_session.run_cancelable(session, session.statement)  # type: ignore[arg-type]
    assert session.calls == ["interrupted", "interrupted", "statement ended", "stopped"]
