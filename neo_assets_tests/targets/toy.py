"""A target of a few lines: what it takes to have tables and event files in other folders."""

from pathlib import Path

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.sources.landing_zone import LandingZone
from neo_assets.targets.local.backend import LocalBackend
from neo_assets.targets.local.landing_zone import LocalLandingZone
from neo_assets.targets.local.target import LocalTarget


class WarehouseTarget(LocalTarget):
    """Tables below `<NEO_DATA_DIR>/warehouse`, all other files below `<NEO_DATA_DIR>/files`."""

    @property
    def local_tables(self) -> Path:
        return self._settings.neo_data_dir / "warehouse"

    def landing_zone(self, dataset: Dataset) -> LandingZone:
        return LocalLandingZone(self._files / "events" / dataset.landing_folder)

    def _backend(self) -> LocalBackend:
        return LocalBackend(self._files / "events", self._files / "streams", self.local_tables)

    @property
    def _files(self) -> Path:
        return self._settings.neo_data_dir / "files"
