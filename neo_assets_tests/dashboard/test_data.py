"""What is shown equals queries on gold."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neo_assets.dashboard.data import DashboardData, dashboard_data
from neo_assets.dashboard.tables import Approach, Gold, Measurement, read_tables
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.lakehouse.report import RowClass
from neo_assets_tests.dashboard.lakehouses import TODAY, fact, write
from neo_assets_tests.dashboard.queries import Queries
from neo_assets_tests.lakehouse.plain_reading import RISK_NAMES

CURRENT = "(SELECT * FROM gold_neo_fact WHERE NOT is_withdrawn)"
UPCOMING = f"""(SELECT *, sqrt(estimated_diameter_min_m * estimated_diameter_max_m) AS diameter
    FROM {CURRENT} WHERE close_approach_date BETWEEN '{TODAY}' AND '{TODAY + timedelta(7)}')"""
AROUND = f"""(SELECT * FROM {CURRENT}
    WHERE close_approach_date BETWEEN '{TODAY - timedelta(30)}' AND '{TODAY + timedelta(7)}')"""


@pytest.fixture(scope="module")
def shown(tables: Path) -> DashboardData:
    return dashboard_data(read_tables(tables), TODAY)


@pytest.fixture(scope="module")
def gold(tables: Path) -> Queries:
    return Queries(tables)


def test_the_sample_has_something_of_everything(shown: DashboardData) -> None:
    assert shown.withdrawn and shown.upcoming and shown.attention and shown.errors
    assert len(shown.months) == 4 and len(shown.quality) > 50 and shown.dropped_by_rule
    assert any(size == "unknown" for size, _ in shown.bands)


def test_the_totals(shown: DashboardData, gold: Queries) -> None:
    assert gold.rows(
        f"""SELECT count(*), count(DISTINCT designation), min(close_approach_date),
            max(close_approach_date) FROM {CURRENT}"""
    ) == [(shown.approaches, shown.objects, shown.first_day, shown.last_day)]
    assert shown.withdrawn == gold.value("SELECT count(*) FROM gold_neo_fact WHERE is_withdrawn")


def test_upcoming_approaches(shown: DashboardData, gold: Queries) -> None:
    assert gold.rows(f"SELECT count(*), count_if(is_potentially_hazardous) FROM {UPCOMING}") == [
        (len(shown.upcoming), shown.hazardous)
    ]
    in_time = "close_approach_date, close_approach_at NULLS FIRST, designation"
    assert [it.designation for it in shown.upcoming] == column(
        gold, f"SELECT designation FROM {UPCOMING} ORDER BY {in_time}"
    )
    assert [it.miss_distance_lunar for it in shown.closest] == column(
        gold, f"SELECT miss_distance_lunar FROM {UPCOMING} ORDER BY 1"
    )
    assert shown.largest and shown.fastest
    assert (shown.largest.diameter_m, shown.fastest.relative_velocity_km_s) == gold.rows(
        f"SELECT max(diameter), max(relative_velocity_km_s) FROM {UPCOMING}"
    )[0]


def test_what_deserves_attention(shown: DashboardData, gold: Queries) -> None:
    ranks = " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(RISK_NAMES))
    assert [(it.designation, it.risk_band) for it in shown.attention] == gold.rows(
        f"""SELECT designation, risk_band FROM {AROUND}
        WHERE risk_band IN ('moderate', 'elevated', 'high')
        ORDER BY CASE risk_band {ranks} END DESC, miss_distance_lunar"""
    )
    assert len(shown.around) == gold.value(f"SELECT count(*) FROM {AROUND}")


def test_months_and_bands(shown: DashboardData, gold: Queries) -> None:
    month = "date_trunc('month', close_approach_date)::DATE"
    assert [
        (it.first_day, it.approaches, it.closest.miss_distance_lunar) for it in shown.months
    ] == gold.rows(
        f"""SELECT {month}, count(*), min(miss_distance_lunar) FROM {CURRENT}
        GROUP BY 1 ORDER BY 1"""
    )
    assert sorted(
        (it.first_day, band, count) for it in shown.months for band, count in it.by_distance.items()
    ) == gold.rows(
        f"""SELECT {month}, distance_band, count(*) FROM {CURRENT}
        GROUP BY 1, 2 ORDER BY 1, 2"""
    )
    assert sorted((*bands, count) for bands, count in shown.bands.items()) == gold.rows(
        f"SELECT size_band, velocity_band, count(*) FROM {CURRENT} GROUP BY 1, 2 ORDER BY 1, 2"
    )


def test_the_quality_is_the_newest_report_of_each_day(shown: DashboardData, gold: Queries) -> None:
    newest = f"""(SELECT * FROM dq_metrics WHERE asset = 'silver_neo_events'
        AND partition_date BETWEEN '{TODAY - timedelta(59)}' AND '{TODAY}'
        QUALIFY measured_at = max(measured_at) OVER (PARTITION BY partition_date))"""
    classes = ", ".join(
        f"sum(value) FILTER (metric = '{name}' AND rule IS NULL)" for name in ("rows_in", *RowClass)
    )
    assert [
        (it.day, it.rows_in, *(it.classes[name] for name in RowClass)) for it in shown.quality
    ] == gold.rows(f"SELECT partition_date, {classes} FROM {newest} GROUP BY 1 ORDER BY 1")
    assert sorted(shown.dropped_by_rule.items()) == gold.rows(
        f"""SELECT rule, sum(value)::INT FROM {newest} WHERE metric = 'dropped'
        AND rule IS NOT NULL GROUP BY 1 ORDER BY 1"""
    )
    assert shown.rows_in == sum(shown.classes.values())
    # The tables hold another report of the same days, which must not be counted.
    assert shown.rows_in < gold.value("SELECT sum(value) FROM dq_metrics WHERE metric = 'rows_in'")


DAYS = st.integers(-45, 45).map(lambda number: TODAY + timedelta(number))


@given(st.lists(st.tuples(DAYS, st.booleans(), st.sampled_from(RISK_NAMES))))
@settings(max_examples=200)
def test_each_approach_is_counted_once(rows: list[tuple[date, bool, str]]) -> None:
    approaches = tuple(
        approach(
            designation=str(number),
            close_approach_date=day,
            close_approach_at=None,
            is_withdrawn=is_withdrawn,
            risk_band=risk,
        )
        for number, (day, is_withdrawn, risk) in enumerate(rows)
    )
    shown = dashboard_data(Gold(approaches), TODAY)
    assert shown.approaches + shown.withdrawn == len(rows)
    assert sum(it.approaches for it in shown.months) == shown.approaches
    assert sum(shown.bands.values()) == shown.approaches
    current = {(str(n), d, r) for n, (d, is_gone, r) in enumerate(rows) if not is_gone}
    assert {it.designation for it in shown.upcoming} == {
        name for name, day, _ in current if 0 <= (day - TODAY).days <= 7
    }
    assert {it.designation for it in shown.attention} == {
        name
        for name, day, risk in current
        if -30 <= (day - TODAY).days <= 7 and risk in ("moderate", "elevated", "high")
    }


def test_an_empty_lakehouse(tmp_path: Path) -> None:
    assert read_tables(tmp_path) == Gold()
    shown = dashboard_data(Gold(), TODAY)
    assert (shown.approaches, shown.first_day, shown.closest, shown.largest) == (0, None, (), None)
    assert not (shown.months or shown.errors or shown.quality or shown.bands)


def test_sizes_that_are_not_known(tmp_path: Path) -> None:
    unknown = fact(estimated_diameter_min_m=None, size_band="unknown", close_approach_at=None)
    write(tmp_path, GOLD_NEO_FACT, [unknown])
    (approach,) = read_tables(tmp_path).approaches
    assert approach.diameter_m is None and approach.close_approach_at is None
    assert dashboard_data(read_tables(tmp_path), TODAY).largest == approach


def test_only_silver_is_asked_for_quality() -> None:
    def measured(asset: str, day: date) -> Measurement:
        return Measurement(
            "run", asset, day, "rows_in", None, 5, datetime(2024, 5, 20, tzinfo=timezone.utc)
        )

    rows = (
        measured("silver_neo_events", TODAY - timedelta(59)),
        measured("silver_neo_events", TODAY - timedelta(60)),
        measured("silver_neo_events", TODAY + timedelta(1)),
        measured("gold_neo_fact", TODAY),
    )
    shown = dashboard_data(Gold(measurements=rows), TODAY)
    assert [it.day for it in shown.quality] == [TODAY - timedelta(59)]


def approach(**changes: object) -> Approach:
    row = fact(**changes)
    return Approach(**{name: row[name] for name in Approach.__dataclass_fields__})


def column(gold: Queries, sql: str) -> list[object]:
    return [value for (value,) in gold.rows(sql)]
