"""Stop requests by signal: Ctrl-C and SIGTERM stop a command, not only the run it is executing.

While a run executes, Dagster replaces the handlers of both signals, and drops a signal that arrives
between two steps. Python writes the number of every signal to a socket as well, whichever handler
is in place, and that socket is what counts here.
"""

import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPING_TAKES_AT_MOST_S = 30
"""Seconds after the first signal at which the process exits, whatever it is still doing."""
_LAST_ACTION_TAKES_AT_MOST_S = 2

Action = Callable[[], object]


class Stopped(BaseException):
    """A signal asked this process to stop.

    Not an `Exception`, so that nothing that handles errors takes it for one.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number

    def __str__(self) -> str:
        return signal.Signals(self.signal_number).name


class _StopRequests:
    """The signals received since the handlers were installed, and what to do about them."""

    def __init__(self, reader: socket.socket) -> None:
        self.signals: list[int] = []
        self.on_first: list[Action] = []
        self.before_forced_exit: list[Action] = []
        self._reader = reader
        # A signal may arrive while the main thread looks for signals.
        self._lock = threading.RLock()

    def poll(self) -> int | None:
        """The first signal, if there is one; the second ends the process at once."""
        with self._lock, suppress(BlockingIOError):
            numbers = [number for number in self._reader.recv(64) if number in SIGNALS]
            is_first = not self.signals and numbers
            self.signals += numbers
            if is_first:
                for action in self.on_first:
                    action()
        if len(self.signals) > 1:
            self.exit_now()
        return self.signals[0] if self.signals else None

    def watch(self, is_over: threading.Event) -> None:
        """Wait for signals until it is over, or until stopping takes too long."""
        deadline: float | None = None
        while not is_over.is_set():
            select.select([self._reader], [], [], 0.2)
            if not is_over.is_set() and self.poll() is not None:
                deadline = deadline or time.monotonic() + STOPPING_TAKES_AT_MOST_S
                if time.monotonic() > deadline:
                    self.exit_now()

    def exit_now(self) -> None:
        """End the process without any further tidying; child processes notice and end too."""

        def act() -> None:
            for action in self.before_forced_exit:
                action()

        # What the main thread holds a lock on may be what an action needs.
        last = threading.Thread(target=act, daemon=True)
        last.start()
        last.join(_LAST_ACTION_TAKES_AT_MOST_S)
        sys.stderr.flush()
        os._exit(exit_code(self.signals[0]))


_requests: _StopRequests | None = None


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise `Stopped` at the first signal in the block, and end the process at the second.

    Code that handles signals itself, as Dagster does during a run, is left to do so; `check`
    raises afterwards.
    """
    global _requests
    report_unraisable = sys.unraisablehook
    before = {number: signal.getsignal(number) for number in SIGNALS}
    is_over = threading.Event()
    with ExitStack() as sockets:
        reader, writer = (sockets.enter_context(end) for end in socket.socketpair())
        for end in (reader, writer):
            end.setblocking(False)
        _requests = _StopRequests(reader)
        watching = threading.Thread(target=_requests.watch, args=(is_over,), daemon=True)
        wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, _stop)
        sys.unraisablehook = _without_stop_requests(report_unraisable)
        watching.start()
        try:
            yield
        finally:
            sys.unraisablehook = report_unraisable
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup)
            is_over.set()
            watching.join()
            _requests = None


def requested() -> bool:
    """Whether a signal has asked this process to stop."""
    return _requests is not None and _requests.poll() is not None


def check() -> None:
    """Raise `Stopped` if a signal arrived that nothing has raised for yet."""
    number = _requests.poll() if _requests else None
    if number is not None:
        raise Stopped(number)


@contextmanager
def on_stop(action: Action) -> Iterator[None]:
    """Within the block, do this as soon as a signal arrives, from any thread."""
    with _listed(_requests.on_first if _requests else [], action):
        yield


@contextmanager
def before_forced_exit(action: Action) -> Iterator[None]:
    """Within the block, do this before the process ends without tidying."""
    with _listed(_requests.before_forced_exit if _requests else [], action):
        yield


def exit_code(signal_number: int) -> int:
    """The exit code of a command that a signal stopped, as shells have it: 130 or 143."""
    return 128 + signal_number


@contextmanager
def _listed(actions: list[Action], action: Action) -> Iterator[None]:
    actions.append(action)
    try:
        yield
    finally:
        actions.remove(action)


def _without_stop_requests(
    report: Callable[["sys.UnraisableHookArgs"], object],
) -> Callable[["sys.UnraisableHookArgs"], object]:
    """The hook for exceptions that Python drops, without what a signal raises in a finalizer."""

    def hook(unraisable: "sys.UnraisableHookArgs") -> None:
        if not requested():
            report(unraisable)

    return hook


def _stop(number: int, _: FrameType | None) -> None:
    requested()
    raise Stopped(number)
