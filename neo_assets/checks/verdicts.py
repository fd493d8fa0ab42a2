"""What a day's account means: whether its drops and duplicates are fine, in one sentence."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from neo_assets.lakehouse.report import DayReport

DROP_COUNT = "drop_count"
DUPLICATE_COUNT = "duplicate_count"
SCHEMA_DRIFT = "schema_drift"


@dataclass(frozen=True)
class Verdict:
    """The evaluation of one check for one day; `numbers` are its metadata."""

    passed: bool
    severity: Literal["WARN", "ERROR"]
    description: str
    numbers: Mapping[str, int | float]


def judge_drops(report: DayReport, max_drop_share: float) -> Verdict:
    """ERROR when rows are lost, unaccounted for, or dropped beyond tolerance; WARN for any drop."""
    is_wrong = bool(report.rows_lost or report.unaccounted)
    is_held = is_beyond_tolerance(report, max_drop_share)
    reasons = ", ".join(f"{count} for {name}" for name, count in sorted(report.reasons.items()))
    sentence = f"{report.dropped} of {report.rows_in} rows dropped"
    if reasons:
        sentence += f": {reasons}"
    if is_held:
        sentence += (
            f"; {report.drop_share:.0%} of the newest snapshot is above the tolerance of "
            f"{max_drop_share:.0%}, so the day is held back from the next layer"
        )
    if is_wrong:
        sentence += (
            f"; {report.rows_lost} rows are missing in the output and {report.unaccounted} are in "
            "no class or in several"
        )
    return Verdict(
        passed=not (report.dropped or is_wrong),
        severity="ERROR" if is_wrong or is_held else "WARN",
        description=f"{sentence}.",
        numbers={
            **_rows(report),
            "drop_share": report.drop_share,
            "rows_lost": report.rows_lost,
            **{f"dropped_{name}": count for name, count in report.reasons.items()},
        },
    )


def judge_duplicates(report: DayReport) -> Verdict:
    """ERROR when a row stands twice in the output; repeats that were resolved are no fault."""
    sentence = (
        f"{report.duplicates} of {report.rows_in} rows repeat another: "
        f"{report.exact_duplicates} exactly, {report.superseded} superseded by a newer version"
    )
    if report.rows_doubled:
        sentence += f"; {report.rows_doubled} rows stand twice in the output"
    return Verdict(
        passed=not report.rows_doubled,
        severity="ERROR",
        description=f"{sentence}.",
        numbers={
            **_rows(report),
            "duplicates": report.duplicates,
            "rows_doubled": report.rows_doubled,
        },
    )


def judge_drift(report: DayReport) -> Verdict:
    """WARN for every field that is new, gone or changed in type, with where it was seen first."""
    sentences = [_told(change) for change in report.drift]
    changes = Counter(change["change"] for change in report.drift)
    return Verdict(
        passed=not sentences,
        severity="WARN",
        description=f"{'; '.join(sentences) or 'No field is new, gone or changed in type'}.",
        numbers={
            **_rows(report),
            "fields_new": changes["new"],
            "fields_gone": changes["gone"],
            "fields_changed_type": changes["changed_type"],
            "schema_version": report.details.get("schema_version", 0),
        },
    )


def _told(change: Mapping[str, str]) -> str:
    where = f"since {change['feed_date']}, first in {change['source_file'].rpartition('/')[2]}"
    if change["change"] == "gone":
        was = f"was {change['tracked_type'] or 'null'}, such as {change['example']}"
        return f"gone: {change['field']} ({was}), {where}"
    what = f"{change['type']}, such as {change['example']}"
    if change["change"] == "new":
        return f"new: {change['field']} ({what}), {where}"
    return f"changed in type: {change['field']} (was {change['tracked_type']}, now {what}), {where}"


def _rows(report: DayReport) -> dict[str, int]:
    return {"rows_in": report.rows_in, "rows_out": report.rows_out, **report.classes}


def judge_all_days(verdicts: Mapping[date, Verdict]) -> Verdict:
    """One verdict on many days, as severe as the worst of them.

    Its numbers have names of their own: sums would dwarf the days in the plots of the UI.
    """
    failed = {day: verdict for day, verdict in verdicts.items() if not verdict.passed}
    if failed:
        sentence = f"{len(failed)} of {len(verdicts)} days failed, the last of them {max(failed)}"
    elif verdicts:
        sentence = f"All {len(verdicts)} days from {min(verdicts)} to {max(verdicts)} passed"
    else:
        sentence = "Nothing to judge: no day has been materialized; materialize some first"
    is_error = not verdicts or any(verdict.severity == "ERROR" for verdict in failed.values())
    return Verdict(
        passed=bool(verdicts) and not failed,
        severity="ERROR" if is_error else "WARN",
        description=f"{sentence}.",
        numbers={"days": len(verdicts), "days_failed": len(failed)},
    )


def is_beyond_tolerance(report: DayReport, max_drop_share: float) -> bool:
    """Whether the day must not go on to the next layer."""
    return report.drop_share > max_drop_share
