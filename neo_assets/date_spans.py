"""Days in a row, as the first and the last of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

Span = tuple[date, date]


def spans(days: Iterable[date], longest: int | None = None) -> list[Span]:
    """Cover the days, in order, with as few spans as possible, and no day that is not given.

    A span has no gap, and `longest` days at most.
    """
    found: list[Span] = []
    for day in sorted(set(days)):
        first, last = found[-1] if found else (day, day)
        is_next = day - last == timedelta(days=1)
        if is_next and (longest is None or (day - first).days < longest):
            found[-1] = first, day
        else:
            found.append((day, day))
    return found


def spans_by_reason(reasons: Mapping[date, str]) -> list[tuple[date, date, str]]:
    """The spans of the days that share a reason, each with it, in order."""
    days: dict[str, list[date]] = defaultdict(list)
    for day, reason in reasons.items():
        days[reason].append(day)
    return sorted((*span, reason) for reason, shared in days.items() for span in spans(shared))


def expanded(spans: Iterable[Span]) -> Iterator[date]:
    """All days of the spans."""
    for first, last in spans:
        yield from (first + timedelta(days=number) for number in range((last - first).days + 1))


def span(first: date, last: date) -> str:
    """Dates from first to last, for a sentence."""
    return first.isoformat() if first == last else f"{first.isoformat()}…{last.isoformat()}"
