"""The inputs of the checks for a day, read from Dagster's event log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import dagster as dg

from neo_assets import pipeline
from neo_assets.checks.baseline import BASELINE_DAYS
from neo_assets.checks.definitions import Check, CheckInput, CheckOutcome, checks_of
from neo_assets.checks.releases import releases
from neo_assets.checks.stored_reports import StoredReport, newest_reports
from neo_assets.dagster_internals.events import Context
from neo_assets.date_spans import expanded
from neo_assets.lakehouse.report import DayReport
from neo_assets.quality import quality
from neo_assets.settings import Settings


@dataclass(frozen=True)
class PartitionCheckInput:
    """The newest report of an asset for a day, its checks, and what they compare it with."""

    asset: str
    checks: Sequence[Check]
    stored: StoredReport
    check_input: CheckInput

    @cached_property
    def outcomes(self) -> Mapping[str, CheckOutcome]:
        """The outcome of each check of the asset; an ERROR of a released day is a WARN."""
        return {
            check.name: check.evaluate(self.check_input).released(self.check_input.release)
            for check in self.checks
        }

    @property
    def error(self) -> str | None:
        """Return the description of the first check that ends in ERROR; None if the day proceeds.

        Without the days before: days that are held for one reason give one sentence.
        """
        for check in self.checks:
            if self.outcomes[check.name].is_error:
                alone = check.evaluate(replace(self.check_input, earlier=()))
                return f"{self.asset} {check.name}: {alone.description.rstrip('.')}"
        return None


def inputs(
    instance: dg.DagsterInstance,
    asset: dg.AssetKey,
    days: Sequence[date],
    settings: Settings,
    *,
    with_baseline: bool,
) -> dict[date, PartitionCheckInput]:
    """The input of each day; days never materialized are missing.

    The days before can only turn a pass into a warning: errors do not depend on them.
    """
    name = asset.to_user_string()
    tolerances = quality(settings).tolerances_of(name)
    checks = checks_of(name, settings.sources)
    known = newest_reports(
        instance, asset, _with_days_before(days, BASELINE_DAYS) if with_baseline else days
    )
    reports = {day: known[day] for day in days if day in known}
    released = releases(instance, asset, reports)
    upstream: dict[date, StoredReport] = {}
    if (before := pipeline.upstream_of(name)) and reports:
        limits = {day: stored.storage_id for day, stored in reports.items()}
        upstream = newest_reports(instance, dg.AssetKey(before), list(reports), limits)
    earlier = [
        stored.report for stored in known.values() if with_baseline and not stored.report.skipped
    ]
    return {
        day: PartitionCheckInput(
            name,
            checks,
            stored,
            CheckInput(
                stored.report,
                tolerances,
                earlier,
                upstream[day].report if day in upstream else None,
                released.get(day),
            ),
        )
        for day, stored in reports.items()
    }


class _OfRun:
    """The inputs that the current run of this process has read."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.inputs: dict[tuple[dg.AssetKey, date], PartitionCheckInput | None] = {}


_newest = _OfRun("")


def inputs_in_run(
    context: Context, asset: dg.AssetKey, days: Sequence[date], settings: Settings
) -> dict[date, PartitionCheckInput]:
    """The input of each day, read and evaluated once in a run.

    The gate of the next layer and the checks of the asset need the same. The first caller may
    be either, but never before the asset has been materialized.
    """
    global _newest
    of_run = _newest if _newest.run_id == context.run.run_id else _OfRun(context.run.run_id)
    _newest = of_run
    if unread := [day for day in days if (asset, day) not in of_run.inputs]:
        found = inputs(context.instance, asset, unread, settings, with_baseline=True)
        of_run.inputs |= {(asset, day): found.get(day) for day in unread}
    return {day: day_input for day in days if (day_input := of_run.inputs[asset, day])}


def recent_reports(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[date], before: int
) -> list[DayReport]:
    """The newest reports of these days, and of so many days before them."""
    reports = newest_reports(instance, asset, _with_days_before(days, before))
    return [stored.report for stored in reports.values()]


def _with_days_before(days: Sequence[date], number: int) -> list[date]:
    """All days from the first to the last of these, and so many before the first."""
    if not days:
        return []
    return list(expanded([(min(days) - timedelta(days=number), max(days))]))


def errors(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[date], settings: Settings
) -> dict[date, str]:
    """The days for which a check of the asset ends in ERROR, with its description for the first."""
    found = inputs(instance, asset, days, settings, with_baseline=False)
    return {day: day_input.error for day, day_input in found.items() if day_input.error}
