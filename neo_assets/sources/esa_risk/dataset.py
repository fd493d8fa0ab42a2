"""ESA's list of possible impactors: where each value is in a line of it."""

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.json_values import integer, number, positive, text, timestamp
from neo_assets.lakehouse.model.tables import dataset_tables
from neo_assets.sources import impact_risk

_OBJECT = text("object")
_MINUTE = "yyyy-MM-dd HH:mm"

_NUMBER = f"nullif(regexp_extract({_OBJECT}, '^([0-9]+)( |$)', 1), '')"
_NAME = f"nullif(regexp_replace({_OBJECT}, '^[0-9]+( +|$)', ''), '')"

# `2023OW4`, `A924UB`, and `2040P-L` of the Palomar-Leiden surveys.
_PROVISIONAL = "^([0-9]{4}|A[0-9]{3})([A-Z]{2}[0-9]*|P-L|T-[123])$"

_DESIGNATION = (
    f"CASE WHEN {_NAME} RLIKE '{_PROVISIONAL}' "
    f"THEN regexp_replace({_NAME}, '{_PROVISIONAL}', '$1 $2') "
    f"ELSE coalesce({_NUMBER}, {_NAME}) END"
)

COLUMNS = impact_risk.columns(
    {
        "designation": ("object", _DESIGNATION),
        "number": ("object", _NUMBER),
        "name": ("object", _NAME),
        "impact_probability": ("ip_cum", number("ip_cum")),
        "impact_probability_maximum": ("ip_max", number("ip_max")),
        "palermo_cumulative": ("ps_cum", number("ps_cum")),
        "palermo_maximum": ("ps_max", number("ps_max")),
        "torino_maximum": ("ts", integer("ts")),
        "impact_year_first": ("years", impact_risk.year("years", 1)),
        "impact_year_last": ("years", impact_risk.year("years", 2)),
        "most_likely_impact_at": ("vi_max_at", timestamp("vi_max_at", _MINUTE)),
        "diameter_km": ("diameter_m", f"{positive('diameter_m')} / 1000"),
        "is_diameter_estimated": (
            "diameter_is_estimated",
            f"coalesce({text('diameter_is_estimated')} = '*', false)",
        ),
        "impact_velocity_km_s": ("velocity_km_s", positive("velocity_km_s")),
        "list_updated_at": ("last_update", timestamp("last_update", _MINUTE)),
    }
)

ESA_RISK_OBJECTS = Dataset(
    name="esa_risk",
    landing_folder="esa_risk_feed",
    raw_asset="raw_esa_risk_files",
    tables=dataset_tables(
        "esa_risk",
        "objects",
        COLUMNS,
        "One row is what the risk list of ESA's NEO Coordination Centre said about one object on "
        "the day of the request: its odds of hitting the Earth.",
        noun="object",
    ),
    columns=COLUMNS,
    key=impact_risk.KEY,
    rules=impact_risk.rules(),
    preview=(
        "designation",
        "impact_probability",
        "palermo_cumulative",
        "impact_year_first",
        "list_updated_at",
    ),
    raw_preview=("object", "ip_cum", "ps_cum", "years"),
    gold=impact_risk.gold("gold_esa_risk", "the risk list of ESA's NEO Coordination Centre"),
)
