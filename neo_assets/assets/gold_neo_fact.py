"""The fact table of the star schema."""

import dagster as dg

from neo_assets.assets.conditions import when_the_layer_before_has_news
from neo_assets.assets.daily import table_asset
from neo_assets.assets.materialization import materialize
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT, SILVER_NEO_EVENTS
from neo_assets.settings import Settings
from neo_assets.targets.base import Target
from neo_assets.targets.stage_runner import LakehouseResource


def build_gold_neo_fact(settings: Settings, target: Target) -> dg.AssetsDefinition:
    """The asset of the facts, which is made from silver."""

    @table_asset(
        GOLD_NEO_FACT,
        "gold",
        SILVER_NEO_EVENTS.name,
        settings,
        target,
        automation_condition=when_the_layer_before_has_news(settings),
    )
    def gold_neo_fact(
        context: dg.AssetExecutionContext, lakehouse: LakehouseResource
    ) -> dg.MaterializeResult[None]:
        """Every close approach ever seen, in its last valid version: one row is one approach.

        Carries surrogate keys and bands; an approach that NASA withdrew stays and is marked. The
        rest of the star is written with it: `gold_dim_neo`, `gold_dim_date` and
        `gold_neo_revision`, which has every change that NASA made.
        """
        return materialize(context, lakehouse, settings)

    return gold_neo_fact
