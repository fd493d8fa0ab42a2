"""What a stage says of its work: for every day, how many rows went where, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class DayReport:
    """The account of one stage for one day, in rows.

    Every row that came in is in exactly one class:
    `rows_in = kept + dropped + exact_duplicates + superseded + withdrawn`.
    `snapshot_rows` and `snapshot_dropped` count within the newest snapshot alone, `reasons` the
    dropped rows by rule (a row may break several), `warnings` the kept rows by rule, and
    `details` what only the one stage knows, such as rows inserted.  `rows_lost` counts rows of the
    input that are missing in the output, `rows_doubled` rows that stand there twice; both are
    looked for, not assumed, and must be zero.  `drift` says how the objects of the day differ from
    the tracked schema, one mapping a change.
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
    reasons: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, int] = field(default_factory=dict)
    drift: Sequence[Mapping[str, str]] = ()

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
    def duplicates(self) -> int:
        """Rows that another row repeats or replaces."""
        return self.exact_duplicates + self.superseded

    @property
    def unaccounted(self) -> int:
        """Rows that stand in no class, or in several; zero unless the stage is wrong."""
        return self.rows_in - sum(self.classes.values())

    @property
    def drop_share(self) -> float:
        """Dropped rows ÷ rows, in the newest snapshot; 0 where it is empty."""
        return self.snapshot_dropped / self.snapshot_rows if self.snapshot_rows else 0.0
