"""What a backfill leaves in Dagster's history, asked as the UI asks."""

from math import ceil

import pytest

from neo_assets_tests.ui.graphql import ASSETS, CHECKS, Answer, Dagster, days_between
from neo_assets_tests.ui.process import PARTITIONS_PER_RUN

IN_A_ROW = days_between("2024-04-01", "2024-04-17")
DAYS = [*IN_A_ROW, "2024-05-25"]
CLASSES = ("kept", "dropped", "exact_duplicates", "superseded", "withdrawn")

pytestmark = pytest.mark.timeout(900)
each_check = pytest.mark.parametrize(
    ("asset", "check"), [(asset, check) for asset in ASSETS for check in CHECKS]
)


@pytest.fixture(scope="module")
def backfill(dagster: Dagster) -> Answer:
    return dagster.finished_backfill(dagster.launch_backfill(DAYS))


def test_a_backfill_has_as_many_runs_as_its_policy_says(backfill: Answer) -> None:
    assert backfill["status"] == "COMPLETED_SUCCESS"
    # The separate day has its own run.
    assert len(backfill["runs"]) == ceil(len(IN_A_ROW) / PARTITIONS_PER_RUN) + 1 == 3


def test_a_run_fetches_while_the_one_before_works(dagster: Dagster, backfill: Answer) -> None:
    first, second, third = sorted(backfill["runs"], key=lambda run: float(run["startTime"]))
    fetched, worked = dagster.steps(second["id"]), dagster.steps(first["id"])
    assert fetched["raw_feed_files"]["endTime"] < worked["gold_neo_fact"]["endTime"]
    # The very first runs of an instance: Dagster would start all of them at once.
    assert third["startTime"] >= min(first["endTime"], second["endTime"])


@pytest.mark.parametrize("asset", ASSETS)
def test_every_day_is_materialized(dagster: Dagster, backfill: Answer, asset: str) -> None:
    statuses = dagster.partition_statuses(asset)
    assert {day: statuses.get(day) for day in DAYS} == dict.fromkeys(DAYS, "MATERIALIZED")


@each_check
def test_each_check_has_one_row_a_day(
    dagster: Dagster, backfill: Answer, asset: str, check: str
) -> None:
    runs = {run["id"] for run in backfill["runs"]}
    rows = [row for row in dagster.check_history(asset, check) if row["runId"] in runs]
    assert sorted(str(row["partition"]) for row in rows) == DAYS
    for row in rows:
        assert row["status"] in ("SUCCEEDED", "FAILED")
        evaluation = row["evaluation"]
        assert evaluation["partition"] == row["partition"]
        assert evaluation["targetMaterialization"]["runId"] == row["runId"]
        assert is_one_sentence(evaluation["description"])
        counts = numbers(evaluation)
        assert counts["rows_in"] == sum(counts[name] for name in CLASSES) > 0


def test_a_day_launched_again_adds_one_row_to_each_check(
    dagster: Dagster, backfill: Answer
) -> None:
    again = DAYS[3]
    run = dagster.finished_run(dagster.launch_run(again))
    assert run["status"] == "SUCCESS"
    for asset in ASSETS:
        for check in CHECKS:
            rows = [row for row in dagster.check_history(asset, check) if row["partition"] in DAYS]
            assert sorted(row["partition"] for row in rows) == sorted([*DAYS, again])
            assert rows[0]["partition"] == again and rows[0]["runId"] == run["id"]


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_of_a_day_never_materialized_reports_it(dagster: Dagster, check: str) -> None:
    day = "2024-04-25"
    run = dagster.finished_run(dagster.launch_check(day, "silver_neo_events", check))
    assert run["status"] == "SUCCESS"
    (row,) = (
        row for row in dagster.check_history("silver_neo_events", check) if row["partition"] == day
    )
    assert row["status"] == "FAILED"
    assert "has not been materialized for 2024-04-25" in row["evaluation"]["description"]
    assert dagster.partition_statuses("silver_neo_events").get(day) is None


def is_one_sentence(text: str) -> bool:
    return text.endswith(".") and ". " not in text


def numbers(evaluation: Answer) -> dict[str, float]:
    return {
        entry["label"]: entry.get("intValue", entry.get("floatValue"))
        for entry in evaluation["metadataEntries"]
        if "intValue" in entry or "floatValue" in entry
    }
