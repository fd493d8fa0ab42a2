"""Schedules and sensors: the daily refresh of a window of days, and jobs that follow others."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import dagster as dg

from neo_assets.automation.jobs import (
    REFRESH,
    REPLAY_AFTER_RESET,
    SELECTIVE_REFRESH,
    QuarantineFilter,
    choose_rows,
    full_refresh,
    maintenance_job,
    replay_quarantine,
)
from neo_assets.checks.planned import complete
from neo_assets.partitions import chunks, daily_partitions, range_tags
from neo_assets.run_tags import WHY
from neo_assets.settings import Settings
from neo_assets.sources.registry import Included
from neo_assets.targets.base import Target, TargetResource


@dg.schedule(
    job=REFRESH,
    cron_schedule="30 6 * * *",
    execution_timezone="UTC",
    # Each run costs calls of a limited budget, so that it is off by default.
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Requests the days around today again (NEO_REFRESH_DAYS_BACK, NEO_DAYS_AHEAD), "
    "because agencies revise what they published. Changed days go through to gold; unchanged days "
    "write nothing.",
)
def daily_refresh(
    context: dg.ScheduleEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest:
    """One run over the whole window."""
    today = context.scheduled_execution_time.date()
    first = max(today - timedelta(days=settings.neo_refresh_days_back), settings.neo_start_date)
    return dg.RunRequest(
        run_key=today.isoformat(),
        tags={
            **range_tags(first, today + timedelta(days=settings.neo_days_ahead)),
            WHY: "the schedule daily_refresh",
        },
    )


weekly_maintenance = dg.ScheduleDefinition(
    "weekly_maintenance",
    job=maintenance_job,
    cron_schedule="30 3 * * 0",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Compacts small files once a week.",
)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[full_refresh],
    request_job=REPLAY_AFTER_RESET,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Launches a replay of every landed day after a full refresh has swapped in the "
    "new bronze.",
)
def replay_after_reset_sensor(
    context: dg.RunStatusSensorContext,
    target: TargetResource,
    settings: dg.ResourceParam[Settings],
) -> Iterator[dg.RunRequest]:
    """One run for each chunk of landed days."""
    yield from _a_run_for_each_chunk(
        context.dagster_run, landed_partitions(target, settings), settings
    )


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[replay_quarantine],
    request_job=SELECTIVE_REFRESH,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Launches a replay of the days whose rows replay_quarantine selected.",
)
def quarantine_replay_sensor(
    context: dg.RunStatusSensorContext,
    target: TargetResource,
    settings: dg.ResourceParam[Settings],
) -> Iterator[dg.RunRequest]:
    """One run for each chunk of days with such rows."""
    ops: Any = context.dagster_run.run_config.get("ops", {})
    chosen = QuarantineFilter(**ops.get(choose_rows.name, {}).get("config", {}))
    days = sorted({row["partition_date"] for row in target.quarantined(chosen.selection)})
    yield from _a_run_for_each_chunk(context.dagster_run, days, settings)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records the checks that a failed run planned but did not evaluate, as not done.",
)
def complete_failed(context: dg.RunStatusSensorContext) -> None:
    """A run whose process was killed cannot do so itself."""
    complete(context.instance, context.dagster_run.run_id)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.CANCELED,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records the checks that a canceled run planned but did not evaluate, as not done.",
)
def complete_canceled(context: dg.RunStatusSensorContext) -> None:
    """A run that is canceled while it is queued never starts."""
    complete(context.instance, context.dagster_run.run_id)


layers_sensor = dg.AutomationConditionSensorDefinition(
    "layers_sensor",
    target=dg.AssetSelection.groups("neo"),
    default_status=dg.DefaultSensorStatus.RUNNING,
    # The condition compares reports, which no condition of Dagster's own can.
    use_user_code_server=True,
    run_tags={WHY: "the layer before had news of the day (automation condition)"},
    description="Updates silver and gold for the days of which the layer before has news, however "
    "it was materialized and however old they are; several days are a backfill. Unchanged days, "
    "held days and days that a run has failed to process since start nothing.",
)


def _gold_sensor(asset: str, what: str) -> dg.AutomationConditionSensorDefinition:
    """The sensor of an asset that reads gold; its description begins with `what` it does."""
    return dg.AutomationConditionSensorDefinition(
        f"{asset}_sensor",
        target=dg.AssetSelection.assets(asset),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{what} when gold has changed and no run is in progress.",
    )


power_bi_export_sensor = _gold_sensor("power_bi_export", "Updates the files for Power BI Desktop")
open_data_sensor = _gold_sensor("open_data", "Updates the files for consumers without Spark")
neo_dashboard_sensor = _gold_sensor("neo_dashboard", "Builds the dashboard again")


def _a_run_for_each_chunk(
    after: dg.DagsterRun, days: Sequence[date], settings: Settings
) -> Iterator[dg.RunRequest]:
    for chunk in chunks(days, settings):
        yield dg.RunRequest(
            run_key=f"{after.run_id}:{chunk[0]}",
            tags={
                **range_tags(chunk[0], chunk[-1]),
                WHY: f"the job {after.job_name}, whose second half this is",
            },
        )


def landed_partitions(target: Target, settings: Settings) -> list[date]:
    """The days that the landing zone has and that are partitions, in order."""
    zones = (target.landing_zone(dataset) for dataset in Included(settings.sources).datasets)
    days = sorted({day for zone in zones for day in zone.days()})
    partitions = daily_partitions(settings)
    return [day for day in days if partitions.has_partition_key(day.isoformat())]
