"""Backfill and replay in this process: no daemon, but the same runs and history as from the UI."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import dagster as dg

from neo_assets import interruption, pipeline
from neo_assets.automation.failures import failure_sentence
from neo_assets.automation.jobs import (
    REBUILT,
    REPLAYED,
    correct_schema,
    reset_streaming_checkpoints,
)
from neo_assets.automation.schedules import landed_partitions
from neo_assets.checks import releases
from neo_assets.checks.evaluations import outcome_of
from neo_assets.checks.gate import newest_unmaterialized
from neo_assets.checks.inputs import errors
from neo_assets.checks.planned import complete_killed_runs
from neo_assets.checks.stored_reports import newest_reports, report_of
from neo_assets.date_spans import expanded
from neo_assets.definitions import build_definitions
from neo_assets.instance import prepare_instance
from neo_assets.lakehouse.report import DayReport
from neo_assets.partitions import chunks, daily_partitions, range_tags
from neo_assets.prefetch import prefetching
from neo_assets.quality import quality
from neo_assets.run_tags import WHY
from neo_assets.settings import Settings
from neo_assets.sources.registry import Included
from neo_assets.targets.registry import create_target
from neo_assets.user import user_name

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Run configuration that keeps events off the console; the instance has them all the same."""


class BackfillError(Exception):
    """The backfill cannot be started; the message says what to change."""


@dataclass
class Outcome:
    """The result of a backfill: reports and check evaluations by asset and day, and failed runs.

    `failures` has a sentence for each run that failed, by the first and last day of its chunk.
    Where a signal stopped it, `stopped` says so, and `days_left` has the days of the canceled run
    and of those that did not begin.
    """

    reports: dict[tuple[str, date], DayReport] = field(default_factory=dict)
    checks: dict[tuple[str, date], dict[str, dg.AssetCheckEvaluation]] = field(default_factory=dict)
    failures: dict[tuple[date, date], str] = field(default_factory=dict)
    days_left: Sequence[date] = ()
    stopped: interruption.Stopped | None = None

    @property
    def is_good(self) -> bool:
        """Whether every day of every asset was materialized and no check ended in ERROR."""
        return not self.failures and not self.errors and not self.stopped

    @property
    def errors(self) -> list[dg.AssetCheckEvaluation]:
        """The check evaluations that ended in ERROR."""
        return [
            evaluation
            for _, evaluations in sorted(self.checks.items())
            for evaluation in evaluations.values()
            if outcome_of(evaluation) == "ERROR"
        ]


def check_settings(settings: Settings) -> None:
    """See that everything is in order that a backfill or replay needs, before anything starts.

    Raises:
        SettingsError: names the variable that cannot be used, and says why.
    """
    prepare_instance(settings)
    quality(settings)


def selected_assets(selection: str, settings: Settings) -> list[dg.AssetKey]:
    """The daily assets of a selection in Dagster's syntax, upstream first.

    Raises:
        BackfillError: the selection cannot be read, or selects none of them.
    """
    try:
        graph = build_definitions(settings).resolve_asset_graph()
        chosen = dg.AssetSelection.from_string(selection).resolve(graph)
    except dg.DagsterError as error:
        raise BackfillError(f"--select {selection!r} selects nothing: {error}") from None
    keys = [key for key in _daily_assets(settings) if key in chosen]
    if not keys:
        names = ", ".join(Included(settings.sources).assets)
        raise BackfillError(f"--select {selection!r} selects none of the daily assets: {names}.")
    return keys


def days_between(start: date, end: date, settings: Settings) -> list[date]:
    """All days from start to end, both included.

    Raises:
        BackfillError: there are none, or some are no partitions.
    """
    if end < start:
        raise BackfillError(f"--end {end} comes before --start {start}.")
    partitions = daily_partitions(settings)
    for day in (start, end):
        if not partitions.has_partition_key(day.isoformat()):
            raise BackfillError(
                f"{day} is not a partition: partitions go from "
                f"{partitions.get_first_partition_key()} to "
                f"{partitions.get_last_partition_key()} (NEO_START_DATE, NEO_DAYS_AHEAD)."
            )
    return list(expanded([(start, end)]))


def landed_days(settings: Settings) -> list[date]:
    """All days that a full replay can rebuild.

    Raises:
        BackfillError: there are none.
    """
    days = landed_partitions(create_target(settings), settings)
    if not days:
        raise BackfillError("Nothing has landed yet, so there is nothing to rebuild.")
    return days


def backfill(
    assets: Sequence[dg.AssetKey],
    days: Sequence[date],
    settings: Settings,
    on_progress: Callable[[dg.EventLogEntry], None] = lambda _: None,
) -> Outcome:
    """Materialize the assets for all days, one run a chunk; a failed run does not stop the next.

    All runs use the same compute, and its days are fetched while the run before works on
    its own. `on_progress` receives each entry of the log as it is stored: events, and what the runs
    log.
    """
    outcome = Outcome(days_left=days)
    with _stoppable(outcome), _running_instance(settings) as (instance, definitions):
        _backfill(instance, definitions, assets, days, settings, outcome, on_progress)
    return outcome


def replay(
    days: Sequence[date],
    settings: Settings,
    on_progress: Callable[[dg.EventLogEntry], None] = lambda _: None,
    *,
    full: bool = False,
) -> Outcome:
    """Rebuild silver and gold for these days from bronze alone; with `full`, bronze before them.

    A rebuilt bronze is checked again, because its checks are about the old one.
    """
    outcome = Outcome(days_left=days)
    with _stoppable(outcome), _running_instance(settings) as (instance, definitions):
        if full:
            job = definitions.resolve_job_def(reset_streaming_checkpoints.name)
            failure = _run(instance, job, outcome, on_progress)
            if failure:
                outcome.failures[days[0], days[-1]] = failure
                return outcome
        assets = replayed_assets(settings, full=full)
        _backfill(instance, definitions, assets, days, settings, outcome, on_progress)
    return outcome


def release(day: date, why: str, settings: Settings) -> list[dg.AssetKey]:
    """Release a held day by manual approval, and return the assets that it has not reached.

    Raises:
        BackfillError: no check holds the day; says what it is instead.
    """
    assets = _daily_assets(settings)
    with dg.DagsterInstance.from_config(str(prepare_instance(settings))) as instance:
        held = [asset for asset in assets if errors(instance, asset, [day], settings)]
        if not held:
            raise BackfillError(f"{day} is not held: {_why_not_held(instance, day, settings)}")
        for asset in held:
            stored = newest_reports(instance, asset, [day])[day]
            releases.release(instance, asset, stored.report, why)
    name = held[0].to_user_string()
    return [dg.AssetKey(other) for other in pipeline.downstream_chain(name)]


def _why_not_held(instance: dg.DagsterInstance, day: date, settings: Settings) -> str:
    """Return the state of a day that is not held, and what to do instead of a release."""
    again = f"neo-assets backfill --start {day} --end {day}"
    first, *_ = assets = _daily_assets(settings)
    for asset in assets:
        if why := newest_unmaterialized(instance, asset, day):
            return f"it failed in {asset.to_user_string()}: {why.reason}; run it again: {again}"
    if not newest_reports(instance, first, [day]):
        return f"it was never fetched; fetch it: {again}"
    return "no check of it ends in ERROR; neo-assets status lists the held days."


def correct_tracked_type(
    field: str,
    types: Sequence[str],
    settings: Settings,
    on_progress: Callable[[dg.EventLogEntry], None] = lambda _: None,
) -> str | None:
    """Give a field of the tracked schema other types; why that failed in one sentence, or None."""
    config = {"ops": {"correct_tracked_type": {"config": {"field": field, "types": list(types)}}}}
    with _running_instance(settings) as (instance, definitions):
        job = definitions.resolve_job_def(correct_schema.name)
        return _run(instance, job, Outcome(), on_progress, config=config)


def replayed_assets(settings: Settings, *, full: bool) -> list[dg.AssetKey]:
    """Return the assets that a replay materializes, upstream first."""
    layers = REBUILT if full else REPLAYED
    return [
        asset
        for asset in _daily_assets(settings)
        if pipeline.layer_of(asset.to_user_string()) in layers
    ]


def _daily_assets(settings: Settings) -> list[dg.AssetKey]:
    return [dg.AssetKey(name) for name in Included(settings.sources).assets]


@contextmanager
def _stoppable(outcome: Outcome) -> Iterator[None]:
    """Note in the outcome that a signal has ended the block."""
    try:
        yield
        interruption.check()
    except interruption.Stopped as stopped:
        outcome.stopped = stopped


@contextmanager
def _running_instance(
    settings: Settings,
) -> Iterator[tuple[dg.DagsterInstance, dg.Definitions]]:
    """The instance, and the definitions on compute that runs for the whole block."""
    with (
        dg.DagsterInstance.from_config(str(prepare_instance(settings))) as instance,
        create_target(settings).running_compute() as connection_env,
    ):
        complete_killed_runs(instance)
        yield instance, build_definitions(settings.with_variables(connection_env))


def _backfill(
    instance: dg.DagsterInstance,
    definitions: dg.Definitions,
    assets: Sequence[dg.AssetKey],
    days: Sequence[date],
    settings: Settings,
    outcome: Outcome,
    on_progress: Callable[[dg.EventLogEntry], None],
) -> None:
    job = definitions.resolve_implicit_global_asset_job_def()
    runs = list(chunks(days, settings))
    with prefetching(runs):
        for chunk in runs:
            failure = _run(instance, job, outcome, on_progress, assets, chunk)
            outcome.days_left = outcome.days_left[len(chunk) :]
            if failure:
                outcome.failures[chunk[0], chunk[-1]] = failure
            interruption.check()


def _run(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    outcome: Outcome,
    on_progress: Callable[[dg.EventLogEntry], None],
    assets: Sequence[dg.AssetKey] | None = None,
    days: Sequence[date] = (),
    config: Mapping[str, Any] = MappingProxyType({}),
) -> str | None:
    """One run, over the days if there are any; what went wrong in one sentence, or nothing.

    Raises:
        interruption.Stopped: a signal stopped the run, which is canceled.
    """
    failures: list[str] = []
    run_id = str(uuid4())
    is_canceling = False

    def listen(entry: dg.EventLogEntry) -> None:
        nonlocal is_canceling
        event = entry.dagster_event
        if not is_canceling and interruption.requested():
            # Dagster marks an interrupted run as failed unless its cancellation was requested.
            is_canceling = True
            run = _run_record(instance, run_id)
            # The entry may be the one about the end of the run.
            if not run.is_finished:
                instance.report_run_canceling(run)
        if event:
            _record(event, outcome)
            if event.is_step_failure:
                failures.append(failure_sentence(event))
        on_progress(entry)

    instance.add_event_listener(run_id, listen)
    single = days[0].isoformat() if len(days) == 1 else None
    with _canceled_if_stopped(instance, run_id):
        job.execute_in_process(
            instance=instance,
            run_id=run_id,
            asset_selection=assets,
            partition_key=single,
            tags={
                **(range_tags(days[0], days[-1]) if len(days) > 1 else {}),
                WHY: f"a command of {user_name()}",
            },
            run_config={**QUIET, **config},
            raise_on_error=False,
        )
    status = _run_record(instance, run_id).status
    if status is dg.DagsterRunStatus.SUCCESS:
        return None
    if status is dg.DagsterRunStatus.CANCELED:
        interruption.check()
    return failures[0] if failures else f"run {run_id} failed, see its log in the UI"


@contextmanager
def _canceled_if_stopped(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Leave no run in progress behind, at whatever moment the block is interrupted.

    A signal that arrives when the run has just succeeded does not undo it: the block ends as usual.
    """

    def cancel() -> None:
        run = instance.get_run_by_id(run_id)
        if run and not run.is_finished:
            instance.report_run_canceled(run)

    with interruption.before_forced_exit(cancel):
        try:
            yield
        except (interruption.Stopped, dg.DagsterExecutionInterruptedError):
            cancel()
            run = instance.get_run_by_id(run_id)
            if not (run and run.is_success):
                interruption.check()
                raise


def _run_record(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run


def _record(event: dg.DagsterEvent, outcome: Outcome) -> None:
    if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
        materialization = event.step_materialization_data.materialization
        report = report_of(materialization.metadata)
        if report is not None:
            outcome.reports[materialization.asset_key.to_user_string(), report.day] = report
    elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        evaluation = event.asset_check_evaluation_data
        if evaluation.partition is not None:
            place = evaluation.asset_key.to_user_string(), date.fromisoformat(evaluation.partition)
            outcome.checks.setdefault(place, {})[evaluation.check_name] = evaluation
