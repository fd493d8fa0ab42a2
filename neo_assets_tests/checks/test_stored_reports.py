import json
from collections.abc import Iterator
from datetime import date

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.checks.stored_reports import (
    REPORT,
    newest_reports,
    report_metadata,
    report_of,
)
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Result

DAY, OTHER_DAY = date(2024, 3, 1), date(2024, 3, 2)
ASSET = dg.AssetKey("silver_neo_events")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def materialize(instance: dg.DagsterInstance, day: date, rows: int | None) -> None:
    """Materialize the day, as `neo_assets` does or, without rows, by hand in the UI."""
    metadata = {} if rows is None else report_metadata(DayReport(day, rows_in=rows))
    instance.report_runless_asset_event(
        dg.AssetMaterialization(ASSET, partition=day.isoformat(), metadata=metadata)
    )


def rows_of(
    instance: dg.DagsterInstance, *days: date, before: dict[date, int] | None = None
) -> dict[date, int]:
    found = newest_reports(instance, ASSET, days, before)
    return {day: stored.report.rows_in for day, stored in found.items()}


def test_the_newest_report_of_a_day_counts(instance: dg.DagsterInstance) -> None:
    for rows in (1, 2, 3):
        materialize(instance, DAY, rows)
        materialize(instance, OTHER_DAY, 10 * rows)
    assert rows_of(instance, DAY, OTHER_DAY) == {DAY: 3, OTHER_DAY: 30}


def test_a_day_materialized_by_hand_keeps_its_report(instance: dg.DagsterInstance) -> None:
    for rows in (1, 2, None, None):
        materialize(instance, DAY, rows)
    materialize(instance, OTHER_DAY, None)
    assert rows_of(instance, DAY, OTHER_DAY) == {DAY: 2}


@given(
    st.builds(
        DayReport,
        rows_in=st.integers(min_value=0),
        rows_emitted=st.none() | st.integers(min_value=0),
        reasons=st.dictionaries(st.text(), st.integers()),
        drift=st.lists(st.dictionaries(st.text(), st.text())).map(tuple),
        response_warnings=st.lists(st.text()).map(tuple),
        disagreements=st.lists(st.text()).map(tuple),
        skipped=st.text(),
    )
)
def test_a_report_is_read_as_it_was_written(report: DayReport) -> None:
    assert report_of(report_metadata(report)) == report
    assert Result.from_json(Result(reports=[report]).to_json()).reports == [report]


def test_reports_stored_under_earlier_names_are_read() -> None:
    metadata = report_metadata(
        DayReport(DAY, rows_in=3, rows_duplicated=1, rows_received=2, rows_emitted=4)
    )
    stored = json.dumps(metadata[REPORT].value)
    for earlier, name in (
        ("rows_doubled", "rows_duplicated"),
        ("taken_over", "rows_received"),
        ("handed_on", "rows_emitted"),
    ):
        assert f'"{name}"' in stored
        stored = stored.replace(f'"{name}"', f'"{earlier}"')
    report = report_of({REPORT: dg.MetadataValue.json(json.loads(stored))})
    assert report == report_of(metadata)
    assert report and (report.rows_duplicated, report.rows_received, report.rows_emitted) == (
        1,
        2,
        4,
    )


def test_the_newest_before_an_event_counts_where_that_is_asked(
    instance: dg.DagsterInstance,
) -> None:
    materialize(instance, DAY, 1)
    materialize(instance, DAY, 2)
    limit = newest_reports(instance, ASSET, [DAY])[DAY].storage_id
    materialize(instance, DAY, 3)
    materialize(instance, OTHER_DAY, 10)
    assert rows_of(instance, DAY, OTHER_DAY, before={DAY: limit + 1, OTHER_DAY: limit}) == {DAY: 2}
    assert rows_of(instance, DAY, before={DAY: limit}) == {DAY: 1}


def test_days_never_materialized_have_no_report(instance: dg.DagsterInstance) -> None:
    materialize(instance, DAY, 1)
    assert rows_of(instance) == {}
    assert rows_of(instance, OTHER_DAY) == {}
