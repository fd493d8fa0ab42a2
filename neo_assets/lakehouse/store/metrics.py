"""`dq_metrics`: every number of every run, asset and day, in a table of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from neo_assets.lakehouse.message import Message
from neo_assets.lakehouse.model.tables import DQ_METRICS
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store.delta_log import set_aside_damaged_checkpoints

if TYPE_CHECKING:
    import pyarrow as pa

_FILES_BEFORE_COMPACTION = 100


@dataclass(frozen=True)
class RunMetrics(Message):
    """The metrics of one run of an asset."""

    run_id: str
    asset: str
    reports: Sequence[DayReport]


def rows(measured: Sequence[RunMetrics]) -> pa.Table:
    """Rows of `dq_metrics`, measured now."""
    # The code location has this module for its lock, and must not wait for Arrow to load.
    import pyarrow as pa

    from neo_assets.lakehouse.store.arrow_types import arrow_schema

    measured_at = datetime.now(timezone.utc)
    values = [
        {
            "run_id": of_run.run_id,
            "asset": of_run.asset,
            "partition_date": report.day,
            "metric": metric,
            "rule": rule,
            "value": value,
            "rule_set": report.rule_set or None,
            "measured_at": measured_at,
        }
        for of_run in measured
        for report in of_run.reports
        for (metric, rule), value in report.metrics.items()
    ]
    return pa.Table.from_pylist(values, schema=arrow_schema(DQ_METRICS))


def is_of(measured: Sequence[RunMetrics]) -> str:
    """A condition for the rows that these runs have stored of these assets."""
    return " OR ".join(
        f"(run_id = '{of_run.run_id}' AND asset = '{of_run.asset}')" for of_run in measured
    )


@contextmanager
def exclusive_writer(tables: Path) -> Iterator[None]:
    """Keep everyone else on this machine from writing metrics for the block.

    Runs overlap, and two commits on a local disk can meet.
    """
    # It is not there where Databricks runs stages, nor is it needed.
    from filelock import FileLock

    tables.mkdir(parents=True, exist_ok=True)
    with FileLock(tables / ".dq_metrics.lock"):
        yield


def record(tables: Path, measured: RunMetrics) -> None:
    """Store the metrics of a run and asset, in place of what a try before has stored of them.

    Written by delta-rs: landing event files needs no Spark, and neither does counting them.
    """
    # It is not there where Databricks runs stages, nor is it needed.
    from deltalake import DeltaTable, write_deltalake

    from neo_assets.lakehouse.store.arrow_types import arrow_schema

    if not measured.reports:
        return
    with exclusive_writer(tables):
        set_aside_damaged_checkpoints(tables / DQ_METRICS.name)
        table = DeltaTable.create(
            tables / DQ_METRICS.name,
            arrow_schema(DQ_METRICS),
            mode="ignore",
            name=DQ_METRICS.name,
            description=DQ_METRICS.comment,
        )
        write_deltalake(table, rows([measured]), mode="overwrite", predicate=is_of([measured]))
        if len(table.file_uris()) > _FILES_BEFORE_COMPACTION:
            # Deleting the files of old versions is left to maintenance, which knows how long they
            # are to be kept; delta-rs would delete them after a week.
            table.optimize.compact()
