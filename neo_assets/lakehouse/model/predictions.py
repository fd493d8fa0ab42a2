"""Predictions of an approach before its day, compared with its current values, without Spark.

The same rows as the query `neo_assets.lakehouse.transforms.revisions.predictions` returns; a test
compares them.  The dashboard and the files for Power BI are computed from these, so that an error
of a prediction has one definition:

- A prediction is the newest revision of an approach that was seen at least so many days before the
  approach.  A revision that says the approach was withdrawn is none.
- It is compared with the approach as it is listed now, on whichever day it moved to.
- A prediction whose approach was withdrawn for good has no error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

HORIZONS = (365, 90, 30, 14, 7, 5, 3, 2, 1)
"""Days before an approach for which predictions are evaluated, the longest first."""


@dataclass(frozen=True)
class Revision:
    """One row of `gold_neo_revision`, as far as predictions are evaluated by it."""

    neo_event_key: int
    revision: int
    what: str
    days_ahead: int
    moved_to: int | None
    close_approach_date: date
    close_approach_at: datetime | None
    miss_distance_km: float


@dataclass(frozen=True)
class Prediction:
    """An approach as it was predicted so many days before, and as it is listed now.

    `outcome` is None if the approach was withdrawn for good; then the errors are None as well.
    """

    days_before: int
    predicted: Revision
    outcome: Revision | None

    @property
    def days_off(self) -> int | None:
        """Days by which the approach came later than predicted; negative if earlier."""
        if self.outcome is None:
            return None
        return (self.outcome.close_approach_date - self.predicted.close_approach_date).days

    @property
    def minutes_off(self) -> int | None:
        """The same in minutes; None if one of the two minutes is unknown."""
        before = self.predicted.close_approach_at
        after = self.outcome.close_approach_at if self.outcome else None
        if before is None or after is None:
            return None
        return int((after - before) / timedelta(minutes=1))

    @property
    def distance_off_km(self) -> float | None:
        """Kilometers by which the miss distance is larger than predicted; negative if smaller."""
        if self.outcome is None:
            return None
        return self.outcome.miss_distance_km - self.predicted.miss_distance_km

    @property
    def distance_error_km(self) -> float | None:
        """The same without its sign."""
        return None if self.distance_off_km is None else abs(self.distance_off_km)


def predictions(
    revisions: Iterable[Revision], days_before: Iterable[int] = HORIZONS
) -> Iterator[Prediction]:
    """Every prediction of every approach, in the order of `days_before`."""
    histories: dict[int, list[Revision]] = defaultdict(list)
    for revision in sorted(revisions, key=lambda revision: revision.revision):
        histories[revision.neo_event_key].append(revision)
    newest = {key: history[-1] for key, history in histories.items()}
    for horizon in days_before:
        for history in histories.values():
            known = [revision for revision in history if revision.days_ahead >= horizon]
            if known and known[-1].what != "withdrawn":
                yield Prediction(horizon, known[-1], _outcome(known[-1], newest))


def _outcome(prediction: Revision, newest: Mapping[int, Revision]) -> Revision | None:
    """The approach as it is listed now, on any day; None if it was withdrawn for good."""
    last = newest.get(prediction.neo_event_key)
    visited: set[int] = set()
    while last and last.what == "withdrawn" and last.neo_event_key not in visited:
        visited.add(last.neo_event_key)
        last = newest.get(last.moved_to) if last.moved_to is not None else None
    return last if last and last.what != "withdrawn" else None
