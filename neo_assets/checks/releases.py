"""A manual approval that lets a held day proceed, stored as an observation of its asset.

It is about one report: when other rows are dropped the next time, it no longer counts.
"""

import hashlib
from collections.abc import Mapping
from datetime import date

import dagster as dg

from neo_assets.checks.stored_reports import StoredReport
from neo_assets.lakehouse.report import DayReport
from neo_assets.user import user_name

_RELEASED_REPORT, _RELEASED_BY = "released_account", "released"
# The first name is older than the term report, and existing event logs have it.


def release(instance: dg.DagsterInstance, asset: dg.AssetKey, report: DayReport, why: str) -> None:
    """Release the day of this report, with who did so and why."""
    instance.report_runless_asset_event(
        dg.AssetObservation(
            asset,
            partition=report.day.isoformat(),
            description="Released by hand",
            metadata={_RELEASED_BY: f"by {user_name()}: {why}", _RELEASED_REPORT: _digest(report)},
        )
    )


def releases(
    instance: dg.DagsterInstance, asset: dg.AssetKey, reports: Mapping[date, StoredReport]
) -> dict[date, str]:
    """The days whose report was released, and by whom and why in each."""
    if not reports:
        return {}
    found = instance.fetch_observations(
        dg.AssetRecordsFilter(
            asset_key=asset, asset_partitions=[day.isoformat() for day in reports]
        ),
        limit=1000,
    )
    found_releases: dict[date, str] = {}
    for record in found.records:
        observation = record.asset_observation
        if observation is None or _RELEASED_BY not in observation.metadata:
            continue
        day = date.fromisoformat(str(observation.partition))
        if observation.metadata[_RELEASED_REPORT].value == _digest(reports[day].report):
            found_releases.setdefault(day, str(observation.metadata[_RELEASED_BY].value))
    return found_releases


def _digest(report: DayReport) -> str:
    counts = (
        report.classes,
        sorted(report.reasons.items()),
        (report.rows_in, report.rows_lost, report.rows_duplicated, report.rows_received),
    )
    return hashlib.sha256(repr(counts).encode()).hexdigest()[:16]
