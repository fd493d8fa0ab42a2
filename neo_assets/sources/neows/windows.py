"""The calls that cover a set of days: NeoWs answers for at most seven dates at once."""

from collections.abc import Sequence
from datetime import date

from neo_assets.date_spans import Span, spans

DAYS_PER_CALL = 7


def windows(days: Sequence[date]) -> list[Span]:
    """Cover the days with as few calls as NeoWs allows, asking for no day that is not wanted."""
    return spans(days, DAYS_PER_CALL)
