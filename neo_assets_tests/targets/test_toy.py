"""A target is a folder and a line: one that only the registry names brings a day to gold."""

from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable

from neo_assets import targets
from neo_assets.backfill import backfill, days_between, selected_assets
from neo_assets.settings import Settings, SettingsError
from neo_assets.status import status

DAY = date(2024, 3, 1)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder for a target called `toy`, which is configured."""
    monkeypatch.setitem(targets.TARGETS, "toy", "neo_assets_tests.targets.toy:WarehouseTarget")
    monkeypatch.setenv("NEO_TARGET", "toy")
    monkeypatch.setenv("NEO_SOURCE", "simulator")
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return tmp_path


def test_a_day_from_raw_to_gold(
    data: Path, spark_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_SPARK_REMOTE", spark_address)
    settings = Settings.from_environment()
    days = days_between(DAY, DAY, settings)
    outcome = backfill(selected_assets("*", settings), days, settings)
    assert outcome.is_good and len(outcome.reports) == 4
    gold = DeltaTable(data / "warehouse" / "gold_neo_fact").to_pyarrow_table()
    states = {state.table: state for state in status(settings).tables}
    assert gold.num_rows == states["gold_neo_fact"].rows > 0
    assert states["gold_neo_fact"].newest_partition == DAY
    assert states["dq_metrics"].rows > 0
    assert list((data / "files" / "events").rglob("*.json"))
    assert (data / "files" / "streams" / "bronze_neo_events").is_dir()
    # Nothing else knows where the tables of another target are.
    assert not {"tables", "landing", "checkpoints"} & {path.name for path in data.iterdir()}


def test_a_target_without_a_line_is_no_target(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_environment().neo_target == "toy"
    monkeypatch.delitem(targets.TARGETS, "toy")
    with pytest.raises(SettingsError, match=r"^NEO_TARGET: must be one of local, databricks$"):
        Settings.from_environment()
