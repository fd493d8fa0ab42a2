"""The checks, and how each evaluates the report of a day."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from neo_assets.checks.baseline import Baseline
from neo_assets.lakehouse.model.dataset import Agreement
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.lakehouse.model.wording import listed, shortened
from neo_assets.lakehouse.report import DayReport
from neo_assets.pipeline import Layer, layer_of, source_of
from neo_assets.quality import Tolerance
from neo_assets.sources.registry import Included

DROP_COUNT = "drop_count"
MAX_UNEXPLAINED_SHARE = 0.01
"""Share of a day's approaches that may differ from another source without a known reason."""


@dataclass(frozen=True)
class CheckOutcome:
    """The outcome of one check for one day; `numbers` are its metadata."""

    passed: bool
    severity: Literal["WARN", "ERROR"]
    description: str
    numbers: Mapping[str, int | float]

    @property
    def is_error(self) -> bool:
        """Whether it keeps the day from the next layer."""
        return not self.passed and self.severity == "ERROR"

    def released(self, by: str | None) -> "CheckOutcome":
        """The outcome for a day that may have been released: an error is a warning then."""
        if not by or not self.is_error:
            return self
        return replace(
            self,
            severity="WARN",
            description=f"{self.description.rstrip('.')}; let through {by.rstrip('.')}.",
        )


@dataclass(frozen=True)
class CheckInput:
    """The input of a check: the report of the day, and what it is compared with.

    `earlier` are the reports of the days before, `upstream` is the one from which the asset was
    made; none for the first layer, or where the layer before has never been materialized for the
    day.  `release` says by whom and why the day was released, whatever the checks find.
    """

    report: DayReport
    tolerances: Sequence[Tolerance] = ()
    earlier: Sequence[DayReport] = ()
    upstream: DayReport | None = None
    release: str | None = None

    def baseline(self, count: Callable[[DayReport], int]) -> Baseline:
        """The same count on the days before."""
        return Baseline.before(self.report.day, self.earlier, count)


def evaluate_drops(check_input: CheckInput) -> CheckOutcome:
    """ERROR when more is dropped than tolerated; WARN for any drop or approach left out."""
    report = check_input.report
    excesses = [excess for each in check_input.tolerances if (excess := each.excess(report))]
    reasons = ", ".join(f"{count} for {name}" for name, count in sorted(report.reasons.items()))
    sentence = f"{report.dropped} of {report.rows_in} rows dropped"
    if reasons:
        sentence += f": {reasons}"
    baseline = check_input.baseline(lambda each: each.snapshot_dropped)
    sentence += _compared(baseline, report.snapshot_dropped, report.dropped, "dropped")
    left_out = report.details.get("approaches_left_out", 0)
    if left_out:
        sentence += f"; approaches of other days left out of objects of this day: {left_out}"
    if excesses:
        sentence += f"; {' and '.join(excesses)}, so the day is held back from the next layer"
    return CheckOutcome(
        passed=not (report.dropped or left_out),
        severity="ERROR" if excesses else "WARN",
        description=f"{sentence}.",
        numbers={
            **_rows(report),
            "drop_share": report.snapshot_dropped / report.snapshot_rows
            if report.snapshot_rows
            else 0.0,
            **{f"dropped_{name}": count for name, count in report.reasons.items()},
            **({"approaches_left_out": left_out} if left_out else {}),
        },
    )


def evaluate_duplicates(check_input: CheckInput) -> CheckOutcome:
    """ERROR when a row is in the output twice, WARN for unusually many repeats.

    Repeats that were resolved are no fault.
    """
    report = check_input.report
    sentence = (
        f"{report.duplicates} of {report.rows_in} rows repeat another: "
        f"{report.exact_duplicates} exactly, {report.superseded} superseded by a newer version"
    )
    if report.rows_duplicated:
        sentence += f"; {_rows_that(report.rows_duplicated, 'is', 'are')} twice in the output"
    baseline = check_input.baseline(lambda each: each.snapshot_duplicates)
    sentence += _compared(baseline, report.snapshot_duplicates, report.duplicates, "repeated")
    return CheckOutcome(
        passed=not (report.rows_duplicated or baseline.is_anomalous(report.snapshot_duplicates)),
        severity="ERROR" if report.rows_duplicated else "WARN",
        description=f"{sentence}.",
        numbers={
            **_rows(report),
            "duplicates": report.duplicates,
            "rows_duplicated": report.rows_duplicated,
        },
    )


def evaluate_reconciliation(check_input: CheckInput) -> CheckOutcome:
    """ERROR unless every row that came in is found again in exactly one place, in both layers."""
    report, upstream = check_input.report, check_input.upstream
    classes = " + ".join(f"{count} {name}" for name, count in report.classes.items() if count)
    faults = [
        f"{_rows_that(abs(count), 'is', 'are')} {what}"
        for count, what in (
            (report.unaccounted, "in no class, or in several"),
            (report.rows_lost, "missing in the output"),
            (report.rows_duplicated, "twice in the output"),
        )
        if count
    ]
    if upstream and upstream.rows_emitted not in (None, report.rows_received):
        faults.append(
            f"the layer before emitted {upstream.rows_emitted} rows and this one received "
            f"{report.rows_received}; materialize the layer before and this one again"
        )
    return CheckOutcome(
        passed=not faults,
        severity="ERROR",
        description=f"{report.rows_in} rows in = {classes or 'none'}"
        f"{''.join(f'; {fault}' for fault in faults)}.",
        numbers={
            **_rows(report),
            "rows_lost": report.rows_lost,
            "rows_duplicated": report.rows_duplicated,
            "rows_received": report.rows_received,
            **(
                {"rows_emitted": upstream.rows_emitted}
                if upstream and upstream.rows_emitted is not None
                else {}
            ),
        },
    )


def evaluate_foreign_keys(check_input: CheckInput) -> CheckOutcome:
    """ERROR when a key in the facts or revisions of the day refers to no row."""
    missing = check_input.report.details.get("foreign_keys_missing", 0)
    found = f"{missing} keys refer to no row" if missing else "Every key refers to a row"
    return CheckOutcome(
        passed=not missing,
        severity="ERROR",
        description=f"{found} of gold_dim_neo, gold_dim_date or gold_neo_fact.",
        numbers={**_rows(check_input.report), "foreign_keys_missing": missing},
    )


def evaluate_agreement(check_input: CheckInput) -> CheckOutcome:
    """WARN when too many approaches differ from another source without a known reason."""
    report = check_input.report
    compared = report.details.get("approaches_compared", 0)
    unexplained = report.details.get("approaches_unexplained", 0)
    named = f", the worst of them {listed(report.disagreements, ', ')}" if unexplained else ""
    sentence = (
        f"{unexplained} of {compared} approaches differ without a known reason{named}"
        if compared
        else "Nothing to compare: the other source has not been fetched for the day"
    )
    return CheckOutcome(
        passed=unexplained <= MAX_UNEXPLAINED_SHARE * compared,
        severity="WARN",
        description=f"{sentence}.",
        numbers={
            **_rows(report),
            "approaches_compared": compared,
            "approaches_unexplained": unexplained,
        },
    )


def evaluate_volume(check_input: CheckInput) -> CheckOutcome:
    """WARN when a day lists far more or fewer rows than the days before, or was omitted.

    So does what the response as a whole warns of.
    """
    rows = check_input.report.snapshot_rows
    baseline = check_input.baseline(lambda each: each.snapshot_rows)
    omitted = check_input.report.details.get("omitted", 0)
    how = "; a complete response of the feed did not mention the day" if omitted else ""
    warnings = check_input.report.response_warnings
    how += "".join(f"; {warning}" for warning in warnings)
    return CheckOutcome(
        passed=not (omitted or warnings or baseline.is_anomalous(rows)),
        severity="WARN",
        description=f"{rows} rows listed{how}; {baseline.against(rows, 'listed')}.",
        numbers={**_rows(check_input.report), "snapshot_rows": rows, "omitted": omitted},
    )


def evaluate_drift(check_input: CheckInput) -> CheckOutcome:
    """WARN for every field that is new, gone or changed in type, with where it was seen first."""
    report = check_input.report
    sentences = [_change_sentence(change) for change in report.drift]
    changes = Counter(change["change"] for change in report.drift)
    return CheckOutcome(
        passed=not sentences,
        severity="WARN",
        description=f"{listed(sentences, '; ') or 'No field is new, gone or changed in type'}.",
        numbers={
            **_rows(report),
            "fields_new": changes["new"],
            "fields_gone": changes["gone"],
            "fields_changed_type": changes["changed_type"],
            "schema_version": report.details.get("schema_version", 0),
        },
    )


def _change_sentence(change: Mapping[str, str]) -> str:
    where = f"since {change['feed_date']}, first in {change['source_file'].rpartition('/')[2]}"
    field = shortened(change["field"])
    if change["change"] == "gone":
        was = f"was {change['tracked_type'] or 'null'}, such as {change['example']}"
        return f"gone: {field} ({was}), {where}"
    what = f"{change['type']}, such as {change['example']}"
    if change["change"] == "new":
        return f"new: {field} ({what}), {where}"
    return f"changed in type: {field} (was {change['tracked_type']}, now {what}), {where}"


def _compared(baseline: Baseline, in_snapshot: int, in_all: int, what: str) -> str:
    """The newest snapshot against the days before; older snapshots make any count grow."""
    where = f"{in_snapshot} in the newest snapshot, " if in_snapshot != in_all else ""
    return f"; {where}{baseline.against(in_snapshot, what)}"


def _rows_that(number: int, one: str, several: str) -> str:
    """`1 row is`, `2 rows are`."""
    return f"{number} {f'row {one}' if number == 1 else f'rows {several}'}"


def _rows(report: DayReport) -> dict[str, int]:
    return {"rows_in": report.rows_in, "rows_out": report.rows_out, **report.classes}


def evaluate_all_days(outcomes: Mapping[date, CheckOutcome]) -> CheckOutcome:
    """One outcome for many days, as severe as the worst of them.

    Its numbers have names of their own: sums would dwarf the days in the plots of the UI.
    """
    failed = {day: outcome for day, outcome in outcomes.items() if not outcome.passed}
    if failed:
        sentence = f"{len(failed)} of {len(outcomes)} days failed, the last of them {max(failed)}"
    elif outcomes:
        sentence = f"All {len(outcomes)} days from {min(outcomes)} to {max(outcomes)} passed"
    else:
        sentence = "Nothing to evaluate: no day has been materialized; materialize some first"
    is_error = not outcomes or any(outcome.is_error for outcome in failed.values())
    return CheckOutcome(
        passed=bool(outcomes) and not failed,
        severity="ERROR" if is_error else "WARN",
        description=f"{sentence}.",
        numbers={"days": len(outcomes), "days_failed": len(failed)},
    )


@dataclass(frozen=True)
class Check:
    """A check that every day of an asset gets: of any asset, of those of `layer`, or of `asset`."""

    name: str
    description: str
    evaluate_rows: Callable[[CheckInput], CheckOutcome]
    layer: Layer | None = None
    asset: str | None = None

    def applies_to(self, asset: str) -> bool:
        """Whether an asset gets the check, given by its name."""
        return self.layer in (None, layer_of(asset)) and self.asset in (None, asset)

    def evaluate(self, check_input: CheckInput) -> CheckOutcome:
        """The outcome for a day; one for which there was nothing to do passes, and says why."""
        report = check_input.report
        if report.skipped:
            return CheckOutcome(True, "WARN", f"Nothing to check: {report.skipped}.", _rows(report))
        return self.evaluate_rows(check_input)


CHECKS = (
    Check(
        DROP_COUNT,
        "Counts the dropped rows of a day. Warns for any, and when an object of the day also lists "
        "approaches on other days, which are left out. Fails above the tolerance "
        "(`NEO_MAX_DROP_SHARE`, `NEO_QUALITY_FILE`) and holds the day back from the next layer.",
        evaluate_drops,
    ),
    Check(
        "duplicate_count",
        "Counts the rows of a day that repeat another one, exactly or in a newer version. Warns "
        "when there are unusually many, and fails when a row is in the output twice.",
        evaluate_duplicates,
    ),
    Check(
        "reconciliation",
        "Compares the rows that came in with the sum of their classes, with the rows in the "
        "tables, and with what the previous layer emitted. Fails when a row is missing or is in "
        "two places.",
        evaluate_reconciliation,
    ),
    Check(
        "foreign_keys",
        "Looks up every key of the day's facts and revisions in the table it refers to. Fails when "
        "a row is missing there.",
        evaluate_foreign_keys,
        asset=GOLD_NEO_FACT.name,
    ),
    Check(
        "volume",
        "Compares the number of rows that a day lists with the 30 days before. Warns when there "
        "are far more or far fewer, and when a complete response did not mention the day.",
        evaluate_volume,
        layer="raw",
    ),
    Check(
        "schema_drift",
        "Names the fields of a day that are new, missing or changed in type compared with the "
        "tracked schema, where each was first seen, and an example. Warns for any. "
        "`NEO_SCHEMA_EVOLUTION` decides what happens to them; bronze keeps every object whole.",
        evaluate_drift,
        layer="bronze",
    ),
)


def checks_of(asset: str, sources: Sequence[str]) -> list[Check]:
    """The checks of an asset, by its name and the names of the sources that are included.

    Facts that are compared with those of another source have one more.
    """
    found = [check for check in CHECKS if check.applies_to(asset)]
    source = source_of(asset)
    compared = Included(sources).comparison(source.dataset) if source else None
    if compared and layer_of(asset) == "gold":
        found.append(_agreement_check(compared[0]))
    return found


def _agreement_check(agreement: Agreement) -> Check:
    return Check(
        agreement.check,
        f"Compares the approaches of a day with {agreement.title}. Warns when more than "
        f"{MAX_UNEXPLAINED_SHARE:.0%} of them differ without a known reason, and names the worst; "
        f"all are in `{agreement.table.name}`.",
        evaluate_agreement,
    )
