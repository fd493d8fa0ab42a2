"""A person's word that a held day may go on, kept as an observation of its asset.

It is about one account: when other rows are dropped the next time, it no longer counts.
"""

import hashlib
from collections.abc import Mapping
from datetime import date

import dagster as dg

from neo_assets.checks.accounts import Account
from neo_assets.lakehouse.report import DayReport
from neo_assets.user import user_name

_ACCOUNT, _WORD = "released_account", "released"


def release(instance: dg.DagsterInstance, asset: dg.AssetKey, report: DayReport, why: str) -> None:
    """Let the day of this account through, and say who did so and why."""
    instance.report_runless_asset_event(
        dg.AssetObservation(
            asset,
            partition=report.day.isoformat(),
            description="Released by hand",
            metadata={_WORD: f"by {user_name()}: {why}", _ACCOUNT: _digest(report)},
        )
    )


def releases(
    instance: dg.DagsterInstance, asset: dg.AssetKey, accounts: Mapping[date, Account]
) -> dict[date, str]:
    """The days whose account was released, and the last word on each."""
    if not accounts:
        return {}
    found = instance.fetch_observations(
        dg.AssetRecordsFilter(
            asset_key=asset, asset_partitions=[day.isoformat() for day in accounts]
        ),
        limit=1000,
    )
    words: dict[date, str] = {}
    for record in found.records:
        observation = record.asset_observation
        if observation is None or _WORD not in observation.metadata:
            continue
        day = date.fromisoformat(str(observation.partition))
        if observation.metadata[_ACCOUNT].value == _digest(accounts[day].report):
            words.setdefault(day, str(observation.metadata[_WORD].value))
    return words


def _digest(report: DayReport) -> str:
    counts = (
        report.classes,
        sorted(report.reasons.items()),
        (report.rows_in, report.rows_lost, report.rows_doubled, report.taken_over),
    )
    return hashlib.sha256(repr(counts).encode()).hexdigest()[:16]
