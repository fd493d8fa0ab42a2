"""The simulated sky by itself, without HTTP."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from functools import cache
from statistics import mean, median, quantiles

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neo_assets.sources.simulator import Imperfections, SimulatedSky
from neo_assets.sources.simulator.approaches import approaches_of
from neo_assets.sources.simulator.listing import JsonObject, date_full

from .rows import approach, designation, is_lost

PERFECT = Imperfections(
    missing_velocity=0,
    missing_miss_distance=0,
    unreadable_date=0,
    unreadable_minute=0,
    missing_magnitude=0,
    repeated=0,
    lingering_id=0,
)
LONG_AFTER = date(2026, 1, 1)

days = st.dates(date(2000, 1, 1), date(2049, 12, 31))
ages = st.integers(-400, 3000).map(lambda number: timedelta(days=number))
seeds = st.integers(0, 2**31)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, day=days, age=ages)
def test_one_day_is_always_the_same(seed: int, day: date, age: timedelta) -> None:
    first = SimulatedSky(seed=seed).feed(day, day + age)
    approaches_of.cache_clear()
    assert SimulatedSky(seed=seed).feed(day, day + age) == first


def test_another_process_gives_the_same_responses() -> None:
    program = (
        "import json; from datetime import date; from neo_assets.sources.simulator import *;"
        "print(json.dumps(SimulatedSky().feed(date(2024, 3, 1), date(2024, 3, 9))))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    here = SimulatedSky().feed(date(2024, 3, 1), date(2024, 3, 9))
    assert answers == {json.dumps(here)}


def test_another_seed_is_another_sky() -> None:
    day = date(2024, 3, 1)
    assert SimulatedSky(seed=1).feed(day, LONG_AFTER) != SimulatedSky(seed=2).feed(day, LONG_AFTER)


def test_callers_may_change_what_they_got() -> None:
    sky, day = SimulatedSky(), date(2024, 3, 1)
    before = json.dumps(sky.feed(day, LONG_AFTER))
    for row in sky.feed(day, LONG_AFTER):
        row.clear()
    assert json.dumps(sky.feed(day, LONG_AFTER)) == before


@settings(max_examples=60, deadline=None)
@given(seed=seeds, day=days, age=ages)
def test_units_and_fields_agree(seed: int, day: date, age: timedelta) -> None:
    today = day + age
    for row in SimulatedSky(seed=seed, imperfections=PERFECT).feed(day, today):
        entry = approach(row)
        distance = {unit: float(text) for unit, text in entry["miss_distance"].items()}
        assert distance["kilometers"] == pytest.approx(
            distance["astronomical"] * 149_597_870.7, rel=1e-8
        )
        assert distance["miles"] == pytest.approx(distance["kilometers"] / 1.609344, rel=1e-7)
        assert distance["lunar"] == pytest.approx(distance["astronomical"] * 389, abs=1e-8)
        assert 6744 < distance["kilometers"] < 74_800_000

        velocity = {unit: float(text) for unit, text in entry["relative_velocity"].items()}
        assert velocity["kilometers_per_hour"] == pytest.approx(
            velocity["kilometers_per_second"] * 3600
        )
        assert velocity["miles_per_hour"] == pytest.approx(
            velocity["kilometers_per_hour"] / 1.609344, rel=2e-5
        )
        assert 0.08 <= velocity["kilometers_per_second"] <= 78.7

        diameter = row["estimated_diameter"]
        smallest = 1329 / 0.5 * 10 ** (-row["absolute_magnitude_h"] / 5)
        for unit, in_kilometers in (
            ("kilometers", 1.0),
            ("meters", 1e-3),
            ("miles", 1.609344),
            ("feet", 0.3048e-3),
        ):
            low, high = (diameter[unit][f"estimated_diameter_{end}"] for end in ("min", "max"))
            assert low * in_kilometers == pytest.approx(smallest, rel=1e-5, abs=1e-9)
            assert high / low == pytest.approx(5**0.5, rel=1e-5)

        instant = datetime.fromtimestamp(entry["epoch_date_close_approach"] / 1000, timezone.utc)
        assert entry["close_approach_date"] == day.isoformat() == instant.date().isoformat()
        assert entry["close_approach_date_full"] == date_full(instant)
        assert row["id"] == row["neo_reference_id"]
        assert ("sentry_data" in row) == row["is_sentry_object"]
        if row["is_potentially_hazardous_asteroid"]:
            assert row["absolute_magnitude_h"] <= 22


def test_the_minute_is_written_as_jpl_does() -> None:
    assert date_full(datetime(2015, 9, 8, 20, 28)) == "2015-Sep-08 20:28"


@settings(max_examples=60, deadline=None)
@given(seed=seeds, day=days, age=ages)
def test_key_is_unique_in_a_perfect_sky(seed: int, day: date, age: timedelta) -> None:
    rows = SimulatedSky(seed=seed, imperfections=PERFECT).feed(day, day + age)
    assert len({designation(row) for row in rows}) == len({row["id"] for row in rows}) == len(rows)


def test_names_are_provisional_designations_that_belong_to_one_object() -> None:
    identities: dict[str, str] = {}
    numbered = 0
    for number in range(900):
        day = date(2017, 1, 1) + timedelta(days=number)
        for row in SimulatedSky(imperfections=PERFECT).feed(day, LONG_AFTER):
            match = re.fullmatch(
                r"(?:(\d+) )?\((\d{4} [A-HJ-Y][A-HJ-Z](?:[1-9]\d*)?)\)", row["name"]
            )
            assert match, row["name"]
            assert (match[1] is not None) == row["id"].startswith("2")
            if match[1]:
                assert row["id"] == f"2{int(match[1]):06d}"
                numbered += 1
            assert identities.setdefault(match[2], row["id"]) == row["id"]
    assert len(set(identities.values())) == len(identities)
    assert numbered > 500


@cache
def _year(year: int) -> dict[date, list[JsonObject]]:
    sky = SimulatedSky(imperfections=PERFECT)
    every_day = (date(year, 1, 1) + timedelta(days=number) for number in range(365))
    return {day: sky.feed(day, LONG_AFTER) for day in every_day}


def test_counts_are_those_of_real_days() -> None:
    early, late = (list(map(len, _year(year).values())) for year in (2017, 2024))
    assert 10 <= median(early) <= 14  # real: 12
    assert 16 <= median(late) <= 20  # real: 18
    assert max(late) <= 39
    assert 110 <= median(sum(late[start : start + 7]) for start in range(358)) <= 140


def test_values_are_distributed_as_real_ones() -> None:
    rows = [
        row for year in (2016, 2017, 2018) for objects in _year(year).values() for row in objects
    ]
    real_deciles = {
        # 10, 25, 50, 75 and 90 % of 17,844 real rows of 2015-2018, and the tolerance.
        "astronomical units": ((0.024, 0.082, 0.219, 0.353, 0.440), 0.03),
        "km/s": ((5.3, 7.7, 11.9, 17.0, 22.3), 1.0),
        "H": ((19.8, 21.4, 23.7, 25.6, 27.1), 0.6),
    }
    measured = {
        "astronomical units": [float(approach(r)["miss_distance"]["astronomical"]) for r in rows],
        "km/s": [float(approach(r)["relative_velocity"]["kilometers_per_second"]) for r in rows],
        "H": [row["absolute_magnitude_h"] for row in rows],
    }
    for what, (real, tolerance) in real_deciles.items():
        twentieths = quantiles(measured[what], n=20)
        simulated = [twentieths[place] for place in (1, 4, 9, 14, 17)]
        assert simulated == pytest.approx(real, abs=tolerance), what
    assert 0.07 < mean(row["is_potentially_hazardous_asteroid"] for row in rows) < 0.13  # real: 9 %
    assert 0.005 < mean(row["is_sentry_object"] for row in rows) < 0.05
    assert 0.10 < mean(row["id"].startswith("2") for row in rows) < 0.25


def test_hazard_is_a_property_of_the_object() -> None:
    far = [
        row
        for objects in _year(2018).values()
        for row in objects
        if row["is_potentially_hazardous_asteroid"]
        and float(approach(row)["miss_distance"]["astronomical"]) > 0.05
    ]
    assert len(far) > 100
    for number in range(60):
        for one in approaches_of(1, date(2020, 1, 1) + timedelta(days=number)):
            known = one.as_known_on(LONG_AFTER)
            assert known is None or known.miss_distance_au >= one.celestial_object.moid_au


def _as_seen(days_later: int) -> dict[date, dict[str, JsonObject]]:
    sky = SimulatedSky(imperfections=PERFECT)
    sixty_days = (date(2024, 3, 1) + timedelta(days=number) for number in range(60))
    return {
        day: {designation(row): row for row in sky.feed(day, day + timedelta(days=days_later))}
        for day in sixty_days
    }


def _changes(earlier: int, later: int) -> Counter[str]:
    before, after = _as_seen(earlier), _as_seen(later)
    found: Counter[str] = Counter()
    days_after = {name: day for day, rows in after.items() for name in rows}
    # An approach that leaves the first or last days may be just outside the sixty.
    for day, rows in list(before.items())[2:-2]:
        found["late"] += len(after[day].keys() - rows.keys())
        for name, row in rows.items():
            found["rows"] += 1
            if name not in days_after:
                found["withdrawn"] += 1
            elif days_after[name] != day:
                found["moved"] += 1
                assert abs(days_after[name] - day) <= timedelta(days=2)
            else:
                newer = after[day][name]
                found["renumbered"] += row["id"] != newer["id"]
                found["magnitude"] += row["absolute_magnitude_h"] != newer["absolute_magnitude_h"]
                found["distance"] += (
                    approach(row)["miss_distance"] != approach(newer)["miss_distance"]
                )
                found["velocity"] += (
                    approach(row)["relative_velocity"] != approach(newer)["relative_velocity"]
                )
    return found


def test_a_later_day_shows_revisions() -> None:
    changes = _changes(1, 60)
    assert all(
        changes[kind] > 0
        for kind in (
            "late",
            "withdrawn",
            "moved",
            "renumbered",
            "magnitude",
            "distance",
            "velocity",
        )
    ), changes
    assert changes["withdrawn"] < 0.05 * changes["rows"]


def test_revisions_become_rare_with_age() -> None:
    young, older, old = _changes(1, 31), _changes(100, 130), _changes(2000, 2030)
    assert young["distance"] > 3 * older["distance"] > 0
    assert old["distance"] == old["late"] == old["moved"] == 0
    assert old["magnitude"] < 0.1 * old["rows"]


def test_predictions_know_fewer_objects() -> None:
    ahead, after = (sum(map(len, _as_seen(age).values())) for age in (-700, 700))
    assert 0.3 < ahead / after < 0.7


def test_default_imperfections_are_few_but_there() -> None:
    sky, counts = SimulatedSky(), Counter[str]()
    for number in range(400):
        day = date(2023, 1, 1) + timedelta(days=number)
        rows = sky.feed(day, day + timedelta(days=2))
        lost = sum(is_lost(row, day) for row in rows)
        assert lost <= 0.25 * len(rows)
        different = {json.dumps(row, sort_keys=True) for row in rows}
        counts["rows"] += len(rows)
        counts["lost"] += lost
        counts["repeated"] += len(rows) - len(different)
        counts["two ids"] += len(different) - len({designation(row) for row in rows})
        counts["no magnitude"] += sum("absolute_magnitude_h" not in row for row in rows)
        counts["no minute"] += sum(
            not re.fullmatch(
                rf"{day.year}-[A-Z][a-z]{{2}}-\d\d \d\d:\d\d",
                approach(row)["close_approach_date_full"],
            )
            for row in rows
        )
    assert 0.01 <= counts["lost"] / counts["rows"] <= 0.02
    assert 0.01 <= (counts["repeated"] + counts["two ids"]) / counts["rows"] <= 0.03
    assert min(counts.values()) > 5, counts


def test_an_object_under_two_ids_is_one_object() -> None:
    sky = SimulatedSky(imperfections=replace(PERFECT, lingering_id=1))
    pairs = 0
    for number in range(30):
        day = date(2024, 1, 1) + timedelta(days=number)
        rows = sky.feed(day, day)
        for name, times in Counter(map(designation, rows)).items():
            if times > 1:
                old, new = sorted(
                    (row for row in rows if designation(row) == name),
                    key=lambda row: row["name"].startswith("("),
                    reverse=True,
                )
                assert old["id"].startswith("3") and new["id"].startswith("2")
                assert old["close_approach_data"] == new["close_approach_data"]
                pairs += 1
    assert pairs > 10


@pytest.mark.parametrize("largest", [0.25, 1.0])
def test_no_day_loses_more_than_allowed(largest: float) -> None:
    sky = SimulatedSky(
        imperfections=Imperfections(missing_velocity=0.9, repeated=0, largest_lost_share=largest)
    )
    shares = []
    for number in range(30):
        day = date(2024, 1, 1) + timedelta(days=number)
        rows = sky.feed(day, LONG_AFTER)
        shares.append(sum(is_lost(row, day) for row in rows) / len(rows))
    assert mean(shares) > 0.15 and max(shares) <= largest
    assert max(shares) > largest - 0.25


def test_days_outside_the_tables_are_empty() -> None:
    sky = SimulatedSky()
    for day in (date.min, date(1899, 12, 1), date(2200, 2, 1), date.max):
        assert sky.feed(day, LONG_AFTER) == []
