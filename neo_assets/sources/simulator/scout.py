"""What JPL's Scout says of the same sky: objects that nobody has confirmed yet.

A newcomer is listed from its first observation until NeoWs lists it, for ten days at most, under a
designation of its observer that nothing connects with the later one.  Every night adds
observations, narrows the position and brings the scores nearer to the truth.  All of them are
near-Earth objects: what turns out to be a satellite or an error is not simulated.

Places in the sky, brightness, motion and uncertainties are made up here, and mean nothing.
"""

from datetime import date, datetime, time, timedelta

from .approaches import Approach, approaches_of
from .chance import draw
from .listing import JsonObject

LONGEST_DAYS = 10
"""For how many days an object without a confirmation is listed."""

_LUNAR_DISTANCES_IN_AU = 389.17
_NEAR_LUNAR = 30
"""Up to which distance Scout says that there is an approach; it was 30 in the recorded response."""


def scout_list(seed: int, today: date) -> list[JsonObject]:
    """The objects that Scout lists on `today`, in no order."""
    rows = [
        _row(approach, today)
        # An object is first observed between six days before its approach and two days after it.
        for number in range(-6, LONGEST_DAYS + 2)
        for approach in _approaches(seed, today.toordinal() - number)
        if _is_listed(approach, today)
    ]
    draw(seed, "order of Scout", today).shuffle(rows)
    return rows


def _approaches(seed: int, ordinal: int) -> tuple[Approach, ...]:
    if not date.min.toordinal() <= ordinal <= date.max.toordinal():
        return ()
    return approaches_of(seed, date.fromordinal(ordinal))


def _is_listed(approach: Approach, today: date) -> bool:
    celestial_object = approach.celestial_object
    nights = (today - celestial_object.first_observed).days
    return (
        celestial_object.period_days is None
        and 0 <= nights < LONGEST_DAYS
        and today < approach.listed_on
    )


def _row(approach: Approach, today: date) -> JsonObject:
    celestial_object = approach.celestial_object
    nights = (today - celestial_object.first_observed).days
    fixed = draw(approach.seed, "Scout", celestial_object.designation)
    observations, arc = fixed.randint(2, 6), fixed.uniform(0.05, 1.5)
    place = fixed.random(), fixed.uniform(-60, 60), fixed.uniform(60, 175)
    chance = draw(approach.seed, "Scout", celestial_object.designation, nights)
    doubt = chance.random() * 0.5**nights

    def score(is_true: bool, weight: float = 1) -> int:
        return round(100 * (1 - doubt if is_true else doubt * weight))

    magnitude = celestial_object.magnitude_on(today)
    is_large = magnitude < 17.75
    distance = approach.truth.miss_distance_au * _LUNAR_DISTANCES_IN_AU * (1 + doubt)
    is_near = distance <= _NEAR_LUNAR
    observations += nights * chance.randint(3, 8)
    arc += 24 * nights * chance.uniform(0.9, 1.1)
    is_rated = observations >= 3 and arc >= 1 / 3
    uncertainty = max(1200 * 0.05**nights * chance.uniform(0.2, 2), 0.01)
    hour, minute = divmod(round((24 * place[0] + 0.1 * nights) * 60) % 1440, 60)
    computed_at = datetime.combine(today, time()) - timedelta(minutes=chance.randrange(1440))
    return {
        "objectName": _designation(approach),
        # One value in a hundred is missing, for the rules to find.
        "neoScore": None if chance.random() < 0.01 else score(True),
        "neo1kmScore": score(is_large, 0.1),
        "phaScore": score(celestial_object.is_hazardous(today), 0.2),
        "ieoScore": score(False, 0.05),
        "geocentricScore": score(False, 0.02),
        "tisserandScore": score(False),
        "rating": (1 + int(3 * doubt) if celestial_object.is_sentry else 0) if is_rated else None,
        "caDist": _rounded(distance) if is_near else None,
        "moid": _rounded(celestial_object.moid_au, 1),
        "vInf": f"{approach.truth.velocity_km_s:.1f}" if is_near else None,
        "H": f"{magnitude:.1f}",
        "nObs": observations,
        "arc": f"{arc:.2f}",
        "rmsN": f"{chance.uniform(0, 1):.2f}",
        "tEphem": f"{today} 00:00",
        "ra": f"{hour:02d}:{minute:02d}",
        "dec": f"{round(place[1] + nights):+03d}",
        "elong": f"{place[2]:.0f}",
        "Vmag": f"{chance.uniform(18, 23):.1f}",
        "rate": f"{0.2 + chance.expovariate(1 / 4):.1f}",
        "unc": _rounded(uncertainty),
        "uncP1": _rounded(uncertainty * chance.uniform(1, 3)),
        "lastRun": f"{computed_at:%Y-%m-%d %H:%M}",
    }


def _designation(approach: Approach) -> str:
    """A name as surveys give them, such as `P1W5F1C`, of a prefix and the object's number."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    number, name = int(approach.celestial_object.provisional_id), ""
    while number:
        number, digit = divmod(number, len(digits))
        name = digits[digit] + name
    prefix = draw(approach.seed, "survey", name).choice(("A1", "C1", "P1", "ZT"))
    return f"{prefix}{name}"


def _rounded(value: float, digits: int = 2) -> str:
    """A value with as few digits as Scout writes, and no exponent."""
    return f"{float(f'{max(value, 0.0001):.{digits}g}'):g}"
