"""Jobs that people and schedules launch by name."""

import dagster as dg

from neo_assets.partitions import DAILY

NEO_PIPELINE = dg.define_asset_job(
    "neo_pipeline",
    selection=dg.AssetSelection.groups("neo"),
    partitions_def=DAILY,
    description="The feed to gold, with all checks, for one day or a range of days.",
)
