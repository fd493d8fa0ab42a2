"""A condition about single partitions that Python decides.

Dagster's own conditions know that something was materialized, and not whether it says anything new.
"""

from abc import abstractmethod
from collections.abc import Mapping

import dagster as dg


class PartitionsCondition(dg.AutomationCondition[dg.AssetKey]):
    """True for the partitions of an asset that `chosen` names.

    A sensor that evaluates it needs `use_user_code_server`.
    """

    @abstractmethod
    def chosen(
        self, instance: dg.DagsterInstance, asset: dg.AssetKey, settled: int
    ) -> tuple[Mapping[str, int], int]:
        """The partitions by the storage id of the event that speaks for each, and what is settled.

        Events up to the storage id `settled` were looked at in an earlier tick and need nothing.
        """

    def evaluate(
        self, context: dg.AutomationContext[dg.AssetKey]
    ) -> dg.AutomationResult[dg.AssetKey]:
        """Evaluate one tick; the cursor is the storage id up to which events are settled."""
        chosen, newest = self.chosen(
            context.asset_graph_view.instance, context.key, int(context.cursor or 0)
        )
        partitions = context.candidate_subset.partitions_def
        valid = {
            name: event
            for name, event in chosen.items()
            if partitions and partitions.has_partition_key(name)
        }
        # What is chosen may have to wait for other conditions, and is chosen again until then.
        settled = min([newest, *(event - 1 for event in valid.values())])
        return dg.AutomationResult(
            context,
            context.candidate_subset.compute_intersection_with_partition_keys(set(valid)),
            cursor=str(settled),
        )
