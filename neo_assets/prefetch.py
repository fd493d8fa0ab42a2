"""Prefetching for runs that follow each other in one process: the next run's days are requested.

It does for `neo-assets backfill`, which has no daemon, what the limits of the pools do for the runs
of a daemon: six runs of 92 days take 0.67 of the time (benchmarks/overlap.py).

Dagster creates new resources for each run, so what one run prefetches for the next is kept here.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from itertools import pairwise
from queue import SimpleQueue
from threading import Event, Thread

from neo_assets import interruption
from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.base import DayOutcome, Source
from neo_assets.targets import locks

_Channel = SimpleQueue[DayOutcome | str | Exception | None]
"""Carries outcomes, log messages, an error if the fetch failed, and None at the end."""


@contextmanager
def prefetching(runs: Sequence[Sequence[date]]) -> Iterator[None]:
    """Within the block, fetch the days of each of these runs while the previous run works.

    The partitions are locked first. Nothing lands before its run takes it, and a process that ends
    early leaves nothing behind: after the block, or once a signal stops the process, no further
    request is sent.
    """
    is_stopped = Event()
    token = _PREFETCHER.set(_Prefetcher(runs, is_stopped))
    try:
        with interruption.on_stop(is_stopped.set):
            yield
    finally:
        is_stopped.set()
        _PREFETCHER.reset(token)


def fetch(
    source: Source, days: Sequence[date], settings: Settings, log: LogFunction
) -> Iterator[DayOutcome]:
    """Return the outcome of each day, prefetched or fetched now."""
    prefetcher = _PREFETCHER.get()
    if prefetcher:
        return prefetcher.fetch(source, days, settings, log)
    return source.fetch(settings, days, log)


class _Prefetcher:
    def __init__(self, runs: Sequence[Sequence[date]], is_stopped: Event) -> None:
        self._is_stopped = is_stopped
        self._next = {tuple(days): tuple(following) for days, following in pairwise(runs)}
        self._channels: dict[tuple[str, Sequence[date]], _Channel] = {}

    def fetch(
        self, source: Source, days: Sequence[date], settings: Settings, log: LogFunction
    ) -> Iterator[DayOutcome]:
        channel = self._channels.pop((source.name, tuple(days)), None)
        yield from _received(channel, log) if channel else source.fetch(settings, days, log)
        # Only after the last day: if the source fails, nothing is prefetched for the next run.
        # A snapshot source is requested for one day, so no run follows with more of its days.
        following = self._next.get(tuple(days)) if source.queried == "days" else None
        if following and locks.try_lock_partitions(following, settings):
            self._channels[source.name, following] = prefetched = _Channel()
            # Python waits at exit for threads that are not daemons.
            Thread(
                target=_fetch_into,
                args=(source, following, settings, prefetched, self._is_stopped),
                daemon=True,
            ).start()


_PREFETCHER: ContextVar[_Prefetcher | None] = ContextVar("_PREFETCHER", default=None)


class _StoppedError(Exception):
    """The rest of the days is not needed any more."""


def _fetch_into(
    source: Source, days: Sequence[date], settings: Settings, channel: _Channel, is_stopped: Event
) -> None:
    def sleep(seconds: float) -> None:
        if is_stopped.wait(seconds):
            raise _StoppedError

    try:
        for outcome in source.fetch(settings, days, channel.put, sleep):
            channel.put(outcome)
            if is_stopped.is_set():
                raise _StoppedError
    except Exception as error:
        channel.put(error)
    finally:
        channel.put(None)


def _received(channel: _Channel, log: LogFunction) -> Iterator[DayOutcome]:
    """Yield the outcomes as they arrive.

    Raises:
        Exception: the fetch failed; outcomes that arrived before were yielded.
    """
    while (item := channel.get()) is not None:
        if isinstance(item, str):
            log(item)
        elif isinstance(item, Exception):
            raise item
        else:
            yield item
