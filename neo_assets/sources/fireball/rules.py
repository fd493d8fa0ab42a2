"""The rules for fireballs."""

from neo_assets.lakehouse.model.rules import Rule

_SENT = "try_variant_get(payload, '$.{0}', 'string') IS NOT NULL"

RULES = (
    Rule(
        "unreadable_time",
        "has a time that can be read",
        "event_at IS NOT NULL",
        "event_at",
        keeps_key=True,
    ),
    Rule(
        "date_mismatch",
        "was listed under its own day",
        "event_at IS NULL OR CAST(event_at AS DATE) = feed_date",
        "event_at",
        keeps_key=True,
    ),
    Rule(
        "invalid_radiated_energy",
        "has a radiated energy that is a number above zero",
        "radiated_energy_1e10_j > 0",
        "radiated_energy_1e10_j",
    ),
    Rule(
        "invalid_impact_energy",
        "has an impact energy that is a number above zero",
        "impact_energy_kt > 0",
        "impact_energy_kt",
    ),
    Rule(
        "unreadable_latitude",
        "has a latitude from 0 to 90 with the direction N or S, if any",
        f"latitude_deg IS NOT NULL OR NOT ({_SENT.format('lat')})",
        "latitude_deg",
        action="warn",
    ),
    Rule(
        "unreadable_longitude",
        "has a longitude from 0 to 180 with the direction E or W, if any",
        f"longitude_deg IS NOT NULL OR NOT ({_SENT.format('lon')})",
        "longitude_deg",
        action="warn",
    ),
    Rule(
        "half_a_place",
        "has both a latitude and a longitude, or neither",
        "isnull(latitude_deg) = isnull(longitude_deg)",
        "latitude_deg",
        action="warn",
    ),
    # Nothing glows above 150 km; the highest of 588 recorded altitudes was 89 km.
    Rule(
        "implausible_altitude",
        "shines between the ground and 150 km; no altitude is allowed",
        "altitude_km IS NULL OR altitude_km BETWEEN 0 AND 150",
        "altitude_km",
        action="warn",
    ),
    # What meets the Earth has at least its escape velocity, less what the air has taken.
    Rule(
        "implausible_velocity",
        "is not faster than anything seen in the solar system, 110 km/s; none is allowed",
        "velocity_km_s IS NULL OR velocity_km_s <= 110",
        "velocity_km_s",
        action="warn",
    ),
)
