"""Rows of gold for the open data."""

from datetime import date, datetime, timezone
from typing import Any

from neo_assets_tests.lakehouse.plain_reading import Row

TODAY = date(2024, 5, 20)
SEEN_AT = datetime(2024, 5, 13, 6, 30, tzinfo=timezone.utc)
HOSTILE = "<b>;\x07&"
KEYS = {"2024 AA1": 2**60 - 1, "C/2014 S2": 7, "../☄": 3, HOSTILE: 5}
"""The keys of objects by their designations, which can be anything."""


def fact(designation: str = "2024 AA1", day: date = TODAY, **changes: Any) -> Row:
    """One row of `gold_neo_fact`."""
    return {
        "neo_event_key": hash((KEYS[designation], day.toordinal())) % 2**60,
        "neo_event_id": f"{day}|Earth|{designation}",
        "neo_key": KEYS[designation],
        "designation": designation,
        "close_approach_date": day,
        "orbiting_body": "Earth",
        "close_approach_at": datetime(day.year, day.month, day.day, 14, 32, tzinfo=timezone.utc),
        "miss_distance_lunar": 10.0,
        "size_band": "large",
        "velocity_band": "fast",
        "risk_band": "moderate",
        "first_seen_at": SEEN_AT,
        "last_changed_at": SEEN_AT,
        "is_withdrawn": False,
        **changes,
    }


def revision(designation: str = "2024 AA1", day: date = TODAY, **changes: Any) -> Row:
    """One row of `gold_neo_revision`."""
    return {
        "designation": designation,
        "close_approach_date": day,
        "revision": 1,
        "what": "first",
        "changed_columns": [],
        "seen_at": SEEN_AT,
        **changes,
    }
