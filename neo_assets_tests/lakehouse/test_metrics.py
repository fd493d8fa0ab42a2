"""The numbers of every run, in a table that needs no Spark."""

from datetime import date, datetime, timezone
from multiprocessing import get_context
from pathlib import Path

from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.lakehouse.model.tables import DQ_METRICS
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store import metrics
from neo_assets.lakehouse.store.metrics import RunMetrics

DAYS = [date(2024, 3, number) for number in (1, 2, 3)]


def rows(tables: Path) -> dict[tuple[str, str, date, str, str | None], int]:
    found = DeltaTable(tables / DQ_METRICS.name).to_pyarrow_table().to_pylist()
    by_place = {
        (row["run_id"], row["asset"], row["partition_date"], row["metric"], row["rule"]): row[
            "value"
        ]
        for row in found
    }
    assert len(by_place) == len(found)
    return by_place


def test_a_retried_run_replaces_what_it_has_stored(tmp_path: Path) -> None:
    started = datetime.now(timezone.utc)
    report = DayReport(DAYS[0], rows_in=3, kept=2, dropped=1, reasons={"invalid_velocity": 1})
    metrics.record(tmp_path, RunMetrics("one", "silver_neo_events", [report]))
    metrics.record(tmp_path, RunMetrics("one", "gold_neo_fact", [DayReport(DAYS[0], rows_in=2)]))
    metrics.record(
        tmp_path, RunMetrics("two", "silver_neo_events", [DayReport(DAYS[0], rows_in=5)])
    )
    before = rows(tmp_path)
    assert before["one", "silver_neo_events", DAYS[0], "dropped", None] == 1
    assert before["one", "silver_neo_events", DAYS[0], "dropped", "invalid_velocity"] == 1

    retried = [DayReport(day, rows_in=9, rule_set="abc") for day in DAYS]
    metrics.record(tmp_path, RunMetrics("one", "silver_neo_events", retried))
    after = rows(tmp_path)
    assert {place for place in after if place[:2] == ("one", "silver_neo_events")} == {
        ("one", "silver_neo_events", day, name, rule)
        for day in DAYS
        for name, rule in retried[0].metrics
    }
    others = {
        place: value for place, value in before.items() if place[:2] != ("one", "silver_neo_events")
    }
    assert others.items() <= after.items()
    stored = DeltaTable(tmp_path / DQ_METRICS.name).to_pyarrow_table().to_pylist()
    assert {row["rule_set"] for row in stored} == {None, "abc"}
    assert all(row["measured_at"] >= started for row in stored)


def test_compaction_leaves_old_versions_readable(tmp_path: Path) -> None:
    """How long they are kept is a setting that only maintenance knows."""
    for number in range(120):
        report = DayReport(DAYS[0], rows_in=number)
        metrics.record(tmp_path, RunMetrics(f"run {number}", "raw_feed_files", [report]))
        if number == 0:
            DeltaTable(tmp_path / DQ_METRICS.name).alter.set_table_properties(
                {"delta.deletedFileRetentionDuration": "interval 0 days"}
            )
    table = DeltaTable(tmp_path / DQ_METRICS.name)
    assert any(entry["operation"] == "OPTIMIZE" for entry in table.history())
    before_compaction = 60
    table.load_as_version(before_compaction)
    assert table.to_pyarrow_table().num_rows > before_compaction


def record_days(place: tuple[Path, str]) -> None:
    tables, asset = place
    for number in range(5):
        metrics.record(tables, RunMetrics(f"run {number}", asset, [DayReport(day) for day in DAYS]))


def test_processes_side_by_side_lose_nothing(tmp_path: Path) -> None:
    assets = ("raw_feed_files", "bronze_neo_events", "silver_neo_events")
    with get_context("spawn").Pool(3) as pool:
        pool.map(record_days, [(tmp_path, asset) for asset in assets])
    assert len(rows(tmp_path)) == 5 * 3 * len(DAYS) * len(DayReport(DAYS[0]).metrics)


def test_the_number_of_files_stays_small(tmp_path: Path) -> None:
    for number in range(metrics._FILES_BEFORE_COMPACTION + 5):
        metrics.record(
            tmp_path, RunMetrics(f"run {number}", "raw_feed_files", [DayReport(DAYS[0])])
        )
    table = DeltaTable(tmp_path / DQ_METRICS.name)
    assert len(table.file_uris()) < 20
    assert len(rows(tmp_path)) == (metrics._FILES_BEFORE_COMPACTION + 5) * len(
        DayReport(DAYS[0]).metrics
    )


def test_columns_have_their_comments(tmp_path: Path) -> None:
    metrics.record(tmp_path, RunMetrics("one", "raw_feed_files", [DayReport(DAYS[0])]))
    table = DeltaTable(tmp_path / DQ_METRICS.name)
    assert [(field.name, field.metadata["comment"]) for field in table.schema().fields] == [
        (column.name, column.comment) for column in DQ_METRICS.columns
    ]
    assert table.metadata().description == DQ_METRICS.comment


@given(
    st.builds(
        DayReport,
        day=st.just(DAYS[0]),
        rows_in=st.integers(0, 99),
        kept=st.integers(0, 99),
        reasons=st.dictionaries(st.sampled_from(("a_rule", "b_rule")), st.integers(1, 9)),
        warnings=st.dictionaries(st.sampled_from(("a_rule", "c_rule")), st.integers(1, 9)),
        details=st.dictionaries(st.sampled_from(("inserted", "snapshots")), st.integers(0, 9)),
    )
)
def test_no_number_of_a_report_is_left_out(report: DayReport) -> None:
    measured = report.metrics
    assert measured["rows_in", None] == report.rows_in
    assert measured["kept", None] == report.kept
    for metric, counts in (("dropped", report.reasons), ("warned", report.warnings)):
        for rule, count in counts.items():
            assert measured[metric, rule] == count
    assert all(measured[name, None] == count for name, count in report.details.items())
