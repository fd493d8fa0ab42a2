"""The rules a row must meet, in the words of declarative pipelines: `warn`, `drop` or `fail`.

A rule's condition is an SQL expression over the typed columns of a row and its `feed_date`; null
means the rule failed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from neo_assets.lakehouse.model.tables import APPROACH_COLUMNS

Action = Literal["warn", "drop", "fail"]

_PATHS = {column.name: column.path for column in APPROACH_COLUMNS}


@dataclass(frozen=True)
class Rule:
    """One demand on a row: its name stands as the reason on every row that breaks it.

    `action` is what becomes of such a row: it is kept with a warning, or dropped into quarantine;
    with `fail` it is dropped, and its whole day is held back from gold. `column` is the column that
    the rule is about, whose value as the feed sent it is shown with the reason; empty where there
    is no single one.
    """

    name: str
    demand: str
    condition: str
    column: str = ""
    action: Action = "drop"
    place: str = ""
    """Where a configured rule is written, such as `quality.yaml, line 7`; empty for others."""


UNREADABLE_LINE = "unreadable_line"
"""The reason of a line that cannot be used, see `event_lines`: it has no columns for a rule."""

REASONS_WITHOUT_RULE = (UNREADABLE_LINE,)
"""What rows are dropped for before any rule looks at them."""

RULES = (
    Rule(
        "missing_designation",
        "has a name or a designation",
        "designation IS NOT NULL",
        "designation",
    ),
    Rule(
        "unreadable_date",
        "has a date of approach that can be read",
        "close_approach_date IS NOT NULL",
        "close_approach_date",
    ),
    Rule(
        "date_mismatch",
        "was listed under its own date of approach",
        "close_approach_date IS NULL OR close_approach_date = feed_date",
        "close_approach_date",
    ),
    Rule(
        "invalid_velocity",
        "has a relative velocity that is a number above zero",
        "relative_velocity_km_s > 0",
        "relative_velocity_km_s",
    ),
    Rule(
        "invalid_miss_distance",
        "has a miss distance in km that is a number above zero",
        "miss_distance_km > 0",
        "miss_distance_km",
    ),
    Rule(
        "invalid_orbiting_body",
        "names the body it approaches, in letters",
        "orbiting_body RLIKE '^[A-Za-z]+$'",
        "orbiting_body",
    ),
    Rule(
        "unreadable_time",
        "has a minute of approach that can be read",
        "close_approach_at IS NOT NULL",
        "close_approach_at",
        action="warn",
    ),
    Rule(
        "unknown_orbiting_body",
        "approaches a body that JPL's close-approach tables know, by their names",
        "orbiting_body IS NULL OR orbiting_body IN ('Merc', 'Venus', 'Earth', 'Moon', 'Mars',"
        " 'Juptr', 'Satrn', 'Urnus', 'Neptn', 'Pluto')",
        "orbiting_body",
        action="warn",
    ),
    # A body bound to the Sun meets the Earth with at most 42.1 + 30.3 km/s, an interstellar one as
    # fast as 3I/ATLAS (58 km/s far from the Sun) with 102; the feed's fastest had 78.7.
    Rule(
        "implausible_velocity",
        "is not faster than anything seen in the solar system, 110 km/s",
        "relative_velocity_km_s IS NULL OR relative_velocity_km_s <= 110",
        "relative_velocity_km_s",
        action="warn",
    ),
    # The feed lists what comes within half an astronomical unit.
    Rule(
        "implausible_distance",
        "passes outside the Earth and within 0.51 au",
        "miss_distance_km IS NULL OR miss_distance_km BETWEEN 6371 AND 0.51 * 149597870.7",
        "miss_distance_km",
        action="warn",
    ),
    Rule(
        "disagreeing_distances",
        "says the same distance in km, au and lunar distances, to a thousandth",
        "miss_distance_km IS NULL"
        " OR (abs(try_divide(miss_distance_km, miss_distance_au * 149597870.7) - 1) < 0.001"
        " AND abs(try_divide(miss_distance_lunar, miss_distance_au * 389) - 1) < 0.001)",
        "miss_distance_lunar",
        action="warn",
    ),
    Rule(
        "inverted_diameters",
        "has a smallest diameter that is not above the largest; none is allowed",
        "estimated_diameter_min_m IS NULL OR estimated_diameter_max_m IS NULL"
        " OR estimated_diameter_min_m <= estimated_diameter_max_m",
        "estimated_diameter_min_m",
        action="warn",
    ),
    # The feed computes diameters from H: 1329 km / sqrt(albedo) * 10^(-H/5), with albedo 0.25.
    Rule(
        "diameters_disagree_with_magnitude",
        "has the smallest diameter that follows from H, to a hundredth; none is allowed",
        "absolute_magnitude_h IS NULL OR estimated_diameter_min_m IS NULL"
        " OR abs(estimated_diameter_min_m * pow(10, absolute_magnitude_h / 5) / 2658000 - 1)"
        " < 0.01",
        "estimated_diameter_min_m",
        action="warn",
    ),
)


_OWN_CONDITIONS = {rule.condition for rule in RULES}

KEPT_WHOLE = frozenset(
    {"missing_designation", "unreadable_date", "date_mismatch", "invalid_orbiting_body"}
)
"""The rules without which a row has no key, or stands under another day than its own."""


@dataclass(frozen=True)
class RuleSet:
    """All rules of a lakehouse, in order."""

    rules: Sequence[Rule] = RULES

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with every condition, action, name and order."""
        content = repr([(rule.name, rule.condition, rule.action) for rule in self.rules])
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def warning(self) -> list[Rule]:
        """The rules that let a row through."""
        return [rule for rule in self.rules if rule.action == "warn"]

    @property
    def dropping(self) -> list[Rule]:
        """The rules that do not; what becomes of the rest of the day is decided by the checks."""
        return [rule for rule in self.rules if rule.action != "warn"]


IN_FORCE = RuleSet()
"""The rules above, as long as no configuration changes them."""


def broken(rules: Sequence[Rule]) -> str:
    """The names of those rules that a row breaks, as an SQL expression of type ARRAY<STRING>."""
    return _for_broken(rules, lambda rule: f"'{rule.name}'")


def findings(rules: Sequence[Rule]) -> str:
    """The same, each with what was sent: `invalid_velocity: relative_velocity_km_s = 0`."""
    return _for_broken(rules, _finding)


def _for_broken(rules: Sequence[Rule], said: Callable[[Rule], str]) -> str:
    cases = ", ".join(
        f"CASE WHEN {_is_met(rule)} THEN NULL ELSE {said(rule)} END" for rule in rules
    )
    return f"array_compact(array({cases}))" if rules else "CAST(array() AS ARRAY<STRING>)"


def _is_met(rule: Rule) -> str:
    """Whether a row meets a rule, as an SQL expression that is never null.

    A configured condition may raise for some rows, by a cast or a division: those do not meet it.
    Spark has no `try` for any expression, but `try_to_binary` returns null when its argument
    raises.  The CASE keeps Spark from evaluating a part that conditions share in advance, outside.
    """
    if rule.condition in _OWN_CONDITIONS:
        return f"coalesce({rule.condition}, false)"
    guarded = f"CASE WHEN feed_date IS NOT NULL THEN ({rule.condition}) END"
    return f"coalesce(try_to_binary(string({guarded}), 'utf-8') = X'{b'true'.hex()}', false)"


def _finding(rule: Rule) -> str:
    path = _PATHS.get(rule.column)
    if not path:
        return f"'{rule.name}'"
    value = f"coalesce(try_variant_get(payload, '$.{path}', 'string'), 'missing')"
    return f"concat('{rule.name}: {rule.column} = ', {value})"
