"""The calls that cover a set of days: NeoWs answers for at most seven dates at once."""

from collections.abc import Iterator, Sequence
from datetime import date

from neo_assets.sources.base import spans

DAYS_PER_CALL = 7


def windows(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Cover the days with as few calls as NeoWs allows, asking for no day that is not wanted."""
    return spans(days, DAYS_PER_CALL)
