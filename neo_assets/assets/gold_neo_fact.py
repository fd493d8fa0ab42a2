"""The fact table of the star schema."""

import dagster as dg

from neo_assets.assets.outcome import conclude
from neo_assets.assets.presentation import previews, table_metadata
from neo_assets.assets.silver_neo_events import silver_neo_events
from neo_assets.checks.evaluations import held_days
from neo_assets.lakehouse.tables import GOLD_NEO_FACT
from neo_assets.partitions import BACKFILL_POLICY, DAILY, days_of
from neo_assets.resources.spark import SparkLakehouse


@dg.asset(
    deps=[silver_neo_events],
    partitions_def=DAILY,
    backfill_policy=BACKFILL_POLICY,
    group_name="neo",
    kinds={"spark", "delta", "gold"},
    owners=["team:neo"],
    pool="lakehouse",
    metadata=table_metadata(GOLD_NEO_FACT),
)
def gold_neo_fact(
    context: dg.AssetExecutionContext, spark: SparkLakehouse
) -> dg.MaterializeResult[None]:
    """Every close approach ever seen, in its last valid version: one row is one approach.

    Carries surrogate keys and bands; an approach that NASA withdrew stays and is marked. The rest
    of the star is written with it: `gold_dim_neo`, `gold_dim_date` and `gold_neo_revision`, which
    has every change that NASA made.
    """
    from neo_assets.lakehouse import gold

    failed = held_days(context, context.asset_key, days_of(context))
    days = [day for day in days_of(context) if day not in failed]
    with spark.writing() as lakehouse:
        reports = gold.publish(lakehouse, days)
    seen = previews(
        lakehouse,
        GOLD_NEO_FACT,
        days,
        "miss_distance_lunar",
        "designation",
        "size_band",
        "velocity_band",
        "distance_band",
        "risk_band",
        "is_withdrawn",
    )
    return conclude(context, reports, seen, failed)
