"""Jobs that people and schedules launch by name."""

import dagster as dg

NEO_PIPELINE = dg.define_asset_job(
    "neo_pipeline",
    selection=dg.AssetSelection.groups("neo"),
    description="The feed to gold, with all checks, for one day or a range of days.",
)
