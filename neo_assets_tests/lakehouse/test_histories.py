"""Histories of days through all layers, compared with a plain reading of the contract."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pytest

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store.storage import Lakehouse

from .feed_objects import FeedObject, Snapshot, feed_object, fetched, land, rows_of, run, version_of
from .plain_reading import Day, Key, Row, objects_of, read_day, revisions_of

FIRST = date(2024, 3, 1)
DESIGNATIONS = ("2024 AA1", "2024 AB2", "2005 YQ96", "1999 JM8", "433", "2010 CA55")
REPLACED = {"2005 YQ96": "A905 YA", "433": "A898 PA"}
"""Of some objects that have a number, another designation under which they are listed at times."""

BUSINESS_KEY = ("designation", "close_approach_date", "orbiting_body")
GOLD = ("gold_neo_fact", "gold_dim_neo", "gold_dim_date", "gold_neo_revision")
SILVER = ("silver_neo_versions", "silver_neo_events", "silver_neo_quarantine")

Histories = dict[date, list[Snapshot]]


def random_object(chance: random.Random, day: date, designation: str) -> FeedObject:
    """One version of an object: sound in most cases, and in few of its many possible contents."""
    number = 3_000_000 + DESIGNATIONS.index(designation)
    item = feed_object(
        day,
        designation,
        id=str(number),
        absolute_magnitude_h=chance.choice((18.1, 22.5, 26.2)),
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


def with_more_approaches(histories: Histories, seed: int) -> Histories:
    """The same objects, some with further approaches, of the same day or of another one."""
    chance = random.Random(seed)

    def more(item: FeedObject, day: date) -> FeedObject:
        approaches = list(item["close_approach_data"])
        for _ in range(chance.choice((0, 0, 0, 1, 2))):
            changes = {
                "orbiting_body": chance.choice(("Earth", "Moon")),
                "close_approach_date": str(day + timedelta(days=chance.choice((0, 0, 9)))),
            }
            approaches.insert(chance.randint(0, 1), approaches[0] | changes)
        return item | {"close_approach_data": approaches}

    return {
        day: [(fetched_at, [more(item, day) for item in objects]) for fetched_at, objects in said]
        for day, said in histories.items()
    }


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
                if numbered["absolute_magnitude_h"] < 20 and designation in REPLACED:
                    numbered["name"] = f"({REPLACED[designation]})"
                objects.append(numbered | {"id": str(number), "neo_reference_id": str(number)})
    chance.shuffle(objects)
    return objects


def random_histories(seed: int, days: int, days_apart: int = 1) -> Histories:
    chance = random.Random(seed)
    histories: Histories = {}
    for number in range(days):
        day = FIRST + timedelta(days=number * days_apart)
        snapshots: list[Snapshot] = []
        for hour in range(chance.randint(1, 5)):
            objects = random_snapshot(chance, day)
            same = [sorted(map(repr, said)) for _, said in snapshots[-1:]]
            # The landing zone lands no snapshot that repeats the one before.
            if sorted(map(repr, objects)) not in same:
                # Some days are fetched by one call, others later.
                minutes = timedelta(minutes=20 * (number % 3))
                snapshots.append((fetched(hour) + minutes, objects))
        histories[day] = snapshots
    return histories


def by_key(rows: Sequence[Row], key: Sequence[str] = BUSINESS_KEY) -> dict[Any, Row]:
    found = {tuple(row[name] for name in key): row for row in rows}
    assert len(found) == len(rows)
    return found


def current_rows(days: dict[date, Day], layer: str) -> dict[Key, Row]:
    return {key: row for day in days.values() for key, row in getattr(day, layer).items()}


def assert_tables_agree(lakehouse: Lakehouse, expected: dict[date, Day]) -> None:
    for table, layer in (("silver_neo_events", "silver"), ("gold_neo_fact", "gold")):
        rows = current_rows(expected, layer)
        columns = next(iter(rows.values())).keys()
        found = by_key(rows_of(lakehouse, table)).items()
        assert {key: {name: row[name] for name in columns} for key, row in found} == rows
    assert_revisions_agree(lakehouse, expected)


def assert_revisions_agree(lakehouse: Lakehouse, expected: dict[date, Day]) -> None:
    revisions = by_key(rows_of(lakehouse, "gold_neo_revision"), ("neo_event_key", "revision"))
    assert revisions == revisions_of(expected.values())
    for fact in rows_of(lakehouse, "gold_neo_fact"):
        of_fact = [row for key, row in sorted(revisions.items()) if key[0] == fact["neo_event_key"]]
        assert of_fact[0]["seen_at"] == fact["first_seen_at"]
        assert of_fact[-1]["seen_at"] == fact["last_changed_at"]
        assert (of_fact[-1]["what"] == "withdrawn") == fact["is_withdrawn"]
        assert all(of_fact[-1][name] == fact[name] for name in fact.keys() & of_fact[-1].keys())


def assert_dimensions_agree(lakehouse: Lakehouse, histories: Histories) -> None:
    objects = by_key(rows_of(lakehouse, "gold_dim_neo"), ("neo_key", "valid_from"))
    unknown = [key for key, row in objects.items() if row["neo_key"] == -1]
    assert [(objects[key]["name"], objects.pop(key)["is_current"]) for key in unknown] == [
        ("unknown", True)
    ]
    assert objects == objects_of(histories)


def assert_reports_agree(reports: dict[date, DayReport], expected: dict[date, Day]) -> None:
    for day, plain in expected.items():
        report = reports[day]
        classes = {name: getattr(report, name) for name in plain.classes}
        assert classes == dict(plain.classes), (day, asdict(report))
        assert report.reasons == dict(plain.reasons)
        assert report.rows_in == plain.classes.total()
        assert report.unaccounted == report.rows_lost == report.rows_duplicated == 0


def test_random_histories_at_once(lakehouse: Lakehouse) -> None:
    histories = with_more_approaches(random_histories(seed=1, days=120), seed=2)
    land(lakehouse, histories)
    in_bronze, in_silver, in_gold = run(lakehouse, histories)
    expected = {day: read_day(day, snapshots) for day, snapshots in histories.items()}

    assert_tables_agree(lakehouse, expected)
    assert_dimensions_agree(lakehouse, histories)
    assert_reports_agree(in_silver, expected)
    for day, plain in expected.items():
        objects = sum(len(listed) for _, listed in histories[day])
        assert in_bronze[day].rows_in == in_bronze[day].rows_out == objects
        assert in_silver[day].rows_received == objects
        assert in_bronze[day].unaccounted == 0
        assert in_gold[day].rows_in == in_gold[day].rows_out == len(plain.gold)
        assert in_gold[day].kept == sum(not row["is_withdrawn"] for row in plain.gold.values())
        assert in_gold[day].details["revisions"] == sum(map(len, plain.revisions.values()))
        assert in_gold[day].details["foreign_keys_missing"] == 0
    quarantine = rows_of(lakehouse, "silver_neo_quarantine")
    assert len(quarantine) == sum(plain.classes["dropped"] for plain in expected.values())
    assert all(row["reasons"] and row["payload"] and row["run_id"] for row in quarantine)


def arrivals(histories: Histories) -> Iterator[tuple[slice, list[date]]]:
    """One day alone and the others together; then all that is left, and the last day alone."""
    first, rest = slice(0, 1), slice(1, None)
    days = random.Random(4).sample(list(histories), len(histories))
    yield first, days[:1]
    yield first, days[1:]
    yield rest, days[:-1]
    yield rest, days[-1:]


@pytest.mark.timeout(900)
def test_any_order_and_split_of_arrival_ends_in_the_same_tables(lakehouse: Lakehouse) -> None:
    # Of this seed, a publication of the last day that looked around less far would miss a move.
    histories = random_histories(seed=72, days=12, days_apart=6)
    for arriving, days in arrivals(histories):
        land(lakehouse, {day: histories[day][arriving] for day in days})
        run(lakehouse, days)
    assert_tables_agree(
        lakehouse, {day: read_day(day, snapshots) for day, snapshots in histories.items()}
    )
    assert_dimensions_agree(lakehouse, histories)

    tables = (*SILVER, *GOLD)
    before: dict[str, Any] = {table: version_of(lakehouse, table) for table in tables}
    _, _, in_gold = run(lakehouse, histories)
    assert {table: version_of(lakehouse, table) for table in tables} == before
    assert all(report.details["unchanged"] == report.rows_in for report in in_gold.values())
