"""How NeoWs writes an approach down: which fields, which units, text or number.

The factors are those that NeoWs uses, found by division in its answers: they hold in every digit.
Velocities and distances are texts, magnitude and diameters numbers. The form is that of the
answers since late 2024, when `is_sentry_object` began to carry real values.
"""

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from .approaches import Estimate
from .catalogue import CelestialObject

JsonObject = dict[str, Any]

KILOMETERS_IN_AU = 149_597_870
"""NeoWs cuts the 0.7 km off the astronomical unit of 149,597,870.7 km."""
MILES_IN_AU = 92_955_806
LUNAR_DISTANCES_IN_AU = 389
"""One lunar distance is 384,570 km to NeoWs; JPL's own, 384,400 km, would be 389.17 in an au."""
MILES_PER_HOUR_IN_KM_S = Decimal("2236.9")
FEET_IN_METER = 3.28084
MILES_IN_KILOMETER = 0.621371

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def written(
    celestial_object: CelestialObject,
    estimate: Estimate,
    today: date,
    *,
    under_old_id: bool = False,
) -> JsonObject:
    """The object as the feed gives it on `today`, asked with the key `DEMO_KEY`.

    With `under_old_id`, as it was before it was numbered.
    """
    identity, name = celestial_object.provisional_id, f"({celestial_object.designation})"
    if celestial_object.is_numbered(today) and not under_old_id:
        identity = f"2{celestial_object.number:06d}"
        name = f"{celestial_object.number} {name}"
    magnitude = celestial_object.magnitude_on(today)
    return {
        "links": {"self": f"http://api.nasa.gov/neo/rest/v1/neo/{identity}?api_key=DEMO_KEY"},
        "id": identity,
        "neo_reference_id": identity,
        "name": name,
        "nasa_jpl_url": f"https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/?sstr={identity}",
        "absolute_magnitude_h": magnitude,
        "estimated_diameter": _diameters(magnitude),
        "is_potentially_hazardous_asteroid": celestial_object.is_hazardous(today),
        "close_approach_data": [_approach(estimate)],
        "is_sentry_object": celestial_object.is_sentry,
    } | (
        {"sentry_data": f"http://api.nasa.gov/neo/rest/v1/neo/sentry/{identity}?api_key=DEMO_KEY"}
        if celestial_object.is_sentry
        else {}
    )


def date_full(instant: datetime) -> str:
    """The minute of an approach as JPL writes it, `2015-Sep-08 20:28`, English in any locale."""
    return f"{instant.year}-{_MONTHS[instant.month - 1]}-{instant:%d %H:%M}"


def _diameters(magnitude: float) -> JsonObject:
    """Diameter from H for albedos 0.25 and 0.05: 1329 / sqrt(albedo) * 10^(-H/5) km (JPL CNEOS)."""
    smallest = 1329 / 0.25**0.5 * 10 ** (-magnitude / 5)
    return {
        unit: {
            "estimated_diameter_min": round(smallest * factor, 10),
            "estimated_diameter_max": round(smallest * factor * 5**0.5, 10),
        }
        for unit, factor in (
            ("kilometers", 1.0),
            ("meters", 1000.0),
            ("miles", MILES_IN_KILOMETER),
            ("feet", 1000 * FEET_IN_METER),
        )
    }


def _approach(estimate: Estimate) -> JsonObject:
    distance = Decimal(f"{estimate.miss_distance_au:.10f}")
    velocity = Decimal(f"{estimate.velocity_km_s:.10f}")
    return {
        "close_approach_date": estimate.instant.date().isoformat(),
        "close_approach_date_full": date_full(estimate.instant),
        "epoch_date_close_approach": int(
            estimate.instant.replace(tzinfo=timezone.utc).timestamp() * 1000
        ),
        "relative_velocity": {
            "kilometers_per_second": _text(velocity),
            "kilometers_per_hour": _text(velocity * 3600),
            "miles_per_hour": _text(velocity * MILES_PER_HOUR_IN_KM_S),
        },
        "miss_distance": {
            "astronomical": _text(distance),
            "lunar": _text(distance * LUNAR_DISTANCES_IN_AU),
            "kilometers": _text(distance * KILOMETERS_IN_AU),
            "miles": _text(distance * MILES_IN_AU),
        },
        "orbiting_body": "Earth",
    }


def _text(value: Decimal) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".")
