"""The feed for runs that follow each other in one process: asked ahead of the run that wants it.

Dagster makes the resources of each run anew, so that what one run leaves for the next is kept here.
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

_Heard = SimpleQueue[DayOutcome | str | Exception | None]
"""What is heard of the feed: answers, sentences, an error, and nothing when it is at its end."""


@contextmanager
def asking_ahead(runs: Sequence[Sequence[date]]) -> Iterator[None]:
    """Within the block, ask for the days of each of these runs while the run before works.

    The days are reserved before.  Nothing lands before the run takes it, and a process that ends
    early leaves nothing behind: after the block, or once a signal asks for its end, no request is
    sent any more.
    """
    is_over = Event()
    token = _AHEAD.set(_FeedAhead(runs, is_over))
    try:
        with interruption.on_stop(is_over.set):
            yield
    finally:
        is_over.set()
        _AHEAD.reset(token)


def answers(source: Source, days: Sequence[date], log: LogFunction) -> Iterator[DayOutcome]:
    """What a source says of each day, whether it was asked before or is only now."""
    ahead = _AHEAD.get()
    if ahead:
        return ahead.answers(source, days, log)
    return source.fetch(Settings.from_environment(), days, log)


class _FeedAhead:
    def __init__(self, runs: Sequence[Sequence[date]], is_over: Event) -> None:
        self._is_over = is_over
        self._next = {tuple(days): tuple(following) for days, following in pairwise(runs)}
        self._asked: dict[tuple[str, Sequence[date]], _Heard] = {}

    def answers(
        self, source: Source, days: Sequence[date], log: LogFunction
    ) -> Iterator[DayOutcome]:
        settings = Settings.from_environment()
        asked = self._asked.pop((source.name, tuple(days)), None)
        yield from _told(asked, log) if asked else source.fetch(settings, days, log)
        # Only now: where the feed is not well, the next run finds out for itself.
        # What can only be requested as of now belongs to one day, so that no run follows with more.
        following = self._next.get(tuple(days)) if source.queried == "days" else None
        if following and locks.try_lock_partitions(following, settings):
            self._asked[source.name, following] = heard = _Heard()
            # Python waits for threads at its end unless they are daemons.
            Thread(
                target=_listen, args=(source, following, heard, self._is_over), daemon=True
            ).start()


_AHEAD: ContextVar[_FeedAhead | None] = ContextVar("_AHEAD", default=None)


class _OverError(Exception):
    """Nobody wants the rest of the days any more."""


def _listen(source: Source, days: Sequence[date], heard: _Heard, is_over: Event) -> None:
    def sleep(seconds: float) -> None:
        if is_over.wait(seconds):
            raise _OverError

    try:
        for answer in source.fetch(Settings.from_environment(), days, heard.put, sleep):
            heard.put(answer)
            if is_over.is_set():
                raise _OverError
    except Exception as error:
        heard.put(error)
    finally:
        heard.put(None)


def _told(heard: _Heard, log: LogFunction) -> Iterator[DayOutcome]:
    """The answers as they are heard.

    Raises:
        Exception: what was heard of in place of the rest.
    """
    while (item := heard.get()) is not None:
        if isinstance(item, str):
            log(item)
        elif isinstance(item, Exception):
            raise item
        else:
            yield item
