"""The tables of the Power BI model as SQL queries over the lakehouse.

Columns have the names, labels and descriptions of the model.  What the model adds to a row in M or
DAX is here in SQL; a test compares both.
"""

from collections.abc import Collection

from neo_assets.dashboard import risk_lists
from neo_assets.lakehouse.model import bands
from neo_assets.lakehouse.model.tables import Column
from powerbi.generate import CHANGES, TABLES, ModelTable, shown_name

_LISTED_OBJECT = (
    "CASE WHEN number IS NULL OR name IS NULL THEN designation WHEN startswith(name, number) "
    "THEN name ELSE concat(number, ' ', name) END"
)
_ADDED = {
    ("Approach", "diameter_m"): "sqrt(estimated_diameter_min_m * estimated_diameter_max_m)",
    ("Quality metric", "is_newest"): (
        "measured_at = max(measured_at) OVER (PARTITION BY asset, partition_date)"
    ),
    ("Impact risk", "listed_object"): _LISTED_OBJECT,
    ("Impact risk", "change"): (
        f"CASE WHEN revision_type = 'removed' THEN '{CHANGES[risk_lists.LEFT]}' "
        f"WHEN revision_type <> 'revised' THEN '{CHANGES[risk_lists.ENTERED]}' "
        f"WHEN odds_factor >= {risk_lists.TENFOLD} THEN '{CHANGES[risk_lists.ROSE]}' "
        f"WHEN odds_factor <= {1 / risk_lists.TENFOLD} THEN '{CHANGES[risk_lists.FELL]}' "
        f"ELSE '{CHANGES[risk_lists.SMALLER]}' END"
    ),
    ("Impact risk", "is_listed"): "seen_until IS NULL AND revision_type <> 'removed'",
    ("Impact risk", "is_in_first_snapshot"): "seen_at = min(seen_at) OVER (PARTITION BY source)",
    ("Fireball", "event_year"): "year(event_at)",
    ("Fireball", "has_place"): "latitude_deg IS NOT NULL AND longitude_deg IS NOT NULL",
    ("Approach agreement", "compared_object"): "designation",
}
"""Columns that only the model has, by its table."""


def model_table(name: str) -> ModelTable:
    """The table of the model with this name."""
    return next(table for table in TABLES if table.name == name)


def query(table: ModelTable, shown: Collection[str]) -> str:
    """The query for a table with these of its columns, as they are shown.

    Raises:
        ValueError: the table has no such column, or it is added by the model and not here.
    """
    columns = {shown_name(column.name): column for column in (*table.kept, *table.more)}
    if unknown := set(shown) - columns.keys():
        raise ValueError(f"{table.name} has no columns {', '.join(sorted(unknown))}")
    selected = ",\n".join(
        f"  {_sql(table, column)} AS `{name}`" for name, column in columns.items() if name in shown
    )
    return f"SELECT\n{selected}\nFROM {table.source.name}"


def _sql(table: ModelTable, column: Column) -> str:
    if labels := table.labels.get(column.name):
        code = f"coalesce({column.name}, 'unknown')" if bands.UNKNOWN in labels else column.name
        cases = " ".join(f"WHEN {_text(it)} THEN {_text(shown)}" for it, shown in labels.items())
        return f"CASE {code} {cases} ELSE {column.name} END"
    if column in table.kept:
        return column.name
    if (table.name, column.name) not in _ADDED:
        raise ValueError(f"{table.name}: {column.name} is not in SQL")
    return _ADDED[table.name, column.name]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
