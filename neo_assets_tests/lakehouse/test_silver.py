"""What silver makes of a row, one defect or oddity a day, all days in one pass."""

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store.storage import Lakehouse

from .feed_objects import FeedObject, Snapshot, feed_object, fetched, land, rows_of, run
from .fixtures import copied_lakehouse

START = date(2024, 1, 1)
NO_LISTS: tuple[Any, ...] = ([], None, {"close_approach_date": "2024-03-05"}, "none")
"""Values of `close_approach_data` in which there is no approach."""


@dataclass
class Case:
    """Objects of one day's snapshots, with what silver and the quarantine must show of them."""

    name: str
    snapshots: list[list[FeedObject]]
    classes: dict[str, int]
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    left_out: int = 0


def cases() -> Iterator[Case]:
    """Every day is another case; `day` is where each of them takes place."""
    day = START

    def one(**changes: Any) -> FeedObject:
        return feed_object(day, **changes)

    def nested(name: str, **values: Any) -> FeedObject:
        item = one()
        approach = item["close_approach_data"][0]
        approach[name] = approach[name] | values
        return item

    def approaching(*others: dict[str, Any], **changes: Any) -> FeedObject:
        """An object with further approaches, each like the first but for its own changes."""
        item = one(**changes)
        approach = item["close_approach_data"][0]
        item["close_approach_data"] += [approach | other for other in others]
        return item

    def dropped(reason: str, item: FeedObject) -> Case:
        return Case(reason, [[item]], {"dropped": 1}, {reason: 1})

    def kept(what: str, item: FeedObject, **values: Any) -> Case:
        return Case(what, [[item]], {"kept": 1}, values=values)

    makers: tuple[Callable[[], Case], ...] = (
        lambda: dropped("missing_designation", one(name=None)),
        lambda: dropped("missing_designation", one(name="  ")),
        lambda: kept(
            "designation replaces the name",
            one(name=None) | {"designation": "433"},
            designation="433",
        ),
        lambda: kept("no parentheses", one(name="Eros"), designation="Eros", name="Eros"),
        lambda: kept("two parentheses", one(name="(a) 433 (1898 DQ)"), designation="1898 DQ"),
        lambda: kept("empty parentheses", one(name="433 ()"), designation="433 ()"),
        lambda: dropped("unreadable_date", one(close_approach_date=None)),
        lambda: dropped("unreadable_date", one(close_approach_date="2024-02-30")),
        lambda: dropped("unreadable_date", one(close_approach_date="2024")),
        lambda: dropped("date_mismatch", one(close_approach_date="2023-12-31")),
        lambda: dropped("invalid_velocity", one(relative_velocity=None)),
        lambda: dropped(
            "invalid_velocity", nested("relative_velocity", kilometers_per_second="NaN")
        ),
        lambda: dropped("invalid_velocity", nested("relative_velocity", kilometers_per_second="0")),
        lambda: dropped(
            "invalid_velocity", nested("relative_velocity", kilometers_per_second="1e999")
        ),
        lambda: dropped(
            "invalid_velocity", nested("relative_velocity", kilometers_per_second="-1e999")
        ),
        lambda: dropped(
            "invalid_velocity", nested("relative_velocity", kilometers_per_second="12d")
        ),
        lambda: dropped("invalid_miss_distance", one(miss_distance="far")),
        lambda: dropped("invalid_miss_distance", nested("miss_distance", kilometers="-1")),
        lambda: dropped("invalid_miss_distance", nested("miss_distance", kilometers=None)),
        lambda: dropped("invalid_orbiting_body", one(orbiting_body=None)),
        lambda: kept(
            "numbers as numbers",
            nested("miss_distance", kilometers=45290298.5),
            miss_distance_km=45290298.5,
        ),
        lambda: kept(
            "numbers as text", one(absolute_magnitude_h=" 21.34 "), absolute_magnitude_h=21.34
        ),
        lambda: kept(
            "neither H nor diameters",
            one(absolute_magnitude_h=None, estimated_diameter=None),
            absolute_magnitude_h=None,
            estimated_diameter_min_m=None,
            estimated_diameter_max_m=None,
        ),
        lambda: kept(
            "no id, as in 2015-2018",
            {name: value for name, value in one().items() if name != "id"},
            neo_id="3000001",
        ),
        *(
            functools.partial(
                lambda beyond: kept(
                    f"H beyond a double: {beyond}",
                    one(absolute_magnitude_h=beyond),
                    absolute_magnitude_h=None,
                ),
                beyond,
            )
            for beyond in ("1e999", "-1e999", "-1E+400", "-Infinity", "9" * 400)
        ),
        lambda: kept("no Sentry flag", one(is_sentry_object=None), is_sentry_object=None),
        lambda: kept(
            "flag as text",
            one(is_potentially_hazardous_asteroid="true"),
            is_potentially_hazardous=True,
        ),
        lambda: Case(
            "unreadable minute",
            [[one(close_approach_date_full="2015-Foo-08 20:28")]],
            {"kept": 1},
            warnings={"unreadable_time": 1},
            values={"close_approach_at": None},
        ),
        lambda: Case(
            "no minute, as in 2015-2018",
            [[one(close_approach_date_full=None)]],
            {"kept": 1},
            warnings={"unreadable_time": 1},
            values={"close_approach_at": None},
        ),
        *(
            functools.partial(
                lambda listed: Case(
                    f"no list of approaches: {listed}",
                    [[one() | {"close_approach_data": listed}]],
                    {"dropped": 1},
                    {
                        "unreadable_date": 1,
                        "invalid_velocity": 1,
                        "invalid_miss_distance": 1,
                        "invalid_orbiting_body": 1,
                    },
                ),
                listed,
            )
            for listed in NO_LISTS
        ),
        lambda: Case(
            "several approaches of the day in one object",
            [[approaching({"orbiting_body": "Moon"}, {"orbiting_body": "Venus"})]],
            {"kept": 3},
        ),
        lambda: Case(
            "an approach of another day before the one of this day",
            [[approaching({"close_approach_date": str(day)}, close_approach_date="2023-11-01")]],
            {"kept": 1},
            warnings={"approaches_of_other_days": 1},
            values={"close_approach_date": day, "orbiting_body": "Earth"},
            left_out=1,
        ),
        lambda: Case(
            "two approaches of other days and an unreadable one among two of this day",
            [
                [
                    approaching(
                        {"close_approach_date": "2023-11-01"},
                        {"close_approach_date": "2025-11-01"},
                        {"orbiting_body": "Moon"},
                        {"close_approach_date": None},
                    )
                ]
            ],
            {"kept": 2},
            warnings={"approaches_of_other_days": 1},
            left_out=3,
        ),
        lambda: Case(
            "approaches of other days only",
            [[approaching({}, close_approach_date="2023-11-01")]],
            {"dropped": 1},
            {"date_mismatch": 1},
            left_out=1,
        ),
        lambda: Case(
            "one approach twice in one object",
            [[approaching({})]],
            {"kept": 1, "exact_duplicates": 1},
        ),
        lambda: Case(
            "both approaches of an object are dropped",
            [[approaching({"orbiting_body": "Moon"}, relative_velocity={})]],
            {"dropped": 2},
            {"invalid_velocity": 2},
        ),
        lambda: Case(
            "a defect of one approach is not the other's",
            [[approaching({"orbiting_body": "Moon", "relative_velocity": {}})]],
            {"kept": 1, "dropped": 1},
            {"invalid_velocity": 1},
            values={"orbiting_body": "Earth"},
        ),
        lambda: Case(
            "a newer snapshot has the second approach changed and the third no more",
            [
                [approaching({"orbiting_body": "Moon"}, {"orbiting_body": "Venus"})],
                [approaching({"orbiting_body": "Moon", "relative_velocity": {}})],
            ],
            {"kept": 1, "exact_duplicates": 1, "dropped": 1, "superseded": 1, "withdrawn": 1},
            {"invalid_velocity": 1},
            values={"orbiting_body": "Earth", "last_changed_at": fetched(0)},
        ),
        lambda: Case("repeated", [[one(), one()]], {"kept": 1, "exact_duplicates": 1}),
        lambda: Case(
            "two ids, the numbered one stays",
            [[one(id="2613286"), one(id="3309828")]],
            {"kept": 1, "superseded": 1},
            values={"neo_id": "2613286"},
        ),
        lambda: Case(
            "two ids, in the other order",
            [[one(id="3309828"), one(id="2613286")]],
            {"kept": 1, "superseded": 1},
            values={"neo_id": "2613286"},
        ),
        lambda: Case(
            "a sound row before a dropped one, though that is numbered",
            [[one(id="2613286", relative_velocity=None), one(id="3309828")]],
            {"kept": 1, "dropped": 1},
            {"invalid_velocity": 1},
            values={"neo_id": "3309828"},
        ),
        lambda: Case(
            "unchanged in a newer snapshot",
            [[one(), feed_object(day, "2024 ZZ9")], [one()]],
            {"kept": 1, "exact_duplicates": 1, "withdrawn": 1},
            values={"first_seen_at": fetched(0), "last_changed_at": fetched(0)},
        ),
        lambda: Case(
            "changed in a newer snapshot",
            [[one()], [one(absolute_magnitude_h=21.341)]],
            {"kept": 1, "superseded": 1},
            values={"first_seen_at": fetched(0), "last_changed_at": fetched(1)},
        ),
        lambda: Case(
            "only a field that silver does not carry changed",
            [[one()], [one(nasa_jpl_url="elsewhere")]],
            {"kept": 1, "superseded": 1},
            values={"first_seen_at": fetched(0), "last_changed_at": fetched(0)},
        ),
        lambda: Case(
            "gone and back",
            [[one()], [], [one()]],
            {"kept": 1, "exact_duplicates": 1},
            values={"first_seen_at": fetched(0), "last_changed_at": fetched(2)},
        ),
        lambda: Case("withdrawn", [[one()], []], {"withdrawn": 1}),
        lambda: Case(
            "newest version in quarantine: not withdrawn, but not in silver",
            [[one()], [one(relative_velocity=None)]],
            {"superseded": 1, "dropped": 1},
            {"invalid_velocity": 1},
        ),
        lambda: Case(
            "dropped in an older snapshot only",
            [[one(relative_velocity=None)], [one()]],
            {"kept": 1, "dropped": 1},
            {"invalid_velocity": 1},
            values={"first_seen_at": fetched(1), "last_changed_at": fetched(1)},
        ),
    )
    for number, make in enumerate(makers):
        day = START + timedelta(days=number)
        yield make()


CASES = {START + timedelta(days=number): case for number, case in enumerate(cases())}

Results = tuple[dict[date, DayReport], list[dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def results(spark: SparkSession, empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    lakehouse = copied_lakehouse(spark, empty, tmp_path_factory.mktemp("lakehouse"))
    histories: dict[date, list[Snapshot]] = {
        day: [(fetched(number), objects) for number, objects in enumerate(case.snapshots)]
        for day, case in CASES.items()
    }
    land(lakehouse, histories)
    _, reports, _ = run(lakehouse, CASES)
    return (
        reports,
        rows_of(lakehouse, "silver_neo_events"),
        rows_of(lakehouse, "silver_neo_quarantine"),
    )


@pytest.mark.parametrize("day", CASES, ids=lambda day: CASES[day].name)
def test_one_day(results: Results, day: date) -> None:
    case = CASES[day]
    report = results[0][day]
    names = ("kept", "dropped", "exact_duplicates", "superseded", "withdrawn")
    assert {name: getattr(report, name) for name in names if getattr(report, name)} == case.classes
    assert (report.reasons, report.warnings) == (case.reasons, case.warnings)
    assert report.rows_in == sum(case.classes.values())
    assert report.rows_received == sum(map(len, case.snapshots))
    assert report.details["approaches_left_out"] == case.left_out
    assert report.unaccounted == report.rows_lost == report.rows_duplicated == 0

    kept = [row for row in results[1] if row["partition_date"] == day]
    assert len(kept) == case.classes.get("kept", 0)
    for row in kept:
        assert {name: row[name] for name in case.values} == case.values
    quarantined = [row for row in results[2] if row["partition_date"] == day]
    assert Counter(name for row in quarantined for name in row["reasons"]) == case.reasons


def test_which_of_two_equals_is_kept_does_not_depend_on_their_order(lakehouse: Lakehouse) -> None:
    days = [START, START + timedelta(days=1)]
    for day, order in zip(days, (1, -1), strict=True):
        twins = [feed_object(START, absolute_magnitude_h=h) for h in (20.0, 21.0, 22.0)]
        for twin in twins:
            twin["close_approach_data"][0]["close_approach_date"] = day.isoformat()
        land(lakehouse, {day: [(fetched(0), twins[::order])]})
    _, reports, _ = run(lakehouse, days)
    assert all((r.kept, r.superseded) == (1, 2) for r in reports.values())
    assert len(rows_of(lakehouse, "silver_neo_events")) == 2
