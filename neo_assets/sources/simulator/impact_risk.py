"""The lists of possible impactors, by JPL and by ESA, as they were on any day.

An object that the catalogue marks as a possible impactor is on the lists for a while.  A newcomer
is listed within days of its discovery; every orbit solution draws new odds, which rise until
the uncertainty has shrunk to the size of the Earth's neighbourhood, then fall, and it is removed,
after 60 days in the mean.  A returning object stays for decades, revised twice a year, and one in
five has been removed at some time.

ESA lists the same objects with fewer digits, sometimes from an orbit solution that is a day or
two older, and of impacts within the next hundred years alone: so its odds are lower where JPL has
later impacts, and an object that has only those is not on its list.

Odds, the years of impacts and both scales are made up here, and mean nothing.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from .approaches import watched_newcomers_of
from .catalogue import CelestialObject, watched_returning_objects
from .chance import draw
from .listing import JsonObject

LONGEST_WATCH_DAYS = 180
"""For how long a newcomer is on the lists at most; its removal is listed for as long again."""

_HORIZON_YEARS = 100
"""For how many years ahead ESA looks for impacts, and the Torino scale is defined."""

_REVISION_DAYS = (1, 2, 3, 5, 8, 12, 20, 30, 45, 65, 90, 120, 160)
"""Days after the listing of a newcomer on which new orbit solutions come out."""

_ESCAPE_VELOCITY_KM_S = 11.18


@dataclass(frozen=True)
class Odds:
    """The odds of an object's impacts by one orbit solution."""

    celestial_object: CelestialObject
    solution: int
    observed_on: date
    """The day of the last observation that went into it."""
    probability: float
    """The cumulative probability of all impacts."""
    years: tuple[int, int]
    """The years of the first and of the last impact."""
    impacts: int
    """The number of potential impacts."""
    velocity_at_infinity: float
    """Velocity relative to Earth without its gravity, in km/s."""

    def palermo(self, today: date, probability: float) -> float:
        """The Palermo value of such a probability: against that of any body of the same energy."""
        diameter_m = 1000 * self.diameter_km(today)
        mass_kg = 2600 * math.pi / 6 * diameter_m**3
        megatons = mass_kg * (1000 * self.impact_velocity) ** 2 / 2 / 4.184e15
        background = 0.03 * megatons**-0.8 * max(self.years[0] - today.year, 1)
        return math.log10(probability / background)

    def diameter_km(self, today: date) -> float:
        """The diameter that follows from H and an albedo of 0.154, as JPL assumes."""
        magnitude = self.celestial_object.magnitude_on(today)
        return float(1329 / math.sqrt(0.154) * 10 ** (-magnitude / 5))

    @property
    def impact_velocity(self) -> float:
        """Velocity at which it enters the atmosphere, in km/s."""
        return math.hypot(self.velocity_at_infinity, _ESCAPE_VELOCITY_KM_S)


@dataclass(frozen=True)
class Watch:
    """An object's time on the lists."""

    seed: int
    celestial_object: CelestialObject
    listed_on: date
    removed_on: date | None
    """The day from which it is listed no more; None: it stays."""

    def as_known_on(self, today: date) -> Odds | None:
        """The newest odds of `today`; None: not yet listed, or removed."""
        if today < self.listed_on or (self.removed_on and self.removed_on <= today):
            return None
        revised = [day for day in self._revisions(today) if day <= today]
        fixed = draw(self.seed, "impacts", self.celestial_object.designation)
        first_year = self.listed_on.year + fixed.randint(3, 110)
        # Once an impact has not come true, the next one is the first.
        while first_year <= revised[-1].year:
            first_year += 29
        last_year = first_year + fixed.randint(0, 60)
        velocity = max(fixed.gammavariate(3.4, self.celestial_object.mean_velocity / 3.4), 0.5)
        chance = draw(self.seed, "odds", self.celestial_object.designation, len(revised))
        exponent = self._exponent(revised[-1]) + chance.gauss(0, 0.15)
        return Odds(
            celestial_object=self.celestial_object,
            solution=len(revised),
            observed_on=revised[-1] - timedelta(days=1),
            probability=min(10**exponent, 0.2),
            years=(first_year, last_year),
            impacts=1 + int(chance.expovariate(1 / 40)) if last_year > first_year else 1,
            velocity_at_infinity=velocity,
        )

    def _revisions(self, today: date) -> Iterator[date]:
        """The days on which orbit solutions come out, from the listing on."""
        yield self.listed_on
        if self.celestial_object.period_days is None:
            yield from (self.listed_on + timedelta(days=step) for step in _REVISION_DAYS)
        else:
            for number in range(1, (today - self.listed_on).days // 180 + 1):
                yield self.listed_on + timedelta(days=180 * number)

    def _exponent(self, revised_on: date) -> float:
        """The logarithm of the odds without scatter: it rises to a peak and falls."""
        course = draw(self.seed, "course", self.celestial_object.designation)
        # What is bright, and so large, is known better: its Palermo value is no higher for it.
        start = course.uniform(-7, -4) - 0.48 * max(24.5 - self.celestial_object.magnitude, 0)
        rise, fall = course.uniform(0, 2.5), course.uniform(2, 4)
        peak = course.uniform(0.3, 0.8)
        if self.celestial_object.period_days is not None or self.removed_on is None:
            return start
        passed = (revised_on - self.listed_on) / (self.removed_on - self.listed_on)
        if passed <= peak:
            return start + rise * passed / peak
        return start + rise - fall * (passed - peak) / (1 - peak)


def sentry_list(seed: int, today: date) -> list[JsonObject]:
    """The objects that Sentry lists on `today`, as its mode S has them, in no order."""
    odds = [found for watch in _watches(seed, today) if (found := watch.as_known_on(today))]
    rows = [_sentry_row(seed, each, today) for each in odds]
    draw(seed, "order of Sentry", today).shuffle(rows)
    return rows


def sentry_removals(seed: int, today: date) -> list[JsonObject]:
    """The objects that Sentry has removed until `today`, as its mode R has them, newest first."""
    removed = [
        (watch.removed_on, watch.celestial_object)
        for watch in _watches(seed, today)
        if watch.removed_on and watch.removed_on <= today
    ]
    rows = []
    for day, celestial_object in removed:
        second = draw(seed, "removal", celestial_object.designation).randrange(86400)
        # On the day before, so that no removal is in the caller's future.
        moment = datetime.combine(day, time()) + timedelta(seconds=second - 86400)
        rows.append(
            {
                "des": celestial_object.number_or_designation(today),
                "removed": f"{moment:%Y-%m-%d %H:%M:%S}",
            }
        )
    return sorted(rows, key=lambda row: (row["removed"], row["des"]), reverse=True)


def esa_risk_list(seed: int | None, today: date) -> str:
    """The text of ESA's risk list on `today`, updated on the evening before.

    Without a seed no object is on it.
    """
    updated = datetime.combine(today, time()) - timedelta(
        minutes=draw(seed, "update of ESA's list", today).randint(60, 480)
    )
    ranked = []
    for watch in _watches(seed, today) if seed is not None else ():
        lag = draw(seed, "lag", watch.celestial_object.designation).choice((0, 0, 1, 2))
        odds = watch.as_known_on(today - timedelta(days=lag))
        if odds and odds.years[0] <= today.year + _HORIZON_YEARS:
            ranked.append(_esa_line(watch.seed, odds, today))
    ranked.sort(reverse=True)
    return "\n".join(
        [
            f"Last Update: {updated:%Y-%m-%d %H:%M} UTC",
            _ESA_HEADER,
            *(line for _, line in ranked),
            "",
        ]
    )


_ESA_HEADER = """\
            Object         |    Diameter    |             VI Max                                   |          VIs                  |
 Num/des.       Name       |   m  |   *=Y   |      Date/Time   |  IP max  | PS max |TS  | Vel km/s | Years     | IP cum   | PS cum |
AAAAAAAAA AAAAAAAAAAAAAAAA | NNNN |    A    | YYYY-MM-DD HH:MM | EEEEEEEE | NNN.NN | NN |  NNN.NN  | YYYY-YYYY | EEEEEEEE | NNN.NN |"""  # noqa: E501


@lru_cache(maxsize=8)
def _watches(seed: int, today: date) -> tuple[Watch, ...]:
    """All objects that are on the lists on `today`, or were removed not long before."""
    newcomers = [
        _watch_of_newcomer(seed, approach.celestial_object, approach.listed_on)
        for number in range(2 * LONGEST_WATCH_DAYS)
        for approach in _newcomers(seed, date.fromordinal(max(today.toordinal() - number, 1)))
    ]
    returning = [_watch_of_returning(seed, each) for each in watched_returning_objects(seed)]
    return tuple(watch for watch in (*newcomers, *returning) if watch.listed_on <= today)


_newcomers = lru_cache(maxsize=4 * LONGEST_WATCH_DAYS)(watched_newcomers_of)


def _watch_of_newcomer(seed: int, celestial_object: CelestialObject, found_on: date) -> Watch:
    chance = draw(seed, "watch", celestial_object.designation)
    listed_on = found_on + timedelta(days=chance.randint(1, 4))
    days = min(5 + int(chance.expovariate(1 / 55)), LONGEST_WATCH_DAYS)
    return Watch(seed, celestial_object, listed_on, listed_on + timedelta(days=days))


def _watch_of_returning(seed: int, celestial_object: CelestialObject) -> Watch:
    chance = draw(seed, "watch", celestial_object.designation)
    listed_on = celestial_object.first_observed + timedelta(days=chance.randint(2, 60))
    removed_on = listed_on + timedelta(days=chance.randint(365, 12_000))
    return Watch(seed, celestial_object, listed_on, removed_on if chance.random() < 0.2 else None)


def _sentry_row(seed: int, odds: Odds, today: date) -> JsonObject:
    celestial_object = odds.celestial_object
    chance = draw(seed, "Sentry row", celestial_object.designation, odds.solution)
    cumulative = odds.palermo(today, odds.probability)
    is_defined = odds.years[0] <= today.year + _HORIZON_YEARS
    name = f"({celestial_object.designation})"
    if celestial_object.is_numbered(today):
        name = f"{celestial_object.number} {name}"
    return {
        "des": celestial_object.number_or_designation(today),
        "fullname": name,
        "id": _packed(celestial_object, today),
        "h": f"{celestial_object.magnitude_on(today):.2f}",
        "diameter": f"{odds.diameter_km(today):.2g}",
        "ip": f"{odds.probability:.6g}",
        "n_imp": chance.choice((odds.impacts, str(odds.impacts))),
        "ps_cum": f"{cumulative:.2f}",
        "ps_max": f"{cumulative - _spread(odds, chance.random()):.2f}",
        "ts_max": str(_torino(cumulative)) if is_defined else None,
        "range": f"{odds.years[0]}-{odds.years[1]}",
        "v_inf": f"{odds.velocity_at_infinity:.4f}",
        "last_obs": odds.observed_on.isoformat(),
        "last_obs_jd": f"{odds.observed_on.toordinal() + 1721424.5:.1f}",
    }


def _esa_line(seed: int, odds: Odds, today: date) -> tuple[float, str]:
    """The Palermo value by which the list is ordered, and the line."""
    celestial_object = odds.celestial_object
    chance = draw(seed, "ESA line", celestial_object.designation, odds.solution)
    first, last = odds.years[0], min(odds.years[1], today.year + _HORIZON_YEARS)
    share = (last - first + 1) / (odds.years[1] - first + 1)
    probability = odds.probability * share * chance.uniform(0.9, 1.1)
    cumulative = odds.palermo(today, probability)
    largest = cumulative - _spread(odds, chance.random())
    of_largest = probability * 10 ** (largest - cumulative)
    moment = datetime(chance.randint(first, last), 1, 1) + timedelta(
        minutes=chance.randrange(365 * 1440)
    )
    designation = celestial_object.designation.replace(" ", "")
    if celestial_object.is_numbered(today):
        designation = f"{celestial_object.number:<9} {designation}"
    line = (
        f"{designation:<26} | {_rounded(1000 * odds.diameter_km(today)):4d} |    *    "
        f"| {moment:%Y-%m-%d %H:%M} | {_scientific(of_largest):>8} | {largest:6.2f} "
        f"| {_torino(cumulative):2d} | {odds.impact_velocity:7.2f}  | {first}-{last} "
        f"| {_scientific(probability):>8} | {cumulative:6.2f} |"
    )
    return cumulative, line


def _packed(celestial_object: CelestialObject, today: date) -> str:
    """JPL's identifier, such as `bJ79X00B` for 1979 XB and `a0029075` for 29075."""
    if celestial_object.is_numbered(today):
        return f"a{celestial_object.number:07d}"
    year, letters = celestial_object.designation.split()
    cycle = int(letters[2:] or 0)
    tens = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[cycle // 10]
    century = chr(ord("I") + int(year[:2]) - 18)
    return f"b{century}{year[2:]}{letters[0]}{tens}{cycle % 10}{letters[1]}"


def _spread(odds: Odds, share: float) -> float:
    """By how much the largest Palermo value is below the cumulative one."""
    return 0.0 if odds.impacts == 1 else 0.7 * share


def _torino(palermo: float) -> int:
    """A value on the Torino scale that goes with a Palermo value, mostly 0."""
    return min(max(math.floor(palermo + 3), 0), 8)


def _scientific(value: float) -> str:
    """`2.98E-4`, as ESA writes it."""
    mantissa, exponent = f"{value:.2E}".split("E")
    return f"{mantissa}E{int(exponent)}"


def _rounded(metres: float) -> int:
    """A diameter as ESA rounds it: to one digit above 30 m, to whole metres below."""
    digits = -1 if 30 <= metres < 100 else -2 if metres >= 100 else 0
    return max(int(round(metres, digits)), 1)
