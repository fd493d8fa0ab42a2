"""Lakehouses with a history in bronze: event files, landed and ingested as in real runs."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from time import perf_counter
from typing import Any

from pyspark.sql import SparkSession
from rich.progress import track

from neo_assets.lakehouse import stages
from neo_assets.lakehouse.model.tables import BRONZE_NEO_EVENTS, GOLD_NEO_FACT
from neo_assets.lakehouse.request import Request
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, gold, silver
from neo_assets.pipeline import LAYERS
from neo_assets.progress import discard_log
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import FETCHED_AT
from neo_assets.sources.neows.dataset import NEO
from neo_assets.sources.simulator import SimulatedSky
from neo_assets.targets.local.backend import LocalBackend
from neo_assets.targets.local.landing_zone import LocalLandingZone

STAGES = LAYERS[1:]
LAST_DAY = date(2024, 12, 30)
TEN_YEARS = 3652
ONE_YEAR = 365
REVISED_AFTER = timedelta(days=400)
"""When a day of the history was asked for again, long enough for its values to differ."""


def days_until(last: date, number: int) -> list[date]:
    """So many days, up to and with the last."""
    return [last - timedelta(days) for days in reversed(range(number))]


def folder_of(lakehouses: Path | None) -> Path:
    """Return the folder of the lakehouses: the given one, else one in the data folder."""
    return lakehouses or Settings.from_environment().neo_data_dir / "benchmarks"


def new_lakehouse(spark: SparkSession, root: Path, landing: Path | None = None) -> Lakehouse:
    """Return the lakehouse below `root`, with all its tables; `landing` may be shared."""
    lakehouse = Lakehouse(
        spark, LocalBackend(landing or root / "landing", root / "checkpoints", root / "tables")
    )
    lakehouse.ensure_tables()
    return lakehouse


def lakehouse_to_gold(spark: SparkSession, root: Path, days: Sequence[date]) -> Lakehouse:
    """Return the lakehouse below `root` with a history of these days, made in runs of a year."""
    lakehouse = new_lakehouse(spark, root)
    give_history(lakehouse, days, ONE_YEAR)
    bring_to_gold(lakehouse, days, ONE_YEAR)
    return lakehouse


def run_stages(lakehouse: Lakehouse, days: Sequence[date]) -> dict[str, float]:
    """Bring landed days to gold by all stages, and return the seconds that each took.

    Raises:
        RuntimeError: a day has lost rows.
    """
    seconds: dict[str, float] = {}
    for stage in STAGES:
        begin = perf_counter()
        request = Request(stage, f"benchmark of {days[0]}", days)
        reports = stages.run(lakehouse, request, discard_log).reports
        seconds[stage] = perf_counter() - begin
        if lost := [report for report in reports if report.rows_lost]:
            raise RuntimeError(f"Rows were lost: {lost}")
    return seconds


def give_history(lakehouse: Lakehouse, days: Sequence[date], days_per_run: int) -> None:
    """Land two snapshots of each day and ingest them, run after run; finished days are kept."""
    rows = lakehouse.read_days(BRONZE_NEO_EVENTS, days).select("feed_date").distinct().collect()
    done = {row.feed_date for row in rows}
    runs = [days[first : first + days_per_run] for first in range(0, len(days), days_per_run)]
    for run in track(runs, f"{len(days)} days of history", disable=done.issuperset(days)):
        if not done.issuperset(run):
            for day in run:
                land(lakehouse.landing(NEO), day)
                land(lakehouse.landing(NEO), day, REVISED_AFTER)
            bronze.ingest(lakehouse, NEO, run, "history")


def bring_to_gold(lakehouse: Lakehouse, days: Sequence[date], days_per_run: int) -> None:
    """Build silver and gold of a history, run after run; finished days are kept."""
    rows = lakehouse.read_days(GOLD_NEO_FACT, days).select(GOLD_NEO_FACT.day_column).distinct()
    done = {row[0] for row in rows.collect()}
    runs = [days[first : first + days_per_run] for first in range(0, len(days), days_per_run)]
    for run in track(runs, "Silver and gold", disable=not done.isdisjoint(days)):
        if done.isdisjoint(run):
            silver.refine(lakehouse, NEO, run)
            gold.publish(lakehouse, run)


def land(landing: Path, day: date, after: timedelta = timedelta(), *, volume: int = 1) -> None:
    """Land the simulated feed's response for a day, requested some time after it, once.

    With a volume there are so many of each object, of different names.
    """
    asked_at = datetime.combine(day, time(6, 30), timezone.utc) + after
    zone = LocalLandingZone(landing)
    if not any(zone.root.glob(f"feed_date={day}/{asked_at.strftime(FETCHED_AT)}-*.json")):
        objects = SimulatedSky().feed(day, asked_at.date())
        many = [_another(found, number) for number in range(volume) for found in objects]
        zone.land(day, many, source="simulator", fetched_at=asked_at)


def _another(found: dict[str, Any], number: int) -> dict[str, Any]:
    if not number:
        return found
    name = str(found["name"]).removesuffix(")")
    numbered = f"{found['id']}{number:03d}"
    return {
        **found,
        "id": numbered,
        "neo_reference_id": numbered,
        "name": f"{name}-{number})",
    }
