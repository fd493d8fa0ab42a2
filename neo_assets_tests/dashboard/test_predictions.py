"""How far off predictions were, against the query that the lakehouse offers for Spark."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from neo_assets.dashboard.predictions import PredictionError, prediction_errors
from neo_assets.dashboard.tables import read_tables
from neo_assets.lakehouse.model.predictions import HORIZONS
from neo_assets.lakehouse.model.tables import GOLD_NEO_REVISION
from neo_assets_tests.dashboard.lakehouses import TODAY, revision, write
from neo_assets_tests.dashboard.queries import Queries, predictions_for_duckdb


def test_they_equal_the_query_of_the_lakehouse(tables: Path) -> None:
    errors = prediction_errors(read_tables(tables).revisions, TODAY)
    assert len(errors) == 5 and any(it.predicted > it.came for it in errors)
    found = Queries(tables).rows(
        f"""SELECT days_before, count(*), count(event_key), count_if(days_off <> 0),
            median(abs(distance_off_km)), quantile_cont(abs(distance_off_km), 0.9),
            median(abs(minutes_off))
        FROM ({predictions_for_duckdb(list(HORIZONS))})
        WHERE predicted_date < '{TODAY}' GROUP BY 1 ORDER BY 1 DESC"""
    )
    assert len(found) == len(errors)
    for error, row in zip(errors, found, strict=True):
        assert row == pytest.approx(
            (
                error.days_before,
                error.predicted,
                error.came,
                error.on_another_day,
                error.median_km,
                error.nine_in_ten_km,
                error.median_minutes,
            ),
            rel=1e-12,
        )


YESTERDAY = TODAY - timedelta(1)


def errors_of(tmp_path: Path, *rows: dict[str, Any]) -> tuple[PredictionError, ...]:
    write(tmp_path, GOLD_NEO_REVISION, rows)
    return prediction_errors(read_tables(tmp_path).revisions, TODAY)


def test_a_move_to_another_day_is_followed(tmp_path: Path) -> None:
    moved, came = YESTERDAY - timedelta(1), YESTERDAY
    errors = errors_of(
        tmp_path,
        revision(close_approach_date=moved, days_ahead=1),
        revision(
            revision=2, what="withdrawn", close_approach_date=moved, days_ahead=-1, moved_to=2
        ),
        revision(
            neo_event_key=2, close_approach_date=came, days_ahead=0, miss_distance_km=3_844_100.0
        ),
    )
    assert errors == (PredictionError(1, 1, 1, 1, 100.0, 100.0, 24 * 60),)


def test_a_withdrawn_approach_did_not_take_place(tmp_path: Path) -> None:
    errors = errors_of(
        tmp_path,
        revision(days_ahead=1),
        revision(revision=2, what="withdrawn", days_ahead=0),
        revision(neo_event_key=2, days_ahead=1, close_approach_at=None),
    )
    assert errors == (PredictionError(1, 2, 1, 0, 0.0, 0.0, None),)


def test_moves_that_lead_back_end(tmp_path: Path) -> None:
    rows = [
        revision(neo_event_key=key, revision=number, what=what, moved_to=3 - key)
        for key in (1, 2)
        for number, what in ((1, "first"), (2, "withdrawn"))
    ]
    rows = [row | {"days_ahead": 7 if row["revision"] == 1 else -1} for row in rows]
    assert errors_of(tmp_path, *rows) == ()


@pytest.mark.parametrize(
    "changes",
    [{"close_approach_date": TODAY}, {"days_ahead": 0}, {"days_ahead": -3}, {"what": "withdrawn"}],
    ids=["not over yet", "seen on the day", "seen afterwards", "withdrawn by then"],
)
def test_revisions_that_are_no_prediction(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert errors_of(tmp_path, revision(**changes)) == ()
