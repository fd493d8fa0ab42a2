"""What people read about why a run was started."""

import dagster as dg
import pytest

from neo_assets.run_tags import WHY, why


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({}, "launched by a person in the UI or with Dagster's command line"),
        ({"dagster/schedule_name": "daily"}, "the schedule daily"),
        ({"dagster/sensor_name": "files"}, "the sensor files"),
        (
            {"dagster/backfill": "abc", "dagster/partition": "2024-03-01"},
            "backfill abc, launched by a person in the UI or with Dagster's API",
        ),
        (
            {"dagster/parent_run_id": "1", "dagster/schedule_name": "daily"},
            "run 1 was executed again",
        ),
        ({WHY: "a file landed", "dagster/sensor_name": "files"}, "a file landed"),
    ],
)
def test_the_most_specific_reason_is_given(tags: dict[str, str], reason: str) -> None:
    assert why(dg.DagsterRun("refresh", tags=tags)) == reason
