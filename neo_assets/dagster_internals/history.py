"""Questions to Dagster's history that its public API answers slowly or not at all."""

from collections.abc import Collection, Iterator, Sequence

import dagster as dg
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus


def newest_materialization_ids(
    instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: Collection[str] | None = None
) -> dict[str, int]:
    """The storage id of each partition's newest materialization; of all partitions by default."""
    return _newest_ids(instance, asset, dg.DagsterEventType.ASSET_MATERIALIZATION, partitions)


def newest_observation_ids(
    instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: Collection[str]
) -> dict[str, int]:
    """The storage id of each partition's newest observation."""
    return _newest_ids(instance, asset, dg.DagsterEventType.ASSET_OBSERVATION, partitions)


def _newest_ids(
    instance: dg.DagsterInstance,
    asset: dg.AssetKey,
    kind: dg.DagsterEventType,
    partitions: Collection[str] | None,
) -> dict[str, int]:
    newest = instance.event_log_storage.get_latest_storage_id_by_partition(
        asset,
        # Annotated as one of the kinds itself.
        kind,
        None if partitions is None else set(partitions),
    )
    return dict(newest)


def partitions_materialized_in(
    instance: dg.DagsterInstance, run_id: str
) -> dict[dg.AssetKey, Collection[str]]:
    """The partitions of each asset that a run has materialized."""
    materialized = instance.event_log_storage.get_asset_partitions_for_run(
        run_id, dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    return {
        asset: {partition for partition in partitions if partition is not None}
        for asset, partitions in materialized.items()
    }


def newest_evaluation(
    instance: dg.DagsterInstance, check: dg.AssetCheckKey, partition: str
) -> dg.AssetCheckEvaluation | None:
    """The newest evaluation of a check for a partition; none while one is only planned."""
    for record in instance.event_log_storage.get_asset_check_execution_history(
        check, limit=1, partition_filter=PartitionKeyFilter(key=partition)
    ):
        event = record.event.dagster_event if record.event else None
        if event and event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            return event.asset_check_evaluation_data
    return None


def failed_evaluations(
    instance: dg.DagsterInstance, checks: Sequence[dg.AssetCheckKey]
) -> Iterator[tuple[str | None, int | None]]:
    """The partitions whose newest evaluation failed, with the storage id of what it is about.

    The storage id is None where the evaluation is about no materialization.
    """
    for info in instance.event_log_storage.get_asset_check_partition_info(checks):
        if info.latest_execution_status is AssetCheckExecutionRecordStatus.FAILED:
            yield info.partition_key, info.latest_target_materialization_storage_id
