"""What a stage says of its work: for every day, how many rows went where, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class DayReport:
    """The account of one stage for one day, in rows.

    Every row that came in is in exactly one class:
    `rows_in = kept + dropped + exact_duplicates + superseded + withdrawn`.
    `reasons` counts the dropped rows by rule (a row may break several), `warnings` the kept rows by
    rule, and `details` what only the one stage knows, such as rows inserted.  What begins with
    `snapshot_` counts within the newest snapshot alone, and so can be compared between days.

    `rows_lost` counts rows of the input that are missing in the output, `rows_doubled` rows that
    stand there twice; both are looked for, not assumed, and must be zero.  `taken_over` counts the
    rows that the layer before has handed on, as this stage found them, and `handed_on` those that
    the next one will find; none in accounts of before this was counted.

    `rule_set` is the version of the rules that judged the rows, where rules did.  `drift` says how
    the objects of the day differ from the tracked schema, one mapping a change.

    `response_warnings` are sentences about the response that the rows came in, such as that its
    interface has an unknown version.

    `skipped` says why there was nothing to do for the day; it is empty for any other day.  Such a
    day counts no rows and is compared with no other.
    """

    day: date
    rows_in: int = 0
    kept: int = 0
    dropped: int = 0
    exact_duplicates: int = 0
    superseded: int = 0
    withdrawn: int = 0
    rows_out: int = 0
    rows_lost: int = 0
    rows_doubled: int = 0
    snapshot_rows: int = 0
    snapshot_dropped: int = 0
    snapshot_duplicates: int = 0
    snapshot_reasons: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, int] = field(default_factory=dict)
    taken_over: int = 0
    handed_on: int | None = None
    rule_set: str = ""
    drift: Sequence[Mapping[str, str]] = ()
    response_warnings: Sequence[str] = ()
    skipped: str = ""

    @property
    def classes(self) -> dict[str, int]:
        """The rows in each class, under the names that checks and metadata show."""
        return {
            "kept": self.kept,
            "dropped": self.dropped,
            "exact_duplicates": self.exact_duplicates,
            "superseded": self.superseded,
            "withdrawn": self.withdrawn,
        }

    @property
    def metrics(self) -> dict[tuple[str, str | None], int]:
        """Every count by its name and, where only the rows that break a rule count, the rule."""
        return {
            ("rows_in", None): self.rows_in,
            **{(name, None): count for name, count in self.classes.items()},
            ("rows_out", None): self.rows_out,
            ("rows_lost", None): self.rows_lost,
            ("rows_doubled", None): self.rows_doubled,
            **{(name, None): count for name, count in self.details.items()},
            **{("dropped", rule): count for rule, count in self.reasons.items()},
            **{("warned", rule): count for rule, count in self.warnings.items()},
        }

    @property
    def duplicates(self) -> int:
        """Rows that another row repeats or replaces."""
        return self.exact_duplicates + self.superseded

    @property
    def unaccounted(self) -> int:
        """Rows that stand in no class, or in several; zero unless the stage is wrong."""
        return self.rows_in - sum(self.classes.values())
