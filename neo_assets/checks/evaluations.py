"""Check evaluations: one for every check, run and day, with that day as its partition.

A plain `AssetCheckResult` of a run over several days would be stored without a partition.  So the
evaluations are logged one by one, which is the reason for the one import from a private module.
"Execute all" in the UI launches a run without a day; it gets one evaluation for all days.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from neo_assets.checks.accounts import Account, newest_accounts
from neo_assets.checks.verdicts import (
    DROP_COUNT,
    DUPLICATE_COUNT,
    SCHEMA_DRIFT,
    Verdict,
    is_beyond_tolerance,
    judge_all_days,
    judge_drift,
    judge_drops,
    judge_duplicates,
)
from neo_assets.lakehouse.tables import BRONZE_NEO_EVENTS
from neo_assets.partitions import DAILY, days_of
from neo_assets.settings import Settings

NOTHING_TAKEN_IN = {"rows_in": 0}

CHECKS = {
    DROP_COUNT: "Counts the rows of a day that were dropped. Warns for any, and fails, holding the "
    "day back from the next layer, above the tolerated share (`NEO_MAX_DROP_SHARE`).",
    DUPLICATE_COUNT: "Counts the rows of a day that repeat another, exactly or in a newer version. "
    "Fails when a row stands twice in the output.",
}

DRIFT_CHECKS = {
    SCHEMA_DRIFT: "Names the fields of a day that are new, gone or changed in type against the "
    "tracked schema, where each was seen first, and an example. Warns for any; what becomes of "
    "them is set by `NEO_SCHEMA_EVOLUTION`, and bronze has every object whole in any case.",
}


def checks_of(asset: dg.AssetKey) -> dict[str, str]:
    """The names and descriptions of an asset's checks: all count, and bronze looks for drift."""
    return CHECKS | DRIFT_CHECKS if asset == dg.AssetKey(BRONZE_NEO_EVENTS.name) else CHECKS


def counting_checks(asset: dg.AssetKey) -> dg.AssetChecksDefinition:
    """The checks of an asset; they judge the newest account of each day, however it came."""

    @dg.multi_asset_check(
        name=f"{asset.to_python_identifier()}_counts",
        specs=[
            dg.AssetCheckSpec(name, asset=asset, description=description, partitions_def=DAILY)
            for name, description in checks_of(asset).items()
        ],
        can_subset=True,
    )
    def judge(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        selected = {key.name for key in context.selected_asset_check_keys}
        run = context.op_execution_context
        if run.has_partitions:
            record_evaluations(run, asset, days_of(context), selected)
        else:
            _record_evaluations_of_all_days(run, asset, selected)
        yield from ()

    return judge


def record_evaluations(
    context: dg.OpExecutionContext | dg.AssetExecutionContext,
    asset: dg.AssetKey,
    days: Sequence[date],
    checks: Collection[str] | None = None,
    failed: Mapping[date, str] | None = None,
) -> None:
    """Log one evaluation for each day and check; a `failed` day fails all with its reason."""
    accounts = newest_accounts(context.instance, asset, days)
    for day in days:
        account = accounts.get(day)
        for name in checks_of(asset) if checks is None else checks:
            if failed and day in failed:
                verdict = Verdict(False, "ERROR", f"Not done: {failed[day]}.", NOTHING_TAKEN_IN)
            elif account is None:
                verdict = Verdict(
                    False,
                    "ERROR",
                    f"Nothing to judge: {asset.to_user_string()} has not been materialized for "
                    f"{day}; materialize it first.",
                    NOTHING_TAKEN_IN,
                )
            else:
                verdict = _judge(name, account)
            _record(context, asset, name, verdict, account, day)


def _record_evaluations_of_all_days(
    context: dg.OpExecutionContext, asset: dg.AssetKey, checks: Collection[str]
) -> None:
    materialized = context.instance.get_materialized_partitions(asset)
    days = sorted(date.fromisoformat(key) for key in materialized)
    accounts = newest_accounts(context.instance, asset, days)
    newest = max(accounts.values(), key=lambda account: account.storage_id, default=None)
    for name in checks:
        verdict = judge_all_days(
            {day: _judge(name, account) for day, account in sorted(accounts.items())}
        )
        _record(context, asset, name, verdict, newest)


def outcome_of(evaluation: dg.AssetCheckEvaluation) -> str:
    """`passed`, or the severity of the failure: `WARN` or `ERROR`."""
    return "passed" if evaluation.passed else evaluation.severity.value


def days_beyond_tolerance(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[date]
) -> list[date]:
    """The days whose newest account of the asset must not go on to the next layer."""
    tolerance = Settings.from_environment().neo_max_drop_share
    return sorted(
        day
        for day, account in newest_accounts(instance, asset, days).items()
        if is_beyond_tolerance(account.report, tolerance)
    )


def _judge(check: str, account: Account) -> Verdict:
    if check == DROP_COUNT:
        return judge_drops(account.report, Settings.from_environment().neo_max_drop_share)
    if check == SCHEMA_DRIFT:
        return judge_drift(account.report)
    return judge_duplicates(account.report)


def _record(
    context: dg.OpExecutionContext | dg.AssetExecutionContext,
    asset: dg.AssetKey,
    check: str,
    verdict: Verdict,
    account: Account | None,
    day: date | None = None,
) -> None:
    evaluation = dg.AssetCheckEvaluation(
        asset_key=asset,
        check_name=check,
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity[verdict.severity],
        description=verdict.description,
        metadata=dict(verdict.numbers),
        partition=day.isoformat() if day else None,
        target_materialization_data=AssetCheckEvaluationTargetMaterializationData(
            storage_id=account.storage_id, run_id=account.run_id, timestamp=account.timestamp
        )
        if account
        else None,
    )
    # Accepted and stored like any other event, though the annotation leaves it out.
    context.log_event(evaluation)  # type: ignore[arg-type]
