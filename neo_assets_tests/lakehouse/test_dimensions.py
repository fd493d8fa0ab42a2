"""The calendar, and what the history of an object costs and refuses."""

from datetime import date, timedelta
from typing import Any

import pytest
from deltalake import DeltaTable

from neo_assets.lakehouse.model.tables import GOLD_DIM_DATE, GOLD_DIM_NEO, GOLD_NEO_FACT
from neo_assets.lakehouse.store.storage import Lakehouse, LakehouseError
from neo_assets.lakehouse.transforms import dimensions

from .feed_objects import feed_object, fetched, land, rows_of, run, tables_of, version_of
from .plain_reading import surrogate_key

FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 2)


def as_python_has_it(day: date) -> dict[str, Any]:
    week_year, week, day_of_week = day.isocalendar()
    return {
        "date_key": int(f"{day:%Y%m%d}"),
        "date": day,
        "year": day.year,
        "quarter": (day.month + 2) // 3,
        "month": day.month,
        "month_name": f"{day:%B}",
        "week": week,
        "week_year": week_year,
        "day_of_month": day.day,
        "day_of_year": day.timetuple().tm_yday,
        "day_of_week": day_of_week,
        "day_name": f"{day:%A}",
    }


def test_the_calendar_covers_whole_decades_and_grows_only_when_it_must(
    lakehouse: Lakehouse,
) -> None:
    assert dimensions.extend_calendar(lakehouse, [FIRST]) == 18_263
    version = version_of(lakehouse, "gold_dim_date")
    assert dimensions.extend_calendar(lakehouse, [date(2000, 1, 1), date(2049, 12, 31)]) == 0
    assert version_of(lakehouse, "gold_dim_date") == version
    assert dimensions.extend_calendar(lakehouse, [date(2050, 1, 1), date(1994, 5, 5)]) > 0

    rows = sorted(rows_of(lakehouse, "gold_dim_date"), key=lambda row: row["date"])
    first, days = date(1990, 1, 1), (date(2060, 1, 1) - date(1990, 1, 1)).days
    assert rows == [as_python_has_it(first + timedelta(number)) for number in range(days)]


def test_only_the_files_of_objects_that_changed_are_written(lakehouse: Lakehouse) -> None:
    def files() -> set[str]:
        return set(DeltaTable(tables_of(lakehouse) / "gold_dim_neo").file_uris())

    land(lakehouse, {FIRST: [(fetched(0), [feed_object(FIRST, "2024 AA1")])]})
    land(lakehouse, {SECOND: [(fetched(0), [feed_object(SECOND, "2024 AB2")])]})
    run(lakehouse, [FIRST])
    of_first = files()
    # The object, and the unknown one.
    compared = dimensions.compare_objects(lakehouse, [FIRST])
    assert [*compared.values("change")] == [("unchanged",)] * 2
    run(lakehouse, [SECOND])
    assert of_first < files()

    brighter = feed_object(SECOND, "2024 AB2", absolute_magnitude_h=19.5)
    land(lakehouse, {SECOND: [(fetched(1), [brighter])]})
    run(lakehouse, [FIRST, SECOND])
    assert of_first < files()
    history = [row for row in rows_of(lakehouse, "gold_dim_neo") if row["name"] == "(2024 AB2)"]
    assert sorted(
        (row["valid_from"], row["valid_to"], row["is_current"], row["absolute_magnitude_h"])
        for row in history
    ) == [(fetched(0), fetched(1), False, 21.34), (fetched(1), None, True, 19.5)]


def test_objects_with_the_same_key_are_found(lakehouse: Lakehouse) -> None:
    land(lakehouse, {FIRST: [(fetched(0), [feed_object(FIRST, "2024 AA1")])]})
    run(lakehouse, [FIRST])
    lakehouse.spark.sql(
        f"UPDATE {lakehouse.backend.identifier(GOLD_DIM_NEO)} SET designation = '1999 ZZ9' "
        "WHERE designation = '2024 AA1'"
    ).collect()
    before = rows_of(lakehouse, "gold_dim_neo")
    with pytest.raises(LakehouseError, match="'1999 ZZ9' and '2024 AA1' have the same neo_key"):
        run(lakehouse, [FIRST])
    assert rows_of(lakehouse, "gold_dim_neo") == before


@pytest.mark.parametrize("day", [FIRST, SECOND], ids=["same day", "another day"])
def test_approaches_with_the_same_key_are_found(lakehouse: Lakehouse, day: date) -> None:
    land(lakehouse, {FIRST: [(fetched(0), [feed_object(FIRST, "2024 AA1")])]})
    run(lakehouse, [FIRST])
    coming = f"{day}|Earth|2024 AB2"
    lakehouse.spark.sql(
        f"UPDATE {lakehouse.backend.identifier(GOLD_NEO_FACT)} "
        f"SET neo_event_key = {surrogate_key(coming)}"
    ).collect()
    star = ("gold_dim_neo", "gold_neo_fact", "gold_neo_revision")
    before = {table: version_of(lakehouse, table) for table in star}
    land(lakehouse, {day: [(fetched(1), [feed_object(day, "2024 AB2")])]})
    with pytest.raises(LakehouseError, match="have the same neo_event_key") as found:
        run(lakehouse, [day])
    assert f"'{FIRST}|Earth|2024 AA1'" in str(found.value) and f"'{coming}'" in str(found.value)
    assert {table: version_of(lakehouse, table) for table in star} == before


def test_a_fact_without_its_day_in_the_calendar_is_counted(lakehouse: Lakehouse) -> None:
    land(lakehouse, {FIRST: [(fetched(0), [feed_object(FIRST)])], SECOND: [(fetched(0), [])]})
    run(lakehouse, [FIRST])
    lakehouse.spark.sql(
        f"DELETE FROM {lakehouse.backend.identifier(GOLD_DIM_DATE)} WHERE date = DATE'{FIRST}'"
    ).collect()
    _, _, in_gold = run(lakehouse, [FIRST, SECOND])
    missing = {day: report.details["foreign_keys_missing"] for day, report in in_gold.items()}
    assert missing == {FIRST: 1, SECOND: 0}


def test_an_object_only_ever_seen_in_dropped_rows_is_no_member(lakehouse: Lakehouse) -> None:
    item = feed_object(FIRST, relative_velocity=None)
    land(lakehouse, {FIRST: [(fetched(0), [item])]})
    run(lakehouse, [FIRST])
    assert [row["neo_key"] for row in rows_of(lakehouse, "gold_dim_neo")] == [-1]
