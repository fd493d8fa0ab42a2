"""Events that Dagster's public API has no way to store."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
from dagster._core.events import AssetObservationData

Context = dg.OpExecutionContext | dg.AssetExecutionContext

NO_MATERIALIZATION: Mapping[str, bool] = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
"""Metadata of an output that Dagster passes on downstream without a materialization of its own.

Otherwise it would log one for every partition of the run, those that failed too; and without an
output it would skip the next layer.
"""


def target_materialization(
    storage_id: int, run_id: str, timestamp: float
) -> AssetCheckEvaluationTargetMaterializationData:
    """The materialization that a check evaluation is about."""
    return AssetCheckEvaluationTargetMaterializationData(
        storage_id=storage_id, run_id=run_id, timestamp=timestamp
    )


def one_commit(instance: dg.DagsterInstance) -> AbstractContextManager[None]:
    """Store all that this thread logs in the block in one commit, where the event log can."""
    # Loaded with the instance: the code location does not need SQLAlchemy.
    from neo_assets.dagster_internals.event_log import EventLog

    event_log = instance.event_log_storage
    return event_log.one_commit() if isinstance(event_log, EventLog) else nullcontext()


def log_evaluation(context: Context, evaluation: dg.AssetCheckEvaluation) -> None:
    """Store an evaluation with its own partition.

    An `AssetCheckResult` of a run over several partitions would be stored without one.
    """
    # Accepted and stored like any other event, though the annotation leaves it out.
    context.log_event(evaluation)  # type: ignore[arg-type]


def report_for_run(
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    reported: dg.AssetCheckEvaluation | dg.AssetObservation,
) -> None:
    """Store an evaluation or observation as an event of a run that did not log it itself."""
    data: dg.AssetCheckEvaluation | AssetObservationData
    if isinstance(reported, dg.AssetCheckEvaluation):
        kind, data = dg.DagsterEventType.ASSET_CHECK_EVALUATION, reported
    else:
        kind, data = dg.DagsterEventType.ASSET_OBSERVATION, AssetObservationData(reported)
    event = dg.DagsterEvent(
        kind.value, run.job_name, event_specific_data=data, message=reported.description
    )
    instance.report_dagster_event(event, run_id=run.run_id)
