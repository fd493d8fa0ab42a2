"""How the tests read a row of the feed."""

from datetime import date, datetime

from neo_assets.sources.simulator.listing import JsonObject


def designation(row: JsonObject) -> str:
    """What is in the last parentheses of the name."""
    return str(row["name"]).rsplit("(", 1)[1].rstrip(")")


def approach(row: JsonObject) -> JsonObject:
    """The only approach of a row."""
    (only,) = row["close_approach_data"]
    return dict(only)


def is_lost(row: JsonObject, day: date) -> bool:
    """Whether a row lacks what it cannot do without, by the rules of the contract."""
    entry = approach(row)
    try:
        listed = datetime.strptime(entry["close_approach_date"], "%Y-%m-%d").date()
    except ValueError:
        return True
    return listed != day or not {"relative_velocity", "miss_distance"} <= entry.keys()
