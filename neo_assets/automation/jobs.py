"""Jobs that people and schedules launch by name: the kinds of refresh, as Lakeflow names them."""

import dagster as dg

from neo_assets.resources.spark import SparkLakehouse
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import LandingZone, damage

REPLAYED = ("silver_neo_events", "gold_neo_fact")
"""What a replay rebuilds from bronze alone."""

REFRESH = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.groups("neo"),
    description="Refresh: asks the feed for the chosen days and brings what is new to gold, with "
    "all checks. Days that did not change cost no write.",
)

SELECTIVE_REFRESH = dg.define_asset_job(
    "selective_refresh",
    selection=dg.AssetSelection.assets(*REPLAYED),
    description="Selective refresh, or replay: rebuilds silver and gold for the chosen days from "
    "bronze alone, without the API.",
)


@dg.op(pool="lakehouse", out=dg.Out(dg.Nothing))
def rebuild_bronze(context: dg.OpExecutionContext, spark: SparkLakehouse) -> None:
    """Stream the whole landing zone into a new bronze and swap it in when it is complete."""
    from neo_assets.lakehouse import replay

    zone = LandingZone(Settings.from_environment().landing_directory)
    damaged = [file for day in zone.days() for file in zone.damaged(day)]
    if damaged:
        raise dg.Failure(f"{damage(damaged)}. Bronze was left as it is.", allow_retries=False)
    with spark.rebuilding() as lakehouse:
        rows = replay.rebuild_bronze(lakehouse, context.run_id)
    context.log.info(f"Bronze has {rows} rows and a new checkpoint; RESTORE brings the old back.")


@dg.job(
    description="Reset of streaming checkpoints: bronze is streamed anew from the landing zone "
    "with a new checkpoint, and swapped in only when it is complete. Silver and gold are let be."
)
def reset_streaming_checkpoints() -> None:
    """Rebuild bronze and its checkpoint."""
    rebuild_bronze()


@dg.job(
    description="Full refresh: resets bronze and its checkpoint from the landing zone, then "
    "replays silver and gold for every landed day, in runs that follow this one."
)
def full_refresh() -> None:
    """Rebuild bronze; a sensor launches the replay of every day when that is done."""
    rebuild_bronze()


REPLAY_AFTER_RESET = dg.define_asset_job(
    "replay_after_reset",
    selection=dg.AssetSelection.assets("bronze_neo_events", *REPLAYED),
    description="The second half of a full refresh: every line of bronze is held against the "
    "landing zone, then silver and gold are rebuilt. Launched by the sensor of that name.",
)
