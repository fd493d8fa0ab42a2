"""In which time scale a time is published."""

from neo_assets.lakehouse.model.tables import Column


def time_scale(column: Column) -> str:
    """The time scale of a column; empty for one that has no times."""
    return (column.unit or "UTC") if column.type == "TIMESTAMP" else ""


def is_utc(column: Column) -> bool:
    """Whether the times of a column are UTC, so that they can be written as such."""
    return time_scale(column) == "UTC"
