"""What a target is: the one place that asks where the tables are."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date
from typing import TYPE_CHECKING, Any

from neo_assets.lakehouse.model.tables import Table
from neo_assets.progress import Say
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import LandingZone
from neo_assets.targets.stage_runner import LakehouseResource

if TYPE_CHECKING:
    from neo_assets.lakehouse.quarantine import Selection


class Target(ABC):
    """Where event files land, tables live and stages run."""

    @abstractmethod
    def __init__(self, settings: Settings) -> None: ...

    @abstractmethod
    def lakehouse(self) -> LakehouseResource:
        """What stages run through."""

    @abstractmethod
    def landing_zone(self) -> LandingZone:
        """Where event files land."""

    @abstractmethod
    def landing_location(self) -> str:
        """The same, for people."""

    @abstractmethod
    def location(self, table: Table) -> str:
        """Where a table is, for people."""

    @property
    @abstractmethod
    def has_tables_here(self) -> bool:
        """Whether what reads tables without Spark, on this machine, finds them."""

    @abstractmethod
    def content(self, table: Table) -> tuple[int, date | None]:
        """Rows and newest day of a table, if its rows have days; no rows without the table."""

    @abstractmethod
    def quarantined(self, selection: "Selection") -> list[dict[str, Any]]:
        """The rows of the quarantine that are meant, the newest day first; none without a table."""

    @abstractmethod
    def discard(self, selection: "Selection", note: str, say: Say) -> int:
        """Mark the rows that are meant as discarded, with who did it and why; return how many.

        `say` is told what it waits for.
        """

    @abstractmethod
    def running_compute(self) -> AbstractContextManager[Mapping[str, str]]:
        """Keep what stages run on warm for the block; yield the environment that leads to it."""
