"""A run that is canceled in the UI stops as fast as a command that a signal stops."""

import json
import os
from datetime import date, datetime, timezone
from pathlib import Path

import pytest
from deltalake import DeltaTable

from neo_assets.sources.landing_zone import FETCHED_AT
from neo_assets_tests.faults import injected
from neo_assets_tests.lakehouse.plain_reading import Row, read_day
from neo_assets_tests.processes import command_line, descendants, javas, still_running
from neo_assets_tests.test_graph import assert_same_rows
from neo_assets_tests.test_stopping import STOPS_WITHIN_S, wait_until
from neo_assets_tests.ui.graphql import ASSETS, CHECKS, Dagster

pytestmark = pytest.mark.timeout(900)

DAY = date(2024, 5, 28)
"""No other test of the UI lands it: an unchanged day writes nothing."""
FIRST_FILE_OF_GOLD = "tables/gold_dim_neo/*.parquet"
"""The run is canceled when it has just written it: Spark is at work."""


def test_a_run_that_is_canceled_while_spark_works(dagster: Dagster, ui_folder: Path) -> None:
    day, file = DAY, FIRST_FILE_OF_GOLD
    family, before, spark = descendants(os.getpid()), set(ui_folder.glob(file)), javas()
    run = dagster.launch_run(str(day))
    # The first run of all may have to wait for the daemon and for Spark.
    wait_until(lambda: bool(set(ui_folder.glob(file)) - before), seconds=300)
    # The code server keeps the resource tracker, which its first run starts.
    worker = {
        process
        for process in descendants(os.getpid()) - family
        if "resource_tracker" not in command_line(process)
    }
    dagster.terminate_run(run)
    injected("runs canceled in the UI")
    assert dagster.finished_run(run, STOPS_WITHIN_S)["status"] == "CANCELED"
    assert worker and not still_running(worker, STOPS_WITHIN_S)
    # The Spark of the UI goes on.
    assert javas() == spark
    assert check_statuses(dagster, run) <= {"SUCCEEDED", "FAILED"}

    again = dagster.launch_run(str(day))
    assert dagster.finished_run(again)["status"] == "SUCCESS"
    (landed,) = (ui_folder / "landing" / "neo_feed" / f"feed_date={day}").glob("*.json")
    at = datetime.strptime(landed.stem.partition("-")[0], FETCHED_AT).replace(tzinfo=timezone.utc)
    objects = [json.loads(line)["payload"] for line in landed.read_text().splitlines()]
    plain = read_day(day, [(at, objects)])
    assert len(rows(ui_folder, "bronze_neo_events", "feed_date", day)) == len(objects)
    for table, expected in (("silver_neo_events", plain.silver), ("gold_neo_fact", plain.gold)):
        assert_same_rows(rows(ui_folder, table, "close_approach_date", day), expected)


def check_statuses(dagster: Dagster, run: str) -> set[str]:
    """What the run has left of each check in its history."""
    return {
        row["status"]
        for asset in ASSETS
        for check in CHECKS
        for row in dagster.check_history(asset, check)
        if row["runId"] == run
    }


def rows(folder: Path, table: str, column: str, day: date) -> list[Row]:
    found: list[Row] = DeltaTable(folder / "tables" / table).to_pyarrow_table().to_pylist()
    return [row for row in found if row[column] == day]
