"""What is known of a day when its checks judge it, read from Dagster's own history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import dagster as dg

from neo_assets import pipeline
from neo_assets.checks.accounts import Account, newest_accounts
from neo_assets.checks.history import HISTORY_DAYS
from neo_assets.checks.releases import releases
from neo_assets.checks.verdicts import Evidence, Verdict, checks_of
from neo_assets.dagster_internals.events import Context
from neo_assets.lakehouse.report import DayReport
from neo_assets.partitions import expanded
from neo_assets.quality import quality
from neo_assets.settings import Settings


@dataclass(frozen=True)
class Case:
    """The newest account of an asset for a day, with all that it is held against."""

    asset: str
    account: Account
    evidence: Evidence

    @cached_property
    def outcomes(self) -> Mapping[str, Verdict]:
        """The outcome of each check of the asset; an ERROR of a released day is a WARN."""
        return {
            check.name: check.judge(self.evidence).released(self.evidence.release)
            for check in checks_of(self.asset)
        }

    @property
    def error(self) -> str | None:
        """What the first check that ends in ERROR says; none where the day proceeds."""
        for name, outcome in self.outcomes.items():
            if outcome.is_error:
                return f"{self.asset} {name}: {outcome.description.rstrip('.')}"
        return None


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
            name,
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


class _OfRun:
    """The cases that the current run of this process has read."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.cases: dict[tuple[dg.AssetKey, date], Case | None] = {}


_newest = _OfRun("")


def cases_in_run(context: Context, asset: dg.AssetKey, days: Sequence[date]) -> dict[date, Case]:
    """The case of each day, read and evaluated once in a run.

    The gate of the next layer and the checks of the asset ask for the same. Whoever comes first may
    be either, but never before the asset has been materialized.
    """
    global _newest
    of_run = _newest if _newest.run_id == context.run.run_id else _OfRun(context.run.run_id)
    _newest = of_run
    if unread := [day for day in days if (asset, day) not in of_run.cases]:
        found = cases(context.instance, asset, unread, with_history=True)
        of_run.cases |= {(asset, day): found.get(day) for day in unread}
    return {day: case for day in days if (case := of_run.cases[asset, day])}


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
    found = cases(instance, asset, days, with_history=False)
    return {day: case.error for day, case in found.items() if case.error}
