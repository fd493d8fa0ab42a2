"""JPL's fireballs from their event files to silver."""

import itertools
import json
from datetime import date, datetime, timedelta, timezone
from typing import Any

from neo_assets.lakehouse.maintenance import replay
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import events, gold, silver
from neo_assets.sources.fireball.client import numbered
from neo_assets.sources.fireball.dataset import FIREBALLS
from neo_assets.sources.neows.dataset import NEO
from neo_assets_tests.sources.jpl_rows import Row, fireball

from .datasets import refined
from .feed_objects import feed_object, fetched, rows_of, version_of

DAY = date(2024, 3, 1)
PLACES_DAY = DAY + timedelta(days=1)

BAD: dict[str, dict[str, str | None]] = {
    "unreadable_time": {"date": "2024-03-01 25:00:00"},
    "date_mismatch": {"date": "2024-02-29 23:59:59"},
    "invalid_radiated_energy": {"energy": None},
    "invalid_impact_energy": {"impact-e": "0"},
}

DIRECTIONS = ("N", "S", "E", "W", "n", "", None)
DEGREES = ("0.0", "7.5", "90", "90.1", "180.0", "-7.5", None, "north")


def signed(degrees: str | None, direction: str | None, sides: str, largest: float) -> float | None:
    """Read a coordinate without Spark."""
    try:
        value = float(degrees or "")
    except ValueError:
        return None
    if not direction or direction not in sides or not 0 <= value <= largest:
        return None
    return value if direction == sides[0] else -value


def places() -> list[Row]:
    """Every pair of degrees and direction, of a second each."""
    return [
        fireball(
            PLACES_DAY,
            f"00:{number // 60:02d}:{number % 60:02d}",
            **{"lat": degrees, "lat-dir": direction, "lon": degrees, "lon-dir": direction},
        )
        for number, (degrees, direction) in enumerate(itertools.product(DEGREES, DIRECTIONS))
    ]


def test_from_event_files_to_silver(lakehouse: Lakehouse) -> None:
    early = fireball(DAY, "01:00:00", lat=None, lon=None, **{"lat-dir": None, "lon-dir": None})
    late = fireball(DAY, "01:00:00", energy="260", **{"lat-dir": "N"})
    twins = [fireball(DAY, "02:00:00", **{"lat-dir": side}) for side in "SN"]
    bare = fireball(DAY, "03:00:00", alt=None)
    gone = fireball(DAY, "04:00:00")
    bad = [fireball(DAY, f"05:00:0{n}") | values for n, values in enumerate(BAD.values())]
    reports = refined(
        lakehouse,
        FIREBALLS,
        {
            DAY: [
                (fetched(0), [early, gone]),
                (fetched(1), list(numbered([late, *twins, bare, bare, *bad]))),
            ],
            PLACES_DAY: [(fetched(0), places())],
        },
    )

    report = reports[DAY]
    assert report.classes == {
        "kept": 4,
        "dropped": len(bad),
        "exact_duplicates": 1,
        "superseded": 1,
        "withdrawn": 1,
    }
    assert report.reasons == dict.fromkeys(BAD, 1) and report.unaccounted == 0
    assert not report.warnings

    rows = {
        (row["event_at"].strftime("%d %H:%M:%S"), row["occurrence"]): row
        for row in rows_of(lakehouse, "silver_fireballs")
    }
    changed = rows["01 01:00:00", 1]
    assert changed["event_at"] == datetime(2024, 3, 1, 1, tzinfo=timezone.utc)
    assert (changed["radiated_energy_1e10_j"], changed["impact_energy_kt"]) == (260, 5.2)
    assert (changed["latitude_deg"], changed["longitude_deg"]) == (7.5, -142.8)
    assert (changed["altitude_km"], changed["velocity_km_s"]) == (36.7, None)
    assert (changed["first_seen_at"], changed["last_changed_at"]) == (fetched(0), fetched(1))
    assert rows["01 03:00:00", 1]["altitude_km"] is None
    # In order of place: north comes before south.
    twin_places = [rows["01 02:00:00", number]["latitude_deg"] for number in (1, 2)]
    assert twin_places == [7.5, -7.5]

    for sent in places():
        row = rows[f"02 {sent['date'][-8:]}", 1]
        assert row["latitude_deg"] == signed(sent["lat"], sent["lat-dir"], "NS", 90)
        assert row["longitude_deg"] == signed(sent["lon"], sent["lon-dir"], "EW", 180)

    quarantined = rows_of(lakehouse, "silver_fireball_quarantine")
    assert sorted(row["reasons"][0] for row in quarantined) == sorted(BAD)
    finding = next(row for row in quarantined if row["reasons"] == ["invalid_impact_energy"])
    assert finding["findings"] == ["invalid_impact_energy: impact_energy_kt = 0"]
    assert json.loads(finding["payload"])["impact-e"] == "0"

    assert_replayed(lakehouse)


def assert_replayed(lakehouse: Lakehouse) -> None:
    """Bronze comes back from the event files, and silver from bronze, as they were."""

    def rows() -> list[dict[str, Any]]:
        found = [row | {"run_id": ""} for row in rows_of(lakehouse, "silver_fireballs")]
        return sorted(found, key=lambda row: (row["event_at"], row["occurrence"]))

    before = rows()
    replay.rebuild_bronze(lakehouse, FIREBALLS, "another run", lambda _: None)
    silver.refine(lakehouse, FIREBALLS, [DAY, PLACES_DAY])
    assert rows() == before


def test_gold_says_which_event_was_expected(lakehouse: Lakehouse) -> None:
    before, after = DAY, fetched(0).date() + timedelta(days=1)
    hit = {"astronomical": "0.00004", "lunar": "0.01556", "kilometers": "5983.9"}
    near = {"astronomical": "0.0002", "lunar": "0.0778", "kilometers": "29919.5"}
    neo = {
        day: [
            (
                fetched(0),
                [
                    feed_object(day, "2024 XA1", miss_distance=hit),
                    feed_object(day, "2024 XA2", miss_distance=near),
                ],
            )
        ]
        for day in (before, after)
    }
    refined(lakehouse, NEO, neo)
    lakehouse.ensure_tables([*NEO.all_tables, *FIREBALLS.all_tables])
    gold.publish(lakehouse, [before, after])
    refined(
        lakehouse,
        FIREBALLS,
        {
            day: [
                (fetched(0), [fireball(day, "12:00:00")]),
                (fetched(48), [fireball(day, "20:40:00"), fireball(day, "22:00:00")]),
            ]
            for day in (before, after)
        },
    )

    def published() -> dict[str, dict[str, Any]]:
        for report in events.publish(lakehouse, FIREBALLS, [before, after]):
            assert (report.rows_in, report.kept, report.withdrawn, report.rows_out) == (3, 2, 1, 3)
            assert report.rows_lost == report.rows_duplicated == report.unaccounted == 0
        return {
            f"{row['event_at']:%m-%d %H:%M}": row for row in rows_of(lakehouse, "gold_fireball")
        }

    rows = published()
    expected = {"12:00": (None, False), "20:40": ("2024 XA1", None), "22:00": (None, False)}
    for day, known in ((before, None), (after, True)):
        for time, (designation, fits) in expected.items():
            row = rows[f"{day:%m-%d} {time}"]
            assert row["approach_designation"] == designation
            assert row["is_known_beforehand"] is (known if designation else fits)
            assert row["is_withdrawn"] is (time == "12:00")
            assert row["date_key"] == int(f"{day:%Y%m%d}")
    version = version_of(lakehouse, "gold_fireball")
    assert published() == rows
    assert version_of(lakehouse, "gold_fireball") == version
