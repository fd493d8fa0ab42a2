"""JPL's close approaches from their event files to silver."""

import gzip
import json
import random
import re
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from typing import Any

from neo_assets.lakehouse.maintenance import replay
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import silver
from neo_assets.sources.cad.client import approach_day
from neo_assets.sources.cad.dataset import CAD_APPROACHES
from neo_assets_tests.real_data import CLOSE_APPROACHES_2020, needs_real_data
from neo_assets_tests.sources.jpl_rows import Row, approach

from .datasets import refined
from .feed_objects import fetched, rows_of

DAY = date(2024, 3, 1)
EMPTY, FORMS = DAY + timedelta(days=1), DAY + timedelta(days=2)

BAD: dict[str, dict[str, Any]] = {
    "missing_designation": {"des": " ", "fullname": None},
    "unreadable_date": {"cd": "2024-Foo-01 10:00"},
    "date_mismatch": {"cd": "2024-Feb-29 23:59"},
    "invalid_orbiting_body": {"body": "?"},
    "invalid_miss_distance": {"dist": None},
    "invalid_velocity": {"v_rel": "-1"},
}


def minutes(written: str | None) -> int | None:
    """Read an uncertainty of time without Spark."""
    form = re.fullmatch(r"(?:< *)?(?:([0-9]{1,6})_)?([0-9]{1,3}):([0-5][0-9])", written or "")
    if form is None:
        return None
    return 1440 * int(form[1] or 0) + 60 * int(form[2]) + int(form[3])


def written_uncertainties() -> list[str | None]:
    chance = random.Random(4)
    forms = [f"{chance.randrange(24):02d}:{chance.randrange(60):02d}" for _ in range(20)]
    days = [f"{chance.randrange(400)}_{form}" for form in forms]
    bad = ["", "3_", "08:5", "3_08", "24:60", "> 00:01", "3-08:05", "1 day", "9999999_00:00"]
    return [None, "< 00:01", "<00:01", "13:02", "3_08:05", " 13:02 ", *forms, *days, *bad]


def test_from_event_files_to_silver(lakehouse: Lakehouse) -> None:
    eros = approach(
        DAY,
        "433",
        fullname="   433 Eros (A898 PA)",
        dist="5.2e-05",
        dist_min="5.1e-05",
        dist_max="5.3e-05",
        diameter="16.84",
        diameter_sigma="0.06",
    )
    comet = approach(DAY, "C/2023 A3", fullname="       C/2023 A3 (Tsuchinshan-ATLAS)", v_inf=None)
    before, after = approach(DAY, orbit_id="18"), approach(DAY, orbit_id="19", dist="0.021167")
    gone = approach(DAY, "2024 XY")
    bad = [approach(DAY, f"2024 Z{number}", **values) for number, values in enumerate(BAD.values())]
    warned = approach(DAY, "2024 WW", cd="2024-Mar-01", t_sigma_f="soon", dist_min="0.03")
    uncertainties = written_uncertainties()
    forms = [
        approach(FORMS, f"2024 F{number}", t_sigma_f=written)
        for number, written in enumerate(uncertainties)
    ]
    reports = refined(
        lakehouse,
        CAD_APPROACHES,
        {
            DAY: [
                (fetched(0), [eros, comet, before, gone]),
                (fetched(1), [eros, comet, comet, after, *bad, warned]),
            ],
            EMPTY: [(fetched(0), [])],
            FORMS: [(fetched(0), forms)],
        },
    )

    report = reports[DAY]
    assert report.classes == {
        "kept": 4,
        "dropped": len(bad),
        "exact_duplicates": 3,
        "superseded": 1,
        "withdrawn": 1,
    }
    assert report.rows_in == 4 + 4 + len(bad) + 1 and report.unaccounted == 0
    assert report.reasons == dict.fromkeys(BAD, 1)
    assert report.warnings == {
        "unreadable_time": 1,
        "unreadable_time_uncertainty": 1,
        "inverted_distances": 1,
    }
    assert (reports[EMPTY].rows_in, reports[EMPTY].rows_out) == (0, 0)

    rows = {row["designation"]: row for row in rows_of(lakehouse, "silver_cad_approaches")}
    assert rows.keys() >= {"A898 PA", "C/2023 A3", "2024 AB1", "2024 WW"}
    assert chosen(rows["A898 PA"]) == {
        "close_approach_date": DAY,
        "close_approach_at": datetime(2024, 3, 1, 8, 29, tzinfo=timezone.utc),
        "orbiting_body": "Earth",
        "full_name": "433 Eros (A898 PA)",
        "number": "433",
        "orbit_id": "18",
        "miss_distance_au": 5.2e-05,
        "miss_distance_min_au": 5.1e-05,
        "miss_distance_max_au": 5.3e-05,
        "relative_velocity_km_s": 5.62203195551878,
        "velocity_at_infinity_km_s": 5.59959589405614,
        "time_uncertainty_minutes": 1,
        "absolute_magnitude_h": 25.1,
        "diameter_km": 16.84,
        "diameter_sigma_km": 0.06,
        "first_seen_at": fetched(0),
        "last_changed_at": fetched(0),
    }
    changed = rows["2024 AB1"]
    assert (changed["orbit_id"], changed["miss_distance_au"]) == ("19", 0.021167)
    assert (changed["first_seen_at"], changed["last_changed_at"]) == (fetched(0), fetched(1))
    assert rows["C/2023 A3"]["velocity_at_infinity_km_s"] is None
    assert rows["C/2023 A3"]["number"] is None
    assert rows["2024 WW"]["close_approach_at"] is None
    found = [rows[f"2024 F{place}"]["time_uncertainty_minutes"] for place in range(len(forms))]
    assert found == [minutes(written and written.strip()) for written in uncertainties]

    quarantined = rows_of(lakehouse, "silver_cad_quarantine")
    assert sorted(row["reasons"][0] for row in quarantined) == sorted(BAD)
    finding = next(row for row in quarantined if row["reasons"] == ["invalid_velocity"])
    assert finding["findings"] == ["invalid_velocity: relative_velocity_km_s = -1"]
    assert json.loads(finding["payload"])["v_rel"] == "-1"

    assert_replayed(lakehouse)


def chosen(row: dict[str, Any]) -> dict[str, Any]:
    lineage = {"designation", "partition_date", "snapshot_id", "source_file", "run_id"}
    return {name: value for name, value in row.items() if name not in lineage}


def assert_replayed(lakehouse: Lakehouse) -> None:
    """Bronze comes back from the event files, and silver from bronze, as they were."""

    def rows() -> list[dict[str, Any]]:
        found = [row | {"run_id": ""} for row in rows_of(lakehouse, "silver_cad_approaches")]
        return sorted(found, key=lambda row: (row["close_approach_date"], row["designation"]))

    before = rows()
    replay.rebuild_bronze(lakehouse, CAD_APPROACHES, "another run", lambda _: None)
    silver.refine(lakehouse, CAD_APPROACHES, [DAY, EMPTY, FORMS])
    assert rows() == before


@needs_real_data
def test_the_real_approaches_of_a_week(lakehouse: Lakehouse) -> None:
    content = json.loads(gzip.decompress(CLOSE_APPROACHES_2020.read_bytes()))
    by_day: dict[date, list[Row]] = defaultdict(list)
    for values in content["data"]:
        row = dict(zip(content["fields"], values, strict=True))
        day = approach_day(row)
        if day and day <= date(2020, 1, 7):
            by_day[day].append(row)
    reports = refined(
        lakehouse, CAD_APPROACHES, {day: [(fetched(0), rows)] for day, rows in by_day.items()}
    )
    listed = {row["des"]: row for rows in by_day.values() for row in rows}
    assert sum(report.kept for report in reports.values()) == len(listed)
    assert not any(report.dropped or report.warnings for report in reports.values())
    for row in rows_of(lakehouse, "silver_cad_approaches"):
        # Numbered objects go by their number here, for the names were not requested.
        sent = listed[row["designation"]]
        assert row["miss_distance_au"] == float(sent["dist"])
        assert row["time_uncertainty_minutes"] == minutes(sent["t_sigma_f"])
        assert row["close_approach_at"].strftime("%Y-%b-%d %H:%M") == sent["cd"]
