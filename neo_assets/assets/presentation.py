"""What people see of a table in the UI: its schema, its place, and a few rows of each day."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from neo_assets.lakehouse.tables import Table
from neo_assets.settings import Settings

if TYPE_CHECKING:
    from neo_assets.lakehouse.storage import Lakehouse

PREVIEW_ROWS = 5


def table_metadata(table: Table) -> dict[str, Any]:
    """Name, schema with descriptions, and location of a table, as metadata of its asset."""
    location = Settings.from_environment().tables_directory / table.name
    return {
        "dagster/table_name": table.name,
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(column.name, column.type, column.comment) for column in table.columns
            ]
        ),
        "location": dg.MetadataValue.path(str(location)),
    }


def previews(
    lakehouse: "Lakehouse", table: Table, days: Collection[date], *columns: str
) -> dict[date, str]:
    """The first rows of each day, in order of the first column, as markdown tables."""
    shown = lakehouse.read_days(table, days).selectExpr(
        f"{table.day_column} AS preview_day", *columns
    )
    ranked = shown.selectExpr(
        "*",
        f"row_number() OVER (PARTITION BY preview_day ORDER BY {shown.columns[1]}) AS preview_rank",
    )
    rows: dict[date, list[dict[str, Any]]] = {}
    for row in ranked.where(f"preview_rank <= {PREVIEW_ROWS}").orderBy("preview_rank").collect():
        values = row.asDict()
        del values["preview_rank"]
        rows.setdefault(values.pop("preview_day"), []).append(values)
    return {day: markdown_table(of_day) for day, of_day in rows.items()}


def markdown_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a markdown table; the empty string for none."""
    if not rows:
        return ""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(_cell(value) for value in line)} |" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:,.3f}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
