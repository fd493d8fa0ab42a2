"""Definitions shared by all daily assets.

With different partitions or backfill policies a backfill would fall apart into a run for each.
"""

from collections.abc import Callable
from typing import Any

import dagster as dg

from neo_assets.lakehouse.model.tables import Table
from neo_assets.partitions import backfill_policy, daily_partitions
from neo_assets.pipeline import Layer
from neo_assets.settings import Settings
from neo_assets.targets.base import Target

Decorator = Callable[[Callable[..., Any]], dg.AssetsDefinition]


def daily_asset(settings: Settings, **options: Any) -> Decorator:
    """Make a function a daily asset; `options` are those of `dg.asset` that are its own."""
    # Its overloads do not see what the options are.
    decorator: Decorator = dg.asset(
        partitions_def=daily_partitions(settings),
        backfill_policy=backfill_policy(settings),
        group_name="neo",
        owners=["team:neo"],
        **options,
    )
    return decorator


def table_asset(
    table: Table, layer: Layer, made_from: str, settings: Settings, target: Target, **options: Any
) -> Decorator:
    """Make a function the daily asset of a table that a stage writes from another asset."""
    return daily_asset(
        settings,
        deps=[dg.AssetKey(made_from)],
        kinds={"spark", "delta", layer},
        pool="lakehouse",
        metadata=_table_metadata(table, target),
        **{"name": table.name, **options},
    )


def _table_metadata(table: Table, target: Target) -> dict[str, Any]:
    """Name, schema with descriptions, and location of a table, as metadata of its asset."""
    return {
        "dagster/table_name": table.name,
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(
                    column.name,
                    column.type,
                    column.comment,
                    tags={"unit": column.unit} if column.unit else None,
                )
                for column in table.columns
            ]
        ),
        "location": dg.MetadataValue.path(target.location(table)),
    }
