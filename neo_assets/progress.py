"""Progress of long operations: how much is done, how fast, and the estimated time left.

Operations that take a moment log nothing, and long ones do not log every step.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

EVERY_S = 3.0
"""The shortest time in seconds between two progress messages."""

LogFunction = Callable[[str], None]
"""Takes one sentence, for example `context.log.info` or a function that prints to the console."""

_Item = TypeVar("_Item")


def discard_log(sentence: str) -> None:
    """Discard the sentence: the log function of a caller that shows no progress."""


@dataclass
class ProgressMeter:
    """How many of `total` items are done since the meter was created.

    The rate is the mean over the whole time. Days arrive in bursts, all days of a call or of a
    Spark statement at once, so an estimate from the last few seconds would jump between hours and
    nothing.
    """

    total: int
    things: str
    log: LogFunction = discard_log
    clock: Callable[[], float] = time.monotonic
    done: int = 0

    def __post_init__(self) -> None:
        self._began = self._logged = self.clock()

    def __str__(self) -> str:
        """`31 of 92 days fetched, 10.33 a second, 0:00:06 left`."""
        if not self.done:
            return self._count
        left_s = (self.total - self.done) / self.per_second
        return (
            f"{self._count}, {self.per_second:,.2f} a second, "
            f"{timedelta(seconds=round(left_s))} left"
        )

    @property
    def summary(self) -> str:
        """The result at the end: `92 of 92 days done in 9.1 s, 10.11 a second`."""
        return f"{self._count} in {self._seconds:,.1f} s, {self.per_second:,.2f} a second"

    @property
    def per_second(self) -> float:
        """How many items were done per second."""
        return self.done / self._seconds

    def advance(self) -> None:
        """Count one more item, and log the progress if the last message was `EVERY_S` ago."""
        self.done += 1
        if self.done < self.total and self.clock() - self._logged >= EVERY_S:
            self.report(f"{self}.")

    def report(self, sentence: str) -> None:
        """Log another sentence, which postpones the next progress message."""
        self.log(sentence)
        self._logged = self.clock()

    @property
    def _count(self) -> str:
        return f"{self.done:,} of {self.total:,} {self.things}"

    @property
    def _seconds(self) -> float:
        # The resolution of a clock is limited, and an item may be done within one tick.
        return max(self.clock() - self._began, 0.001)


def track_progress(
    items: Iterable[_Item],
    total: int,
    things: str,
    log: LogFunction,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[_Item]:
    """Yield the items, and log every few seconds how many of them the caller has processed."""
    meter = ProgressMeter(total, things, log, clock)
    for item in items:
        yield item
        meter.advance()
