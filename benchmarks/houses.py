"""Lakehouses with a history in bronze: event files, landed and ingested as in real runs."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

from pyspark.sql import SparkSession
from rich.progress import track

from neo_assets.lakehouse import bronze
from neo_assets.lakehouse.local_layout import LocalLayout
from neo_assets.lakehouse.storage import Lakehouse
from neo_assets.lakehouse.tables import BRONZE_NEO_EVENTS, BRONZE_RESCUED_DATA
from neo_assets.sources.landing_zone import FETCHED_AT, LocalLandingZone
from neo_assets.sources.simulator import SimulatedSky

REVISED_AFTER = timedelta(days=400)
"""When a day of the history was asked for again, long enough for its values to differ."""


def house(spark: SparkSession, root: Path) -> Lakehouse:
    """The lakehouse below `root`, with the tables that bronze writes."""
    lakehouse = Lakehouse(
        spark, LocalLayout(root / "landing", root / "checkpoints", root / "tables")
    )
    lakehouse.ensure_tables([BRONZE_NEO_EVENTS, BRONZE_RESCUED_DATA])
    return lakehouse


def give_history(lakehouse: Lakehouse, days: Sequence[date], days_per_run: int) -> None:
    """Land two snapshots of each day and ingest them, run after run; what is done is let be."""
    rows = lakehouse.read_days(BRONZE_NEO_EVENTS, days).select("feed_date").distinct().collect()
    done = {row.feed_date for row in rows}
    runs = [days[first : first + days_per_run] for first in range(0, len(days), days_per_run)]
    for run in track(runs, f"{len(days)} days of history", disable=done.issuperset(days)):
        if not done.issuperset(run):
            for day in run:
                land(lakehouse, day)
                land(lakehouse, day, REVISED_AFTER)
            bronze.ingest(lakehouse, run, "history")


def land(lakehouse: Lakehouse, day: date, after: timedelta = timedelta()) -> None:
    """Land what the simulated feed says of a day when it is asked some time after it, once."""
    asked_at = datetime.combine(day, time(6, 30), timezone.utc) + after
    zone = LocalLandingZone(lakehouse.layout.landing)
    if not any(zone.root.glob(f"feed_date={day}/{asked_at.strftime(FETCHED_AT)}-*.json")):
        objects = SimulatedSky().feed(day, asked_at.date())
        zone.land(day, objects, source="simulator", fetched_at=asked_at)
