"""The close approaches of JPL: where each value is in a row of its response."""

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.json_values import number, positive, readable_time, text, timestamp
from neo_assets.lakehouse.model.tables import BUSINESS_KEY, Column, dataset_tables
from neo_assets.sources import jpl_names
from neo_assets.sources.cad.rules import RULES

_DAY_WRITTEN = f"regexp_substr({text('cd')}, '^[0-9]{{4}}-[A-Z][a-z]{{2}}-[0-9]{{2}}')"
_MIDNIGHT = f"try_to_timestamp({_DAY_WRITTEN}, 'yyyy-MMM-dd')"
_DAY = f"CAST({readable_time(_MIDNIGHT)} AS DATE)"

_DURATION = "^(<[ ]*)?([0-9]{1,6}_)?[0-9]{1,3}:[0-5][0-9]$"


def _part(pattern: str) -> str:
    return f"coalesce(try_cast(regexp_extract(written, '{pattern}', 1) AS INT), 0)"


UNCERTAINTY_MINUTES = (
    f"get(transform(array({text('t_sigma_f')}), written -> CASE WHEN written RLIKE '{_DURATION}' "
    f"THEN 1440 * {_part('([0-9]+)_')} + 60 * {_part('([0-9]+):')} + {_part(':([0-9]+)')} END), 0)"
)
"""Minutes in `< 00:01` (taken for 1), `13:02` and `3_08:05`, which is days_hours:minutes."""

COLUMNS = (
    Column(
        "designation",
        "STRING",
        "Designation of the object, as in `gold_neo_fact`: what a comet's full name begins with, "
        "what is in the last parentheses of any other, else the designation that JPL uses.",
        jpl_names.DESIGNATION,
        "des",
    ),
    Column(
        "close_approach_date",
        "DATE",
        "Day of the closest approach (TDB, which is 69 s ahead of UTC).",
        _DAY,
        "cd",
    ),
    Column(
        "orbiting_body",
        "STRING",
        "Body that is approached: the Earth, for which the response is requested, unless it names "
        "another.",
        f"coalesce({text('body')}, 'Earth')",
        "body",
    ),
    Column(
        "close_approach_at",
        "TIMESTAMP",
        "Minute of the closest approach, in TDB as JPL gives it, not shifted to UTC.",
        timestamp("cd", "yyyy-MMM-dd HH:mm"),
        "cd",
    ),
    Column(
        "full_name",
        "STRING",
        "Name of the object as JPL writes it, without the blanks that pad it.",
        text("fullname"),
        "fullname",
    ),
    Column(
        "number",
        "STRING",
        "Permanent number of the object; null for one without.",
        jpl_names.NUMBER,
        "des",
    ),
    Column(
        "orbit_id",
        "STRING",
        "Orbit solution from which the approach was computed.",
        text("orbit_id"),
        "orbit_id",
    ),
    Column(
        "miss_distance_au",
        "DOUBLE",
        "Smallest distance between the centres of both bodies, in au.",
        positive("dist"),
        "dist",
        unit="au",
    ),
    Column(
        "miss_distance_min_au",
        "DOUBLE",
        "The distance that it is not below, by three standard deviations, in au.",
        number("dist_min"),
        "dist_min",
        unit="au",
    ),
    Column(
        "miss_distance_max_au",
        "DOUBLE",
        "The distance that it is not above, by three standard deviations, in au.",
        number("dist_max"),
        "dist_max",
        unit="au",
    ),
    Column(
        "relative_velocity_km_s",
        "DOUBLE",
        "Velocity relative to the body at the closest approach, in km/s.",
        positive("v_rel"),
        "v_rel",
        unit="km/s",
    ),
    Column(
        "velocity_at_infinity_km_s",
        "DOUBLE",
        "Velocity relative to a body without mass, in km/s; null where the object is bound.",
        positive("v_inf"),
        "v_inf",
        unit="km/s",
    ),
    Column(
        "time_uncertainty_minutes",
        "INT",
        "Three standard deviations of the time of the approach, in minutes; 1 where it is less.",
        UNCERTAINTY_MINUTES,
        "t_sigma_f",
        unit="min",
    ),
    Column(
        "absolute_magnitude_h",
        "DOUBLE",
        "Absolute magnitude H of the object; smaller is brighter and larger.",
        number("h"),
        "h",
        unit="mag",
    ),
    Column(
        "diameter_km",
        "DOUBLE",
        "Measured diameter in km; null for nearly all objects.",
        positive("diameter"),
        "diameter",
        unit="km",
    ),
    Column(
        "diameter_sigma_km",
        "DOUBLE",
        "One standard deviation of the diameter, in km.",
        positive("diameter_sigma"),
        "diameter_sigma",
        unit="km",
    ),
)
"""What an approach is, as JPL lists it.  Every value is sent as text, or as null."""

CAD_APPROACHES = Dataset(
    name="cad",
    landing_folder="cad_feed",
    raw_asset="raw_cad_files",
    tables=dataset_tables(
        "cad",
        "approaches",
        COLUMNS,
        "One row is one close approach in the newest snapshot that JPL's close-approach data gave "
        "of its day, valid and without repeats.",
        noun="approach",
    ),
    columns=COLUMNS,
    key=BUSINESS_KEY,
    rules=RULES,
    preview=(
        "full_name",
        "close_approach_at",
        "miss_distance_au",
        "relative_velocity_km_s",
        "time_uncertainty_minutes",
    ),
    raw_preview=("des", "cd", "dist", "v_rel", "t_sigma_f", "h"),
)
