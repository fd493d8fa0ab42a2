"""The columns of a table as Arrow has them."""

import pyarrow as pa

from neo_assets.lakehouse.model.tables import Table

ARROW_TYPES = {
    "ARRAY<STRING>": pa.list_(pa.string()),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "DOUBLE": pa.float64(),
    "INT": pa.int32(),
    "STRING": pa.string(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
}
"""The Arrow type of each SQL type that a column can have."""


def arrow_schema(table: Table) -> pa.Schema:
    """The schema of a table, with the comments of its columns."""
    return pa.schema(
        [
            pa.field(column.name, ARROW_TYPES[column.type], metadata={"comment": column.comment})
            for column in table.columns
        ]
    )
