"""The report of a stage: for every day, how many rows went where, and why."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum


class RowClass(str, Enum):
    """What happened to a row that came in; each is in exactly one class.

    A row is `kept` if it is in the output, `dropped` if it breaks a rule. The others are valid:
    `exact_duplicates` repeat a row, `superseded` have a newer version, and `withdrawn` are the last
    version of what the newest snapshot of the day no longer has.
    """

    KEPT = "kept"
    DROPPED = "dropped"
    EXACT_DUPLICATES = "exact_duplicates"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"

    def __str__(self) -> str:
        # What an f-string makes of a member differs between versions of Python.
        return self.value


@dataclass(frozen=True)
class DayReport:
    """The report of one stage for one day, in rows.

    Every row that came in is in exactly one class:
    `rows_in = kept + dropped + exact_duplicates + superseded + withdrawn`.
    `reasons` counts the dropped rows by rule (a row may break several), `warnings` the kept rows by
    rule, and `details` what only this stage counts, such as rows inserted. Counts that begin with
    `snapshot_` are of the newest snapshot alone, so that days can be compared.

    `rows_lost` counts rows of the input that are missing in the output, `rows_duplicated` rows that
    are there twice; both are measured and must be zero. `rows_received` counts the rows of the
    layer before that this stage found, and `rows_emitted` those that the next layer will find;
    None in reports stored before this was counted.

    `rule_set` is the version of the rules that were applied, if any. `drift` describes how the
    objects of the day differ from the tracked schema, one mapping per change.

    `response_warnings` are sentences about the response that the rows came in, such as that its
    interface has an unknown version.

    `disagreements` names objects whose approach another source lists with other values, for no
    known reason, the worst first.

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
    rows_duplicated: int = 0
    snapshot_rows: int = 0
    snapshot_dropped: int = 0
    snapshot_duplicates: int = 0
    snapshot_reasons: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, int] = field(default_factory=dict)
    rows_received: int = 0
    rows_emitted: int | None = None
    rule_set: str = ""
    drift: tuple[Mapping[str, str], ...] = ()
    response_warnings: tuple[str, ...] = ()
    disagreements: tuple[str, ...] = ()
    skipped: str = ""

    @property
    def classes(self) -> dict[str, int]:
        """The rows in each class, by the names in checks and metadata."""
        return {each.value: getattr(self, each) for each in RowClass}

    @property
    def metrics(self) -> dict[tuple[str, str | None], int]:
        """Every count by its name and, if it counts rows that break a rule, the rule."""
        return {
            ("rows_in", None): self.rows_in,
            **{(name, None): count for name, count in self.classes.items()},
            ("rows_out", None): self.rows_out,
            ("rows_lost", None): self.rows_lost,
            ("rows_duplicated", None): self.rows_duplicated,
            **{(name, None): count for name, count in self.details.items()},
            **{(RowClass.DROPPED.value, rule): count for rule, count in self.reasons.items()},
            **{("warned", rule): count for rule, count in self.warnings.items()},
        }

    @property
    def content(self) -> tuple[object, ...]:
        """What differs if the rows of the day do.

        Bronze only appends, and the later layers follow from it and from the rules.
        """
        return (
            self.rows_in,
            self.classes,
            self.rows_emitted,
            self.details.get("snapshots"),
            self.rule_set,
            self.skipped,
        )

    @property
    def duplicates(self) -> int:
        """Rows that another row repeats or supersedes."""
        return self.exact_duplicates + self.superseded

    @property
    def unaccounted(self) -> int:
        """Rows in no class or in several; zero unless the stage is wrong."""
        return self.rows_in - sum(self.classes.values())


def published_report(day: date, counts: Counter[str], details: Iterable[str]) -> DayReport:
    """The report of a day that was published to gold; `details` are the counts of this stage alone.

    Of the rows that came in, `incoming`, those that are not `withdrawn` are kept.
    """
    return DayReport(
        day=day,
        rows_in=counts["incoming"],
        kept=counts["incoming"] - counts["withdrawn"],
        withdrawn=counts["withdrawn"],
        rows_out=counts["rows_out"],
        rows_lost=counts["rows_lost"],
        rows_duplicated=counts["rows_duplicated"],
        snapshot_rows=counts["incoming"],
        rows_received=counts["incoming"],
        rows_emitted=counts["rows_out"],
        details={name: counts[name] for name in details},
    )
