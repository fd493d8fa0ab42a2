"""A day's report as metadata of its materialization: written by the asset, read by the checks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
from pydantic import TypeAdapter

from neo_assets.dagster_internals.history import newest_materialization_ids
from neo_assets.lakehouse.report import DayReport

REPORT = "report"

_REPORTS = TypeAdapter(DayReport)

_RENAMED = {
    "rows_doubled": "rows_duplicated",
    "taken_over": "rows_received",
    "handed_on": "rows_emitted",
}
"""Names of counts in reports stored by earlier versions, and the present names."""


@dataclass(frozen=True)
class StoredReport:
    """The newest report of an asset for a day, and the materialization whose metadata has it."""

    report: DayReport
    storage_id: int
    run_id: str
    timestamp: float


def report_metadata(report: DayReport) -> dict[str, Any]:
    """Return a report as metadata: the counts, which the UI plots, and the whole as JSON."""
    return {
        "dagster/partition_row_count": report.rows_out,
        "rows_in": report.rows_in,
        **report.classes,
        **report.details,
        **({"skipped": report.skipped} if report.skipped else {}),
        REPORT: dg.MetadataValue.json(_REPORTS.dump_python(report, mode="json")),
    }


def report_of(metadata: Mapping[str, dg.MetadataValue]) -> DayReport | None:
    """Return the report in metadata, or None if there is none."""
    value = metadata.get(REPORT)
    if not isinstance(value, dg.JsonMetadataValue) or not isinstance(value.value, dict):
        return None
    stored = {_RENAMED.get(str(name), str(name)): item for name, item in value.value.items()}
    return _REPORTS.validate_python(stored)


def newest_reports(
    instance: dg.DagsterInstance,
    asset: dg.AssetKey,
    days: Sequence[date],
    before: Mapping[date, int] | None = None,
) -> dict[date, StoredReport]:
    """Return the newest report of each day; days never materialized are missing.

    With `before`, return the newest that was stored before the event with that storage id.
    """

    def counts(stored: StoredReport) -> bool:
        return before is None or stored.storage_id < before[stored.report.day]

    # Dagster treats an empty filter as no filter.
    if not days:
        return {}
    newest = newest_materialization_ids(instance, asset, [day.isoformat() for day in days])
    if not newest:
        return {}
    found = _stored_reports(
        instance, dg.AssetRecordsFilter(asset_key=asset, storage_ids=[*newest.values()])
    )
    reports = {stored.report.day: stored for stored in found if counts(stored)}
    # Days are refreshed repeatedly: older reports are read only if the newest does not count.
    rest = [partition for partition in newest if date.fromisoformat(partition) not in reports]
    if rest:
        older = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=rest)
        for stored in filter(counts, _stored_reports(instance, older)):
            reports.setdefault(stored.report.day, stored)
    return reports


def _stored_reports(
    instance: dg.DagsterInstance, wanted: dg.AssetRecordsFilter
) -> Iterator[StoredReport]:
    """Yield all reports of the materializations, newest first."""
    cursor: str | None = None
    has_more = True
    while has_more:
        found = instance.fetch_materializations(wanted, limit=1000, cursor=cursor)
        for record in found.records:
            materialization = record.asset_materialization
            report = report_of(materialization.metadata) if materialization else None
            if report is not None:
                yield StoredReport(report, record.storage_id, record.run_id, record.timestamp)
        cursor, has_more = found.cursor, found.has_more
