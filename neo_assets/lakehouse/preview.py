"""A few rows of each day, for people to look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from neo_assets.external_text import markdown
from neo_assets.lakehouse.model.tables import Table

if TYPE_CHECKING:
    from neo_assets.lakehouse.store.storage import Lakehouse

PREVIEW_ROWS = 5


def previews(
    lakehouse: Lakehouse, table: Table, days: Collection[date], *columns: str
) -> dict[date, str]:
    """The first rows of each day, in order of the first column, as markdown tables.

    Times are in UTC, whatever the time zone of this machine.
    """
    shown = lakehouse.read_days(table, days).selectExpr(
        f"{table.day_column} AS preview_day", *columns
    )
    # PySpark converts a timestamp that it collects to the time zone of the client.
    ranked = shown.selectExpr(
        *(
            f"date_format({name}, \"yyyy-MM-dd HH:mm:ss 'UTC'\") AS {name}"
            if type_name == "timestamp"
            else name
            for name, type_name in shown.dtypes
        )
    ).selectExpr(
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
    return f"{value:,.3f}" if isinstance(value, float) else markdown(str(value))
