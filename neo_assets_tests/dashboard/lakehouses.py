"""Lakehouses for the dashboard, made by delta-rs: no Spark is needed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT, GOLD_NEO_REVISION, Table
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store import metrics
from neo_assets.lakehouse.store.metrics import RunMetrics
from neo_assets.sources.simulator.sky import SimulatedSky
from neo_assets_tests.lakehouse.plain_reading import Day, Key, Row, read_day, revisions_of

TODAY = date(2024, 5, 20)
TYPES = {
    "STRING": pa.string(),
    "ARRAY<STRING>": pa.list_(pa.string()),
    "BOOLEAN": pa.bool_(),
    "INT": pa.int32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
}


def fact(**changes: Any) -> Row:
    """One row of `gold_neo_fact`."""
    day = changes.get("close_approach_date", TODAY)
    return {
        "designation": "2024 AA1",
        "neo_id": "3000001",
        "name": "(2024 AA1)",
        "orbiting_body": "Earth",
        "close_approach_date": day,
        "close_approach_at": datetime.combine(day, time(14, 32), timezone.utc),
        "miss_distance_km": 3_844_000.0,
        "miss_distance_lunar": 10.0,
        "relative_velocity_km_s": 12.3,
        "estimated_diameter_min_m": 100.0,
        "estimated_diameter_max_m": 225.0,
        "is_potentially_hazardous": False,
        "is_sentry_object": False,
        "size_band": "large",
        "velocity_band": "fast",
        "distance_band": "near",
        "risk_band": "moderate",
        "is_withdrawn": False,
        **changes,
    }


def revision(**changes: Any) -> Row:
    """One row of `gold_neo_revision`, of an approach that was seen a week ahead."""
    day = changes.get("close_approach_date", TODAY - timedelta(1))
    days_ahead = changes.get("days_ahead", 7)
    return {
        "neo_event_key": 1,
        "revision": 1,
        "what": "first",
        "designation": "2024 AA1",
        "orbiting_body": "Earth",
        "close_approach_date": day,
        "close_approach_at": datetime.combine(day, time(14, 32), timezone.utc),
        "days_ahead": days_ahead,
        "seen_at": datetime.combine(day - timedelta(days_ahead), time(6), timezone.utc),
        "miss_distance_km": 3_844_000.0,
        **changes,
    }


def write(tables: Path, table: Table, rows: Iterable[Row]) -> None:
    """The table with these rows and no others; columns that a row does not have are null."""
    schema = pa.schema([(column.name, TYPES[column.type]) for column in table.columns])
    content = pa.Table.from_pylist(list(rows), schema=schema)
    tables.mkdir(parents=True, exist_ok=True)
    write_deltalake(tables / table.name, content, mode="overwrite")


def write_metrics(tables: Path, run: str, days: Mapping[date, Day]) -> None:
    """What a run has measured of silver."""
    reports = [
        DayReport(
            day,
            rows_in=content.classes.total(),
            kept=content.classes["kept"],
            dropped=content.classes["dropped"],
            exact_duplicates=content.classes["exact_duplicates"],
            superseded=content.classes["superseded"],
            withdrawn=content.classes["withdrawn"],
            reasons=content.reasons,
        )
        for day, content in days.items()
    ]
    metrics.record(tables, RunMetrics(run, "silver_neo_events", reports))


def simulated(tables: Path) -> None:
    """What a daily refresh in April and May 2024 has made of the simulated feed, read plainly."""
    sky = SimulatedSky()
    histories: dict[date, list[tuple[datetime, Any]]] = defaultdict(list)
    for today, first in [(date(2024, 4, 9), date(2024, 2, 1))] + [
        (TODAY - timedelta(ago), TODAY - timedelta(ago + 7)) for ago in range(40, -1, -1)
    ]:
        for number in range((today - first).days + 8):
            day = first + timedelta(number)
            fetched_at = datetime.combine(today, time(6, 30), timezone.utc)
            objects = sorted(sky.feed(day, today), key=str)
            # An identical answer is not landed.
            if not histories[day] or histories[day][-1][1] != objects:
                histories[day].append((fetched_at, objects))
    days = {day: read_day(day, snapshots) for day, snapshots in histories.items()}
    write(tables, GOLD_NEO_FACT, (row for day in days.values() for row in day.gold.values()))
    write(tables, GOLD_NEO_REVISION, _revisions(days.values()))
    before = {day: read_day(day, snapshots[:1]) for day, snapshots in histories.items()}
    write_metrics(tables, "the first", before)
    write_metrics(tables, "the newest", days)


def _revisions(days: Iterable[Day]) -> Iterable[Row]:
    # By object, for no other object can be the other end of a move.
    of_object: dict[str | None, dict[Key, list[Row]]] = defaultdict(dict)
    for day in days:
        for key, revisions in day.revisions.items():
            of_object[key[0]][key] = revisions
    for revisions_of_object in of_object.values():
        yield from revisions_of([Day(revisions=revisions_of_object)]).values()
