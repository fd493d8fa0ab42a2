"""Revisions of approaches that change, vanish, come back and move, and predictions."""

import gzip
import json
from datetime import date, datetime, timedelta, timezone
from typing import Any

from neo_assets.lakehouse.model.tables import GOLD_NEO_REVISION
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms.revisions import predictions
from neo_assets_tests.real_data import CAPTURES, VINTAGE_2020, needs_real_data

from .feed_objects import FeedObject, feed_object, fetched, land, rows_of, run
from .plain_reading import surrogate_key

FIRST = date(2024, 3, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def event_key(when: date, designation: str) -> int:
    return surrogate_key(f"{when}|Earth|{designation}")


def revisions_of(lakehouse: Lakehouse, designation: str) -> list[dict[str, Any]]:
    rows = rows_of(lakehouse, "gold_neo_revision")
    return sorted(
        (row for row in rows if row["designation"] == designation),
        key=lambda row: (row["close_approach_date"], row["revision"]),
    )


def moves(lakehouse: Lakehouse, designation: str) -> list[tuple[Any, ...]]:
    keys = {event_key(day(number), designation): number for number in range(30)}
    return [
        (
            (row["close_approach_date"] - FIRST).days,
            row["what"],
            keys.get(row["moved_from"]),
            keys.get(row["moved_to"]),
        )
        for row in revisions_of(lakehouse, designation)
    ]


def test_moves(lakehouse: Lakehouse) -> None:
    """Days 0, 1, 2, 7 and 8, listed at 0, 1, 2 and 3 hours; a designation names the days."""
    listed: dict[str, tuple[tuple[int, ...], ...]] = {
        "to the next day": ((0,), (1,), (1,), (1,)),
        "there and back": ((0,), (1,), (0,), (0,)),
        "on and on": ((0,), (2,), (1,), (7,)),
        "as far as can be": ((0,), (7,), (7,), (7,)),
        "too far": ((0,), (8,), (8,), (8,)),
        "passes twice": ((0, 1), (1,), (1,), (1,)),
        "gone in between": ((0,), (), (1,), (1,)),
        "gone for good": ((0,), (), (), ()),
    }
    for number in (0, 1, 2, 7, 8):
        for hour in range(4):
            present = [name for name, days in listed.items() if number in days[hour]]
            always = feed_object(day(number), "always", absolute_magnitude_h=20.0 + hour)
            objects = [always, *(feed_object(day(number), name) for name in present)]
            land(lakehouse, {day(number): [(fetched(hour), objects)]})
    # The other end of a move may be published long before or after.
    for number in (8, 0, 2, 7, 1):
        run(lakehouse, [day(number)])

    assert moves(lakehouse, "to the next day") == [
        (0, "first", None, None),
        (0, "withdrawn", None, 1),
        (1, "first", 0, None),
    ]
    assert moves(lakehouse, "there and back") == [
        (0, "first", None, None),
        (0, "withdrawn", None, 1),
        (0, "returned", 1, None),
        (1, "first", 0, None),
        (1, "withdrawn", None, 0),
    ]
    assert moves(lakehouse, "on and on") == [
        (0, "first", None, None),
        (0, "withdrawn", None, 2),
        (1, "first", 2, None),
        (1, "withdrawn", None, 7),
        (2, "first", 0, None),
        (2, "withdrawn", None, 1),
        (7, "first", 1, None),
    ]
    assert moves(lakehouse, "as far as can be")[1:] == [
        (0, "withdrawn", None, 7),
        (7, "first", 0, None),
    ]
    for name in ("too far", "passes twice", "gone in between", "gone for good"):
        assert {row[2:] for row in moves(lakehouse, name)} == {(None, None)}, name
    assert all(row["what"] in ("first", "changed") for row in revisions_of(lakehouse, "always"))


def test_how_far_off_predictions_were(lakehouse: Lakehouse) -> None:
    when = date(2024, 6, 30)

    def snapshot(days_before: int, **distances: str) -> tuple[datetime, list[FeedObject]]:
        at = datetime(2024, 6, 30, 12, tzinfo=timezone.utc) - timedelta(days=days_before)
        return at, [
            feed_object(place, name, miss_distance={"kilometers": distance})
            for name, distance in distances.items()
        ]

    place = when
    land(
        lakehouse,
        {
            when: [
                snapshot(400, early="100", moving="50", doubtful="7"),
                snapshot(60, early="90", moving="50"),
                snapshot(20, early="90", late="30"),
                snapshot(1, early="80", late="31"),
            ]
        },
    )
    place = when + timedelta(days=2)
    land(lakehouse, {place: [snapshot(60), snapshot(20, moving="55")]})
    run(lakehouse, [when, place])

    query = predictions(lakehouse.backend.identifier(GOLD_NEO_REVISION), [365, 30, 7])
    found = {
        (row.designation, row.days_before): (row.days_off, row.distance_off_km)
        for row in lakehouse.spark.sql(query).collect()
    }
    assert found == {
        ("early", 365): (0, -20.0),
        ("early", 30): (0, -10.0),
        ("early", 7): (0, -10.0),
        ("moving", 365): (2, 5.0),
        ("moving", 30): (2, 5.0),
        ("moving", 7): (0, 0.0),
        ("doubtful", 365): (None, None),
        ("late", 7): (0, 1.0),
    }


SEEN_2017 = datetime(2017, 7, 30, tzinfo=timezone.utc)
SEEN_2018 = datetime(2018, 12, 1, tzinfo=timezone.utc)
SEEN_2020 = datetime(2020, 12, 15, tzinfo=timezone.utc)


@needs_real_data
def test_five_objects_between_real_vintages(lakehouse: Lakehouse) -> None:
    """Two responses for 2015 and 2017, each compared with NASA's of December 2020.

    When the first ones were given is known to the year only.
    """
    days = [date(2015, 9, 7), *(date(2017, 7, 31) + timedelta(number) for number in range(9))]
    for name, seen_at in (
        ("feed_2015-09-07_2015-09-10_detailed", SEEN_2018),
        ("feed_2017-07-31_2017-08-07", SEEN_2017),
    ):
        answer = json.loads((CAPTURES / f"{name}.json").read_text())["near_earth_objects"]
        for listed_on in days:
            if str(listed_on) in answer:
                land(lakehouse, {listed_on: [(seen_at, answer[str(listed_on)])]})
    for listed_on in days:
        packed = (VINTAGE_2020 / f"{listed_on:%Y-%m}.json.gz").read_bytes()
        month = json.loads(gzip.decompress(packed))
        land(lakehouse, {listed_on: [(SEEN_2020, month[str(listed_on)])]})
    run(lakehouse, days)

    def revised(designation: str) -> tuple[dict[str, Any], dict[str, Any]]:
        before, after = revisions_of(lakehouse, designation)
        assert (before["what"], after["what"]) == ("first", "changed")
        assert (after["seen_after"], after["seen_at"]) == (before["seen_at"], SEEN_2020)
        return before, after

    # Numbered between the two: another id and name, the same approach.
    before, after = revised("2014 ON344")
    assert [(row["neo_id"], row["name"]) for row in (before, after)] == [
        ("3678632", "(2014 ON344)"),
        ("2523728", "523728 (2014 ON344)"),
    ]
    assert {"neo_id", "name", "miss_distance_km"} < set(after["changed_columns"])

    # Just numbered: in the first answer under both ids, the numbered one counts.
    before, after = revised("2001 FE90")
    assert before["neo_id"] == after["neo_id"] == "2488515"
    assert not {"neo_id", "name", "absolute_magnitude_h"} & set(after["changed_columns"])

    # Fainter than thought, so smaller, and it passed 7,324 km nearer.
    before, after = revised("2017 MQ8")
    assert (before["absolute_magnitude_h"], after["absolute_magnitude_h"]) == (20.695, 20.9)
    assert round(after["miss_distance_km"] - before["miss_distance_km"]) == -7324
    assert (before["days_ahead"], after["days_ahead"]) == (4, -1230)
    assert {"estimated_diameter_min_m", "estimated_diameter_max_m"} < set(after["changed_columns"])

    # No longer potentially hazardous, which its history as an object shows too.
    before, after = revised("2015 FC35")
    assert (before["is_potentially_hazardous"], after["is_potentially_hazardous"]) == (True, False)
    objects = [row for row in rows_of(lakehouse, "gold_dim_neo") if row["name"] == "(2015 FC35)"]
    assert sorted((row["valid_from"], row["is_potentially_hazardous"]) for row in objects) == [
        (SEEN_2018, True),
        (SEEN_2020, False),
    ]

    # Expected for 7 August, it came on the 8th at 02:43.
    first, gone, there = revisions_of(lakehouse, "2017 MO7")
    assert [(row["close_approach_date"].day, row["what"]) for row in (first, gone, there)] == [
        (7, "first"),
        (7, "withdrawn"),
        (8, "first"),
    ]
    assert there["close_approach_at"] == datetime(2017, 8, 8, 2, 43, tzinfo=timezone.utc)
    assert gone["moved_to"] == there["neo_event_key"]
    assert there["moved_from"] == gone["neo_event_key"]
