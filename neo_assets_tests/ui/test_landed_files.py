"""What the daemon starts by itself: for files that someone copies, and for bronze by hand."""

import shutil
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable

from neo_assets.run_tags import WHY
from neo_assets.targets.local.landing_zone import LocalLandingZone
from neo_assets_tests.lakehouse.feed_objects import feed_object, fetched
from neo_assets_tests.ui.graphql import ASSETS, Dagster, days_between, wait_for

pytestmark = pytest.mark.timeout(900)

COPIED = days_between("2024-05-19", "2024-05-21")
"""No other test of the UI lands them."""
BY_HAND = days_between("2024-05-22", "2024-05-23")
QUIET_S = 30
"""Several ticks of each sensor: see `fast_daemon`."""


def test_files_that_are_copied_by_hand_reach_gold_once(
    dagster: Dagster, ui_folder: Path, tmp_path: Path
) -> None:
    zone = LocalLandingZone(tmp_path / "neo_feed")
    for number, name in enumerate(COPIED):
        day = date.fromisoformat(name)
        objects = [feed_object(day, f"2024 AA{number}"), feed_object(day, f"2024 BB{number}")]
        zone.land(day, objects, source="nasa", fetched_at=fetched(0))
    shutil.copytree(zone.root, ui_folder / "landing/neo_feed", dirs_exist_ok=True)

    # NASA is not asked for them, or the objects would be those of the simulator.
    wait_until_materialized(dagster, COPIED)
    gold = DeltaTable(ui_folder / "tables/gold_neo_fact").to_pyarrow_table().to_pylist()
    found = {row["designation"] for row in gold if str(row["close_approach_date"]) in COPIED}
    assert found == {f"2024 {letters}{number}" for letters in ("AA", "BB") for number in range(3)}
    time.sleep(QUIET_S)
    for asset in ASSETS:
        assert evaluated_days(dagster, asset, COPIED) == COPIED
    runs = [run["id"] for run in dagster.runs_of("process_landed_files")]
    assert runs and {reason_of(dagster, run) for run in runs} <= {
        f"{count} landed" for count in ("1 event file", "2 event files", "3 event files")
    }


def test_bronze_by_hand_is_followed_by_silver_and_gold_once(dagster: Dagster) -> None:
    bronze = dagster.finished_backfill(dagster.launch_backfill(BY_HAND, ASSETS[:2]))
    assert bronze["status"] == "COMPLETED_SUCCESS"
    wait_until_materialized(dagster, BY_HAND)
    # Nothing has changed, so that nothing follows.
    again = dagster.finished_run(dagster.launch_run(BY_HAND[0], ASSETS[1:2]))
    assert again["status"] == "SUCCESS"
    time.sleep(QUIET_S)
    for asset in ASSETS[2:]:
        assert evaluated_days(dagster, asset, BY_HAND) == BY_HAND
    assert evaluated_days(dagster, ASSETS[1], BY_HAND) == sorted([*BY_HAND, BY_HAND[0]])


def wait_until_materialized(dagster: Dagster, days: Sequence[str]) -> None:
    """Wait until gold has the days and all that was planned for them is done."""

    def is_done() -> bool:
        statuses = dagster.partition_statuses(ASSETS[-1])
        return {statuses.get(day) for day in days} == {"MATERIALIZED"} and all(
            evaluated_days(dagster, asset, days) for asset in ASSETS
        )

    wait_for(is_done, seconds=400)


def evaluated_days(dagster: Dagster, asset: str, days: Sequence[str]) -> list[str]:
    """The days of each row that a check has for these days; none while one is only planned."""
    history = dagster.check_history(asset, "drop_count")
    rows = [row for row in history if row["partition"] in days]
    if not all(row["status"] in ("SUCCEEDED", "FAILED") for row in rows):
        return []
    return sorted(str(row["partition"]) for row in rows)


def reason_of(dagster: Dagster, run: str) -> str:
    """What the UI shows as the reason of a run, without the names of files."""
    tags = dagster.ask(
        "query ($id: ID!) { runOrError(runId: $id) { ... on Run { tags { key value } } } }",
        id=run,
    )["runOrError"]["tags"]
    (why,) = (tag["value"] for tag in tags if tag["key"] == WHY)
    return str(why).partition(":")[0]
