"""The assets that a source gets by being registered: raw, bronze and silver."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date

import dagster as dg

from neo_assets.assets.daily import table_asset
from neo_assets.assets.materialization import materialize
from neo_assets.assets.raw import raw_asset
from neo_assets.assets.skipped_days import days_without_snapshot
from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.progress import track_progress
from neo_assets.quality import quality
from neo_assets.resources.feed import NeoFeed
from neo_assets.settings import Settings
from neo_assets.sources.base import Source
from neo_assets.sources.landing_zone import damage
from neo_assets.targets.stage_runner import LakehouseResource

SourceAssets = tuple[dg.AssetsDefinition, dg.AssetsDefinition, dg.AssetsDefinition]


def source_assets(source: Source) -> SourceAssets:
    """The assets of a source, upstream first."""
    return raw_asset(source), _bronze_asset(source), _silver_asset(source)


def _bronze_asset(source: Source) -> dg.AssetsDefinition:
    dataset = source.dataset

    @table_asset(
        dataset.tables.bronze,
        "bronze",
        made_from=dataset.raw_asset,
        description="Every object of every snapshot as it came: one row is one line of an event "
        "file.\n\nAppend-only, with the object whole in a VARIANT column: the source of every "
        "replay.",
    )
    def bronze(
        context: dg.AssetExecutionContext, feed: NeoFeed, lakehouse: LakehouseResource
    ) -> dg.MaterializeResult[None]:
        return materialize(
            context,
            lakehouse,
            faulty=lambda days: _damaged_days(context, feed, dataset, days),
            skipped=lambda days: days_without_snapshot(source, feed, days, feed.today),
            schema_evolution=Settings.from_environment().neo_schema_evolution,
        )

    return bronze


def _damaged_days(
    context: dg.AssetExecutionContext, feed: NeoFeed, dataset: Dataset, days: Sequence[date]
) -> Mapping[date, str]:
    """The days with event files that no longer hold what was landed, and which files these are."""
    zone = feed.landing_zone(dataset)
    damaged = {
        day: zone.damaged(day)
        for day in track_progress(days, len(days), "days checked for damage", context.log.info)
    }
    return {day: damage(files) for day, files in damaged.items() if files}


def _silver_asset(source: Source) -> dg.AssetsDefinition:
    dataset = source.dataset
    tables = dataset.tables

    @table_asset(
        tables.silver,
        "silver",
        made_from=tables.bronze.name,
        description=f"{tables.silver.comment}\n\nRows that break a rule are in "
        f"`{tables.quarantine.name}`, and what became of every row of bronze in "
        f"`{tables.versions.name}`.",
    )
    def silver(
        context: dg.AssetExecutionContext, feed: NeoFeed, lakehouse: LakehouseResource
    ) -> dg.MaterializeResult[None]:
        rules = quality(Settings.from_environment()).rule_set(dataset).rules
        return materialize(
            context,
            lakehouse,
            skipped=lambda days: days_without_snapshot(source, feed, days, feed.today),
            rules=[asdict(rule) for rule in rules],
        )

    return silver
