"""The calls that cover a set of days: NeoWs answers for at most seven dates at once."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

LONGEST_WINDOW = timedelta(days=6)
"""From first to last date of a call: NeoWs answers for at most seven dates."""


def windows(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Cover the days with as few calls as NeoWs allows, asking for no day that is not wanted."""
    ordered = sorted(set(days))
    while ordered:
        first = last = ordered.pop(0)
        while (
            ordered and ordered[0] - last == timedelta(1) and ordered[0] - first <= LONGEST_WINDOW
        ):
            last = ordered.pop(0)
        yield first, last
