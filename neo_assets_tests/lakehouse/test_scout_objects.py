"""JPL's unconfirmed objects from their event files to silver."""

import json
from datetime import date, datetime, timedelta, timezone
from typing import Any

from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.sources.scout.dataset import COLUMNS, SCOUT_OBJECTS
from neo_assets_tests.sources.jpl_rows import unconfirmed

from .datasets import refined
from .feed_objects import fetched, rows_of

DAY = date(2024, 3, 1)
NEXT = DAY + timedelta(days=1)

BAD: dict[str, dict[str, Any]] = {
    "missing_designation": {"objectName": " "},
    "invalid_neo_score": {"neoScore": None},
}
WARNED: dict[str, list[dict[str, Any]]] = {
    "invalid_score": [{"phaScore": 101}, {"ieoScore": "-1"}, {"geocentricScore": None}],
    "invalid_impact_rating": [{"rating": 5}, {"rating": "high"}],
    "unreadable_time": [{"tEphem": "soon"}, {"lastRun": None}],
    "invalid_position": [{"ra": "24:00"}, {"ra": "16:60"}, {"dec": "+91"}, {"dec": None}],
}

FORMS: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"neoScore": "100", "nObs": "12"}, {"neo_score": 100, "observations": 12}),
    ({"rating": None}, {"impact_rating": None}),
    ({"rating": "4"}, {"impact_rating": 4}),
    (
        {"caDist": None, "vInf": None},
        {"miss_distance_lunar": None, "velocity_at_infinity_km_s": None},
    ),
    ({"moid": "0.0000", "unc": 0}, {"moid_au": 0.0, "uncertainty_arcmin": 0.0}),
    ({"moid": 10, "caDist": 0.04}, {"moid_au": 10.0, "miss_distance_lunar": 0.04}),
    ({"H": "NaN", "arc": "Infinity"}, {"absolute_magnitude_h": None, "arc_hours": None}),
    ({"ra": "00:00", "dec": "-00"}, {"right_ascension_deg": 0.0, "declination_deg": 0.0}),
    ({"ra": "23:59", "dec": "+90"}, {"right_ascension_deg": 359.75, "declination_deg": 90.0}),
)
"""What an object may have, and its columns in silver; no rule is broken."""


def test_from_event_files_to_silver(lakehouse: Lakehouse) -> None:
    before, after = unconfirmed(), unconfirmed(rating=3, tEphem="2024-03-01 19:45", nObs=9)
    gone, bare = unconfirmed("A11EvW3"), unconfirmed("ZTF10En")
    bad = [unconfirmed(f"Bad{number}", **values) for number, values in enumerate(BAD.values())]
    reports = refined(
        lakehouse,
        SCOUT_OBJECTS,
        {
            DAY: [(fetched(0), [before, gone, bare]), (fetched(1), [after, bare, bare, *bad])],
            NEXT: [(fetched(24), [bare])],
        },
    )

    report = reports[DAY]
    assert report.classes == {
        "kept": 2,
        "dropped": len(bad),
        "exact_duplicates": 2,
        "superseded": 1,
        "withdrawn": 1,
    }
    assert report.reasons == dict.fromkeys(BAD, 1) and report.unaccounted == 0
    assert not report.warnings
    rows = {
        (row["designation"], row["observed_date"]): row
        for row in rows_of(lakehouse, "silver_scout_objects")
    }
    assert rows.keys() == {("P12o4vk", DAY), ("ZTF10En", DAY), ("ZTF10En", NEXT)}
    changed = rows["P12o4vk", DAY]
    assert {column.name: changed[column.name] for column in COLUMNS} == {
        "designation": "P12o4vk",
        "observed_date": DAY,
        "neo_score": 93,
        "neo_1km_score": 18,
        "pha_score": 23,
        "interior_score": 0,
        "geocentric_score": 1,
        "tisserand_score": 32,
        "impact_rating": 3,
        "miss_distance_lunar": 0.82,
        "moid_au": 0.0009,
        "velocity_at_infinity_km_s": 10.0,
        "absolute_magnitude_h": 28.5,
        "observations": 9,
        "arc_hours": 0.58,
        "residual_rms": 0.09,
        "ephemeris_at": datetime(2024, 3, 1, 19, 45, tzinfo=timezone.utc),
        "right_ascension_deg": 254.5,
        "declination_deg": -3.0,
        "elongation_deg": 104.0,
        "visual_magnitude": 20.9,
        "motion_arcsec_min": 26.6,
        "uncertainty_arcmin": 710.0,
        "uncertainty_next_day_arcmin": 800.0,
        "computed_at": datetime(2024, 2, 29, 16, 42, tzinfo=timezone.utc),
    }
    assert (changed["first_seen_at"], changed["last_changed_at"]) == (fetched(0), fetched(1))
    quarantined = rows_of(lakehouse, "silver_scout_quarantine")
    assert sorted(row["reasons"][0] for row in quarantined) == sorted(BAD)
    (finding,) = (row for row in quarantined if row["reasons"] == ["invalid_neo_score"])
    assert finding["findings"] == ["invalid_neo_score: neo_score = missing"]
    assert json.loads(finding["payload"])["objectName"] == "Bad1"


def test_values_in_all_forms_and_what_is_warned_of(lakehouse: Lakehouse) -> None:
    forms = [unconfirmed(f"Form{number}", **sent) for number, (sent, _) in enumerate(FORMS)]
    broken = [
        unconfirmed(f"{rule}{number}", **values)
        for rule, changes in WARNED.items()
        for number, values in enumerate(changes)
    ]
    reports = refined(
        lakehouse,
        SCOUT_OBJECTS,
        {DAY: [(fetched(0), forms)], NEXT: [(fetched(24), broken)]},
    )
    assert (reports[DAY].kept, reports[DAY].warnings) == (len(forms), {})
    assert reports[NEXT].kept == len(broken)
    assert reports[NEXT].warnings == {rule: len(changes) for rule, changes in WARNED.items()}
    rows = {row["designation"]: row for row in rows_of(lakehouse, "silver_scout_objects")}
    for number, (_, expected) in enumerate(FORMS):
        row = rows[f"Form{number}"]
        assert {name: row[name] for name in expected} == expected
