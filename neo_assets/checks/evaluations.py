"""Check evaluations: one for every check, run and day, with that day as its partition.

A plain `AssetCheckResult` of a run over several days would be stored without a partition.  So the
evaluations are logged one by one.
"Execute all" in the UI launches a run without a day; it gets one evaluation for all days.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType

import dagster as dg

from neo_assets.checks.definitions import Check, CheckOutcome, checks_of, evaluate_all_days
from neo_assets.checks.gate import unmaterialized_partitions
from neo_assets.checks.inputs import PartitionCheckInput, inputs, inputs_in_run
from neo_assets.checks.stored_reports import StoredReport
from neo_assets.checks.unmaterialized import NO_INPUT_ROWS, Unmaterialized
from neo_assets.dagster_internals.events import (
    Context,
    log_evaluation,
    one_commit,
    target_materialization,
)
from neo_assets.external_text import printable
from neo_assets.partitions import daily_partitions, days_of
from neo_assets.progress import track_progress
from neo_assets.settings import Settings


def checks_on(asset: dg.AssetKey, settings: Settings) -> dg.AssetChecksDefinition:
    """The checks of an asset; they evaluate the newest report of each day."""

    @dg.multi_asset_check(
        name=f"{asset.to_python_identifier()}_checks",
        specs=[
            dg.AssetCheckSpec(
                check.name,
                asset=asset,
                description=check.description,
                partitions_def=daily_partitions(settings),
            )
            for check in checks_of(asset.to_user_string(), settings.sources)
        ],
        can_subset=True,
        required_resource_keys={"planned_checks"},
    )
    def evaluate(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        selected = {key.name for key in context.selected_asset_check_keys}
        run = context.op_execution_context
        if run.has_partitions:
            # The evaluations of the other days are recorded by the asset itself.
            left = unmaterialized_partitions(run, asset, days_of(context))
            days = [day for day in days_of(context) if day not in left]
            record_evaluations(run, asset, days, settings, selected)
        else:
            _record_evaluations_of_all_days(run, asset, settings, selected)
        yield from ()

    return evaluate


def record_evaluations(
    context: Context,
    asset: dg.AssetKey,
    days: Sequence[date],
    settings: Settings,
    names: Collection[str] | None = None,
    unmaterialized: Mapping[date, Unmaterialized] = MappingProxyType({}),
) -> None:
    """Log one evaluation for each day and check; an unmaterialized day fails them all."""
    materialized = [day for day in days if day not in unmaterialized]
    by_day = inputs_in_run(context, asset, materialized, settings)
    checks = [
        check
        for check in checks_of(asset.to_user_string(), settings.sources)
        if names is None or check.name in names
    ]
    for day in track_progress(days, len(days), "days evaluated", context.log.info):
        with one_commit(context.instance):
            if day in unmaterialized:
                _record_unmaterialized(context, asset, checks, day, unmaterialized[day])
            else:
                _record_outcomes(context, asset, checks, day, by_day.get(day))


def _record_unmaterialized(
    context: Context, asset: dg.AssetKey, checks: Sequence[Check], day: date, why: Unmaterialized
) -> None:
    context.log_event(why.observation(asset, day.isoformat()))
    for check in checks:
        key = dg.AssetCheckKey(asset, check.name)
        log_evaluation(context, why.evaluation(key, day.isoformat(), dg.AssetCheckSeverity.ERROR))


def _record_outcomes(
    context: Context,
    asset: dg.AssetKey,
    checks: Sequence[Check],
    day: date,
    day_input: PartitionCheckInput | None,
) -> None:
    never = CheckOutcome(
        False,
        "ERROR",
        f"Nothing to evaluate: {asset.to_user_string()} has not been materialized for {day}; "
        "materialize it first.",
        NO_INPUT_ROWS,
    )
    for check in checks:
        outcome = day_input.outcomes[check.name] if day_input else never
        _record(context, asset, check.name, outcome, day_input.stored if day_input else None, day)


def _record_evaluations_of_all_days(
    context: dg.OpExecutionContext, asset: dg.AssetKey, settings: Settings, names: Collection[str]
) -> None:
    materialized = context.instance.get_materialized_partitions(asset)
    days = sorted(date.fromisoformat(key) for key in materialized)
    by_day = inputs(context.instance, asset, days, settings, with_baseline=True)
    reports = [day_input.stored for day_input in by_day.values()]
    newest = max(reports, key=lambda stored: stored.storage_id, default=None)
    for check in checks_of(asset.to_user_string(), settings.sources):
        if check.name in names:
            outcome = evaluate_all_days(
                {day: day_input.outcomes[check.name] for day, day_input in sorted(by_day.items())}
            )
            _record(context, asset, check.name, outcome, newest)


def outcome_of(evaluation: dg.AssetCheckEvaluation) -> str:
    """`passed`, or the severity of the failure: `WARN` or `ERROR`."""
    return "passed" if evaluation.passed else evaluation.severity.value


def _record(
    context: Context,
    asset: dg.AssetKey,
    check: str,
    outcome: CheckOutcome,
    stored: StoredReport | None,
    day: date | None = None,
) -> None:
    evaluation = dg.AssetCheckEvaluation(
        asset_key=asset,
        check_name=check,
        passed=outcome.passed,
        severity=dg.AssetCheckSeverity[outcome.severity],
        description=printable(outcome.description),
        metadata=dict(outcome.numbers),
        partition=day.isoformat() if day else None,
        target_materialization_data=target_materialization(
            stored.storage_id, stored.run_id, stored.timestamp
        )
        if stored
        else None,
    )
    log_evaluation(context, evaluation)
