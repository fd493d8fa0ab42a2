"""Histories of days through all three layers, held against a plain reading of the contract."""

import random
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.storage import Lakehouse

from .feed_objects import FeedObject, Snapshot, feed_object, fetched, land, rows_of, run, version_of
from .plain_reading import Day, Key, Row, read_day

FIRST = date(2024, 3, 1)
DESIGNATIONS = ("2024 AA1", "2024 AB2", "2005 YQ96", "1999 JM8", "433", "2010 CA55")

Histories = dict[date, list[Snapshot]]


def random_object(chance: random.Random, day: date, designation: str) -> FeedObject:
    """One version of an object: sound in most cases, and in few of its many possible contents."""
    number = 3_000_000 + DESIGNATIONS.index(designation)
    item = feed_object(
        day,
        designation,
        id=str(number),
        absolute_magnitude_h=chance.choice((18.1, 22.5, 26.0)),
        is_potentially_hazardous_asteroid=chance.random() < 0.3,
    )
    approach = item["close_approach_data"][0]
    approach["miss_distance"]["lunar"] = chance.choice(("0.05", "0.5", "3.1", "19.4", "100"))
    if chance.random() < 0.25:
        defects: list[FeedObject] = [
            {"relative_velocity": {}},
            {"relative_velocity": {"kilometers_per_second": "-3.2"}},
            {"miss_distance": {"kilometers": "NaN", "lunar": "0.5"}},
            {"close_approach_date": "soon"},
            {"close_approach_date": (day + timedelta(days=1)).isoformat()},
            {"orbiting_body": ""},
        ]
        approach.update(chance.choice(defects))
    if chance.random() < 0.1:
        approach["close_approach_date_full"] = "unknown"
    return item


def random_snapshot(chance: random.Random, day: date) -> list[FeedObject]:
    objects: list[FeedObject] = []
    for designation in DESIGNATIONS:
        if chance.random() < 0.6:
            item = random_object(chance, day, designation)
            objects.append(item)
            if chance.random() < 0.15:
                objects.append(item)
            if chance.random() < 0.15:
                # Just numbered: the same object under its new id as well.
                numbered = random_object(chance, day, designation)
                number = 2_000_000 + DESIGNATIONS.index(designation)
                objects.append(numbered | {"id": str(number), "neo_reference_id": str(number)})
    chance.shuffle(objects)
    return objects


def random_histories(seed: int, days: int) -> Histories:
    chance = random.Random(seed)
    histories: Histories = {}
    for number in range(days):
        day = FIRST + timedelta(days=number)
        snapshots: list[Snapshot] = []
        for hour in range(chance.randint(1, 5)):
            objects = random_snapshot(chance, day)
            same = [sorted(map(repr, said)) for _, said in snapshots[-1:]]
            # The landing zone lands no snapshot that repeats the one before.
            if sorted(map(repr, objects)) not in same:
                snapshots.append((fetched(hour), objects))
        histories[day] = snapshots
    return histories


def by_key(rows: Sequence[Row], columns: Sequence[str]) -> dict[Key, Row]:
    found = {
        (row["designation"], row["close_approach_date"], row["orbiting_body"]): {
            name: row[name] for name in columns
        }
        for row in rows
    }
    assert len(found) == len(rows)
    return found


def columns_of(rows: dict[Key, Row]) -> list[str]:
    return list(next(iter(rows.values()))) if rows else []


def standing(days: dict[date, Day], layer: str) -> dict[Key, Row]:
    return {key: row for day in days.values() for key, row in getattr(day, layer).items()}


def assert_tables_agree(lakehouse: Lakehouse, expected: dict[date, Day]) -> None:
    for table, layer in (("silver_neo_events", "silver"), ("gold_neo_fact", "gold")):
        rows = standing(expected, layer)
        assert by_key(rows_of(lakehouse, table), columns_of(rows)) == rows


def assert_reports_agree(reports: dict[date, DayReport], expected: dict[date, Day]) -> None:
    for day, plain in expected.items():
        report = reports[day]
        classes = {name: getattr(report, name) for name in plain.classes}
        assert classes == dict(plain.classes), (day, asdict(report))
        assert report.reasons == dict(plain.reasons)
        assert report.rows_in == plain.classes.total()
        assert report.unaccounted == report.rows_lost == report.rows_doubled == 0


def test_random_histories_at_once(lakehouse: Lakehouse) -> None:
    histories = random_histories(seed=1, days=120)
    land(lakehouse, histories)
    in_bronze, in_silver, in_gold = run(lakehouse, histories)
    expected = {day: read_day(day, snapshots) for day, snapshots in histories.items()}

    assert_tables_agree(lakehouse, expected)
    assert_reports_agree(in_silver, expected)
    for day, plain in expected.items():
        assert in_bronze[day].rows_in == in_bronze[day].rows_out == plain.classes.total()
        assert in_bronze[day].unaccounted == 0
        assert in_gold[day].rows_in == in_gold[day].rows_out == len(plain.gold)
        assert in_gold[day].kept == sum(not row["is_withdrawn"] for row in plain.gold.values())
    quarantine = rows_of(lakehouse, "silver_neo_quarantine")
    assert len(quarantine) == sum(plain.classes["dropped"] for plain in expected.values())
    assert all(row["reasons"] and row["payload"] and row["run_id"] for row in quarantine)


def test_any_order_and_split_of_arrival_ends_in_the_same_tables(lakehouse: Lakehouse) -> None:
    histories = random_histories(seed=3, days=9)
    chance = random.Random(4)
    for hour in range(3):
        # The last round brings all that is left, several snapshots of a day at once.
        some_at_once = slice(hour, hour + 1 if hour < 2 else None)
        arrived = {day: said[some_at_once] for day, said in histories.items() if said[hour:]}
        waiting = list(arrived)
        chance.shuffle(waiting)
        while waiting:
            some, waiting = waiting[:5], waiting[5:]
            land(lakehouse, {day: arrived[day] for day in some})
            run(lakehouse, some)
    assert_tables_agree(
        lakehouse, {day: read_day(day, snapshots) for day, snapshots in histories.items()}
    )

    tables = ("silver_neo_versions", "silver_neo_events", "silver_neo_quarantine", "gold_neo_fact")
    before: dict[str, Any] = {table: version_of(lakehouse, table) for table in tables}
    _, _, in_gold = run(lakehouse, histories)
    assert {table: version_of(lakehouse, table) for table in tables} == before
    assert all(report.details["unchanged"] == report.rows_in for report in in_gold.values())
