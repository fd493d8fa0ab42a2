"""Three approaches whose predictions were off in different ways."""

from datetime import timedelta
from typing import Any

from neo_assets_tests.dashboard.lakehouses import TODAY, revision

_DAY = TODAY - timedelta(3)

MOVED = (
    revision(neo_event_key=1, close_approach_date=_DAY, days_ahead=7, miss_distance_km=100.0),
    revision(
        neo_event_key=1,
        revision=2,
        what="withdrawn",
        close_approach_date=_DAY,
        days_ahead=-1,
        miss_distance_km=100.0,
        moved_to=2,
    ),
    revision(
        neo_event_key=2,
        close_approach_date=_DAY + timedelta(1),
        days_ahead=0,
        miss_distance_km=50.0,
    ),
)
"""Predicted at 100 km a week before, it passed a day later at 50 km: 50 km off."""
WITHDRAWN = (
    revision(neo_event_key=3, close_approach_date=_DAY, days_ahead=7, miss_distance_km=100.0),
    revision(
        neo_event_key=3,
        revision=2,
        what="withdrawn",
        close_approach_date=_DAY,
        days_ahead=2,
        miss_distance_km=100.0,
    ),
)
"""Predicted a week to three days before, and withdrawn for good: no error."""
REVISED = (
    revision(neo_event_key=4, close_approach_date=_DAY, days_ahead=30, miss_distance_km=100.0),
    revision(
        neo_event_key=4,
        revision=2,
        what="changed",
        close_approach_date=_DAY,
        days_ahead=-1,
        miss_distance_km=90.0,
    ),
)
"""Predicted at 100 km a month before, it passed at 90 km on its day: 10 km off."""


def _in_order(rows: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    """The rows with the time until which each was current."""
    newer = {(row["neo_event_key"], row["revision"]): row["seen_at"] for row in rows}
    return [
        row | {"seen_until": newer.get((row["neo_event_key"], row["revision"] + 1))} for row in rows
    ]


REVISIONS = _in_order((*MOVED, *WITHDRAWN, *REVISED))
