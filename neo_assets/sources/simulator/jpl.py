"""What JPL's services say of the same sky: close approaches and fireballs.

JPL computes its close approaches from its newest orbit solutions, which reach NeoWs up to three
days later for one object in four: such an approach has an orbit solution one step newer, or is
listed by one service alone.  Both write the same numbers otherwise, with other digits.

Fireballs are published days or weeks after the event, and one in three is revised later: a place
that was missing is added, an energy corrected.
"""

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from random import Random

from .approaches import Approach, Estimate, approaches_of
from .chance import draw
from .listing import JsonObject, date_full

KILOMETERS_IN_AU = 149_597_870.7
_DOUBLED_GRAVITY_OF_EARTH = 2 * 398_600.44
"""In km³/s²: over a distance it is the square of the escape velocity there."""

_JULIAN_DAY_OF_2000 = 2_451_544.5

_FIREBALLS_A_YEAR = 45
_LONGEST_DELAY_DAYS = 120

_CAD_FIELDS = (
    "des",
    "orbit_id",
    "jd",
    "cd",
    "dist",
    "dist_min",
    "dist_max",
    "v_rel",
    "v_inf",
    "t_sigma_f",
    "h",
    "diameter",
    "diameter_sigma",
    "fullname",
)
_FIREBALL_FIELDS = ("date", "energy", "impact-e", "lat", "lat-dir", "lon", "lon-dir", "alt", "vel")


def close_approaches(
    seed: int, first: date, last: date, largest_au: float, today: date
) -> list[JsonObject]:
    """The approaches to Earth that JPL lists from `first` to `last`, in order of time."""
    found: list[tuple[datetime, JsonObject]] = []
    for ordinal in range(first.toordinal() - 1, last.toordinal() + 2):
        for approach in approaches_of(seed, date.fromordinal(ordinal)):
            known_on = today + timedelta(days=_ahead(seed, approach))
            estimate = approach.as_known_on(known_on)
            if (
                estimate
                and first <= estimate.instant.date() <= last
                and estimate.miss_distance_au <= largest_au
            ):
                found.append((estimate.instant, _row(seed, approach, estimate, known_on)))
    return [row for _, row in sorted(found, key=lambda each: (each[0], each[1]["des"]))]


def fireballs(seed: int, first: date, last: date, today: date) -> list[JsonObject]:
    """The fireballs from `first` to `last` that are published by `today`, in order of time."""
    return [
        row
        for ordinal in range(first.toordinal(), last.toordinal() + 1)
        for row in sorted(
            _fireballs_of(seed, date.fromordinal(ordinal), today), key=lambda row: str(row["date"])
        )
    ]


def tabulated(
    service: str, version: str, fields: tuple[str, ...], rows: list[JsonObject], chance: Random
) -> JsonObject:
    """Rows as JPL sends them: the order of the fields varies, the count is text or a number."""
    order = list(fields)
    chance.shuffle(order)
    count = chance.choice((str, int))(len(rows))
    signature = {"version": version, "source": f"NASA/JPL {service}"}
    if not rows:
        return {"signature": signature, "count": count}
    return {
        "signature": signature,
        "count": count,
        "fields": order,
        "data": [[row[name] for name in order] for row in rows],
    }


def cad_document(seed: int | None, query: Mapping[str, str], today: date) -> JsonObject | None:
    """The response of `cad.api`; none for parameters that it does not know."""
    known = {"date-min", "date-max", "dist-max", "body", "fullname", "diameter"}
    days = _days(query)
    if query.keys() - known or query.get("body", "Earth") != "Earth" or days is None:
        return None
    largest = float(query.get("dist-max", "0.05"))
    rows = [] if seed is None else close_approaches(seed, *days, largest, today)
    optional = {
        "fullname": ("fullname",),
        "diameter": ("diameter", "diameter_sigma"),
    }
    left_out = {
        field
        for parameter, fields in optional.items()
        if query.get(parameter) != "true"
        for field in fields
    }
    fields = tuple(field for field in _CAD_FIELDS if field not in left_out)
    chance = draw(seed, "cad.api", today, *days)
    return tabulated("SBDB Close Approach Data API", "1.5", fields, rows, chance)


def fireball_document(seed: int | None, query: Mapping[str, str], today: date) -> JsonObject | None:
    """The response of `fireball.api`; none for parameters that it does not know."""
    days = _days(query)
    if query.keys() - {"date-min", "date-max"} or days is None:
        return None
    rows = [] if seed is None else fireballs(seed, *days, today)
    chance = draw(seed, "fireball.api", today, *days)
    return tabulated("Fireball Data API", "1.2", _FIREBALL_FIELDS, rows, chance)


def _days(query: Mapping[str, str]) -> tuple[date, date] | None:
    try:
        return date.fromisoformat(query["date-min"]), date.fromisoformat(query["date-max"])
    except (KeyError, ValueError):
        return None


def _ahead(seed: int, approach: Approach) -> int:
    """The days by which JPL's close approaches know of this one before NeoWs does."""
    chance = draw(seed, "ahead", approach.celestial_object.designation, approach.truth.instant)
    return chance.randint(1, 3) if chance.random() < 0.25 else 0


def _row(seed: int, approach: Approach, estimate: Estimate, known_on: date) -> JsonObject:
    celestial_object = approach.celestial_object
    chance = draw(
        seed, "cad", celestial_object.designation, approach.truth.instant, estimate.solution
    )
    is_numbered = celestial_object.is_numbered(known_on)
    name = f"({celestial_object.designation})"
    deviation = 3 * 0.03 * 0.5**estimate.solution
    distance = estimate.miss_distance_au
    smallest = max(distance * (1 - deviation), min(distance, celestial_object.moid_au))
    velocity = estimate.velocity_km_s
    escape = _DOUBLED_GRAVITY_OF_EARTH / (distance * KILOMETERS_IN_AU)
    at_infinity = math.sqrt(velocity**2 - escape) if velocity**2 > escape else None
    magnitude = celestial_object.magnitude_on(known_on)
    days = (estimate.instant - datetime(2000, 1, 1)).total_seconds() / 86400
    # An object that has come back has an orbit of many years.
    minutes = 720 * 0.5**estimate.solution * chance.lognormvariate(0, 1.5)
    minutes *= 1 if celestial_object.period_days is None else 0.001
    # Bright objects have been measured by radar or in the infrared.
    diameter = 1329 / math.sqrt(0.15) * 10 ** (-magnitude / 5) if magnitude < 18 else None
    return {
        "des": celestial_object.number_or_designation(known_on),
        "orbit_id": str(estimate.solution + 1 + int(celestial_object.magnitude * 7) % 40),
        "jd": f"{_JULIAN_DAY_OF_2000 + days:.9f}",
        "cd": date_full(estimate.instant),
        # One value in four hundred is missing, for the rules to find.
        "dist": None if chance.random() < 0.0025 else repr(distance),
        "dist_min": repr(smallest),
        "dist_max": repr(distance * (1 + deviation)),
        "v_rel": None if chance.random() < 0.0025 else repr(velocity),
        "v_inf": None if at_infinity is None else repr(at_infinity),
        "t_sigma_f": _uncertainty(minutes),
        "h": f"{magnitude:.2f}",
        "diameter": None if diameter is None else f"{diameter:.3f}",
        "diameter_sigma": None if diameter is None else f"{0.1 * diameter:.3f}",
        "fullname": f"{celestial_object.number:>6} {name}" if is_numbered else f"{name:>20}",
    }


def _uncertainty(minutes: float) -> str:
    """Three standard deviations of a time as JPL writes them: `< 00:01`, `13:02` or `3_08:05`."""
    whole = round(minutes)
    if whole < 1:
        return "< 00:01"
    days, rest = divmod(whole, 1440)
    hours, minutes_left = divmod(rest, 60)
    return f"{f'{days}_' if days else ''}{hours:02d}:{minutes_left:02d}"


def _fireballs_of(seed: int, day: date, today: date) -> list[JsonObject]:
    chance = draw(seed, "fireballs", day)
    # Two in one day are as rare as they should be; three do not occur.
    expected = _FIREBALLS_A_YEAR / 365.25
    number = sum(chance.random() < share for share in (expected * 2 / 3, expected / 3))
    return [
        row for place in range(number) if (row := _fireball(seed, day, place, today)) is not None
    ]


def _fireball(seed: int, day: date, place: int, today: date) -> JsonObject | None:
    chance = draw(seed, "fireball", day, place)
    delay = min(1 + chance.expovariate(1 / 12), _LONGEST_DELAY_DAYS)
    moment = datetime.combine(day, time()) + timedelta(seconds=chance.randrange(86400))
    is_revised = chance.random() < 1 / 3
    revised_on = day + timedelta(days=round(delay + 5 + chance.expovariate(1 / 20)))
    energy = 2 * math.exp(chance.expovariate(1.1))
    latitude = math.degrees(math.asin(chance.uniform(-1, 1)))
    longitude = chance.uniform(-180, 180)
    has_place, has_altitude, has_velocity = (chance.random() < share for share in (0.82, 0.6, 0.35))
    altitude, velocity = chance.gauss(34, 8), 11.2 + chance.gammavariate(2, 4)
    correction = chance.uniform(0.8, 1.2)
    if day + timedelta(days=round(delay)) > today:
        return None
    if is_revised and revised_on <= today:
        energy, has_place = energy * correction, True
    # JPL estimates the whole energy from the part that shines.
    place_known = has_place and round(abs(latitude), 1) > 0 and round(abs(longitude), 1) > 0
    return {
        "date": f"{moment:%Y-%m-%d %H:%M:%S}",
        "energy": f"{energy:.1f}",
        "impact-e": f"{float(f'{0.0395 * energy**0.885:.2g}'):g}",
        "lat": f"{abs(latitude):.1f}" if place_known else None,
        "lat-dir": ("N" if latitude > 0 else "S") if place_known else None,
        "lon": f"{abs(longitude):.1f}" if place_known else None,
        "lon-dir": ("E" if longitude > 0 else "W") if place_known else None,
        "alt": f"{altitude:.1f}" if has_altitude and altitude > 10 else None,
        "vel": f"{velocity:.1f}" if has_velocity and place_known else None,
    }
