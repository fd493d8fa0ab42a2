"""Tables as one Parquet file each, for tools that read no Delta, such as Power BI Desktop.

Read by delta-rs and written by Arrow: no Spark is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable
from filelock import FileLock

from neo_assets.lakehouse.model.predictions import Revision, predictions
from neo_assets.lakehouse.model.tables import (
    DQ_METRICS,
    GOLD_DIM_DATE,
    GOLD_DIM_NEO,
    GOLD_NEO_FACT,
    GOLD_NEO_PREDICTION,
    GOLD_NEO_REVISION,
    SILVER_NEO_QUARANTINE,
    Table,
)
from neo_assets.lakehouse.store.arrow_types import ARROW_TYPES
from neo_assets.lakehouse.store.delta_files import dataset, open_table

EXPORTED = (
    GOLD_NEO_FACT,
    GOLD_DIM_NEO,
    GOLD_DIM_DATE,
    GOLD_NEO_REVISION,
    GOLD_NEO_PREDICTION,
    DQ_METRICS,
    SILVER_NEO_QUARANTINE,
)
"""The star and the data quality: tables of the lakehouse, and what is computed from one of them."""

_TYPES = {
    **ARROW_TYPES,
    # Few tools show a list in a cell: its items, with commas.
    "ARRAY<STRING>": pa.string(),
    # UTC without a time zone: Power Query would shift it to the reader's zone.
    "TIMESTAMP": pa.timestamp("us"),
}
_SOURCE = b"neo.source"
"""Key in a file's metadata: which version of which Delta table it holds."""


@dataclass(frozen=True)
class ExportedFile:
    """The Parquet file of a table; `is_new` says whether this export has written it."""

    table: str
    rows: int
    size_bytes: int
    is_new: bool


def export(
    tables: Path,
    folder: Path,
    chosen: Sequence[Table] = EXPORTED,
    without_rows: Collection[Table] = (),
) -> Iterator[ExportedFile]:
    """Bring the file of each table up to date, `<folder>/<table>.parquet`, one after the other.

    A file is replaced as a whole, and only when its Delta table has another version. A table that
    is not there yet, or is in `without_rows`, has a file without rows: who opens all of them finds
    all of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        for table in chosen:
            source, batches = _COMPUTED.get(table.name, (table, _batches))
            delta = None if table in without_rows else open_table(tables / source.name)
            yield _export(delta, folder, table, batches)


def _export(
    delta: DeltaTable | None, folder: Path, table: Table, batches: _Batches
) -> ExportedFile:
    version = f"{delta.metadata().id} version {delta.version()}" if delta else "no table"
    schema = _schema(table).with_metadata({_SOURCE: version})
    file = folder / f"{table.name}.parquet"
    is_new = not _holds(file, schema)
    if is_new:
        unfinished = file.with_suffix(".unfinished")
        with pq.ParquetWriter(unfinished, schema) as writer:
            for batch in batches(delta, schema) if delta else ():
                writer.write_batch(batch)
        unfinished.replace(file)
    return ExportedFile(
        table.name, pq.read_metadata(file).num_rows, file.stat().st_size, is_new=is_new
    )


def _holds(file: Path, schema: pa.Schema) -> bool:
    """Whether the file has these columns and came from this version of the table."""
    if not file.exists():
        return False
    written = pq.read_schema(file)
    return bool(written.equals(schema) and written.metadata[_SOURCE] == schema.metadata[_SOURCE])


def _batches(delta: DeltaTable, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    rows = dataset(delta)
    # A table that was written before a column was thought of has it after its next write.
    known = [name for name in schema.names if name in rows.schema.names]
    for batch in rows.to_batches(columns=known):
        columns = [
            _plain(batch.column(field.name), field.type)
            if field.name in known
            else pa.nulls(len(batch), field.type)
            for field in schema
        ]
        yield pa.record_batch(columns, schema=schema)


def _predictions(revisions: DeltaTable, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows of `gold_neo_prediction`, computed from the whole of `gold_neo_revision`."""
    columns = [field.name for field in fields(Revision)]
    rows = dataset(revisions).to_table(columns=columns).to_pylist()
    values = [
        {
            "days_before": it.days_before,
            "predicted_event_key": it.predicted.neo_event_key,
            "event_key": it.outcome.neo_event_key if it.outcome else None,
            "predicted_date": it.predicted.close_approach_date,
            "close_approach_date": it.outcome.close_approach_date if it.outcome else None,
            "days_off": it.days_off,
            "minutes_off": it.minutes_off,
            "distance_off_km": it.distance_off_km,
            "distance_error_km": it.distance_error_km,
        }
        for it in predictions(Revision(**row) for row in rows)
    ]
    yield from pa.Table.from_pylist(values, schema=schema).to_batches()


_Batches = Callable[[DeltaTable, pa.Schema], Iterator[pa.RecordBatch]]
_COMPUTED: dict[str, tuple[Table, _Batches]] = {
    GOLD_NEO_PREDICTION.name: (GOLD_NEO_REVISION, _predictions)
}
"""Tables that are not stored: which table each is computed from, and how."""


def _plain(values: pa.Array, plain: pa.DataType) -> pa.Array:
    return pc.binary_join(values, ", ") if pa.types.is_list(values.type) else values.cast(plain)


def _schema(table: Table) -> pa.Schema:
    return pa.schema([(column.name, _TYPES[column.type]) for column in table.columns])
