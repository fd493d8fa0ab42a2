"""Check evaluations: one for every check, run and day, with that day as its partition.

A plain `AssetCheckResult` of a run over several days would be stored without a partition.  So the
evaluations are logged one by one.
"Execute all" in the UI launches a run without a day; it gets one evaluation for all days.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

import dagster as dg

from neo_assets import pipeline
from neo_assets.checks.accounts import Account
from neo_assets.checks.evidence import Case, cases, errors
from neo_assets.checks.verdicts import Check, Verdict, checks_of, judge_all_days
from neo_assets.dagster_internals.event_log import one_commit
from neo_assets.dagster_internals.events import Context, log_evaluation, target_materialization
from neo_assets.dagster_internals.history import newest_evaluation, partitions_materialized_in
from neo_assets.dagster_internals.runs import run_that_executed
from neo_assets.external_text import printable
from neo_assets.partitions import DAILY, days_of
from neo_assets.progress import told

NOTHING_TAKEN_IN = {"rows_in": 0}
NOT_DONE = "Not done: "
"""How the evaluations of a day begin that an asset could not do."""
HELD_BACK = "held back, "
"""How the reason begins where it is a check of the layer before that ended in ERROR."""


def checks_on(asset: dg.AssetKey) -> dg.AssetChecksDefinition:
    """The checks of an asset; they judge the newest account of each day, however it came."""

    @dg.multi_asset_check(
        name=f"{asset.to_python_identifier()}_checks",
        specs=[
            dg.AssetCheckSpec(
                check.name, asset=asset, description=check.description, partitions_def=DAILY
            )
            for check in checks_of(asset.to_user_string())
        ],
        can_subset=True,
        required_resource_keys={"planned_checks"},
    )
    def judge(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        selected = {key.name for key in context.selected_asset_check_keys}
        run = context.op_execution_context
        if run.has_partitions:
            # Of the days it could not do the asset itself has told.
            untold = set(days_of(context)) - days_not_done(run, asset, days_of(context)).keys()
            record_evaluations(run, asset, sorted(untold), selected)
        else:
            _record_evaluations_of_all_days(run, asset, selected)
        yield from ()

    return judge


def record_evaluations(
    context: Context,
    asset: dg.AssetKey,
    days: Sequence[date],
    names: Collection[str] | None = None,
    failed: Mapping[date, str] | None = None,
) -> None:
    """Log one evaluation for each day and check; a `failed` day fails all with its reason."""
    by_day = cases(context.instance, asset, days, with_history=True)
    checks = [
        check for check in checks_of(asset.to_user_string()) if names is None or check.name in names
    ]
    for day in told(days, len(days), "days judged", context.log.info):
        with one_commit(context.instance):
            if failed and day in failed:
                context.log_event(not_done(asset, day.isoformat(), failed[day]))
            _judge(context, asset, checks, day, by_day.get(day), (failed or {}).get(day))


def _judge(
    context: Context,
    asset: dg.AssetKey,
    checks: Sequence[Check],
    day: date,
    case: Case | None,
    why_failed: str | None,
) -> None:
    for check in checks:
        if why_failed:
            verdict = Verdict(False, "ERROR", f"{NOT_DONE}{why_failed}.", NOTHING_TAKEN_IN)
        elif case is None:
            verdict = Verdict(
                False,
                "ERROR",
                f"Nothing to judge: {asset.to_user_string()} has not been materialized for "
                f"{day}; materialize it first.",
                NOTHING_TAKEN_IN,
            )
        else:
            verdict = case.verdict(check)
        # A day that was not done has no materialization that this would be about.
        account = case.account if case and not why_failed else None
        _record(context, asset, check.name, verdict, account, day)


def _record_evaluations_of_all_days(
    context: dg.OpExecutionContext, asset: dg.AssetKey, names: Collection[str]
) -> None:
    materialized = context.instance.get_materialized_partitions(asset)
    days = sorted(date.fromisoformat(key) for key in materialized)
    by_day = cases(context.instance, asset, days, with_history=True)
    accounts = [case.account for case in by_day.values()]
    newest = max(accounts, key=lambda account: account.storage_id, default=None)
    for check in checks_of(asset.to_user_string()):
        if check.name in names:
            verdict = judge_all_days(
                {day: case.verdict(check) for day, case in sorted(by_day.items())}
            )
            _record(context, asset, check.name, verdict, newest)


def outcome_of(evaluation: dg.AssetCheckEvaluation) -> str:
    """`passed`, or the severity of the failure: `WARN` or `ERROR`."""
    return "passed" if evaluation.passed else evaluation.severity.value


def held_days(context: Context, asset: dg.AssetKey, days: Sequence[date]) -> dict[date, str]:
    """The days that the layer before does not hand on to the asset, and why."""
    upstream = pipeline.upstream_of(asset.to_user_string())
    if upstream is None:
        return {}
    before = dg.AssetKey(upstream)
    held = {
        day: f"{HELD_BACK}{reason}"
        for day, reason in errors(context.instance, before, days).items()
    }
    return held | days_not_done(context, before, days)


def days_not_done(context: Context, asset: dg.AssetKey, days: Sequence[date]) -> dict[date, str]:
    """The days that the asset could not do in this run, with its reasons.

    A run that re-executes a failed one from its failure goes on from what that one has done.
    """
    run_id = run_that_executed(context, asset)
    if run_id is None:
        return {}
    done = partitions_materialized_in(context.instance, run_id).get(asset, ())
    return {
        day: reason_not_done(context.instance, asset, day)
        or f"{asset.to_user_string()} was not materialized"
        for day in days
        if day.isoformat() not in done
    }


def reason_not_done(instance: dg.DagsterInstance, asset: dg.AssetKey, day: date) -> str | None:
    """Why an asset could not do a day when it last tried; none where it did, or never tried."""
    (check, *_) = checks_of(asset.to_user_string())
    evaluation = newest_evaluation(instance, dg.AssetCheckKey(asset, check.name), day.isoformat())
    return reason_not_done_of(evaluation) if evaluation else None


def reason_not_done_of(evaluation: dg.AssetCheckEvaluation) -> str | None:
    """The reason that an evaluation gives for a day that was not done; none of any other."""
    said = evaluation.description or ""
    return said.removeprefix(NOT_DONE).rstrip(".") if said.startswith(NOT_DONE) else None


def not_done(asset: dg.AssetKey, partition: str, reason: str) -> dg.AssetObservation:
    """What the partition's page in the UI shows of a day that an asset could not do."""
    return dg.AssetObservation(
        asset,
        partition=partition,
        description=f"{NOT_DONE}{reason}.",
        metadata={"not_done_because": reason},
    )


def _record(
    context: Context,
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
        description=printable(verdict.description),
        metadata=dict(verdict.numbers),
        partition=day.isoformat() if day else None,
        target_materialization_data=target_materialization(
            account.storage_id, account.run_id, account.timestamp
        )
        if account
        else None,
    )
    log_evaluation(context, evaluation)
