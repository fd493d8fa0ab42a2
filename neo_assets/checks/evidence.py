"""What is known of a day when its checks judge it, read from Dagster's own history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg

from neo_assets import pipeline
from neo_assets.checks.accounts import Account, newest_accounts
from neo_assets.checks.history import HISTORY_DAYS
from neo_assets.checks.releases import releases
from neo_assets.checks.verdicts import Check, Evidence, Verdict, checks_of
from neo_assets.lakehouse.report import DayReport
from neo_assets.partitions import expanded
from neo_assets.quality import quality
from neo_assets.settings import Settings


@dataclass(frozen=True)
class Case:
    """The newest account of an asset for a day, with all that it is held against."""

    account: Account
    evidence: Evidence

    def verdict(self, check: Check) -> Verdict:
        """What the check says; an ERROR that a person has let through is a WARN."""
        return check.judge(self.evidence).released(self.evidence.release)


def cases(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[date], *, with_history: bool
) -> dict[date, Case]:
    """The case of each day; days never materialized are missing.

    The days before can turn a pass into a warning only: whoever asks for errors needs no history.
    """
    name = asset.to_user_string()
    tolerances = quality(Settings.from_environment()).tolerances_of(name)
    known = newest_accounts(
        instance, asset, _with_days_before(days, HISTORY_DAYS) if with_history else days
    )
    accounts = {day: known[day] for day in days if day in known}
    released = releases(instance, asset, accounts)
    upstream: dict[date, Account] = {}
    if (before := pipeline.upstream_of(name)) and accounts:
        limits = {day: account.storage_id for day, account in accounts.items()}
        upstream = newest_accounts(instance, dg.AssetKey(before), list(accounts), limits)
    earlier = [account.report for account in known.values()] if with_history else []
    return {
        day: Case(
            account,
            Evidence(
                account.report,
                tolerances,
                earlier,
                upstream[day].report if day in upstream else None,
                released.get(day),
            ),
        )
        for day, account in accounts.items()
    }


def history(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[date], before: int
) -> list[DayReport]:
    """The newest reports of these days, and of so many days before them."""
    accounts = newest_accounts(instance, asset, _with_days_before(days, before))
    return [account.report for account in accounts.values()]


def _with_days_before(days: Sequence[date], number: int) -> list[date]:
    """All days from the first to the last of these, and so many before the first."""
    if not days:
        return []
    return list(expanded([(min(days) - timedelta(days=number), max(days))]))


def errors(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[date]
) -> dict[date, str]:
    """The days for which a check of the asset ends in ERROR, with what it says of the first."""
    name = asset.to_user_string()
    found: dict[date, str] = {}
    for day, case in cases(instance, asset, days, with_history=False).items():
        for check in checks_of(name):
            verdict = case.verdict(check)
            if verdict.is_error:
                found.setdefault(day, f"{name} {check.name}: {verdict.description.rstrip('.')}")
    return found
