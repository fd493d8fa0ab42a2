"""The newest snapshot of each day: typed, valid, without repeats."""

import dagster as dg

from neo_assets.assets.bronze_neo_events import bronze_neo_events
from neo_assets.assets.outcome import conclude, held_days
from neo_assets.assets.presentation import previews, table_metadata
from neo_assets.lakehouse.tables import SILVER_NEO_EVENTS
from neo_assets.partitions import BACKFILL_POLICY, DAILY, days_of
from neo_assets.resources.spark import SparkLakehouse


@dg.asset(
    deps=[bronze_neo_events],
    partitions_def=DAILY,
    backfill_policy=BACKFILL_POLICY,
    group_name="neo",
    kinds={"spark", "delta", "silver"},
    owners=["team:neo"],
    pool="lakehouse",
    metadata=table_metadata(SILVER_NEO_EVENTS),
)
def silver_neo_events(
    context: dg.AssetExecutionContext, spark: SparkLakehouse
) -> dg.MaterializeResult[None]:
    """Close approaches as the newest snapshot of their day has them: one row is one approach.

    Rows that break a rule stand in `silver_neo_quarantine`, and what became of every row of bronze
    in `silver_neo_versions`.
    """
    from neo_assets.lakehouse import silver

    failed = held_days(context, bronze_neo_events.key, days_of(context))
    days = [day for day in days_of(context) if day not in failed]
    with spark.writing() as lakehouse:
        reports = silver.refine(lakehouse, days)
    seen = previews(
        lakehouse,
        SILVER_NEO_EVENTS,
        days,
        "name",
        "close_approach_at",
        "miss_distance_lunar",
        "relative_velocity_km_s",
        "absolute_magnitude_h",
    )
    return conclude(context, reports, seen, failed)
