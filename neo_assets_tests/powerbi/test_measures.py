"""What the measures of the model are over rows that the queries have loaded."""

import re
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from neo_assets.dashboard.data import dashboard_data
from neo_assets.dashboard.predictions import prediction_errors
from neo_assets.dashboard.risk_lists import CHANGES
from neo_assets.dashboard.tables import read_tables
from neo_assets.lakehouse.model.tables import (
    GOLD_DIM_DATE,
    GOLD_NEO_FACT,
    GOLD_NEO_REVISION,
    SILVER_NEO_QUARANTINE,
)
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store import metrics
from neo_assets.lakehouse.store.metrics import RunMetrics
from neo_assets.sources.fireball.dataset import GOLD_FIREBALL
from neo_assets.sources.impact_risk import GOLD_IMPACT_RISK, RISK_AGREEMENT
from neo_assets.sources.neows.agreement import GOLD_CLOSE_APPROACH_AGREEMENT
from neo_assets_tests.dashboard.agencies import (
    at,
    event,
    odds,
    odds_revisions,
    side_by_side,
)
from neo_assets_tests.dashboard.lakehouses import TODAY, fact, write
from neo_assets_tests.dashboard.queries import Queries, predictions_for_duckdb
from neo_assets_tests.powerbi.dax import Filters, Model
from neo_assets_tests.powerbi.m.evaluation import run
from neo_assets_tests.powerbi.project import ROOT
from neo_assets_tests.powerbi.revisions import REVISIONS
from neo_assets_tests.powerbi.test_queries import QUERIES, of_files, query

DAYS = [date(2024, 3, day) for day in (1, 2, 3)]
DOCS = ROOT.parent / "docs" / "revisions.md"


def loaded(folder: Path) -> Model:
    """The model after a refresh from the files of a folder of tables."""
    scope = of_files(folder)
    rows = {name: run(query(name), scope) for name in QUERIES}
    return Model(rows, datetime.combine(TODAY, time()))


def of_horizon(days_before: int) -> Filters:
    return {("Prediction", "Days before"): (f'"Days before" = {days_before}',)}


def test_the_dashboard_the_docs_and_the_measure_agree_on_predictions(tmp_path: Path) -> None:
    write(tmp_path, GOLD_NEO_REVISION, REVISIONS)
    model = loaded(tmp_path)
    by_measure = {
        days: (
            model.value("Predictions", of_horizon(days)),
            model.value("Revision error", of_horizon(days)),
            model.value("Predictions on another day", of_horizon(days)),
        )
        for days in (30, 7, 1)
    }
    # A month before, one approach was known; a day before, one of three was withdrawn already.
    assert by_measure == {30: (1, 10.0, None), 7: (3, 30.0, 1), 1: (2, 30.0, 1)}
    by_dashboard = {
        error.days_before: (error.predicted, error.median_km, error.on_another_day or None)
        for error in prediction_errors(read_tables(tmp_path).revisions, TODAY)
    }
    assert {days: by_dashboard[days] for days in by_measure} == by_measure
    by_docs = {
        days: (predicted, km, on_another_day or None)
        for days, predicted, _, km, _, on_another_day in Queries(tmp_path).rows(query_of_docs())
    }
    assert by_docs == {days: by_measure[days] for days in (30, 7)}


def query_of_docs() -> str:
    """The query on predictions in docs/revisions.md, over the tables of a test."""
    (found,) = re.findall(r'spark\.sql\(f"""(.*?)"""\)', DOCS.read_text(), flags=re.DOTALL)
    call = '{predictions("delta.`.neo/tables/gold_neo_revision`", [7, 30, 365])}'
    assert call in found
    return str(found).replace(call, predictions_for_duckdb([7, 30, 365]))


def test_a_prediction_for_a_day_to_come_has_no_error_yet(tmp_path: Path) -> None:
    later = [
        row | {"close_approach_date": row["close_approach_date"] + timedelta(30)}
        for row in REVISIONS
    ]
    write(tmp_path, GOLD_NEO_REVISION, later)
    model = loaded(tmp_path)
    assert model.value("Predictions") is None
    assert model.value("Revision error") is None


@pytest.fixture
def measured(tmp_path: Path) -> Model:
    """Bronze has counted three days, silver two of them, the second one twice."""
    unreadable = {"unreadable_line": 1}
    bronze = [DayReport(day, rows_in=5, dropped=1, reasons=unreadable) for day in DAYS]
    silver = [
        DayReport(day, rows_in=5, kept=2, dropped=3, reasons={**unreadable, "invalid_velocity": 2})
        for day in DAYS[:2]
    ]
    for run_id, asset, reports in (
        ("first", "bronze_neo_events", bronze),
        ("first", "silver_neo_events", silver),
        ("second", "silver_neo_events", silver[1:]),
    ):
        metrics.record(tmp_path, RunMetrics(run_id, asset, reports))
    return loaded(tmp_path)


def test_a_dropped_row_counts_once_for_each_rule(measured: Model) -> None:
    assert measured.value("Dropped rows by rule") == 6
    unreadable: Filters = {("Quality metric", "Rule"): ("\"Rule\" = 'unreadable_line'",)}
    assert measured.value("Dropped rows by rule", unreadable) == 2


def test_days_are_those_that_silver_has_measured(measured: Model) -> None:
    assert measured.value("Measured days") == 2
    assert measured.value("Drops a day") == 3
    assert measured.value("Drop share") == 0.6


@pytest.mark.parametrize(
    "measure", ["Measured days", "Drops a day", "Drop share", "Dropped rows by rule"]
)
def test_what_is_of_silver_does_not_depend_on_the_layer_chosen(
    measure: str, measured: Model
) -> None:
    of_bronze: Filters = {("Quality metric", "Asset"): ("\"Asset\" = 'bronze_neo_events'",)}
    assert measured.value(measure, of_bronze) == measured.value(measure)


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("Number of approaches", 0),
        ("Approaches of note", 0),
        ("Hazardous share", 0),
        ("Drops a day", 0),
        ("Duplicates a day", 0),
        ("Drop share", 0),
        ("Lost or doubled rows", 0),
        ("Open quarantine rows", 0),
        ("Listed by JPL", 0),
        ("Listed by ESA", 0),
        ("Changes of odds", 0),
        ("Number of fireballs", 0),
        ("Fireballs with a place", 0),
        ("Fireballs known beforehand", 0),
        ("Withdrawn fireballs", 0),
        ("Number of compared approaches", 0),
        ("Agreeing share", 0),
        ("Differing approaches", 0),
        ("Unexplained approaches", 0),
        # Of nothing there is no value.
        ("Highest Palermo value", None),
        ("Strongest (kt)", None),
        ("Explained share", None),
        # These are axes of charts, which would show every day there is.
        ("Approaches", None),
        ("Dropped rows", None),
        ("Duplicate rows", None),
        ("Fireballs", None),
        ("Compared approaches", None),
        ("Compared objects", None),
    ],
)
def test_without_rows_a_count_on_a_card_is_zero(measure: str, value: Any, tmp_path: Path) -> None:
    assert loaded(tmp_path).value(measure) == value


def test_an_approach_without_a_diameter_does_not_count_in_the_mean(tmp_path: Path) -> None:
    unknown = fact(estimated_diameter_min_m=None, size_band="unknown")
    withdrawn = fact(estimated_diameter_min_m=4.0, estimated_diameter_max_m=9.0, is_withdrawn=True)
    write(tmp_path, GOLD_NEO_FACT, [fact(), unknown, withdrawn])
    model = loaded(tmp_path)
    assert model.value("Mean diameter (m)") == 150
    assert model.value("Approaches") == 2


def test_approaches_of_note_are_those_with_the_two_highest_bands(tmp_path: Path) -> None:
    risks = ("unknown", "minimal", "moderate", "elevated", "high", "high")
    write(tmp_path, GOLD_NEO_FACT, [fact(risk_band=risk) for risk in risks])
    assert loaded(tmp_path).value("Approaches of note") == 3


def test_open_rows_of_the_quarantine_are_counted(tmp_path: Path) -> None:
    rows = [
        {"content_hash": "ab", "repeat": 1, "source_file": "a.json", "status": status}
        for status in ("open", "open", "discarded", "replayed")
    ]
    write(tmp_path, SILVER_NEO_QUARANTINE, rows)
    assert loaded(tmp_path).value("Open quarantine rows") == 2


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty days of both simulated risk lists."""
    folder = tmp_path_factory.mktemp("watched")
    revisions = [{**row, "seen_on": row["seen_at"].date()} for row in odds_revisions(40)]
    write(folder, GOLD_IMPACT_RISK, revisions)
    write(folder, RISK_AGREEMENT, side_by_side(revisions))
    return folder


def test_the_dashboard_and_the_measures_agree_on_risk_lists(watched: Path) -> None:
    shown = dashboard_data(read_tables(watched), TODAY)
    assert shown.odds and shown.differences
    model = loaded(watched)
    assert model.value("Listed by JPL") == shown.odds.listed["sentry"] > 0
    assert model.value("Listed by ESA") == shown.odds.listed["esa_risk"] > 0
    assert model.value("Listed objects") == sum(shown.odds.listed.values())
    (worst, *_) = shown.odds.worst
    assert model.value("Highest Palermo value") == max(
        it.palermo_cumulative or -99 for it in worst.revisions if it.seen_until is None
    )
    assert model.value("Changes of odds") == len(shown.odds.changes) > 0
    for kind in CHANGES:
        filters: Filters = {("Impact risk", "Change"): (f"\"Change\" = '{kind.capitalize()}'",)}
        assert model.value("Changes of odds", filters) == shown.odds.kinds[kind]
    assert model.value("Compared objects") == shown.differences.objects
    counted = {it.meaning: len(it.objects) for it in shown.differences.reasons}
    assert counted == {
        meaning: model.value(
            "Compared objects",
            {("Risk agreement", "Reason meaning"): (f"\"Reason meaning\" = '{meaning}'",)},
        )
        for meaning in counted
    }


def on_day(day: date) -> Filters:
    return {("Date", "Date"): (f"\"Date\" = DATE '{day}'",)}


def test_odds_are_in_force_until_something_else_is_published(tmp_path: Path) -> None:
    days = [TODAY - timedelta(ago) for ago in range(6, -2, -1)]
    write(tmp_path, GOLD_DIM_DATE, [{"date": day} for day in days])
    first, second, third, last = (at(day) for day in (days[1], days[3], days[4], days[5]))
    noon = second.replace(hour=12)
    in_force = (
        (first, second, 1e-5),
        (second, noon, 1e-1),
        (noon, third, 1e-4),
        (third, last, 0.0),
        (last, None, 1e-6),
    )
    rows = [
        odds(seen_at=start, seen_on=start.date(), seen_until=end, impact_probability=published)
        for start, end, published in in_force
    ]
    write(tmp_path, GOLD_IMPACT_RISK, rows)
    model = loaded(tmp_path)
    # A day before it was listed, a day of odds of 0 and a day to come have none.
    assert [model.value("Published odds", on_day(day)) for day in days] == [
        *(None, 1e-5, 1e-5, 1e-4, None, 1e-6, 1e-6, None)
    ]


def test_fireballs_are_counted_without_withdrawn_ones(tmp_path: Path) -> None:
    events = [
        event(),
        event(latitude_deg=None, impact_energy_kt=0.1),
        event(is_known_beforehand=True, longitude_deg=-61.1),
        event(is_known_beforehand=None),
        event(is_withdrawn=True, impact_energy_kt=9_999.0),
    ]
    write(tmp_path, GOLD_FIREBALL, events)
    model = loaded(tmp_path)
    assert model.value("Fireballs") == model.value("Number of fireballs") == 4
    assert model.value("Fireballs with a place") == 3
    assert model.value("Fireballs known beforehand") == 1
    assert model.value("Withdrawn fireballs") == 1
    assert model.value("Strongest (kt)") == 440


def test_differences_between_sources_are_explained_or_not(tmp_path: Path) -> None:
    reasons = (*["agree"] * 5, "rounding", "only_cad", "older_orbit", "unexplained")
    rows = [{"designation": "2024 AA1", "reason": reason} for reason in reasons]
    write(tmp_path, GOLD_CLOSE_APPROACH_AGREEMENT, rows)
    model = loaded(tmp_path)
    assert model.value("Number of compared approaches") == 9
    assert model.value("Agreeing share") == 5 / 9
    assert model.value("Differing approaches") == 4
    assert model.value("Unexplained approaches") == 1
    assert model.value("Explained share") == 0.75
