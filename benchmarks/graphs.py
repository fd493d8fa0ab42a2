"""Graphs that cost what Dagster costs: the four daily assets without the work they are for."""

from collections.abc import Sequence
from datetime import date
from random import Random

import dagster as dg

from neo_assets.assets.materialization import emit
from neo_assets.checks.evaluations import checks_on
from neo_assets.checks.gate import blocked_days
from neo_assets.checks.planned import PlannedChecks
from neo_assets.lakehouse.preview import PREVIEW_ROWS, markdown_table
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Result
from neo_assets.lakehouse.store import metrics
from neo_assets.partitions import daily_partitions, days_of, range_tags
from neo_assets.pipeline import LAYERS
from neo_assets.settings import Settings

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_ALL_AT_ONCE = dg.BackfillPolicy.multi_run(max_partitions_per_run=10_000)


def bare() -> dg.JobDefinition:
    """Four assets that do nothing, without checks: the least that Dagster costs."""

    def asset_of(name: str, before: Sequence[dg.AssetsDefinition]) -> dg.AssetsDefinition:
        @dg.asset(
            name=name,
            deps=before,
            partitions_def=daily_partitions(Settings.from_environment()),
            backfill_policy=_ALL_AT_ONCE,
        )
        def nothing() -> None: ...

        return nothing

    assets: list[dg.AssetsDefinition] = []
    for name in LAYERS:
        assets.append(asset_of(name, assets[-1:]))
    return _job(dg.Definitions(assets=assets, executor=dg.in_process_executor))


def accounted() -> dg.JobDefinition:
    """The four assets with their reports, previews, pictures, metrics and checks, without rows."""
    settings = Settings.from_environment()

    def asset_of(name: str, before: Sequence[dg.AssetsDefinition]) -> dg.AssetsDefinition:
        @dg.asset(
            name=name,
            deps=before,
            partitions_def=daily_partitions(settings),
            backfill_policy=_ALL_AT_ONCE,
        )
        def account(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
            blocked = blocked_days(context, context.asset_key, days_of(context), settings)
            reports = [_report(day) for day in days_of(context) if day not in blocked]
            metrics.record(
                settings.tables_directory,
                metrics.RunMetrics(context.run_id, context.asset_key.to_user_string(), reports),
            )
            seen = {report.day: _preview(report) for report in reports}
            return emit(context, Result(reports, seen), blocked, settings)

        return account

    assets: list[dg.AssetsDefinition] = []
    for name in LAYERS:
        assets.append(asset_of(name, assets[-1:]))
    return _job(
        dg.Definitions(
            assets=assets,
            asset_checks=[checks_on(asset.key, settings) for asset in assets],
            resources={"planned_checks": PlannedChecks()},
            executor=dg.in_process_executor,
        )
    )


def run(job: dg.JobDefinition, instance: dg.DagsterInstance, days: Sequence[date]) -> None:
    """One run over all the days, which have no gap."""
    job.execute_in_process(instance=instance, tags=range_tags(days[0], days[-1]), run_config=QUIET)


def _job(defs: dg.Definitions) -> dg.JobDefinition:
    return defs.resolve_implicit_global_asset_job_def()


def _report(day: date) -> DayReport:
    chance = Random(day.toordinal())
    rows, dropped, duplicates = chance.randint(5, 20), chance.randint(0, 1), chance.randint(0, 1)
    return DayReport(
        day,
        rows_in=rows,
        kept=rows - dropped - duplicates,
        dropped=dropped,
        exact_duplicates=duplicates,
        rows_out=rows - dropped - duplicates,
        snapshot_rows=rows,
        snapshot_dropped=dropped,
        snapshot_duplicates=duplicates,
        reasons={"invalid_velocity": dropped} if dropped else {},
        details={"inserted": rows, "updated": 0, "snapshots_landed": 1},
        rows_received=rows,
        rows_emitted=rows,
    )


def _preview(report: DayReport) -> str:
    row = {
        "name": "(2015 RC36)",
        "close_approach_at": "2015-09-08 20:28:00",
        "miss_distance_lunar": 26.412,
        "relative_velocity_km_s": 19.486,
        "absolute_magnitude_h": 24.3,
    }
    return markdown_table([row] * min(report.kept, PREVIEW_ROWS))
