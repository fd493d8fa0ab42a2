"""Checks that were planned for a run and never evaluated: each gets an evaluation that says why.

Dagster plans an evaluation for each check and day when a run is created, and leaves it so when the
step never comes: after a failure upstream, when the run is canceled, when its process is killed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout
from pydantic import PrivateAttr

from neo_assets import pipeline
from neo_assets.automation.failures import failure_sentence
from neo_assets.checks.unmaterialized import Unmaterialized
from neo_assets.dagster_internals.events import one_commit, report_for_run
from neo_assets.dagster_internals.history import partitions_materialized_in

CANCELED = "the run was canceled"
KILLED = "the process of the run ended before the run did"
ENDED = "the run ended before this check"
_STOPPED = (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)


@dataclass(frozen=True)
class _Planned:
    """One evaluation that a run announced; a run over no days in particular has no partition."""

    check: dg.AssetCheckKey
    partition: str | None


class PlannedChecks(dg.ConfigurableResource["PlannedChecks"]):
    """Resource of every run with checks: no planned check is left without an evaluation.

    While a run is in progress it holds a lock on its own file, which the kernel releases with the
    process. So the next run finds the runs whose process was killed.
    """

    _lock: FileLock | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Complete the runs that were killed, and mark this one as going on."""
        instance, run_id = _of(context)
        complete_killed_runs(instance)
        folder = _running(instance)
        folder.mkdir(parents=True, exist_ok=True)
        # Locked before it has its name, so that no run finds it unlocked and takes it for dead.
        self._lock = FileLock(folder / f".{run_id}")
        self._lock.acquire()
        (folder / f".{run_id}").rename(folder / run_id)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Evaluate the planned checks that this run did not evaluate."""
        instance, run_id = _of(context)
        complete(instance, run_id)
        if self._lock:
            (_running(instance) / run_id).unlink(missing_ok=True)
            self._lock.release()


def complete_killed_runs(instance: dg.DagsterInstance) -> None:
    """Report the runs whose process was killed as failed, and complete their checks."""
    for file in sorted(_running(instance).glob("[!.]*")):
        try:
            with FileLock(file, timeout=0):
                run = instance.get_run_by_id(file.name)
                if run and not run.is_finished:
                    instance.report_run_failed(run, f"{KILLED[0].upper()}{KILLED[1:]}.")
                if run:
                    complete(instance, file.name)
                file.unlink(missing_ok=True)
        except Timeout:
            continue


def complete(instance: dg.DagsterInstance, run_id: str) -> int:
    """Evaluate what the run planned and did not evaluate, as not done; how many there were."""
    evaluations = list(_evaluations(instance, run_id))
    evaluated = {
        _Planned(evaluation.asset_check_key, evaluation.partition) for evaluation in evaluations
    }
    left = [planned for planned in _planned(instance, run_id) if planned not in evaluated]
    run = instance.get_run_by_id(run_id)
    if not left or run is None:
        return 0
    reasons = _Reasons(instance, run, evaluations)
    done = partitions_materialized_in(instance, run_id)
    undone: dict[tuple[dg.AssetKey, str], Unmaterialized] = {}
    with one_commit(instance):
        for planned in left:
            asset, partition, why = planned.check.asset_key, planned.partition, reasons.of(planned)
            evaluation = why.evaluation(planned.check, partition, _severity(why))
            report_for_run(instance, run, evaluation)
            if partition and partition not in done.get(asset, ()):
                undone[asset, partition] = why
        for (asset, partition), why in undone.items():
            report_for_run(instance, run, why.observation(asset, partition))
    return len(left)


class _Reasons:
    """Why the checks of a run were not evaluated: by day where the run says so, else as a whole."""

    def __init__(
        self,
        instance: dg.DagsterInstance,
        run: dg.DagsterRun,
        evaluations: Sequence[dg.AssetCheckEvaluation],
    ) -> None:
        self._of_day: dict[tuple[str, str | None], Unmaterialized] = {}
        for evaluation in evaluations:
            if why := Unmaterialized.stored_in(evaluation):
                place = evaluation.asset_key.to_user_string(), evaluation.partition
                self._of_day.setdefault(place, why)
        is_canceled = run.status in _STOPPED
        self._of_run = Unmaterialized(
            CANCELED if is_canceled else _first_failure(instance, run.run_id)
        )

    def of(self, planned: _Planned) -> Unmaterialized:
        """The reason of the asset itself or of the nearest one before it, else of the run."""
        name = planned.check.asset_key.to_user_string()
        for layer in reversed(pipeline.chain_to(name)):
            if why := self._of_day.get((layer, planned.partition)):
                return why
        return self._of_run


def _first_failure(instance: dg.DagsterInstance, run_id: str) -> str:
    failures = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    for record in failures.records:
        event = record.event_log_entry.dagster_event
        if event:
            return failure_sentence(event).rstrip(".")
    killed = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    return KILLED if killed.records else ENDED


def _planned(instance: dg.DagsterInstance, run_id: str) -> Iterator[_Planned]:
    found = instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
    )
    for record in found.records:
        event = record.event_log_entry.get_dagster_event()
        planned = event.asset_check_planned_data
        subset = planned.partitions_subset
        for partition in subset.get_partition_keys() if subset else [None]:
            yield _Planned(planned.asset_check_key, partition)


def _evaluations(instance: dg.DagsterInstance, run_id: str) -> Iterator[dg.AssetCheckEvaluation]:
    found = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    for record in found.records:
        yield record.event_log_entry.get_dagster_event().asset_check_evaluation_data


def _severity(why: Unmaterialized) -> dg.AssetCheckSeverity:
    # A canceled run has not found anything wrong.
    is_canceled = why == Unmaterialized(CANCELED)
    return dg.AssetCheckSeverity.WARN if is_canceled else dg.AssetCheckSeverity.ERROR


def _of(context: dg.InitResourceContext) -> tuple[dg.DagsterInstance, str]:
    """The instance and the run; a resource is never made for a check without them."""
    assert context.instance and context.run
    return context.instance, context.run.run_id


def _running(instance: dg.DagsterInstance) -> Path:
    return Path(instance.root_directory) / "running"
