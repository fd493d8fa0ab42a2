"""The close approaches of NeoWs: where each value is in an object of its feed."""

from dataclasses import replace

from neo_assets.lakehouse.model import json_values, keys
from neo_assets.lakehouse.model.dataset import Dataset, Gold, NestedRows
from neo_assets.lakehouse.model.designations import designation
from neo_assets.lakehouse.model.json_values import boolean, number, positive, text, timestamp
from neo_assets.lakehouse.model.tables import (
    APPROACH_COLUMNS,
    BUSINESS_KEY,
    GOLD_NEO_FACT,
    GOLD_TABLES,
    NEO_TABLES,
)
from neo_assets.sources.neows.agreement import AGREEMENT
from neo_assets.sources.neows.rules import RULES

_APPROACH = "close_approach_data[0]"
"""The approach of a row: in silver the only one that its payload holds."""

_DATE = f"{_APPROACH}.close_approach_date"
_BODY = f"{_APPROACH}.orbiting_body"
_MINUTE = f"{_APPROACH}.close_approach_date_full"
_DISTANCE = f"{_APPROACH}.miss_distance"
_VELOCITY = f"{_APPROACH}.relative_velocity.kilometers_per_second"
_DIAMETER = "estimated_diameter.meters.estimated_diameter"

_PLACES = {
    "designation": ("name", f"coalesce({designation(text('name'))}, {text('designation')})"),
    "close_approach_date": (_DATE, json_values.date(_DATE)),
    "orbiting_body": (_BODY, text(_BODY)),
    "neo_id": ("id", f"coalesce({text('id')}, {text('neo_reference_id')})"),
    "name": ("name", text("name")),
    "close_approach_at": (_MINUTE, timestamp(_MINUTE, "yyyy-MMM-dd HH:mm")),
    "miss_distance_km": (f"{_DISTANCE}.kilometers", positive(f"{_DISTANCE}.kilometers")),
    "miss_distance_lunar": (f"{_DISTANCE}.lunar", positive(f"{_DISTANCE}.lunar")),
    "miss_distance_au": (f"{_DISTANCE}.astronomical", positive(f"{_DISTANCE}.astronomical")),
    "relative_velocity_km_s": (_VELOCITY, positive(_VELOCITY)),
    "absolute_magnitude_h": ("absolute_magnitude_h", number("absolute_magnitude_h")),
    "estimated_diameter_min_m": (f"{_DIAMETER}_min", positive(f"{_DIAMETER}_min")),
    "estimated_diameter_max_m": (f"{_DIAMETER}_max", positive(f"{_DIAMETER}_max")),
    "is_potentially_hazardous": (
        "is_potentially_hazardous_asteroid",
        boolean("is_potentially_hazardous_asteroid"),
    ),
    "is_sentry_object": ("is_sentry_object", boolean("is_sentry_object")),
}
"""For each column where its value is in an object, and the expression that reads it."""


NEO = Dataset(
    name="neo",
    landing_folder="neo_feed",
    raw_asset="raw_feed_files",
    tables=NEO_TABLES,
    columns=tuple(
        replace(column, path=path, derivation=derivation)
        for column in APPROACH_COLUMNS
        for path, derivation in [_PLACES[column.name]]
    ),
    key=BUSINESS_KEY,
    rules=RULES,
    preview=(
        "name",
        "close_approach_at",
        "miss_distance_lunar",
        "relative_velocity_km_s",
        "absolute_magnitude_h",
    ),
    raw_preview=("id", "name", "absolute_magnitude_h"),
    identity=keys.APPROACH_IDENTITY,
    # An object just numbered can be listed under both of its ids.
    preference=keys.IS_NUMBERED,
    # In every recorded response the list has one element.  It is a list all the same.
    nested=NestedRows(
        field="close_approach_data",
        day=json_values.date("close_approach_date", of="element"),
        left_out="approaches_left_out",
        warning="approaches_of_other_days",
    ),
    gold=Gold(
        GOLD_NEO_FACT.name,
        "Close approaches",
        """Every close approach ever seen, in its last valid version: one row is one approach.

Carries surrogate keys and bands; an approach that NASA withdrew stays and is marked. The
rest of the star is written with it: `gold_dim_neo`, `gold_dim_date` and
`gold_neo_revision`, which has every change that NASA made.""",
        "approaches",
        GOLD_TABLES,
        (
            "miss_distance_lunar",
            "designation",
            "size_band",
            "velocity_band",
            "distance_band",
            "risk_band",
            "is_withdrawn",
        ),
        AGREEMENT,
    ),
)
