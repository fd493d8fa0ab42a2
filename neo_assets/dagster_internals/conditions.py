"""A condition about single partitions that Python decides.

Dagster's own conditions know that something was materialized, and not whether it says anything new.
"""

from abc import abstractmethod
from collections.abc import Collection, Mapping

import dagster as dg


class PartitionsCondition(dg.AutomationCondition[dg.AssetKey]):
    """True for the partitions of an asset for which there are `events` that it must respond to.

    A sensor that evaluates it needs `use_user_code_server`.
    """

    @abstractmethod
    def newest(self, instance: dg.DagsterInstance, asset: dg.AssetKey) -> int:
        """The storage id of the newest event; 0 if there is none.  It is asked in every tick."""

    @abstractmethod
    def events(
        self, instance: dg.DagsterInstance, asset: dg.AssetKey, settled: int
    ) -> Mapping[str, int]:
        """The storage id of the event of each partition with one after `settled`."""

    @abstractmethod
    def confirmed(
        self, instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: Collection[str]
    ) -> Collection[str]:
        """The partitions whose events the asset must respond to; it takes time to find out."""

    def evaluate(
        self, context: dg.AutomationContext[dg.AssetKey]
    ) -> dg.AutomationResult[dg.AssetKey]:
        """Evaluate one tick; the cursor is the storage id up to which all events are settled.

        Partitions that other conditions have excluded before are looked at in a later tick.
        """
        instance, asset = context.asset_graph_view.instance, context.key
        settled = int(context.cursor or 0)
        newest = self.newest(instance, asset)
        if newest <= settled:
            return dg.AutomationResult(context, context.get_empty_subset(), cursor=str(settled))
        partitions = context.candidate_subset.partitions_def
        events = {
            name: event
            for name, event in self.events(instance, asset, settled).items()
            if partitions and partitions.has_partition_key(name)
        }
        possible = context.candidate_subset.compute_intersection_with_partition_keys(set(events))
        names = possible.expensively_compute_partition_keys()
        confirmed = set(self.confirmed(instance, asset, names)) if names else set()
        left = [event for name, event in events.items() if name in confirmed or name not in names]
        return dg.AutomationResult(
            context,
            possible.compute_intersection_with_partition_keys(confirmed),
            cursor=str(min([newest, *(event - 1 for event in left)])),
        )
