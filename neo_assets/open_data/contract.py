"""What consumers can rely on: the data contract and the data dictionary."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from neo_assets.lakehouse.model.tables import Column, Table
from neo_assets.open_data.time_scales import is_utc, time_scale

VERSION = "1.0.0"
"""Version of what is published, which every change of the columns changes.

The first number changes with what breaks a consumer, the second one with what is added.
"""

CONTRACT, DICTIONARY = "contract.odcs.yaml", "dictionary.csv"

_LOGICAL_TYPES = {
    "ARRAY<STRING>": "array",
    "BIGINT": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "number",
    "INT": "integer",
    "STRING": "string",
    "TIMESTAMP": "timestamp",
}


def contract(tables: Sequence[Table]) -> bytes:
    """The tables in the Open Data Contract Standard, as YAML."""
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "neo-assets-open-data",
        "name": "Close approaches of near-Earth objects",
        "version": VERSION,
        "status": "active",
        "description": {
            "purpose": "Close approaches as NASA publishes them, cleaned, with their revisions.",
            "usage": "Days and objects in files of their own have the columns of gold_neo_fact. "
            "JSON has integers of 64 bits as strings.",
            "limitations": "risk_band is no probability of an impact. Times are UTC unless "
            "their column says otherwise.",
        },
        "servers": [
            {
                "server": "files",
                "type": "local",
                "path": "./tables/{model}.parquet",
                "format": "parquet",
                "description": "The folder, as it is or as a web server serves it.",
            }
        ],
        "schema": [
            {
                "name": table.name,
                "physicalType": "file",
                "description": table.comment,
                "properties": [_property(table, column) for column in table.columns],
            }
            for table in tables
        ],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100).encode()


def dictionary(tables: Sequence[Table]) -> bytes:
    """One line for each column of each table, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", "column", "type", "unit", "time_scale", "key", "description"])
    for table in tables:
        for column in table.columns:
            scale = time_scale(column)
            key = "key" if column.name in table.key else ""
            unit = "" if scale else column.unit
            writer.writerow(
                [table.name, column.name, column.type, unit, scale, key, column.comment]
            )
    return text.getvalue().encode()


def _property(table: Table, column: Column) -> dict[str, Any]:
    position = table.key.index(column.name) + 1 if column.name in table.key else 0
    custom = [{"property": name, "value": value} for name, value in _custom(column)]
    return {
        "name": column.name,
        "logicalType": _LOGICAL_TYPES[column.type],
        "physicalType": column.type,
        "description": column.comment,
        **({"primaryKey": True, "primaryKeyPosition": position} if position else {}),
        **({"items": {"logicalType": "string"}} if column.type == "ARRAY<STRING>" else {}),
        **(
            {"logicalTypeOptions": {"timezone": is_utc(column)}}
            if column.type == "TIMESTAMP"
            else {}
        ),
        **({"customProperties": custom} if custom else {}),
    }


def _custom(column: Column) -> Iterator[tuple[str, str]]:
    if scale := time_scale(column):
        yield "timeScale", scale
    elif column.unit:
        yield "unit", column.unit
