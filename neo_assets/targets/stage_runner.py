"""What assets are given to reach the tables with, wherever these are."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from datetime import date

import dagster as dg
from pydantic import PrivateAttr

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Request, Result
from neo_assets.progress import Say
from neo_assets.settings import Settings
from neo_assets.targets import locks

Context = dg.OpExecutionContext | dg.AssetExecutionContext


class LakehouseResource(dg.ConfigurableResource["LakehouseResource"], ABC):
    """The lakehouse of the configured target, for whoever has no need to know which that is."""

    _locked: Collection[date] = PrivateAttr(default=())

    @abstractmethod
    def run(self, context: Context, request: Request) -> Result:
        """Run one stage to its end, with its metrics stored.

        Raises:
            dagster.Failure: it did not come to its end; the sentence says what to do.
        """

    @abstractmethod
    def record_metrics(self, run_id: str, asset: str, reports: Sequence[DayReport]) -> None:
        """Store the metrics of an asset that no stage materializes."""

    def lock_partitions(self, days: Collection[date], say: Say) -> None:
        """Keep other runs on this machine from these days until this run ends.

        `say` is told what it waits for. The assets of a run all reserve the days of the run, for
        any of them may be its first; the first one waits.
        """
        if not self._locked:
            locks.lock_partitions(days, Settings.from_environment(), say)
            self._locked = days

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Let other runs have the days."""
        if self._locked:
            locks.unlock_partitions(self._locked, Settings.from_environment())
            self._locked = ()
