from pathlib import Path

import pytest

from neo_assets_tests.dashboard.lakehouses import simulated


@pytest.fixture(scope="package")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Delta tables of two months of daily refreshes of the simulated feed."""
    folder = tmp_path_factory.mktemp("simulated")
    simulated(folder)
    return folder
