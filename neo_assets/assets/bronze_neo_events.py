"""Event files, line by line, as an append-only table."""

import dagster as dg

from neo_assets.assets.outcome import materialize
from neo_assets.assets.presentation import table_metadata
from neo_assets.assets.raw_feed_files import raw_feed_files
from neo_assets.checks.evaluations import held_days
from neo_assets.lakehouse.model.tables import BRONZE_NEO_EVENTS
from neo_assets.partitions import BACKFILL_POLICY, DAILY, days_of
from neo_assets.progress import told
from neo_assets.resources.feed import NeoFeed
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import damage
from neo_assets.sources.neows.dataset import NEO
from neo_assets.targets.stage_runner import LakehouseResource


@dg.asset(
    deps=[raw_feed_files],
    partitions_def=DAILY,
    backfill_policy=BACKFILL_POLICY,
    group_name="neo",
    kinds={"spark", "delta", "bronze"},
    owners=["team:neo"],
    pool="lakehouse",
    metadata=table_metadata(BRONZE_NEO_EVENTS),
)
def bronze_neo_events(
    context: dg.AssetExecutionContext, feed: NeoFeed, lakehouse: LakehouseResource
) -> dg.MaterializeResult[None]:
    """Every object of every snapshot as it came: one row is one line of an event file.

    Append-only, with the object whole in a VARIANT column: the source of every replay.
    """
    days = days_of(context)
    lakehouse.lock_partitions(days, context.log.info)
    held = held_days(context, context.asset_key, days)
    zone = feed.landing_zone(NEO)
    damaged = {
        day: zone.damaged(day)
        for day in told(days, len(days), "days checked for damage", context.log.info)
    }
    held |= {day: damage(files) for day, files in damaged.items() if files}
    evolution = Settings.from_environment().neo_schema_evolution
    return materialize(context, lakehouse, held, schema_evolution=evolution)
