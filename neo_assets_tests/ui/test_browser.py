"""What a user of the web UI sees, by clicking through it in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from neo_assets_tests.ui.browser import CHROMIUM, Browser, browser
from neo_assets_tests.ui.graphql import ASSETS, CHECKS, Dagster, days_between

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not CHROMIUM, reason="needs a browser: apt-get install --no-install-recommends chromium"
    ),
]

DAY = "2024-05-01"
MONTH = days_between("2024-03-01", "2024-03-31")


@pytest.fixture(scope="module")
def user(dagster: Dagster) -> Iterator[Browser]:
    with browser(dagster.address) as opened:
        yield opened


def test_one_day_of_all_assets(user: Browser, dagster: Dagster) -> None:
    user.materialize(DAY, "Launch 1 run")
    user.expect_success()
    for asset in ASSETS:
        for check in CHECKS:
            rows = [row for row in dagster.check_history(asset, check) if row["partition"] == DAY]
            assert len(rows) == 1
    # That all of them are shown is tested for a month.
    assert [row.day for row in user.check_history("gold_neo_fact", "drop_count")].count(DAY) == 1


def test_a_month_has_31_rows_in_the_history_of_each_check(user: Browser, dagster: Dagster) -> None:
    user.materialize(f"[{MONTH[0]}...{MONTH[-1]}]", "Launch backfill")
    backfill = dagster.finished_backfill(user.page.url.rsplit("/", 1)[-1])
    assert backfill["status"] == "COMPLETED_SUCCESS"
    # The daily assets and, when their last run is over, what reads gold: files and the dashboard.
    expect(user.page.get_by_text("100% completed")).to_have_count(len(ASSETS) + 3)
    runs = {f"/runs/{run['id']}" for run in backfill["runs"]}
    for asset in ASSETS:
        for check, word in zip(CHECKS, ("dropped", "repeat another"), strict=True):
            rows = [row for row in user.check_history(asset, check) if row.run in runs]
            assert sorted(row.day for row in rows) == MONTH
            assert {row.result for row in rows} <= {"Passed", "Failed"}
            assert all(word in row.description for row in rows)


def test_execute_all_evaluates_all_days_at_once(user: Browser) -> None:
    # The UI offers no choice of days here, and launches a run without any.
    user.execute_all_checks("silver_neo_events")
    user.expect_success()
    for check in CHECKS:
        without_day = [
            row for row in user.check_history("silver_neo_events", check) if row.day == "-"
        ]
        (row,) = without_day
        assert row.result in ("Passed", "Failed")
        assert "days" in row.description
