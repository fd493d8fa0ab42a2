"""Metadata of a table for the UI: its schema and its location."""

from typing import Any

import dagster as dg

from neo_assets.lakehouse.model.tables import Table
from neo_assets.targets.base import Target


def table_metadata(table: Table, target: Target) -> dict[str, Any]:
    """Name, schema with descriptions, and location of a table, as metadata of its asset."""
    return {
        "dagster/table_name": table.name,
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(
                    column.name,
                    column.type,
                    column.comment,
                    tags={"unit": column.unit} if column.unit else None,
                )
                for column in table.columns
            ]
        ),
        "location": dg.MetadataValue.path(target.location(table)),
    }
