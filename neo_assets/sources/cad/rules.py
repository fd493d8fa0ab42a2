"""The rules for close approaches as JPL lists them."""

from neo_assets.lakehouse.model.rules import Rule
from neo_assets.sources.approach_rules import (
    DATE_MISMATCH,
    INVALID_ORBITING_BODY,
    INVALID_VELOCITY,
    UNREADABLE_DATE,
    UNREADABLE_TIME,
)

RULES = (
    Rule(
        "missing_designation",
        "has a designation",
        "designation IS NOT NULL",
        "designation",
        keeps_key=True,
    ),
    UNREADABLE_DATE,
    DATE_MISMATCH,
    INVALID_ORBITING_BODY,
    Rule(
        "invalid_miss_distance",
        "has a miss distance that is a number above zero",
        "miss_distance_au > 0",
        "miss_distance_au",
    ),
    INVALID_VELOCITY,
    UNREADABLE_TIME,
    Rule(
        "unreadable_time_uncertainty",
        "has an uncertainty of its time in one of the three forms that are known",
        "time_uncertainty_minutes IS NOT NULL",
        "time_uncertainty_minutes",
        action="warn",
    ),
    Rule(
        "inverted_distances",
        "has a distance between the smallest and the largest one; none is allowed",
        "miss_distance_au BETWEEN coalesce(miss_distance_min_au, miss_distance_au)"
        " AND coalesce(miss_distance_max_au, miss_distance_au)",
        "miss_distance_au",
        action="warn",
    ),
    # The radius of the Earth, and what the client requests.
    Rule(
        "implausible_distance",
        "passes outside the Earth and within 0.5 au",
        "miss_distance_au BETWEEN 6371 / 149597870.7 AND 0.5",
        "miss_distance_au",
        action="warn",
    ),
    # As for the approaches of NeoWs: an interstellar body met head-on.
    Rule(
        "implausible_velocity",
        "is not faster than anything seen in the solar system, 110 km/s",
        "relative_velocity_km_s <= 110",
        "relative_velocity_km_s",
        action="warn",
    ),
    # The body's gravity accelerates whatever passes.
    Rule(
        "slower_than_at_infinity",
        "is not slower than far from the body; no velocity there is allowed",
        "velocity_at_infinity_km_s IS NULL OR velocity_at_infinity_km_s <= relative_velocity_km_s",
        "velocity_at_infinity_km_s",
        action="warn",
    ),
)
