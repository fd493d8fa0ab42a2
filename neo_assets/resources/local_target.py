"""Delta tables in folders, and a Spark Connect server that sees them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from neo_assets.lakehouse.tables import Table
from neo_assets.resources.spark import SparkLakehouse, spark_connect_address
from neo_assets.resources.target import Target
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import LandingZone, LocalLandingZone


class LocalTarget(Target):
    """This machine, or any Spark Connect server with the same folders."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def lakehouse(self) -> SparkLakehouse:
        """A session of Spark Connect."""
        return SparkLakehouse()

    def landing_zone(self) -> LandingZone:
        """A folder."""
        return LocalLandingZone(self._settings.landing_directory)

    def landing_location(self) -> str:
        """The folder."""
        return str(self._settings.landing_directory)

    def location(self, table: Table) -> str:
        """The table's folder."""
        return str(self._settings.tables_directory / table.name)

    @property
    def has_tables_here(self) -> bool:
        """They are folders here."""
        return True

    @contextmanager
    def warm(self) -> Iterator[Mapping[str, str]]:
        """One Spark Connect server for all runs."""
        with spark_connect_address(self._settings) as address:
            yield {"NEO_SPARK_REMOTE": address}
