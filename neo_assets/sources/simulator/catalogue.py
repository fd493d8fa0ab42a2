"""The catalogue of simulated objects: endless, and computed when asked for.

An object is either a *returning* one, which comes back to Earth every `period_days`, or a
*newcomer*, which is discovered at its only approach. Both are found by their place in the
timetable, a slot of a day, from which designation and id follow one to one: two objects never
share a name, without anything being remembered.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from random import Random

from .chance import draw

SLOTS = 20
"""Returning objects a day at most, and newcomers a day at most."""

DISTANCE_LIMIT_AU = 0.5
"""NeoWs lists approaches up to this distance, in astronomical units."""

_PERIODS = tuple(397 + 53 * slot for slot in range(SLOTS))
_RETURNING_OBJECTS = sum(_PERIODS)
_FIRST_SURVEY_YEAR = 1990
_RETURNING_OBJECTS_IN_A_HALF_MONTH = 31
_SCRAMBLE = 7919  # A prime that divides neither modulus below, so that scrambling stays one to one.
_DESIGNATIONS_IN_A_HALF_MONTH = 5003
_HALF_MONTH_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXY"
_ORDER_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
_ID_EPOCH = date(2015, 1, 1)
_WATCHED_AU = 0.001


@dataclass(frozen=True)
class CelestialObject:
    """One asteroid: what stays the same from approach to approach."""

    designation: str
    """Provisional designation in the Minor Planet Center's form, such as `2005 YQ96`."""
    provisional_id: str
    """The id before the object was numbered."""
    number: int
    """The permanent number, valid from `numbered_on`; 0 for objects that never get one."""
    numbered_on: date | None
    """The day from which the object goes by its number; None: never."""
    first_observed: date
    """The day of the first observation, which the designation encodes."""
    magnitude: float
    """Absolute magnitude H, before any refinement."""
    moid_au: float
    """Minimum orbit intersection distance with Earth in astronomical units."""
    mean_velocity: float
    """Mean velocity relative to Earth in km/s over many such objects."""
    is_sentry: bool
    """Whether JPL's Sentry system would list it as a possible impactor."""
    apparition: date
    """One day on which it passes Earth, from which the others follow."""
    period_days: int | None
    """Days from one approach to the next; None: there is only one."""

    def is_numbered(self, today: date) -> bool:
        """Whether the object goes by its permanent number on `today`."""
        return self.numbered_on is not None and self.numbered_on <= today

    def number_or_designation(self, today: date) -> str:
        """The number of an object that has one on `today`, else its designation: `des` of JPL."""
        return str(self.number) if self.is_numbered(today) else self.designation

    def magnitude_on(self, today: date) -> float:
        """Absolute magnitude H as published on `today`, two decimals.

        Half of the past approaches led to a new value, 2 to 90 days later; the newest counts.
        """
        passed = self._latest_apparition(today)
        while passed is not None and passed >= self.first_observed:
            refinement = draw("magnitude", self.magnitude, self.designation, passed)
            published = passed + timedelta(days=refinement.randint(2, 90))
            if published <= today and refinement.random() < 0.5:
                return round(self.magnitude + refinement.gauss(0, 0.2), 2)
            passed = passed - timedelta(days=self.period_days) if self.period_days else None
        return round(self.magnitude, 2)

    def is_hazardous(self, today: date) -> bool:
        """JPL's definition of potentially hazardous: MOID at most 0.05 au and H at most 22."""
        return self.moid_au <= 0.05 and self.magnitude_on(today) <= 22.0

    def distance(self, chance: Random) -> float:
        """The miss distance of one approach in au, from the MOID to the limit of the feed.

        Three newcomers in ten pass as far off as returning objects do: in the real feed too, part
        of a day's objects is only found on another occasion.
        """
        room = DISTANCE_LIMIT_AU - self.moid_au
        if self.period_days is not None or chance.random() < 0.3:
            return self.moid_au + room * float(chance.random() ** 1.15)
        return self.moid_au + min(_beyond(self.magnitude, chance), room * chance.random())

    def _latest_apparition(self, today: date) -> date | None:
        if self.period_days is None:
            return self.apparition if self.apparition <= today else None
        return today - timedelta(days=(today - self.apparition).days % self.period_days)


def returning_object(seed: int, slot: int, day: date) -> CelestialObject:
    """The returning object that passes Earth in this slot of `day`.

    H and MOID follow the real approaches of objects known years before (2015-2018, 5,427 rows):
    H with median 21.3 (80 % in 18.3-25.6), one row in five potentially hazardous.
    """
    period = _PERIODS[slot]
    index = _index(slot, day)
    scrambled = index * _SCRAMBLE % _RETURNING_OBJECTS
    half_month, place = divmod(scrambled, _RETURNING_OBJECTS_IN_A_HALF_MONTH)
    year, half_month_of_year = divmod(half_month, 24)
    first_observed = date(
        _FIRST_SURVEY_YEAR + year, half_month_of_year // 2 + 1, 16 if half_month % 2 else 1
    ) + timedelta(days=place % 13)
    chance = draw(seed, "returning", slot, index)
    magnitude, moid = _magnitude_and_moid(chance)
    return CelestialObject(
        # Newcomers take the first 16 days * SLOTS places of a half-month.
        designation=_designation(first_observed, 16 * SLOTS + place),
        provisional_id=str(3_000_000 + index),
        number=20_000 + 33 * scrambled,
        numbered_on=_numbering(chance),
        first_observed=first_observed,
        magnitude=magnitude,
        moid_au=moid,
        mean_velocity=14.6,
        is_sentry=_is_sentry(moid, chance),
        apparition=day,
        period_days=period,
    )


@lru_cache(maxsize=4)
def watched_returning_objects(seed: int) -> tuple[CelestialObject, ...]:
    """All returning objects that JPL's Sentry would list as possible impactors."""
    return tuple(
        returning_object(seed, slot, day)
        for slot, period in enumerate(_PERIODS)
        for day in (_ID_EPOCH + timedelta(days=number) for number in range(period))
        # Nearly all are ruled out by that alone, at a third of the cost.
        if _magnitude_and_moid(draw(seed, "returning", slot, _index(slot, day)))[1] <= _WATCHED_AU
        and returning_object(seed, slot, day).is_sentry
    )


def _index(slot: int, day: date) -> int:
    return sum(_PERIODS[:slot]) + day.toordinal() % _PERIODS[slot]


def _magnitude_and_moid(chance: Random) -> tuple[float, float]:
    return _within(chance.gauss(21.9, 2.7), 9.4, 32.0), 0.3 * chance.random() ** 1.6


def newcomer(seed: int, slot: int, day: date) -> CelestialObject:
    """The object discovered around its only approach, in this slot of `day`.

    H has median 24.6 as the real newcomers have (2015-2018, 7,092 rows: 24.2, 80 % in 20.8-27.1),
    and faint ones are found only when near: of the real ones with H 19-22 half passed within 0.26
    au, with H 26-28 within 0.017 au.
    """
    # The offset is a property of the slot, so that the first observation names the day again.
    first_observed = day + timedelta(days=slot * 7 % 9 - 6)
    chance = draw(seed, "newcomer", slot, day)
    magnitude = _within(chance.gauss(24.6, 2.5), 14.0, 33.2)
    moid = min(_beyond(magnitude, chance), 0.8 * DISTANCE_LIMIT_AU)
    day_of_half_month = (
        (first_observed.day - 1) if first_observed.day <= 15 else (first_observed.day - 16)
    )
    before_new_ids = first_observed < date(2019, 1, 1)
    return CelestialObject(
        designation=_designation(first_observed, day_of_half_month * SLOTS + slot),
        provisional_id=str(
            (3_900_000 if before_new_ids else 54_000_000) + (day - _ID_EPOCH).days * SLOTS + slot
        ),
        number=0,
        numbered_on=None,
        first_observed=first_observed,
        magnitude=magnitude,
        moid_au=moid,
        mean_velocity=11.2,
        is_sentry=_is_sentry(moid, chance),
        apparition=day,
        period_days=None,
    )


def _beyond(magnitude: float, chance: Random) -> float:
    """Half of how far away a newcomer is when found, in au: fainter ones only when nearer.

    MOID and the distance beyond it are drawn alike; their sum has the medians of the real
    newcomers (0.26 au for H 19-22, 0.13 for 22-24, 0.053 for 24-26, 0.017 for 26-28).
    """
    fainter = max(magnitude - 20.0, 0.0)
    return chance.gammavariate(0.65, 0.76 * 10 ** -(0.4 + 0.0675 * fainter + 0.0167 * fainter**2))


def _designation(first_observed: date, place: int) -> str:
    """Year, half-month letter, order letter and cycle, as the Minor Planet Center assigns them."""
    half_month = (first_observed.month - 1) * 2 + (first_observed.day > 15)
    order = (place * _SCRAMBLE + half_month * 997) % _DESIGNATIONS_IN_A_HALF_MONTH
    cycle, letter = divmod(order, len(_ORDER_LETTERS))
    return (
        f"{first_observed.year} {_HALF_MONTH_LETTERS[half_month]}{_ORDER_LETTERS[letter]}"
        f"{cycle or ''}"
    )


def _numbering(chance: Random) -> date | None:
    """When a returning object is numbered.

    18 % were before 2015 and 2 % are in each of the next twenty years: that makes 13 % of all rows
    in 2020, as in the real feed, and one object in a hundred a year, as between real vintages.
    """
    kind = chance.random()
    if kind < 0.18:
        return date(2014, 12, 31)
    return date(2015, 1, 1) + timedelta(days=chance.randrange(7305)) if kind < 0.58 else None


def _is_sentry(moid_au: float, chance: Random) -> bool:
    """A choice, not a measurement: a few objects in a hundred, all of them with tiny MOID."""
    return moid_au <= _WATCHED_AU and chance.random() < 0.3


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
