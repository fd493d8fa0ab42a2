"""Which days of a run proceed from one layer to the next, and why the others do not.

A day proceeds when the layer before has materialized it and none of that layer's checks ends in
ERROR, unless the day was released. What decides is data: the outcomes of the checks, and the
`Unmaterialized` that is stored with each day that did not proceed.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from neo_assets import pipeline
from neo_assets.checks.definitions import CHECKS
from neo_assets.checks.inputs import inputs_in_run
from neo_assets.checks.unmaterialized import Unmaterialized
from neo_assets.dagster_internals.events import Context
from neo_assets.dagster_internals.history import newest_evaluation, partitions_materialized_in
from neo_assets.dagster_internals.runs import is_in_run, run_that_executed
from neo_assets.settings import Settings


def blocked_days(
    context: Context, asset: dg.AssetKey, days: Sequence[date], settings: Settings
) -> dict[date, Unmaterialized]:
    """The days that do not proceed from the layer before to the asset."""
    upstream = pipeline.upstream_of(asset.to_user_string())
    if upstream is None:
        return {}
    before = dg.AssetKey(upstream)
    held = {
        day: Unmaterialized.held_back(day_input.error)
        for day, day_input in inputs_in_run(context, before, days, settings).items()
        if day_input.error
    }
    return held | unmaterialized_partitions(context, before, days)


def unmaterialized_partitions(
    context: Context, asset: dg.AssetKey, days: Sequence[date]
) -> dict[date, Unmaterialized]:
    """The days that the asset could not materialize in this run; none if it is not part of it.

    A run that re-executes a failed one from its failure continues from what that one has done.
    """
    run_id = run_that_executed(context, asset)
    if run_id is None:
        return {}
    done = partitions_materialized_in(context.instance, run_id).get(asset, ())
    return {
        day: newest_unmaterialized(context.instance, asset, day)
        or Unmaterialized(f"{asset.to_user_string()} was not materialized")
        for day in days
        if day.isoformat() not in done
    }


def newest_unmaterialized(
    instance: dg.DagsterInstance, asset: dg.AssetKey, day: date
) -> Unmaterialized | None:
    """Return why the last attempt at a day failed; None if it succeeded or there was none."""
    check = next(check for check in CHECKS if check.applies_to(asset.to_user_string()))
    evaluation = newest_evaluation(instance, dg.AssetCheckKey(asset, check.name), day.isoformat())
    return Unmaterialized.stored_in(evaluation) if evaluation else None


def proceeds_in_run(context: Context, asset: dg.AssetKey) -> bool:
    """Whether the next layer is part of the same run, so that good days go on to it."""
    downstream = pipeline.downstream_of(asset.to_user_string())
    return downstream is not None and is_in_run(context, dg.AssetKey(downstream))
