"""What a run executes, and why a step of it failed."""

import dagster as dg

from neo_assets.dagster_internals.events import Context


def is_in_run(context: Context, asset: dg.AssetKey) -> bool:
    """Whether the run materializes the asset; one that re-executes a failed run skips some."""
    steps = context.run.step_keys_to_execute
    return (steps is None or asset.to_python_identifier() in steps) and asset in set(
        context.job_def.asset_layer.executable_asset_keys
    )


def run_that_executed(context: Context, asset: dg.AssetKey) -> str | None:
    """This run, or the nearest of those that it re-executes, that the asset is part of."""
    if is_in_run(context, asset):
        return context.run.run_id
    run = context.run
    while run.parent_run_id and (parent := context.instance.get_run_by_id(run.parent_run_id)):
        run = parent
        plan_id = run.execution_plan_snapshot_id
        plan = context.instance.get_execution_plan_snapshot(plan_id) if plan_id else None
        if plan and asset.to_python_identifier() in plan.step_keys_to_execute:
            return run.run_id
    return None
