"""The rules a row must meet, in the words of declarative pipelines: `drop` or `warn`.

A rule's condition is an SQL expression over the typed columns of a row and its `feed_date`; null
means the rule failed.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Rule:
    """One demand on a row: its name stands as the reason on every row that breaks it."""

    name: str
    demand: str
    condition: str
    action: Literal["drop", "warn"] = "drop"


UNREADABLE_LINE = "unreadable_line"

RULES = (
    Rule("missing_designation", "has a name or a designation", "designation IS NOT NULL"),
    Rule(
        "unreadable_date",
        "has a date of approach that can be read",
        "close_approach_date IS NOT NULL",
    ),
    Rule(
        "date_mismatch",
        "was listed under its own date of approach",
        "close_approach_date IS NULL OR close_approach_date = feed_date",
    ),
    Rule(
        "invalid_velocity",
        "has a relative velocity that is a number above zero",
        "relative_velocity_km_s > 0",
    ),
    Rule(
        "invalid_miss_distance",
        "has a miss distance in km that is a number above zero",
        "miss_distance_km > 0",
    ),
    Rule(
        "invalid_orbiting_body",
        "names the body it approaches, in letters",
        "orbiting_body RLIKE '^[A-Za-z]+$'",
    ),
    Rule(
        "unreadable_time",
        "has a minute of approach that can be read",
        "close_approach_at IS NOT NULL",
        action="warn",
    ),
)


def broken(action: Literal["drop", "warn"]) -> str:
    """The names of the rules a row breaks, as an SQL expression of type ARRAY<STRING>."""
    names = ", ".join(
        f"CASE WHEN coalesce({rule.condition}, false) THEN NULL ELSE '{rule.name}' END"
        for rule in RULES
        if rule.action == action
    )
    return f"array_compact(array({names}))"
