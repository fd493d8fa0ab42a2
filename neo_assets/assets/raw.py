"""The responses of a source as immutable event files."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import dagster as dg

from neo_assets import prefetch
from neo_assets.assets.daily import daily_asset
from neo_assets.assets.materialization import materialize
from neo_assets.assets.skipped_days import days_without_snapshot
from neo_assets.lakehouse.preview import PREVIEW_ROWS, markdown_table
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Result
from neo_assets.progress import LogFunction, track_progress
from neo_assets.run_tags import ONLY_LANDED
from neo_assets.settings import Settings
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot, Source
from neo_assets.sources.errors import FeedError
from neo_assets.sources.landing_zone import Landing, LandingError, LandingZone
from neo_assets.sources.simulator import RecordingError
from neo_assets.targets.base import Target
from neo_assets.targets.stage_runner import LakehouseResource


def raw_asset(source: Source, settings: Settings, target: Target) -> dg.AssetsDefinition:
    """The asset that lands what a source answers."""
    dataset = source.dataset
    only_now = (
        " It can only be requested as of now: other days than that of a request have no rows."
        if source.queried == "now"
        else ""
    )

    @daily_asset(
        settings,
        name=dataset.raw_asset,
        description=f"Responses of {source.title}: a file is one snapshot of a day, a line one "
        "object in it.\n\nA response identical to the newest snapshot of its day lands nothing. "
        f"A day without a usable response fails alone.{only_now}",
        kinds={"python", "json", "file"},
        pool=dataset.raw_asset,
        metadata={"location": dg.MetadataValue.path(target.landing_location(dataset))},
    )
    def raw(
        context: dg.AssetExecutionContext, lakehouse: LakehouseResource
    ) -> dg.MaterializeResult[None]:
        today = settings.today
        zone = target.landing_zone(dataset)

        def land(days: Sequence[date]) -> Result:
            result = _land(context, source, zone, settings, days, today)
            asset = context.asset_key.to_user_string()
            lakehouse.record_metrics(context.run.run_id, asset, result.reports)
            return result

        return materialize(
            context,
            lakehouse,
            settings,
            land,
            skipped=lambda days: days_without_snapshot(source, zone, days, today),
        )

    return raw


def _land(
    context: dg.AssetExecutionContext,
    source: Source,
    zone: LandingZone,
    settings: Settings,
    days: Sequence[date],
    today: date,
) -> Result:
    """Fetch the days that can be requested today and land what is new; the others have landed.

    A run about what has landed requests none.
    """
    reports: list[DayReport] = []
    previews: dict[date, str] = {}
    failed: dict[date, str] = {}
    calls_left: int | None = None
    only_landed = ONLY_LANDED in context.run.tags
    requested = [] if only_landed else source.requestable(days, today)
    if (calls := source.calls(requested)) > 1:
        context.log.info(f"{len(requested)} days are fetched in {calls} calls.")
    try:
        for day in [day for day in days if day not in requested]:
            if not only_landed:
                why_not = source.why_not_requested(today)
                context.log.info(f"{day}: {why_not}; what has landed is kept.")
            try:
                landing, objects = zone.landed(day)
            except LandingError as error:
                failed[day] = str(error).rstrip(".")
            else:
                reports.append(_report(landing))
                previews[day] = _preview(source, objects)
        outcomes = (
            prefetch.fetch(source, requested, settings, context.log.warning) if requested else ()
        )
        fetched = track_progress(outcomes, len(requested), "days fetched", context.log.info)
        for answer in _usable(fetched, failed, context.log.error):
            landing = zone.land(
                answer.day,
                answer.objects,
                source=source.provider(settings),
                fetched_at=answer.fetched_at,
                api_version=answer.api_version,
            )
            for file in landing.set_aside:
                context.log.warning(f"Renamed to {file}: its content is not what was landed.")
            reports.append(_report(landing, answer))
            previews[answer.day] = _preview(source, answer.objects)
            calls_left = answer.calls_left
    except (FeedError, LandingError, RecordingError) as error:
        context.log.error(str(error))
        known = failed.keys() | {report.day for report in reports}
        failed |= {day: str(error).rstrip(".") for day in days if day not in known}
    context.log.info(
        _summary(reports, failed)
        + (f" {calls_left} calls are left in the key's budget." if calls_left is not None else "")
    )
    return Result(reports, previews, failed)


def _usable(
    outcomes: Iterable[DayOutcome], failed: dict[date, str], log: LogFunction
) -> Iterator[DaySnapshot]:
    """The answers, with what they warn of; a day without one is added to `failed`."""
    warned: set[str] = set()
    for outcome in outcomes:
        if isinstance(outcome, DayFailure):
            log(outcome.reason)
            failed[outcome.day] = outcome.reason.rstrip(".")
        else:
            for warning in outcome.warnings:
                if warning not in warned:
                    log(f"{warning}.")
            warned.update(outcome.warnings)
            yield outcome


def _summary(reports: Sequence[DayReport], failed: Collection[date]) -> str:
    landed = sum(report.details["snapshots_landed"] for report in reports)
    counts = {
        "with a new snapshot": landed,
        "unchanged": len(reports) - landed,
        "failed": len(failed),
    }
    days = len(reports) + len(failed)
    counted = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{days} {'day' if days == 1 else 'days'}: {counted}."


def _report(landing: Landing, answer: DaySnapshot | None = None) -> DayReport:
    """What is in the newest snapshot of a day; `answer` is none where the day was not requested."""
    calls_left = answer.calls_left if answer else None
    return DayReport(
        day=landing.day,
        rows_in=landing.objects,
        kept=landing.objects - landing.repeated,
        exact_duplicates=landing.repeated,
        rows_out=landing.objects,
        snapshot_rows=landing.objects,
        snapshot_duplicates=landing.repeated,
        rows_emitted=landing.objects,
        details={
            "snapshots_landed": int(landing.is_new),
            "files_set_aside": len(landing.set_aside),
            "omitted": int(answer is not None and answer.is_omitted),
            **({"calls_left": calls_left} if calls_left is not None else {}),
        },
        response_warnings=answer.warnings if answer else (),
    )


def _preview(source: Source, objects: Sequence[dict[str, Any]]) -> str:
    return markdown_table(
        [
            {name: item.get(name) for name in source.dataset.raw_preview}
            for item in objects[:PREVIEW_ROWS]
        ]
    )
