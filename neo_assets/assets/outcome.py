"""How a stage's account becomes Dagster's: days materialized, days held back, days failed."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import dagster as dg

from neo_assets.checks.accounts import report_metadata
from neo_assets.checks.evaluations import days_beyond_tolerance, record_evaluations
from neo_assets.lakehouse.report import DayReport


def held_days(
    context: dg.AssetExecutionContext, upstream: dg.AssetKey, days: Sequence[date]
) -> dict[date, str]:
    """The days that must not go on, because the layer before dropped too much of them, and why."""
    reason = f"held back, {upstream.to_user_string()} dropped more rows than tolerated"
    return dict.fromkeys(days_beyond_tolerance(context.instance, upstream, days), reason)


def conclude(
    context: dg.AssetExecutionContext,
    reports: Sequence[DayReport],
    previews: Mapping[date, str],
    failed: Mapping[date, str],
) -> dg.MaterializeResult[None]:
    """Materialize the days that have a report, and then fail the run if there are others.

    A step that fails takes its checks with it, so their evaluations are recorded here.

    Raises:
        dagster.Failure: names the failed days and why; the good days stand as materialized.
    """
    metadata = {
        report.day.isoformat(): {
            **report_metadata(report),
            "preview": dg.MetadataValue.md(previews.get(report.day) or "No rows."),
        }
        for report in reports
    }
    if not failed:
        for partition, values in metadata.items():
            context.add_asset_metadata(values, partition_key=partition)
        return dg.MaterializeResult()
    for partition, values in metadata.items():
        context.log_event(
            dg.AssetMaterialization(context.asset_key, partition=partition, metadata=values)
        )
    days = sorted([*failed, *(report.day for report in reports)])
    record_evaluations(context, context.asset_key, days, failed=failed)
    raise dg.Failure(
        f"{len(failed)} of {len(days)} days failed, the others are done. {_by_span(failed)}.",
        allow_retries=False,
    )


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
