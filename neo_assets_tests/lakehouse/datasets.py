"""Snapshots of any dataset on their way into silver."""

from collections.abc import Iterable, Mapping
from datetime import date

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, silver
from neo_assets.targets.local.landing_zone import LocalLandingZone

from .feed_objects import Snapshot


def refined(
    lakehouse: Lakehouse, dataset: Dataset, histories: Mapping[date, Iterable[Snapshot]]
) -> dict[date, DayReport]:
    """Land the snapshots and take their days to silver; what silver reports by day."""
    lakehouse.ensure_tables(dataset.tables.all)
    zone = LocalLandingZone(lakehouse.landing(dataset))
    for day, snapshots in histories.items():
        for fetched_at, objects in snapshots:
            zone.land(day, objects, source="simulator", fetched_at=fetched_at, api_version="1.5")
    bronze.ingest(lakehouse, dataset, list(histories), "a run")
    reports = silver.refine(lakehouse, dataset, list(histories))
    return {report.day: report for report in reports}
