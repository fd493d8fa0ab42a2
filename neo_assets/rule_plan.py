"""What the rules in force would change in silver, found before anything is written."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date

import dagster as dg

from neo_assets.backfill import QUIET
from neo_assets.checks.definitions import DROP_COUNT
from neo_assets.dagster_internals.history import failed_evaluations, newest_evaluation
from neo_assets.instance import prepare_instance
from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.request import PLAN_RULES, Request, Result, RowChange
from neo_assets.quality import Quality, quality
from neo_assets.settings import Settings
from neo_assets.sources.base import Source
from neo_assets.sources.registry import Included
from neo_assets.targets.registry import create_target


@dataclass(frozen=True)
class RulePlan:
    """What the rules and tolerances in force would do to one table of silver.

    `changes` are the rows that would change class or warnings; `held` are the days that would be
    held back, with what exceeds which tolerance, and `no_longer_held` those that are held now.
    """

    table: str
    days: Sequence[date]
    changes: Sequence[RowChange]
    held: Mapping[date, str]
    no_longer_held: Sequence[date]


def rule_plans(settings: Settings, first: date, last: date) -> Iterator[RulePlan]:
    """The plan of each source that has days in silver from the first to the last.

    Raises:
        SettingsError: the quality file cannot be used.
        dagster.Failure: a rule cannot be evaluated, or the tables cannot be read.
    """
    in_force = quality(settings)
    with dg.DagsterInstance.from_config(str(prepare_instance(settings))) as instance:
        days = {
            source: found
            for source in Included(settings.sources).sources
            if (found := _days(instance, source.dataset, first, last))
        }
        for source, result in _results(settings, in_force, days).items():
            yield _plan(instance, source.dataset, days[source], result, in_force)


def _days(
    instance: dg.DagsterInstance, dataset: Dataset, first: date, last: date
) -> Sequence[date]:
    silver = dg.AssetKey(dataset.tables.silver.name)
    found = map(date.fromisoformat, instance.get_materialized_partitions(silver))
    return sorted(day for day in found if first <= day <= last)


def _results(
    settings: Settings, in_force: Quality, days: Mapping[Source, Sequence[date]]
) -> dict[Source, Result]:
    """What the stage finds for each source, all in one session; Dagster stores no run of it."""
    results: dict[Source, Result] = {}

    @dg.op
    def plan_rules(context: dg.OpExecutionContext) -> None:
        with closing(create_target(settings).stage_runner()) as runner:
            for source, of_source in days.items():
                rules = in_force.rule_set(source.dataset).rules
                request = Request(
                    PLAN_RULES,
                    context.run_id,
                    of_source,
                    rules=[asdict(rule) for rule in rules],
                    sources=[source.name],
                )
                results[source] = runner.run(context, request)

    @dg.job
    def plan() -> None:
        plan_rules()

    if days:
        plan.execute_in_process(run_config=QUIET)
    return results


def _plan(
    instance: dg.DagsterInstance,
    dataset: Dataset,
    days: Sequence[date],
    result: Result,
    in_force: Quality,
) -> RulePlan:
    silver = dataset.tables.silver.name
    tolerances = in_force.tolerances_of(silver)
    held = {
        report.day: " and ".join(excesses)
        for report in result.reports
        if (excesses := [excess for each in tolerances if (excess := each.excess(report))])
    }
    no_longer_held = _held_now(instance, dg.AssetKey(silver)) & {*days} - held.keys()
    return RulePlan(silver, days, result.changes, held, sorted(no_longer_held))


def _held_now(instance: dg.DagsterInstance, silver: dg.AssetKey) -> set[date]:
    check = dg.AssetCheckKey(silver, DROP_COUNT)
    failed = [day for day, _ in failed_evaluations(instance, [check]) if day]
    newest = {day: newest_evaluation(instance, check, day) for day in failed}
    return {
        date.fromisoformat(day)
        for day, evaluation in newest.items()
        if evaluation and evaluation.severity is dg.AssetCheckSeverity.ERROR
    }
