"""The assets that a source gets by being registered: raw, bronze, silver, and gold if it has it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date

import dagster as dg

from neo_assets.assets.conditions import when_the_layer_before_has_news
from neo_assets.assets.daily import table_asset
from neo_assets.assets.materialization import materialize
from neo_assets.assets.raw import raw_asset
from neo_assets.assets.skipped_days import days_without_snapshot
from neo_assets.lakehouse.model.dataset import Gold
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.quality import quality
from neo_assets.settings import Settings
from neo_assets.sources.base import Source
from neo_assets.sources.landing_zone import LandingZone, damage
from neo_assets.targets.base import Target
from neo_assets.targets.stage_runner import LakehouseResource


def source_assets(source: Source, settings: Settings, target: Target) -> list[dg.AssetsDefinition]:
    """The assets of a source, upstream first."""
    assets = [
        raw_asset(source, settings, target),
        _bronze_asset(source, settings, target),
        _silver_asset(source, settings, target),
    ]
    gold = source.dataset.gold
    return [*assets, _gold_asset(source, gold, settings, target)] if gold else assets


def _bronze_asset(source: Source, settings: Settings, target: Target) -> dg.AssetsDefinition:
    dataset = source.dataset

    @table_asset(
        dataset.tables.bronze,
        "bronze",
        dataset.raw_asset,
        settings,
        target,
        description="Every object of every snapshot as it came: one row is one line of an event "
        "file.\n\nAppend-only, with the object whole in a VARIANT column: the source of every "
        "replay.",
    )
    def bronze(
        context: dg.AssetExecutionContext, lakehouse: LakehouseResource
    ) -> dg.MaterializeResult[None]:
        zone = target.landing_zone(dataset)
        return materialize(
            context,
            lakehouse,
            settings,
            faulty=lambda days: _damaged_days(zone, days),
            skipped=_skipped(source, settings, target),
            schema_evolution=settings.neo_schema_evolution,
        )

    return bronze


def _skipped(
    source: Source, settings: Settings, target: Target
) -> Callable[[Sequence[date]], Mapping[date, str]]:
    """Find the days for which there is nothing to do, when the asset is materialized."""
    return lambda days: days_without_snapshot(
        source, target.landing_zone(source.dataset), days, settings.today
    )


def _damaged_days(zone: LandingZone, days: Sequence[date]) -> Mapping[date, str]:
    """The days with event files that no longer hold what was landed, and which files these are."""
    return {day: damage(files) for day in days if (files := zone.damaged(day))}


def _silver_asset(source: Source, settings: Settings, target: Target) -> dg.AssetsDefinition:
    dataset = source.dataset
    tables = dataset.tables

    @table_asset(
        tables.silver,
        "silver",
        tables.bronze.name,
        settings,
        target,
        automation_condition=when_the_layer_before_has_news(settings),
        description=f"{tables.silver.comment}\n\nRows that break a rule are in "
        f"`{tables.quarantine.name}`, and the class of every row of bronze in "
        f"`{tables.versions.name}`.",
    )
    def silver(
        context: dg.AssetExecutionContext, lakehouse: LakehouseResource
    ) -> dg.MaterializeResult[None]:
        rules = quality(settings).rule_set(dataset).rules
        return materialize(
            context,
            lakehouse,
            settings,
            skipped=_skipped(source, settings, target),
            rules=[asdict(rule) for rule in rules],
        )

    return silver


def _gold_asset(
    source: Source, gold: Gold, settings: Settings, target: Target
) -> dg.AssetsDefinition:
    @table_asset(
        gold.tables[0],
        "gold",
        source.dataset.tables.silver.name,
        settings,
        target,
        name=gold.asset,
        description=gold.description,
        automation_condition=when_the_layer_before_has_news(settings),
        # Gold compares sources: in a run over several it comes when their silver is there, and
        # the facts come before what refers to them.
        op_tags={"dagster/priority": "-1" if gold.asset == GOLD_NEO_FACT.name else "-2"},
    )
    def published(
        context: dg.AssetExecutionContext, lakehouse: LakehouseResource
    ) -> dg.MaterializeResult[None]:
        return materialize(
            context,
            lakehouse,
            settings,
            skipped=_skipped(source, settings, target),
        )

    return published
