"""Approaches of the last and the next days, for any calendar program."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from icalendar import Calendar, Event

from neo_assets.external_text import printable
from neo_assets.open_data.approaches import OBJECTS

DAYS_BACK = 30
"""Days before today from which on the calendar has approaches."""

_TDB_AHEAD_OF_UTC = timedelta(seconds=69)
"""Since 2017; the minute of an approach is all that is known."""


def calendar(facts: pa.Table, today: date) -> bytes:
    """An iCalendar file with an event for each approach; a withdrawn one is canceled."""
    first = pa.scalar(today - timedelta(DAYS_BACK), pa.date32())
    shown = facts.filter(pc.greater_equal(facts["close_approach_date"], first))
    file = Calendar()
    file.add("prodid", "-//neo_assets//open data//EN")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add("x-wr-calname", "Close approaches of near-Earth objects")
    for row in shown.to_pylist():
        file.add_component(_event(row))
    return bytes(file.to_ical())


def _event(row: dict[str, Any]) -> Event:
    event = Event()
    event.add("uid", printable(f"{row['neo_event_id']}@neo_assets"))
    event.add("dtstamp", row["last_changed_at"])
    event.add("last-modified", row["last_changed_at"])
    event.add("dtstart", _start(row["close_approach_at"], row["close_approach_date"]))
    passage = printable(f"{row['designation']} passes {row['orbiting_body']}")
    event.add("summary", passage + _distance(row))
    event.add("description", _description(row))
    event.add("status", "CANCELLED" if row["is_withdrawn"] else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return event


def _start(at: datetime | None, day: date) -> date:
    """When the event is, in UTC; the day alone where the minute is not known."""
    return at.replace(tzinfo=timezone.utc) - _TDB_AHEAD_OF_UTC if at else day


def _distance(row: dict[str, Any]) -> str:
    lunar = row["miss_distance_lunar"]
    return "" if lunar is None else f" at {lunar:.1f} lunar distances"


def _description(row: dict[str, Any]) -> str:
    at = row["close_approach_at"]
    return "\n".join(
        [
            f"Closest approach: {at:%Y-%m-%d %H:%M} TDB, 69 s ahead of UTC."
            if at
            else f"Closest approach: {row['close_approach_date']} (TDB).",
            f"Size: {row['size_band']}. Velocity: {row['velocity_band']}. "
            f"Attention: {row['risk_band']}, which is no probability of an impact.",
            f"Data: {OBJECTS}/{row['neo_key']}.json",
        ]
    )
