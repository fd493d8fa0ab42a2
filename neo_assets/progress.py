"""How far something that lasts has come: what is done of how many, how fast, what time is left.

Nobody wants to hear of what is over in a moment, nor of every single step of what is not.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

EVERY_S = 3.0
"""How long nothing may be said."""

Say = Callable[[str], None]
"""Who is told a sentence: a run's log, or whoever sits before the console."""

_Item = TypeVar("_Item")


def nobody(sentence: str) -> None:
    """Whom sentences are told that nobody needs to hear."""


@dataclass
class Pace:
    """What is done of a total, since the pace was made.

    The rate is the mean since then. Days come in bursts, all of a call or of a Spark statement at
    once, and by the rate of the last seconds there would be hours left, and then none at all.
    """

    total: int
    things: str
    say: Say = nobody
    clock: Callable[[], float] = time.monotonic
    done: int = 0

    def __post_init__(self) -> None:
        self._began = self._said = self.clock()

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
    def account(self) -> str:
        """The same at the end: `92 of 92 days done in 9.1 s, 10.11 a second`."""
        return f"{self._count} in {self._seconds:,.1f} s, {self.per_second:,.2f} a second"

    @property
    def per_second(self) -> float:
        """How many were done a second."""
        return self.done / self._seconds

    def advance(self) -> None:
        """One more is done; say so where nothing has been said for a while, and more are left."""
        self.done += 1
        if self.done < self.total and self.clock() - self._said >= EVERY_S:
            self.tell(f"{self}.")

    def tell(self, sentence: str) -> None:
        """Say something else, which does for a while."""
        self.say(sentence)
        self._said = self.clock()

    @property
    def _count(self) -> str:
        return f"{self.done:,} of {self.total:,} {self.things}"

    @property
    def _seconds(self) -> float:
        # Clocks have ticks, and something may be done within one.
        return max(self.clock() - self._began, 0.001)


def told(
    items: Iterable[_Item],
    total: int,
    things: str,
    say: Say,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[_Item]:
    """The items; on the way, how many of them whoever asks for the next has done with."""
    pace = Pace(total, things, say, clock)
    for item in items:
        yield item
        pace.advance()
