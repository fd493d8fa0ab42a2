"""A source gets its assets, checks, tables, replay and metrics by being registered alone."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from neo_assets_tests.sources.project import Project
from neo_assets_tests.sources.toy import CHANGING, FAILING

DAYS = (date(2024, 3, 1), date(2024, 3, 2))
ASSETS = ("raw_toy_files", "bronze_toy_sightings", "silver_toy_sightings")


class Toy(Project):
    """The command line of the project with the toy registered."""

    def silver(self) -> list[dict[str, Any]]:
        """Silver in order of day and key."""
        # The run that rebuilt bronze is another one.
        rows = [row | {"run_id": None} for row in self.rows("silver_toy_sightings")]
        return sorted(rows, key=lambda row: (row["partition_date"], row["serial"]))


@pytest.fixture
def toy(spark_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path / "data"))
    return Toy(
        tmp_path / "data",
        {"NEO_SPARK_REMOTE": spark_address, "NEO_SOURCES": "neows,toy"},
        (sys.executable, "-m", "neo_assets_tests.sources.toy"),
    )


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
    outcome, numbers, _ = toy.evaluations("silver_toy_sightings", "drop_count")[str(DAYS[0])]
    assert (outcome, numbers["dropped"], numbers["dropped_no_height"]) == ("WARN", 1, 1)
    outcome, numbers, _ = toy.evaluations("silver_toy_sightings", "duplicate_count")[str(DAYS[0])]
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
