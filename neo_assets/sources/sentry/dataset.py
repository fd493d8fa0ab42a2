"""JPL's list of possible impactors: where each value is in an object of Sentry's responses.

A removed object has a designation and the time of its removal, and nothing else.
"""

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.json_values import (
    date,
    integer,
    number,
    positive,
    text,
    timestamp,
)
from neo_assets.lakehouse.model.tables import dataset_tables
from neo_assets.sources import impact_risk, jpl_names

COLUMNS = impact_risk.columns(
    {
        "designation": ("des", jpl_names.DESIGNATION),
        "number": ("fullname", jpl_names.NUMBER),
        "name": ("fullname", text("fullname")),
        "impact_probability": ("ip", number("ip")),
        "palermo_cumulative": ("ps_cum", number("ps_cum")),
        "palermo_maximum": ("ps_max", number("ps_max")),
        "torino_maximum": ("ts_max", integer("ts_max")),
        "potential_impacts": ("n_imp", integer("n_imp")),
        "impact_year_first": ("range", impact_risk.year("range", 1)),
        "impact_year_last": ("range", impact_risk.year("range", 2)),
        "last_observed": ("last_obs", date("last_obs")),
        "absolute_magnitude_h": ("h", number("h")),
        "diameter_km": ("diameter", positive("diameter")),
        "velocity_at_infinity_km_s": ("v_inf", positive("v_inf")),
        "removed_at": ("removed", timestamp("removed", "yyyy-MM-dd HH:mm[:ss]")),
    }
)

SENTRY_OBJECTS = Dataset(
    name="sentry",
    landing_folder="sentry_feed",
    raw_asset="raw_sentry_files",
    tables=dataset_tables(
        "sentry",
        "objects",
        COLUMNS,
        "One row is what JPL's Sentry said about one object on the day of the request: its odds of "
        "hitting the Earth, or since when it is no longer on the list.",
        noun="object",
    ),
    columns=COLUMNS,
    key=impact_risk.KEY,
    rules=impact_risk.rules(exempt="removed_at IS NOT NULL"),
    preview=(
        "designation",
        "impact_probability",
        "palermo_cumulative",
        "impact_year_first",
        "removed_at",
    ),
    raw_preview=("des", "ip", "ps_cum", "range", "removed"),
    # An object that was removed once can be on the list again.
    preference="removed_at IS NULL",
    gold=impact_risk.gold("gold_sentry_risk", "JPL's Sentry"),
)
