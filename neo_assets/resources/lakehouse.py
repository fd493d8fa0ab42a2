"""What assets are given to reach the tables with, wherever these are."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import dagster as dg

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Request, Result

Context = dg.OpExecutionContext | dg.AssetExecutionContext


class LakehouseResource(dg.ConfigurableResource["LakehouseResource"], ABC):
    """The lakehouse of the configured target, for whoever has no need to know which that is."""

    @abstractmethod
    def run(self, context: Context, request: Request) -> Result:
        """Run one stage to its end, with its metrics stored.

        Raises:
            dagster.Failure: it did not come to its end; the sentence says what to do.
        """

    @abstractmethod
    def measure(self, run_id: str, asset: str, reports: Sequence[DayReport]) -> None:
        """Store the metrics of an asset that no stage materializes."""
