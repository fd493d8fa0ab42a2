"""The newest snapshot of each day: typed, valid, without repeats."""

import dagster as dg

from neo_assets.assets.bronze_neo_events import bronze_neo_events
from neo_assets.assets.outcome import conclude
from neo_assets.assets.presentation import previews, table_metadata
from neo_assets.checks.evaluations import held_days
from neo_assets.lakehouse.tables import SILVER_NEO_EVENTS
from neo_assets.partitions import BACKFILL_POLICY, DAILY, days_of
from neo_assets.quality import quality
from neo_assets.resources.spark import SparkLakehouse
from neo_assets.settings import Settings


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
    from neo_assets.lakehouse.rules import RuleError

    rule_set = quality(Settings.from_environment()).rule_set()
    failed = held_days(context, context.asset_key, days_of(context))
    days = [day for day in days_of(context) if day not in failed]
    with spark.writing() as lakehouse:
        try:
            failed |= silver.days_that_fail(lakehouse, days, rule_set)
            days = [day for day in days if day not in failed]
            reports = silver.refine(lakehouse, days, rule_set)
        except RuleError as error:
            raise dg.Failure(f"{error}; mend it in NEO_QUALITY_FILE", allow_retries=False) from None
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
