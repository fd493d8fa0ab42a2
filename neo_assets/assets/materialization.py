"""From a run of an asset to partitions that are materialized, held back or failed, in one call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg

from neo_assets import pipeline
from neo_assets.assets.column_lineage import column_lineage
from neo_assets.checks.evaluations import record_evaluations
from neo_assets.checks.gate import blocked_days, proceeds_in_run
from neo_assets.checks.inputs import inputs_in_run, recent_reports
from neo_assets.checks.recent_history import RECENT_DAYS, markdown_of
from neo_assets.checks.stored_reports import report_metadata
from neo_assets.checks.unmaterialized import Unmaterialized
from neo_assets.dagster_internals.events import NO_MATERIALIZATION
from neo_assets.date_spans import span, spans_by_reason
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Request, Result
from neo_assets.partitions import days_of
from neo_assets.run_tags import why
from neo_assets.settings import Settings
from neo_assets.targets.stage_runner import LakehouseResource

Days = Sequence[date]


def materialize(
    context: dg.AssetExecutionContext,
    lakehouse: LakehouseResource,
    settings: Settings,
    run: Callable[[Days], Result] | None = None,
    *,
    faulty: Callable[[Days], Mapping[date, str]] = lambda _: {},
    skipped: Callable[[Days], Mapping[date, str]] = lambda _: {},
    **stage_options: Any,
) -> dg.MaterializeResult[None]:
    """Lock the days of the run, ask the gate which of them proceed, run these, and report.

    What runs is the stage of the asset with `stage_options`, by the names of the request; or `run`,
    for an asset that is not made by a stage. `faulty` finds further days that cannot proceed, and
    `skipped` those for which there is nothing to do: they are materialized without rows.
    """
    days = days_of(context)
    lakehouse.lock_partitions(days, context.log.info)
    blocked = blocked_days(context, context.asset_key, days, settings)
    blocked |= {day: Unmaterialized(reason) for day, reason in faulty(days).items()}
    left_out = _without_rows_upstream(
        context, skipped([day for day in days if day not in blocked]), settings
    )
    proceeding = [day for day in days if day not in blocked and day not in left_out]
    if left_out:
        context.log.info(f"Nothing to do: {_by_span(left_out)}.")
    if left_out and not proceeding:
        result = Result()
    elif run:
        result = run(proceeding)
    else:
        name = context.asset_key.to_user_string()
        request = Request(
            name, context.run.run_id, proceeding, sources=settings.sources, **stage_options
        )
        result = lakehouse.run(context, request)
    empty = [DayReport(day, skipped=why) for day, why in left_out.items()]
    return emit(context, replace(result, reports=[*result.reports, *empty]), blocked, settings)


def _without_rows_upstream(
    context: dg.AssetExecutionContext, days: Mapping[date, str], settings: Settings
) -> Mapping[date, str]:
    """The days for which the layer before has emitted nothing either."""
    upstream = pipeline.upstream_of(context.asset_key.to_user_string())
    if upstream is None or not days:
        return days
    before = inputs_in_run(context, dg.AssetKey(upstream), list(days), settings)
    return {
        day: why
        for day, why in days.items()
        if day not in before or before[day].stored.report.skipped
    }


def emit(
    context: dg.AssetExecutionContext,
    result: Result,
    blocked: Mapping[date, Unmaterialized],
    settings: Settings,
) -> dg.MaterializeResult[None]:
    """Materialize the days that have a report; the others fail, and the run with them at its end.

    As long as the next layer is in the same run, the good days go on to it.  The last asset of the
    run fails in the name of all; a step that fails takes its checks with it, so that their
    evaluations are recorded here.

    Raises:
        dagster.Failure: names the failed days and why; the good days are materialized.
    """
    reports = result.reports
    failed = {day: Unmaterialized(reason) for day, reason in result.failed.items()}
    left = {**blocked, **failed}
    metadata = {
        report.day.isoformat(): {
            **report_metadata(report),
            "why": why(context.run),
            "preview": dg.MetadataValue.md(result.previews.get(report.day) or "No rows."),
            **({"job": dg.MetadataValue.url(result.job_url)} if result.job_url else {}),
        }
        for report in reports
    }
    if reports:
        newest = max(report.day for report in reports)
        metadata[newest.isoformat()]["history"] = dg.MetadataValue.md(
            _recent_history(context, reports, newest)
        )
        # Once a run, where Dagster looks for it: it is the same for all days.
        if lineage := column_lineage(context.asset_key.to_user_string()):
            metadata[newest.isoformat()]["dagster/column_lineage"] = lineage
    if not left:
        for partition, values in metadata.items():
            context.add_asset_metadata(values, partition_key=partition)
        return dg.MaterializeResult()
    for partition, values in metadata.items():
        context.log_event(
            dg.AssetMaterialization(context.asset_key, partition=partition, metadata=values)
        )
    days = sorted([*left, *(report.day for report in reports)])
    reasons = {day: why.reason for day, why in left.items()}
    sentence = f"{_share(len(left), len(days))} {_by_span(reasons)}."
    if reports and proceeds_in_run(context, context.asset_key):
        record_evaluations(context, context.asset_key, sorted(left), settings, unmaterialized=left)
        context.log.error(sentence)
        return dg.MaterializeResult(metadata=NO_MATERIALIZATION)
    record_evaluations(context, context.asset_key, days, settings, unmaterialized=left)
    raise dg.Failure(sentence, allow_retries=False)


def _recent_history(
    context: dg.AssetExecutionContext, reports: Sequence[DayReport], last: date
) -> str:
    """The last days for people to read; those of this run are not materialized yet."""
    before = recent_reports(context.instance, context.asset_key, [last], RECENT_DAYS)
    by_day = {report.day: report for report in (*before, *reports)}
    return markdown_of(by_day.values(), last)


def _share(failed: int, days: int) -> str:
    """Return how many days of a run failed, as a sentence."""
    if failed < days:
        return f"{failed} of {days} days failed, the others are done."
    return f"All {days} days failed." if days > 1 else "The day failed."


def _by_span(failed: Mapping[date, str]) -> str:
    """Each reason once, with the first and the last of the days in a row that share it."""
    return "; ".join(
        f"{span(first, last)}: {reason}" for first, last, reason in spans_by_reason(failed)
    )
