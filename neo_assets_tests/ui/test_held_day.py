"""A day held among thirty, as the UI shows it: the others go on, and the reason is shown."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from neo_assets_tests.ui.browser import CHROMIUM, Browser, Row, browser
from neo_assets_tests.ui.conftest import HELD_DAY
from neo_assets_tests.ui.graphql import ASSETS, CHECKS, Answer, Dagster, days_between

DAYS = days_between("2024-04-18", "2024-05-17")

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def backfill(dagster: Dagster) -> Answer:
    return dagster.finished_backfill(dagster.launch_backfill(DAYS))


def test_the_good_days_are_materialized_and_the_held_one_failed(
    dagster: Dagster, backfill: Answer
) -> None:
    assert sorted(run["status"] for run in backfill["runs"]) == ["FAILURE", "SUCCESS"]
    for asset in ASSETS:
        statuses = dagster.partition_statuses(asset)
        expected = dict.fromkeys(DAYS, "MATERIALIZED")
        if asset == "gold_neo_fact":
            expected[HELD_DAY] = "FAILED"
        assert {day: statuses.get(day) for day in DAYS} == expected, asset


def test_each_check_still_has_one_row_a_day(dagster: Dagster, backfill: Answer) -> None:
    runs = {run["id"] for run in backfill["runs"]}
    for asset in ASSETS:
        for check in CHECKS:
            rows = [row for row in dagster.check_history(asset, check) if row["runId"] in runs]
            assert sorted(row["partition"] for row in rows) == DAYS
            assert {row["status"] for row in rows} <= {"SUCCEEDED", "FAILED"}


@pytest.fixture(scope="module")
def user(dagster: Dagster, backfill: Answer) -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("needs a browser: apt-get install --no-install-recommends chromium")
    with browser(dagster.address) as opened:
        yield opened


def test_the_reason_is_in_the_checks(user: Browser) -> None:
    (held,) = on_held_day(user, "silver_neo_events")
    assert held.result == "Failed"
    assert "is above the tolerance of 10%, so the day is held back" in held.description
    (gold,) = on_held_day(user, "gold_neo_fact")
    assert gold.description.startswith("Not done: held back, silver_neo_events drop_count: 1 of")


def on_held_day(user: Browser, asset: str) -> list[Row]:
    return [row for row in user.check_history(asset, "drop_count") if row.day == HELD_DAY]


def test_the_reason_is_in_the_run(user: Browser, backfill: Answer) -> None:
    (failed,) = (run["id"] for run in backfill["runs"] if run["status"] == "FAILURE")
    user.page.goto(f"{user.address}/runs/{failed}")
    message = user.page.get_by_text("1 of 16 days failed, the others are done.")
    expect(message.first).to_be_visible()


def test_the_partitions_of_gold_show_it(user: Browser) -> None:
    user.open_partition("gold_neo_fact", HELD_DAY)
    expect(user.page.get_by_text("Failed (1)")).to_be_visible()
    expect(user.page.get_by_text("failed, and did not materialize this asset")).to_be_visible()
    user.page.get_by_role("button", name="View all historical events (1)").click()
    dialog = user.page.get_by_role("dialog")
    dialog.get_by_role("button", name="arrow_drop_down").click()
    expect(dialog.get_by_text("held back, silver_neo_events drop_count").first).to_be_visible()
