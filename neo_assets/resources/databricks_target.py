"""Tables in Unity Catalog, event files in a volume of it, and stages as jobs."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from neo_assets.databricks.landing_zone import VolumeLandingZone
from neo_assets.databricks.workspace import workspace_client
from neo_assets.lakehouse.tables import Table
from neo_assets.resources.databricks import DatabricksLakehouse, unity_catalog
from neo_assets.resources.target import Target
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import LandingZone


class DatabricksTarget(Target):
    """A workspace."""

    def __init__(self, settings: Settings) -> None:
        self._catalog = unity_catalog(settings)

    def lakehouse(self) -> DatabricksLakehouse:
        """Jobs."""
        return DatabricksLakehouse()

    def landing_zone(self) -> LandingZone:
        """A folder of the volume."""
        return VolumeLandingZone(workspace_client().files, self._catalog.landing)

    def landing_location(self) -> str:
        """The folder."""
        return str(self._catalog.landing)

    def location(self, table: Table) -> str:
        """The table's full name."""
        return f"{self._catalog.schema_name}.{table.name}"

    @property
    def has_tables_here(self) -> bool:
        """Power BI and people read them in the workspace."""
        return False

    def warm(self) -> AbstractContextManager[Mapping[str, str]]:
        """Nothing: serverless compute is warm by itself."""
        return nullcontext({})
