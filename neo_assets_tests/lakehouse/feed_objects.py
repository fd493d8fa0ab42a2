"""Objects as the feed lists them, and their way into a lakehouse."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, gold, silver
from neo_assets.sources.neows.dataset import NEO
from neo_assets.targets.local.backend import LocalBackend
from neo_assets.targets.local.landing_zone import LocalLandingZone

FeedObject = dict[str, Any]
Snapshot = tuple[datetime, Sequence[FeedObject]]

NOON = datetime(2024, 4, 1, 12, tzinfo=timezone.utc)


def fetched(number: int) -> datetime:
    """When the snapshot of this number was fetched."""
    return NOON + timedelta(hours=number)


def feed_object(
    day: date, designation: str = "2024 AA1", *, id: str = "3000001", **changes: Any
) -> FeedObject:
    """One object that passes on `day`; changes reach into its approach by the same names.

    A change to None takes the field away.
    """
    approach: FeedObject = {
        "close_approach_date": day.isoformat(),
        "close_approach_date_full": f"{day:%Y}-{day:%b}-{day:%d} 20:28",
        "epoch_date_close_approach": 1441744080000,
        "relative_velocity": {"kilometers_per_second": "18.1279360862"},
        "miss_distance": {
            "astronomical": "0.3027469457",
            "lunar": "117.7685618773",
            "kilometers": "45290298.225725659",
        },
        "orbiting_body": "Earth",
    }
    item: FeedObject = {
        "id": id,
        "neo_reference_id": id,
        "name": f"({designation})",
        "absolute_magnitude_h": 21.34,
        "estimated_diameter": {
            "meters": {
                "estimated_diameter_min": 143.4019234645,
                "estimated_diameter_max": 320.6564489709,
            }
        },
        "is_potentially_hazardous_asteroid": False,
        "close_approach_data": [approach],
        "is_sentry_object": False,
    }
    for name, value in changes.items():
        place = approach if name in approach else item
        if value is None:
            del place[name]
        else:
            place[name] = value
    return item


def land(lakehouse: Lakehouse, histories: Mapping[date, Iterable[Snapshot]]) -> None:
    """Put snapshots of days into the landing zone, as the raw asset does."""
    zone = LocalLandingZone(lakehouse.landing(NEO))
    for day, snapshots in histories.items():
        for fetched_at, objects in snapshots:
            zone.land(day, objects, source="simulator", fetched_at=fetched_at)


def run(
    lakehouse: Lakehouse, days: Iterable[date]
) -> tuple[dict[date, DayReport], dict[date, DayReport], dict[date, DayReport]]:
    """Take the days from the landing zone to gold; what bronze, silver and gold report by day."""
    wanted = sorted(days)
    stages = (
        bronze.ingest(lakehouse, NEO, wanted, "a run"),
        silver.refine(lakehouse, NEO, wanted),
        gold.publish(lakehouse, wanted),
    )
    in_bronze, in_silver, in_gold = ({report.day: report for report in s} for s in stages)
    return in_bronze, in_silver, in_gold


def tables_of(lakehouse: Lakehouse) -> Path:
    """The folder of a local lakehouse that has one folder a table."""
    assert isinstance(lakehouse.backend, LocalBackend)
    return lakehouse.backend.tables


def rows_of(lakehouse: Lakehouse, table: str) -> list[dict[str, Any]]:
    """A table's rows through delta-rs, which shares no code with Spark."""
    rows: list[dict[str, Any]] = (
        DeltaTable(tables_of(lakehouse) / table).to_pyarrow_table().to_pylist()
    )
    return rows


def version_of(lakehouse: Lakehouse, table: str) -> int:
    """The number of the table's last commit."""
    return DeltaTable(tables_of(lakehouse) / table).version()
