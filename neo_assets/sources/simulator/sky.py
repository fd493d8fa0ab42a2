"""The simulated sky: every day of the feed, as it looked on any other day."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta

from .approaches import Approach, Estimate, approaches_of
from .chance import draw
from .imperfections import Imperfections
from .listing import JsonObject, written


@dataclass(frozen=True)
class SimulatedSky:
    """Approaches of any day from 1900 to 2199, a pure function of seed, day and today.

    Rows are distributed as the real ones (124,434 approaches of 2000-2049 as of December 2020, and
    captures up to 2026): median 18 a day in 2024, at most 39, fewer in earlier years, 110-140 in
    seven days; miss distance 6,745 km to 74.8 million km; velocity 0.08-78.7 km/s; H 9.4-33.2;
    about one row in eleven potentially hazardous.

    A day asked again later has new values, late discoveries, withdrawn rows (one approach in a
    hundred), rows moved to a neighbouring day and objects that were numbered meanwhile. The model
    of revisions is in `approaches`, that of numbering and magnitude in `catalogue`.
    """

    seed: int = 20150101
    """Another seed is another sky."""
    imperfections: Imperfections = field(default_factory=Imperfections)

    def feed(self, day: date, today: date) -> list[JsonObject]:
        """The objects that the service lists for `day` when asked on `today`, in no order."""
        listed = [
            (approach, estimate)
            # An error in time carries an approach over one midnight at most.
            for base in _neighbours(day)
            for approach in approaches_of(self.seed, base)
            if (estimate := approach.as_known_on(today)) and estimate.instant.date() == day
        ]
        rows: list[JsonObject] = []
        lost = 0
        for approach, estimate in listed:
            row = self._row(approach, estimate, today)
            chance = draw(
                self.seed,
                "imperfection",
                approach.celestial_object.designation,
                day,
                estimate.solution,
            )
            spoiled = self.imperfections.lose(row, chance)
            if spoiled and self.imperfections.may_lose(lost, len(listed)):
                rows.append(spoiled)
                lost += 1
                continue
            row = self.imperfections.blur(row, chance)
            rows.append(row)
            if chance.random() < self.imperfections.repeated:
                rows.append(deepcopy(row))
            elif self._lingers(approach, day, today):
                rows.append(self._row(approach, estimate, today, under_old_id=True))
        draw(self.seed, "order", day, today).shuffle(rows)
        return rows

    def _row(
        self, approach: Approach, estimate: Estimate, today: date, *, under_old_id: bool = False
    ) -> JsonObject:
        celestial_object = approach.celestial_object
        row = written(celestial_object, estimate, today, under_old_id=under_old_id)
        return self.imperfections.dim(
            row, draw(self.seed, "unknown magnitude", celestial_object.designation)
        )

    def _lingers(self, approach: Approach, day: date, today: date) -> bool:
        celestial_object = approach.celestial_object
        chance = draw(self.seed, "lingering id", celestial_object.designation, day)
        return (
            chance.random() < self.imperfections.lingering_id
            and celestial_object.is_numbered(today)
            and today < day + timedelta(days=chance.randint(30, 600))
        )


def _neighbours(day: date) -> list[date]:
    around = range(max(day.toordinal() - 1, 1), min(day.toordinal() + 1, date.max.toordinal()) + 1)
    return [date.fromordinal(ordinal) for ordinal in around]
