"""A job that is about no single days, launched in the UI and followed up by the daemon.

All days that have landed are replayed: this goes before the tests that land two months more.
"""

import pytest

from neo_assets_tests.ui.conftest import HELD_DAY
from neo_assets_tests.ui.graphql import Answer, Dagster, wait_for

pytestmark = pytest.mark.timeout(900)


def test_a_full_refresh_replays_every_landed_day(dagster: Dagster) -> None:
    landed = dagster.partition_statuses("raw_feed_files")
    if not landed:
        # Without the other tests.
        run = dagster.launch_run("2024-03-01")
        assert dagster.finished_run(run)["status"] == "SUCCESS"
        landed = dagster.partition_statuses("raw_feed_files")
    assert dagster.finished_run(dagster.launch_job("full_refresh"))["status"] == "SUCCESS"

    def evaluated() -> list[Answer] | None:
        runs = {run["id"] for run in dagster.runs_of("replay_after_reset")}
        history = dagster.check_history("gold_neo_fact", "reconciliation")
        # What is planned and not evaluated yet has a row too.
        over = ("SUCCEEDED", "FAILED")
        rows = [row for row in history if row["runId"] in runs and row["status"] in over]
        return rows if len(rows) >= len(landed) else None

    rows = wait_for(evaluated, seconds=300)
    assert sorted(row["partition"] for row in rows) == sorted(landed)
    assert {row["partition"] for row in rows if row["status"] != "SUCCEEDED"} <= {HELD_DAY}
