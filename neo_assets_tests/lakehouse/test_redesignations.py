"""A numbered object whose designation NASA replaces: two keys, one object."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from neo_assets.dashboard.data import dashboard_data
from neo_assets.dashboard.tables import read_tables
from neo_assets.lakehouse.model.tables import GOLD_DIM_NEO, GOLD_NEO_REVISION
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms.revisions import predictions

from .feed_objects import FeedObject, feed_object, fetched, land, rows_of, run, tables_of
from .fixtures import copied_lakehouse, lakehouse_in
from .plain_reading import surrogate_key

DAY, OTHER_DAY = date(2024, 4, 5), date(2024, 6, 1)
OLD, NEW = "1918 DB", "A918 AA"
FIRST, SECOND = fetched(0), fetched(48)


def alinda(day: date, designation: str, **changes: Any) -> FeedObject:
    return feed_object(day, id="2000887", name=f"887 Alinda ({designation})", **changes)


def event_key(day: date, designation: str) -> int:
    return surrogate_key(f"{day}|Earth|{designation}")


@pytest.fixture(scope="module")
def redesignated(
    spark: SparkSession, empty: Path, tmp_path_factory: pytest.TempPathFactory
) -> Lakehouse:
    """One day answered four days before it and again two days before, another one once."""
    lakehouse = copied_lakehouse(spark, empty, tmp_path_factory.mktemp("lakehouse"))
    for at, designation, days in ((FIRST, OLD, (DAY, OTHER_DAY)), (SECOND, NEW, (DAY,))):
        land(lakehouse, {day: [(at, [alinda(day, designation)])] for day in days})
        _, _, in_gold = run(lakehouse, days)
        assert all(report.details["foreign_keys_missing"] == 0 for report in in_gold.values())
    return lakehouse


def test_the_new_approach_is_linked_to_the_withdrawn_one(redesignated: Lakehouse) -> None:
    revisions = sorted(
        (row for row in rows_of(redesignated, "gold_neo_revision") if row["date_key"] == 20240405),
        key=lambda row: (row["designation"], row["revision"]),
    )
    old, new = event_key(DAY, OLD), event_key(DAY, NEW)
    assert [
        (row["neo_event_key"], row["what"], row["moved_from"], row["moved_to"]) for row in revisions
    ] == [(old, "first", None, None), (old, "withdrawn", None, new), (new, "first", old, None)]
    facts = {row["neo_event_key"]: row for row in rows_of(redesignated, "gold_neo_fact")}
    assert {key: row["is_withdrawn"] for key, row in facts.items()} == {
        old: True,
        new: False,
        event_key(OTHER_DAY, OLD): False,
    }


def test_the_dimension_has_one_current_row(redesignated: Lakehouse) -> None:
    rows = [row for row in rows_of(redesignated, "gold_dim_neo") if row["neo_key"] != -1]
    old, new = surrogate_key(OLD), surrogate_key(NEW)
    columns = ("neo_key", "valid_from", "valid_to", "is_current", "is_latest", "current_neo_key")
    assert sorted((tuple(row[name] for name in columns) for row in rows), key=lambda it: it[1]) == [
        (old, FIRST, SECOND, False, True, new),
        (new, SECOND, None, True, True, new),
    ]
    # The way that the README describes: each fact finds one row, and over it the current one.
    joined = redesignated.spark.sql(f"""
        SELECT fact.designation, current.designation AS current_designation
        FROM delta.`{tables_of(redesignated)}/gold_neo_fact` AS fact
        JOIN delta.`{tables_of(redesignated)}/gold_dim_neo` AS neo
          ON neo.neo_key = fact.neo_key AND neo.is_latest
        JOIN delta.`{tables_of(redesignated)}/gold_dim_neo` AS current
          ON current.neo_key = neo.current_neo_key AND current.is_current
    """).collect()
    assert sorted(map(tuple, joined)) == [(OLD, NEW), (OLD, NEW), (NEW, NEW)]


def test_nothing_counts_it_twice(redesignated: Lakehouse) -> None:
    gold = read_tables(tables_of(redesignated))
    shown = dashboard_data(gold, DAY)
    assert (shown.approaches, shown.objects, shown.withdrawn) == (2, 1, 1)
    assert [it.designation for it in shown.upcoming] == [NEW]

    query = predictions(redesignated.backend.identifier(GOLD_NEO_REVISION), [3, 2])
    found = [
        (row.days_before, row.predicted_event_key, row.event_key, row.days_off)
        for row in redesignated.spark.sql(query).collect()
    ]
    assert sorted(found) == sorted(
        [
            (3, event_key(DAY, OLD), event_key(DAY, NEW), 0),
            (2, event_key(DAY, NEW), event_key(DAY, NEW), 0),
            *((days, event_key(OTHER_DAY, OLD), event_key(OTHER_DAY, OLD), 0) for days in (3, 2)),
        ]
    )


def test_objects_without_a_number_are_distinguished_by_designation(lakehouse: Lakehouse) -> None:
    """The same identifier, if it is none of a numbered object, ties nothing together."""
    for hour, designation in enumerate((OLD, NEW)):
        land(lakehouse, {DAY: [(fetched(hour), [feed_object(DAY, designation)])]})
        run(lakehouse, [DAY])
    rows = rows_of(lakehouse, "gold_neo_revision")
    assert {(row["moved_from"], row["moved_to"]) for row in rows} == {(None, None)}
    current = [row for row in rows_of(lakehouse, "gold_dim_neo") if row["is_current"]]
    assert {row["designation"] for row in current} == {OLD, NEW, "unknown"}


def test_an_older_dimension_has_its_new_columns_filled(spark: SparkSession, tmp_path: Path) -> None:
    older = replace(
        GOLD_DIM_NEO,
        columns=tuple(
            column
            for column in GOLD_DIM_NEO.columns
            if column.name not in ("is_latest", "current_neo_key")
        ),
    )
    lakehouse = lakehouse_in(spark, tmp_path)
    lakehouse.ensure_tables([older])
    spark.sql(
        f"INSERT INTO {lakehouse.backend.identifier(older)} (neo_key, designation, is_current) "
        "VALUES (7, '433', false), (7, '433', true)"
    ).collect()
    for _ in range(2):
        lakehouse.ensure_tables([GOLD_DIM_NEO])
    rows = rows_of(lakehouse, GOLD_DIM_NEO.name)
    assert sorted(
        (row["is_current"], row["is_latest"], row["current_neo_key"]) for row in rows
    ) == [
        (False, False, 7),
        (True, True, 7),
    ]
