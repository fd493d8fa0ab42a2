"""The newest snapshot of each day: typed, valid, without repeats."""

from dataclasses import asdict

import dagster as dg

from neo_assets.assets.bronze_neo_events import bronze_neo_events
from neo_assets.assets.outcome import materialize
from neo_assets.assets.presentation import table_metadata
from neo_assets.checks.evaluations import held_days
from neo_assets.lakehouse.model.tables import SILVER_NEO_EVENTS
from neo_assets.partitions import BACKFILL_POLICY, DAILY, days_of
from neo_assets.quality import quality
from neo_assets.settings import Settings
from neo_assets.sources.neows.dataset import NEO
from neo_assets.targets.stage_runner import LakehouseResource


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
    context: dg.AssetExecutionContext, lakehouse: LakehouseResource
) -> dg.MaterializeResult[None]:
    """Close approaches as the newest snapshot of their day has them: one row is one approach.

    Rows that break a rule stand in `silver_neo_quarantine`, and what became of every row of bronze
    in `silver_neo_versions`.
    """
    days = days_of(context)
    lakehouse.lock_partitions(days, context.log.info)
    held = held_days(context, context.asset_key, days)
    rules = quality(Settings.from_environment()).rule_set(NEO).rules
    return materialize(context, lakehouse, held, rules=[asdict(rule) for rule in rules])
