"""JPL's list of unconfirmed objects: where each value is in an object of Scout's summary.

Documented at https://ssd-api.jpl.nasa.gov/doc/scout.html and, for the rating, at
https://cneos.jpl.nasa.gov/scout/intro.html.  What was read beside it: a whole response of July 2026
with 33 objects (B612-Asteroid-Institute/adam_core, testdata/scout/summary.json).  There the scores,
the rating and the number of observations are numbers, all other values are text, and a rating, a
distance or a velocity that is not defined is null.
"""

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.json_values import integer, number, positive, text, timestamp
from neo_assets.lakehouse.model.rules import Rule
from neo_assets.lakehouse.model.tables import Column, dataset_tables

_MINUTE = "yyyy-MM-dd HH:mm"
_TIME_OF_DAY = "^([0-9]{1,2}):([0-5][0-9])$"


def _score(name: str, field: str, meaning: str) -> Column:
    return Column(name, "INT", f"How likely {meaning}, from 0 to 100.", integer(field), field)


def degrees(field: str) -> str:
    """A right ascension such as `16:54` in degrees, as an SQL expression; null for anything else.

    An hour is 15 degrees, and a minute a quarter of one.
    """
    hours, minutes = (
        f"try_cast(regexp_extract({text(field)}, '{_TIME_OF_DAY}', {place}) AS DOUBLE)"
        for place in (1, 2)
    )
    return f"{hours} * 15 + {minutes} / 4"


COLUMNS = (
    Column(
        "designation",
        "STRING",
        "Temporary designation by the observer, such as `P12o4vk`. A confirmed object gets another "
        "one, which the list does not say.",
        text("objectName"),
        "objectName",
    ),
    Column("observed_date", "DATE", "Day of the request (UTC).", "feed_date"),
    _score("neo_score", "neoScore", "it is a near-Earth object"),
    _score("neo_1km_score", "neo1kmScore", "it is a near-Earth object larger than 1 km"),
    _score("pha_score", "phaScore", "it is a potentially hazardous asteroid"),
    _score("interior_score", "ieoScore", "its orbit is inside that of the Earth"),
    _score("geocentric_score", "geocentricScore", "it orbits the Earth, as a satellite does"),
    _score("tisserand_score", "tisserandScore", "its orbit is like that of a comet"),
    Column(
        "impact_rating",
        "INT",
        "Chance of an impact on the Earth: 0 negligible, 1 small, 2 modest, 3 moderate, 4 "
        "elevated; null where Scout gives none, as below three observations or 20 minutes.",
        integer("rating"),
        "rating",
    ),
    Column(
        "miss_distance_lunar",
        "DOUBLE",
        "Distance of its close approach to the Earth in lunar distances; null where none is known.",
        number("caDist"),
        "caDist",
        unit="LD",
    ),
    Column(
        "moid_au",
        "DOUBLE",
        "Minimum distance between its orbit and that of the Earth in au.",
        number("moid"),
        "moid",
        unit="au",
    ),
    Column(
        "velocity_at_infinity_km_s",
        "DOUBLE",
        "Velocity relative to the Earth, without the acceleration by its gravity, in km/s; null "
        "where no close approach is known.",
        positive("vInf"),
        "vInf",
        unit="km/s",
    ),
    Column(
        "absolute_magnitude_h",
        "DOUBLE",
        "Absolute magnitude H; smaller is brighter and larger.",
        number("H"),
        "H",
        unit="mag",
    ),
    Column("observations", "INT", "Number of observations.", integer("nObs"), "nObs"),
    Column(
        "arc_hours",
        "DOUBLE",
        "Hours from the first observation to the last.",
        number("arc"),
        "arc",
        unit="h",
    ),
    Column(
        "residual_rms",
        "DOUBLE",
        "Root mean square of the weighted residuals of the orbit that fits best.",
        number("rmsN"),
        "rmsN",
    ),
    Column(
        "ephemeris_at",
        "TIMESTAMP",
        "Minute for which position, magnitude and motion are given (UTC).",
        timestamp("tEphem", _MINUTE),
        "tEphem",
    ),
    Column(
        "right_ascension_deg",
        "DOUBLE",
        "Right ascension in degrees (J2000), published to the minute, a quarter of a degree.",
        degrees("ra"),
        "ra",
        unit="°",
    ),
    Column(
        "declination_deg",
        "DOUBLE",
        "Declination in degrees (J2000), negative in the south.",
        number("dec"),
        "dec",
        unit="°",
    ),
    Column(
        "elongation_deg",
        "DOUBLE",
        "Angle to the Sun in degrees.",
        number("elong"),
        "elong",
        unit="°",
    ),
    Column(
        "visual_magnitude",
        "DOUBLE",
        "Brightness in the V band.",
        number("Vmag"),
        "Vmag",
        unit="mag",
    ),
    Column(
        "motion_arcsec_min",
        "DOUBLE",
        "Motion across the sky in arcseconds per minute.",
        number("rate"),
        "rate",
        unit="arcsec/min",
    ),
    Column(
        "uncertainty_arcmin",
        "DOUBLE",
        "Standard deviation of the position in arcminutes.",
        number("unc"),
        "unc",
        unit="arcmin",
    ),
    Column(
        "uncertainty_next_day_arcmin",
        "DOUBLE",
        "Standard deviation of the position one day later in arcminutes.",
        number("uncP1"),
        "uncP1",
        unit="arcmin",
    ),
    Column(
        "computed_at",
        "TIMESTAMP",
        "When Scout last computed its orbit (UTC).",
        timestamp("lastRun", _MINUTE),
        "lastRun",
    ),
)

_OTHER_SCORES = [
    column.name
    for column in COLUMNS
    if column.name.endswith("_score") and column.name != "neo_score"
]

RULES = (
    Rule(
        "missing_designation",
        "has a designation",
        "designation IS NOT NULL",
        "designation",
        keeps_key=True,
    ),
    Rule(
        "invalid_neo_score",
        "has a score from 0 to 100 for being a near-Earth object",
        "neo_score BETWEEN 0 AND 100",
        "neo_score",
    ),
    Rule(
        "invalid_score",
        "has every other score from 0 to 100",
        " AND ".join(f"{name} BETWEEN 0 AND 100" for name in _OTHER_SCORES),
        action="warn",
    ),
    Rule(
        "invalid_impact_rating",
        "has an impact rating from 0 to 4, if any",
        "impact_rating BETWEEN 0 AND 4 OR try_variant_get(payload, '$.rating', 'string') IS NULL",
        "impact_rating",
        action="warn",
    ),
    Rule(
        "unreadable_time",
        "says when its position and its orbit were computed",
        "ephemeris_at IS NOT NULL AND computed_at IS NOT NULL",
        "ephemeris_at",
        action="warn",
    ),
    Rule(
        "invalid_position",
        "has a right ascension below 24 hours and a declination from -90 to 90 degrees",
        "right_ascension_deg < 360 AND declination_deg BETWEEN -90 AND 90",
        "right_ascension_deg",
        action="warn",
    ),
)

SCOUT_OBJECTS = Dataset(
    name="scout",
    landing_folder="scout_feed",
    raw_asset="raw_scout_files",
    tables=dataset_tables(
        "scout",
        "objects",
        COLUMNS,
        "One row is what JPL's Scout said about one unconfirmed object in the newest snapshot of "
        "the day of the request.",
        noun="object",
    ),
    columns=COLUMNS,
    key=("designation", "observed_date"),
    rules=RULES,
    preview=(
        "designation",
        "neo_score",
        "impact_rating",
        "miss_distance_lunar",
        "absolute_magnitude_h",
        "arc_hours",
    ),
    raw_preview=("objectName", "neoScore", "rating", "caDist", "H", "nObs"),
)
