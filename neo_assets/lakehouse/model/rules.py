"""What a rule is: a row must meet it, or it warns, drops the row, or fails the day.

A rule's condition is an SQL expression over the typed columns of a row and its `feed_date`; null
means the rule failed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Action = Literal["warn", "drop", "fail"]


@dataclass(frozen=True)
class Rule:
    """One demand on a row: its name is the reason on every row that breaks it.

    `action` is what happens to such a row: it is kept with a warning, or dropped into quarantine;
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
    keeps_key: bool = False
    """Whether a row that breaks it has no key, or is under another day, so that it must drop."""


UNREADABLE_LINE = "unreadable_line"
"""The reason of a line that cannot be used, see `event_lines`: it has no columns for a rule."""

REASONS_WITHOUT_RULE = (UNREADABLE_LINE,)
"""What rows are dropped for before any rule looks at them."""


@dataclass(frozen=True)
class RuleSet:
    """All rules of a dataset, in order."""

    rules: Sequence[Rule]

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
        """The rules that do not; the checks decide about the rest of the day."""
        return [rule for rule in self.rules if rule.action != "warn"]
