"""Definitions shared by the assets that read gold of all days at once, without Spark."""

from pathlib import Path

import dagster as dg

from neo_assets.assets.conditions import WHEN_GOLD_IS_AT_REST
from neo_assets.assets.daily import Decorator
from neo_assets.settings import Settings
from neo_assets.sources.registry import Included


def gold_reader(settings: Settings, group: str, kinds: set[str], location: Path) -> Decorator:
    """Make a function an asset that follows the gold of every included source.

    `location` is where it writes.
    """
    return dg.asset(
        deps=[dg.AssetKey(name) for name in Included(settings.sources).gold_assets],
        # Not in the group of the daily assets, whose jobs run over partitions.
        group_name=group,
        kinds=kinds,
        owners=["team:neo"],
        automation_condition=WHEN_GOLD_IS_AT_REST,
        metadata={"location": dg.MetadataValue.path(str(location))},
    )
