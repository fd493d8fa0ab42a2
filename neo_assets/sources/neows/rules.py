"""The rules for close approaches as NeoWs lists them."""

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
        "has a name or a designation",
        "designation IS NOT NULL",
        "designation",
        keeps_key=True,
    ),
    UNREADABLE_DATE,
    DATE_MISMATCH,
    INVALID_VELOCITY,
    Rule(
        "invalid_miss_distance",
        "has a miss distance in km that is a number above zero",
        "miss_distance_km > 0",
        "miss_distance_km",
    ),
    INVALID_ORBITING_BODY,
    UNREADABLE_TIME,
    Rule(
        "unknown_orbiting_body",
        "approaches a body that JPL's close-approach tables know, by their names",
        "orbiting_body IS NULL OR orbiting_body IN ('Merc', 'Venus', 'Earth', 'Moon', 'Mars',"
        " 'Juptr', 'Satrn', 'Urnus', 'Neptn', 'Pluto')",
        "orbiting_body",
        action="warn",
    ),
    # A body bound to the Sun meets the Earth with at most 42.1 + 30.3 km/s, an interstellar one as
    # fast as 3I/ATLAS (58 km/s far from the Sun) with 102; the feed's fastest had 78.7.
    Rule(
        "implausible_velocity",
        "is not faster than anything seen in the solar system, 110 km/s",
        "relative_velocity_km_s IS NULL OR relative_velocity_km_s <= 110",
        "relative_velocity_km_s",
        action="warn",
    ),
    # The feed lists what comes within half an astronomical unit.
    Rule(
        "implausible_distance",
        "passes outside the Earth and within 0.51 au",
        "miss_distance_km IS NULL OR miss_distance_km BETWEEN 6371 AND 0.51 * 149597870.7",
        "miss_distance_km",
        action="warn",
    ),
    Rule(
        "disagreeing_distances",
        "gives the same distance in km, au and lunar distances, to a thousandth",
        "miss_distance_km IS NULL"
        " OR (abs(try_divide(miss_distance_km, miss_distance_au * 149597870.7) - 1) < 0.001"
        " AND abs(try_divide(miss_distance_lunar, miss_distance_au * 389) - 1) < 0.001)",
        "miss_distance_lunar",
        action="warn",
    ),
    Rule(
        "inverted_diameters",
        "has a smallest diameter that is not above the largest; none is allowed",
        "estimated_diameter_min_m IS NULL OR estimated_diameter_max_m IS NULL"
        " OR estimated_diameter_min_m <= estimated_diameter_max_m",
        "estimated_diameter_min_m",
        action="warn",
    ),
    # The feed computes diameters from H: 1329 km / sqrt(albedo) * 10^(-H/5), with albedo 0.25.
    Rule(
        "diameters_disagree_with_magnitude",
        "has the smallest diameter that follows from H, to a hundredth; none is allowed",
        "absolute_magnitude_h IS NULL OR estimated_diameter_min_m IS NULL"
        " OR abs(estimated_diameter_min_m * pow(10, absolute_magnitude_h / 5) / 2658000 - 1)"
        " < 0.01",
        "estimated_diameter_min_m",
        action="warn",
    ),
)
