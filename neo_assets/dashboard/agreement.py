"""How often two sources list the same approaches in the same way, by day and by reason."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from neo_assets.dashboard.published import ApproachComparison, Published
from neo_assets.lakehouse.model.dataset import AGREES, UNEXPLAINED

EXPLAINED = "explained"
OUTCOMES = (AGREES, EXPLAINED, UNEXPLAINED)
DAYS_BACK = 60
WORST_LISTED = 5
"""Unexplained approaches that are named."""


@dataclass(frozen=True)
class DayAgreement:
    """The approaches of one day: how many of each of `OUTCOMES`."""

    day: date
    outcomes: Mapping[str, int]


@dataclass(frozen=True)
class Reason:
    """The number of approaches, of all days, for which there is this reason."""

    name: str
    meaning: str
    approaches: int


@dataclass(frozen=True)
class Agreement:
    """Every approach once in `reasons`, and once in `days` if it is of a day that is shown.

    `unexplained` has the approaches without a reason, the largest difference of distance first.
    """

    titles: Mapping[str, str]
    days: tuple[DayAgreement, ...]
    reasons: tuple[Reason, ...]
    unexplained: tuple[ApproachComparison, ...]

    @property
    def approaches(self) -> int:
        """The number of approaches of all days."""
        return sum(reason.approaches for reason in self.reasons)


def agreement_shown(published: Published[ApproachComparison], today: date, last: date) -> Agreement:
    """Compute what is shown, with the days from 60 before today up to `last`."""
    by_day: dict[date, Counter[str]] = {}
    for it in published.rows:
        if today - timedelta(DAYS_BACK) < it.close_approach_date <= last:
            by_day.setdefault(it.close_approach_date, Counter())[outcome(it.reason)] += 1
    counts = Counter(it.reason for it in published.rows)
    unexplained = [it for it in published.rows if it.reason == UNEXPLAINED]
    return Agreement(
        published.titles,
        tuple(DayAgreement(day, by_day[day]) for day in sorted(by_day)),
        tuple(
            Reason(name, published.reasons.get(name, ""), counts[name])
            for name in {**published.reasons, **counts}
            if counts[name]
        ),
        tuple(
            sorted(
                unexplained,
                key=lambda it: (
                    -abs(it.distance_difference_au or 0),
                    it.close_approach_date,
                    it.designation,
                ),
            )
        ),
    )


def outcome(reason: str) -> str:
    """One of `OUTCOMES`."""
    return reason if reason in (AGREES, UNEXPLAINED) else EXPLAINED
