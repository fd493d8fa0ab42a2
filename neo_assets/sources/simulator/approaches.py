"""The approaches of a day, and how well they were known on any other day.

The number of approaches follows the real days: mean 12.2 with variance 16 in 2015-2018 (as of
December 2020), most in October and fewest in June, 1 to 31 a day; median 18 and at most 39 in 2024.

What is known changes by *orbit solutions*. For each approach there are up to fifteen, in a ladder
from 1,500 days before it to 1,200 days after, denser around it; each comes out with a chance of
30 %, and an object not yet found has none. Every solution draws the errors of distance, velocity
and time again and halves their scale. So a refetch within the day is identical, a day is revised
most around its date (half of its rows in the week after it), and after 1,500 days only what belongs
to the object still changes: H, the hazard flag, id and name. An error in time can carry an approach
over midnight: that is how it moves to a neighbouring day (real errors reached 1,212 minutes).
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from .catalogue import DISTANCE_LIMIT_AU, SLOTS, CelestialObject, newcomer, returning_object
from .chance import draw

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""The years that JPL's close-approach tables cover; other days have no approaches."""

_SEASON = (0.92, 1.06, 1.06, 1.06, 0.88, 0.76, 0.82, 0.95, 1.10, 1.24, 1.15, 1.00)
_SOLUTION_LADDER = (-1500, -700, -300, -120, -50, -20, -8, -3, 2, 5, 12, 30, 90, 300, 1200)
_LARGEST_TIME_ERROR_MINUTES = 1212
_NEAREST_AU = 6745 / 149_597_870  # The nearest approach in 50 real years, 6,745 km.


@dataclass(frozen=True)
class Estimate:
    """An approach as one orbit solution has it."""

    solution: int
    """How many solutions came out since the first listing; 0 is the first listing itself."""
    instant: datetime
    """Time of the nearest approach, to the minute; UTC, no zone attached."""
    miss_distance_au: float
    """Nearest distance of the centres of Earth and object, in astronomical units."""
    velocity_km_s: float
    """Velocity relative to Earth in km/s."""


@dataclass(frozen=True)
class Approach:
    """One object passing Earth once: what truly happens, and when it becomes known."""

    seed: int
    celestial_object: CelestialObject
    truth: Estimate
    listed_on: date
    """The first day on which the service lists it."""
    withdrawn_on: date | None
    """The day from which it is listed no more; None: it stays."""
    solution_dates: tuple[date, ...]

    def as_known_on(self, today: date) -> Estimate | None:
        """The newest estimate of `today`; None: not yet listed, or withdrawn."""
        if today < self.listed_on or (self.withdrawn_on and self.withdrawn_on <= today):
            return None
        solution = sum(published <= today for published in self.solution_dates)
        chance = draw(
            self.seed, "solution", self.celestial_object.designation, self.truth.instant, solution
        )
        scale = 0.5**solution
        late = 0.0
        # In half of the real rows the time stayed the same while distance and velocity changed.
        if chance.random() < 0.6:
            late = chance.choice((-1, 1)) * chance.expovariate(1 / (240 * scale))
        late = max(-_LARGEST_TIME_ERROR_MINUTES, min(late, _LARGEST_TIME_ERROR_MINUTES))
        distance = self.truth.miss_distance_au * (1 + chance.gauss(0, 0.03 * scale))
        velocity = self.truth.velocity_km_s * (1 + chance.gauss(0, 0.01 * scale))
        # What comes out beyond the limit is mirrored at it, where a clamp would heap rows up.
        distance = min(distance, 2 * DISTANCE_LIMIT_AU - distance)
        return Estimate(
            solution=solution,
            instant=self.truth.instant + timedelta(minutes=round(late)),
            miss_distance_au=max(distance, self.celestial_object.moid_au, _NEAREST_AU),
            velocity_km_s=min(max(velocity, 0.08), 78.7),
        )


@lru_cache(maxsize=64)
def approaches_of(seed: int, day: date) -> tuple[Approach, ...]:
    """All approaches that truly happen on `day`, whenever they become known."""
    if not FIRST_DAY <= day <= LAST_DAY:
        return ()
    return tuple(
        _approach(seed, day, place // 2, is_returning=bool(place % 2))
        for place in range(_number_of_approaches(seed, day))
    )


def watched_newcomers_of(seed: int, day: date) -> tuple[Approach, ...]:
    """The only approaches of those possible impactors that are discovered around `day`."""
    if not FIRST_DAY <= day <= LAST_DAY:
        return ()
    # Of the places of a day every other one is a newcomer's, beginning with the first.
    slots = range((_number_of_approaches(seed, day) + 1) // 2)
    return tuple(
        _approach(seed, day, slot, is_returning=False)
        for slot in slots
        if newcomer(seed, slot, day).is_sentry
    )


def _number_of_approaches(seed: int, day: date) -> int:
    years = day.year - 2015 + (day.month - 1) / 12
    # 11 a day in 2015 to 18 in 2024, because surveys find more; level outside the measured years.
    expected = min(max(11 + 0.75 * years, 6), 20) * _SEASON[day.month - 1]
    number = round(draw(seed, "number of approaches", day).gauss(expected, expected**0.5))
    return min(max(number, 1), 2 * SLOTS - 1)


def _approach(seed: int, day: date, slot: int, *, is_returning: bool) -> Approach:
    find = returning_object if is_returning else newcomer
    celestial_object = find(seed, slot, day)
    chance = draw(seed, "approach", celestial_object.designation, day)
    listed_on = celestial_object.first_observed
    if not is_returning:
        # Most objects are announced within days of discovery, some are found in old images.
        listed_on += timedelta(days=1 + int(chance.expovariate(1 / 1.2)))
        if chance.random() < 0.1:
            listed_on += timedelta(days=int(chance.expovariate(1 / 60)))
    withdrawn_on = None
    if chance.random() < 0.01:
        withdrawn_on = max(listed_on, day - timedelta(days=30)) + timedelta(
            days=1 + int(chance.expovariate(1 / 20))
        )
    return Approach(
        seed=seed,
        celestial_object=celestial_object,
        truth=Estimate(
            solution=-1,
            instant=datetime.combine(day, time()) + timedelta(minutes=chance.randrange(1440)),
            miss_distance_au=celestial_object.distance(chance),
            velocity_km_s=chance.gammavariate(3.4, celestial_object.mean_velocity / 3.4),
        ),
        listed_on=listed_on,
        withdrawn_on=withdrawn_on,
        solution_dates=tuple(
            published
            for step in _SOLUTION_LADDER
            if (published := day + timedelta(days=round(step * chance.uniform(0.75, 1.25))))
            > listed_on
            and chance.random() < 0.3
        ),
    )
