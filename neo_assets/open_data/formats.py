"""Rows of a table as Parquet and as JSON."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from neo_assets.lakehouse.model.tables import Column, Table
from neo_assets.lakehouse.store.arrow_types import ARROW_TYPES
from neo_assets.lakehouse.store.delta_files import dataset, open_table
from neo_assets.open_data.time_scales import is_utc


def read(tables: Path, table: Table) -> pa.Table:
    """All rows of a table in the order of its key; none if there is no table yet.

    A column that the table does not have yet is null.
    """
    schema = pa.schema(
        [
            pa.field(column.name, _arrow_type(column), metadata={"comment": column.comment})
            for column in table.columns
        ]
    )
    delta = open_table(tables / table.name)
    if delta is None:
        return schema.empty_table()
    rows = dataset(delta)
    known = [name for name in schema.names if name in rows.schema.names]
    found = rows.to_table(columns=known).combine_chunks()
    columns = [
        found[field.name].cast(field.type)
        if field.name in known
        else pa.nulls(len(found), field.type)
        for field in schema
    ]
    order = dict.fromkeys([*([table.day_column] if table.day_column else []), *table.key])
    return pa.table(columns, schema=schema).sort_by([(name, "ascending") for name in order])


def parquet(rows: pa.Table) -> bytes:
    """A Parquet file for many rows, with the descriptions of the columns."""
    buffer = io.BytesIO()
    pq.write_table(rows, buffer, compression="zstd")
    return buffer.getvalue()


def small_parquet(rows: pa.Table) -> bytes:
    """A Parquet file for a few rows: without what makes readers of many rows fast.

    It has half the size of the other one, which for one object is mostly overhead.
    """
    buffer = io.BytesIO()
    pq.write_table(
        rows,
        buffer,
        compression="none",
        use_dictionary=False,
        write_statistics=False,
        store_schema=False,
    )
    return buffer.getvalue()


def json_rows(rows: pa.Table, columns: Sequence[Column]) -> list[str]:
    """Each row as a JSON object in one line."""
    names = [column.name for column in columns]
    values = zip(*(_json_values(rows[column.name], column) for column in columns), strict=True)
    return [_json(dict(zip(names, row, strict=True))) for row in values]


def json_array(items: Sequence[str]) -> bytes:
    """JSON values as an array with a line for each."""
    return ("[\n" + ",\n".join(items) + "\n]\n").encode() if items else b"[]\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _json_values(values: pa.ChunkedArray, column: Column) -> list[object]:
    if column.type == "DOUBLE":
        values = pc.if_else(pc.is_finite(values), values, None)
    elif column.type == "TIMESTAMP":
        values = pc.strftime(values, "%Y-%m-%dT%H:%M:%S" + ("Z" if is_utc(column) else ""))
    elif column.type in ("BIGINT", "DATE"):
        # Programs that read every number as a double cannot read a key of 60 bits.
        values = values.cast(pa.string())
    found: list[object] = values.to_pylist()
    return found


def _arrow_type(column: Column) -> pa.DataType:
    if column.type == "TIMESTAMP" and not is_utc(column):
        return pa.timestamp("us")
    return ARROW_TYPES[column.type]
