"""What a target is: where event files and tables are, and what runs a stage."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.tables import Table
from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import LandingZone
from neo_assets.targets.stage_runner import StageRunner

if TYPE_CHECKING:
    from neo_assets.lakehouse.quarantine import Selection


class Target(ABC):
    """Where event files land, tables live and stages run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @abstractmethod
    def stage_runner(self) -> StageRunner:
        """Return what runs the stages of one run."""

    @abstractmethod
    def landing_zone(self, dataset: Dataset) -> LandingZone:
        """Return the landing zone of a dataset."""

    @abstractmethod
    def landing_location(self, dataset: Dataset) -> str:
        """The location of the landing zone as messages show it."""

    @abstractmethod
    def location(self, table: Table) -> str:
        """Return the location of a table as messages show it."""

    @property
    @abstractmethod
    def local_tables(self) -> Path | None:
        """The folder with a Delta table in each folder, if this machine can read the tables."""

    @property
    def starts_spark(self) -> bool:
        """Whether running compute means to wait for Spark to start, which takes seconds."""
        return False

    @abstractmethod
    def content(self, table: Table) -> tuple[int, date | None]:
        """Rows and newest day of a table, if its rows have days; no rows without the table."""

    @abstractmethod
    def event_files_read(self, dataset: Dataset) -> set[str]:
        """The identities of the event files that bronze has rows of; none without a table."""

    @abstractmethod
    def version(self, table: Table) -> str:
        """What differs after each change of a table; empty where asking would cost a query."""

    @abstractmethod
    def quarantined(self, selection: "Selection") -> list[dict[str, Any]]:
        """The rows of the quarantine that are meant, the newest day first; none without a table."""

    @abstractmethod
    def discard(self, selection: "Selection", note: str, log: LogFunction) -> int:
        """Mark the rows that are meant as discarded, with who did it and why; return how many.

        `log` receives what it waits for.
        """

    @abstractmethod
    def running_compute(self) -> AbstractContextManager[Mapping[str, str]]:
        """Keep what stages run on running for the block; yield the environment that leads to it."""


TargetResource = dg.ResourceParam[Target]
"""The type of the parameter `target` of ops and sensors."""
