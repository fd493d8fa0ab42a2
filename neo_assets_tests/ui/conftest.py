from collections.abc import Iterator
from pathlib import Path

import pytest

from neo_assets_tests.ui.graphql import Dagster
from neo_assets_tests.ui.process import PARTITIONS_PER_RUN, running_ui

HELD_DAY = "2024-04-26"
"""The one day from March to May on which the simulator spoils more than a tenth of the rows."""


@pytest.fixture(scope="package")
def ui_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the running UI."""
    return tmp_path_factory.mktemp("ui")


@pytest.fixture(scope="package")
def dagster(ui_folder: Path) -> Iterator[Dagster]:
    """The running UI, for all tests of this package: starting it costs as much as a test."""
    with running_ui(
        ui_folder,
        NEO_SOURCE="simulator",
        NEO_SIMULATOR_TODAY="2024-06-01",
        NEO_START_DATE="2024-03-01",
        NEO_DAYS_AHEAD="0",
        NEO_MAX_DROP_SHARE="0.1",
        NEO_PARTITIONS_PER_RUN=str(PARTITIONS_PER_RUN),
    ) as address:
        yield Dagster(address)
