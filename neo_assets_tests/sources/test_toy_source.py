"""A source gets its assets, checks, tables, replay and metrics by being registered alone."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from deltalake import DeltaTable

from neo_assets.instance import prepare_instance
from neo_assets.settings import Settings
from neo_assets_tests.sources.toy import CHANGING, FAILING

DAYS = (date(2024, 3, 1), date(2024, 3, 2))
ASSETS = ("raw_toy_files", "bronze_toy_sightings", "silver_toy_sightings")


class Toy:
    """The command line of the project with the toy registered, and what it left behind."""

    def __init__(self, data: Path, spark_address: str) -> None:
        self.data = data
        self._environment = {
            **os.environ,
            "NEO_DATA_DIR": str(data),
            "NEO_SPARK_REMOTE": spark_address,
            "NEO_SOURCES": "neows,toy",
        }

    def __call__(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "neo_assets_tests.sources.toy", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            DeltaTable(self.data / "tables" / table).to_pyarrow_table().to_pylist()
        )
        return found

    def silver(self) -> list[dict[str, Any]]:
        """Silver in order of day and key."""
        # The run that rebuilt bronze is another one.
        rows = [row | {"run_id": None} for row in self.rows("silver_toy_sightings")]
        return sorted(rows, key=lambda row: (row["partition_date"], row["serial"]))

    def evaluations(self, asset: str, check: str) -> dict[str | None, tuple[str, dict[str, Any]]]:
        """The newest evaluation of each day: its outcome and its numbers."""
        key = dg.AssetCheckKey(dg.AssetKey(asset), check)
        with dg.DagsterInstance.from_config(str(self._home)) as instance:
            found = {}
            records = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
            for record in reversed(records):
                event = record.event.dagster_event if record.event else None
                if event and event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
                    evaluation = event.asset_check_evaluation_data
                    outcome = "passed" if evaluation.passed else evaluation.severity.value
                    numbers = {name: value.value for name, value in evaluation.metadata.items()}
                    found[evaluation.partition] = outcome, numbers
            return found

    @property
    def _home(self) -> Path:
        return prepare_instance(Settings.from_environment())


@pytest.fixture
def toy(spark_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path / "data"))
    return Toy(tmp_path / "data", spark_address)


def test_a_registered_source_gets_assets_checks_and_tables(toy: Toy) -> None:
    span = ("--start", str(DAYS[0]), "--end", str(DAYS[-1]))
    ran = toy("backfill", *span, "--select", 'key:"*_toy_*"')
    assert ran.returncode == 0, ran.stdout + ran.stderr

    landed = sorted((toy.data / "landing" / "toy_feed").glob("feed_date=*/*.json"))
    assert [file.parent.name for file in landed] == [f"feed_date={day}" for day in DAYS]
    assert len(toy.rows("bronze_toy_sightings")) == 12
    assert {row["source"] for row in toy.rows("bronze_toy_sightings")} == {"attic"}
    kept = [(row["station"], row["serial"], row["height_km"]) for row in toy.silver()]
    assert kept == [("North", serial, 80.5) for _ in DAYS for serial in (1, 2, 3, 4)]
    quarantined = toy.rows("silver_toy_quarantine")
    assert [row["findings"] for row in quarantined] == [["no_height: height_km = -1"]] * 2

    listed = toy("quarantine", "list").stdout
    assert listed.count("no_height") == 2

    for asset in ASSETS:
        for check in ("drop_count", "duplicate_count", "reconciliation"):
            assert toy.evaluations(asset, check).keys() == {str(day) for day in DAYS}
    outcome, numbers = toy.evaluations("silver_toy_sightings", "drop_count")[str(DAYS[0])]
    assert (outcome, numbers["dropped"], numbers["dropped_no_height"]) == ("WARN", 1, 1)
    outcome, numbers = toy.evaluations("silver_toy_sightings", "duplicate_count")[str(DAYS[0])]
    assert (numbers["rows_in"], numbers["kept"], numbers["exact_duplicates"]) == (6, 4, 1)
    measured = {
        (row["asset"], row["metric"], row["value"])
        for row in toy.rows("dq_metrics")
        if row["partition_date"] == DAYS[0] and row["rule"] is None
    }
    assert measured >= {(asset, "rows_in", 6) for asset in ASSETS}

    assert_replayed(toy, span)
    assert_gated(toy)


def assert_replayed(toy: Toy, span: tuple[str, ...]) -> None:
    """Bronze comes back from the event files with a new checkpoint, and silver with it."""
    before = toy.silver()
    ran = toy("replay", "--full", *span)
    # NeoWs has landed nothing, so there is nothing of it to rebuild.
    assert "raw_feed_files" in ran.stdout + ran.stderr
    assert toy.silver() == before
    assert len(toy.rows("bronze_toy_sightings")) == 12


def assert_gated(toy: Toy) -> None:
    """A day without a response fails in its raw asset and goes no further; the next one does."""
    span = ("--start", str(FAILING), "--end", str(CHANGING))
    ran = toy("backfill", *span, "--select", 'key:"*_toy_*"')
    assert ran.returncode == 1 and "The toy is broken" in ran.stdout + ran.stderr
    for asset in ASSETS:
        assert toy.evaluations(asset, "drop_count")[str(FAILING)][0] == "ERROR"
    drift = toy.evaluations("bronze_toy_sightings", "schema_drift")
    assert [drift[str(day)][1]["fields_new"] for day in (*DAYS, CHANGING)] == [0, 0, 1]
    assert {row["partition_date"] for row in toy.silver()} == {*DAYS, CHANGING}
