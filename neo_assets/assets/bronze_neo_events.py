"""Event files, line by line, as an append-only table."""

import dagster as dg

from neo_assets.assets.outcome import conclude
from neo_assets.assets.presentation import previews, table_metadata
from neo_assets.assets.raw_feed_files import raw_feed_files
from neo_assets.checks.evaluations import held_days
from neo_assets.lakehouse.tables import BRONZE_NEO_EVENTS
from neo_assets.partitions import BACKFILL_POLICY, DAILY, days_of
from neo_assets.resources.spark import SparkLakehouse
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import LandingZone, damage


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
    context: dg.AssetExecutionContext, spark: SparkLakehouse
) -> dg.MaterializeResult[None]:
    """Every object of every snapshot as it came: one row is one line of an event file.

    Append-only, with the object whole in a VARIANT column: the source of every replay.
    """
    from neo_assets.lakehouse import bronze
    from neo_assets.lakehouse.schema_tracking import SchemaChangedError

    failed = held_days(context, context.asset_key, days_of(context))
    settings = Settings.from_environment()
    zone = LandingZone(settings.landing_directory)
    damaged = {day: zone.damaged(day) for day in days_of(context)}
    failed |= {day: damage(files) for day, files in damaged.items() if files}
    days = [day for day in days_of(context) if day not in failed]
    with spark.writing() as lakehouse:
        try:
            reports = bronze.ingest(
                lakehouse, days, context.run.run_id, settings.neo_schema_evolution
            )
        except SchemaChangedError as error:
            return conclude(context, [], {}, failed | dict.fromkeys(days, str(error)))
    seen = previews(
        lakehouse,
        BRONZE_NEO_EVENTS,
        days,
        "try_variant_get(payload, '$.name', 'string') AS name",
        "fetched_at",
        "snapshot_id",
    )
    return conclude(context, reports, seen, failed)
