"""What runs a stage, wherever the tables are, and the resource that gives it to assets."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from datetime import date

import dagster as dg

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Request, Result
from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.targets import locks

Context = dg.OpExecutionContext | dg.AssetExecutionContext


class StageRunner(ABC):
    """Runs the stages of one run of Dagster; closed when the run ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._locked: Collection[date] = ()

    @abstractmethod
    def run(self, context: Context, request: Request) -> Result:
        """Run one stage to its end, with its metrics stored.

        Raises:
            dagster.Failure: it failed; the sentence says what to do.
        """

    @abstractmethod
    def record_metrics(self, run_id: str, asset: str, reports: Sequence[DayReport]) -> None:
        """Store the metrics of an asset that no stage materializes."""

    def lock_partitions(self, days: Collection[date], log: LogFunction) -> None:
        """Keep other runs on this machine from these days until this run ends.

        `log` receives what it waits for. The assets of a run all lock the days of the run, for any
        of them may be its first; the first one waits.
        """
        if not self._locked:
            locks.lock_partitions(days, self._settings, log)
            self._locked = days

    def close(self) -> None:
        """Release the locks of the days."""
        if self._locked:
            locks.unlock_partitions(self._locked, self._settings)
            self._locked = ()


LakehouseResource = dg.ResourceParam[StageRunner]
"""The type of the parameter `lakehouse` of assets and ops."""


def lakehouse_resource(create: Callable[[], StageRunner]) -> dg.ResourceDefinition:
    """The resource `lakehouse`: a stage runner for each run.

    It has no configuration, for Dagster shows that in the UI and settings have secrets.
    """

    def stage_runner(_: dg.InitResourceContext) -> Iterator[StageRunner]:
        with closing(create()) as runner:
            yield runner

    return dg.resource(description="Runs the stages where the tables are.")(stage_runner)
