"""`dq_metrics`: every number of every run, asset and day, in a table of its own.

Written and read by delta-rs: landing event files needs no Spark, and neither does counting them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from filelock import FileLock

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.tables import DQ_METRICS, Table

_FILES_BEFORE_COMPACTION = 100
_TYPES = {
    "STRING": pa.string(),
    "DATE": pa.date32(),
    "BIGINT": pa.int64(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
}


def record(tables: Path, run_id: str, asset: str, reports: Sequence[DayReport]) -> None:
    """Store the metrics of a run and asset, in place of what a try before has stored of them."""
    if not reports:
        return
    measured_at = datetime.now(timezone.utc)
    rows = [
        {
            "run_id": run_id,
            "asset": asset,
            "partition_date": report.day,
            "metric": metric,
            "rule": rule,
            "value": value,
            "rule_set": report.rule_set or None,
            "measured_at": measured_at,
        }
        for report in reports
        for (metric, rule), value in report.metrics.items()
    ]
    tables.mkdir(parents=True, exist_ok=True)
    # Assets are materialized side by side, and two commits on a local disk can meet.
    with FileLock(tables / ".dq_metrics.lock"):
        table = _created(tables / DQ_METRICS.name, DQ_METRICS)
        write_deltalake(
            table,
            pa.Table.from_pylist(rows, schema=_schema(DQ_METRICS)),
            mode="overwrite",
            predicate=f"run_id = '{run_id}' AND asset = '{asset}'",
        )
        if len(table.file_uris()) > _FILES_BEFORE_COMPACTION:
            table.optimize.compact()
            table.vacuum(dry_run=False)


def _created(folder: Path, table: Table) -> DeltaTable:
    return DeltaTable.create(
        folder, _schema(table), mode="ignore", name=table.name, description=table.comment
    )


def _schema(table: Table) -> pa.Schema:
    return pa.schema(
        [
            pa.field(column.name, _TYPES[column.type], metadata={"comment": column.comment})
            for column in table.columns
        ]
    )
