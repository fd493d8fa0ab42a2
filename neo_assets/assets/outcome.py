"""How a stage's account becomes Dagster's: days materialized, days held back, days failed."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import dagster as dg

from neo_assets import pipeline
from neo_assets.checks.accounts import report_metadata
from neo_assets.checks.chronicle import CHRONICLE_DAYS, markdown_of
from neo_assets.checks.evaluations import record_evaluations
from neo_assets.checks.evidence import history
from neo_assets.dagster_internals.events import NO_MATERIALIZATION
from neo_assets.dagster_internals.runs import is_in_run
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Request, Result
from neo_assets.partitions import days_of
from neo_assets.targets.stage_runner import LakehouseResource


def materialize(
    context: dg.AssetExecutionContext,
    lakehouse: LakehouseResource,
    held: Mapping[date, str],
    **how: Any,
) -> dg.MaterializeResult[None]:
    """Run the stage of the asset for the days that are not held back, and conclude it.

    `how` has what else the stage must know, by the names of the request.
    """
    days = [day for day in days_of(context) if day not in held]
    request = Request(context.asset_key.to_user_string(), context.run.run_id, days, **how)
    return conclude(context, lakehouse.run(context, request), held)


def conclude(
    context: dg.AssetExecutionContext,
    result: Result,
    held: Mapping[date, str],
) -> dg.MaterializeResult[None]:
    """Materialize the days that have a report; the others fail, and the run with them at its end.

    As long as the next layer is in the same run, the good days go on to it.  The last asset of the
    run fails in the name of all; a step that fails takes its checks with it, so that their
    evaluations are recorded here.

    Raises:
        dagster.Failure: names the failed days and why; the good days stand as materialized.
    """
    reports, failed = result.reports, {**held, **result.failed}
    metadata = {
        report.day.isoformat(): {
            **report_metadata(report),
            "preview": dg.MetadataValue.md(result.previews.get(report.day) or "No rows."),
        }
        for report in reports
    }
    if reports:
        newest = max(report.day for report in reports)
        metadata[newest.isoformat()]["history"] = dg.MetadataValue.md(
            _chronicle(context, reports, newest)
        )
    if not failed:
        for partition, values in metadata.items():
            context.add_asset_metadata(values, partition_key=partition)
        return dg.MaterializeResult()
    for partition, values in metadata.items():
        context.log_event(
            dg.AssetMaterialization(context.asset_key, partition=partition, metadata=values)
        )
    days = sorted([*failed, *(report.day for report in reports)])
    said = f"{_share(len(failed), len(days))} {_by_span(failed)}."
    if reports and _next_is_in_run(context):
        record_evaluations(context, context.asset_key, sorted(failed), failed=failed)
        context.log.error(said)
        return dg.MaterializeResult(metadata=NO_MATERIALIZATION)
    record_evaluations(context, context.asset_key, days, failed=failed)
    raise dg.Failure(said, allow_retries=False)


def _next_is_in_run(context: dg.AssetExecutionContext) -> bool:
    following = pipeline.downstream_of(context.asset_key.to_user_string())
    return following is not None and is_in_run(context, dg.AssetKey(following))


def _chronicle(context: dg.AssetExecutionContext, reports: Sequence[DayReport], last: date) -> str:
    """The last days for people to read; those of this run are not materialized yet."""
    before = history(context.instance, context.asset_key, [last], CHRONICLE_DAYS)
    by_day = {report.day: report for report in (*before, *reports)}
    return markdown_of(by_day.values(), last)


def _share(failed: int, days: int) -> str:
    """How many of the days of a run failed, in a sentence."""
    if failed < days:
        return f"{failed} of {days} days failed, the others are done."
    return f"All {days} days failed." if days > 1 else "The day failed."


def _by_span(failed: Mapping[date, str]) -> str:
    """Each reason once, with the first and the last of the days in a row that share it."""
    spans: list[tuple[date, date, str]] = []
    for day, reason in sorted(failed.items()):
        if spans and spans[-1][1:] == (day - timedelta(days=1), reason):
            spans[-1] = spans[-1][0], day, reason
        else:
            spans.append((day, day, reason))
    return "; ".join(
        f"{first}: {reason}" if first == last else f"{first}…{last}: {reason}"
        for first, last, reason in spans
    )
