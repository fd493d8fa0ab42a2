"""How each check evaluates the report of a day, by its numbers alone."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from neo_assets.checks.definitions import (
    CheckInput,
    CheckOutcome,
    evaluate_all_days,
    evaluate_drops,
    evaluate_duplicates,
    evaluate_foreign_keys,
    evaluate_reconciliation,
    evaluate_volume,
)
from neo_assets.lakehouse.report import DayReport
from neo_assets.quality import Tolerance

DAY = date(2024, 3, 1)
SOUND = DayReport(day=DAY, rows_in=20, kept=20, rows_out=20, snapshot_rows=20)
counts = st.integers(0, 50)


@st.composite
def reports(draw: st.DrawFn) -> DayReport:
    """Reports whose classes add up."""
    kept, dropped, exact, superseded, withdrawn = (draw(counts) for _ in range(5))
    snapshot_dropped = draw(st.integers(0, dropped))
    return DayReport(
        day=DAY,
        rows_in=kept + dropped + exact + superseded + withdrawn,
        kept=kept,
        dropped=dropped,
        exact_duplicates=exact,
        superseded=superseded,
        withdrawn=withdrawn,
        rows_out=kept,
        snapshot_rows=kept + snapshot_dropped,
        snapshot_dropped=snapshot_dropped,
        reasons={"invalid_velocity": dropped} if dropped else {},
    )


@given(report=reports(), share=st.floats(0, 1), rows=st.none() | counts)
def test_any_drop_warns_and_many_hold_the_day(
    report: DayReport, share: float, rows: int | None
) -> None:
    outcome = evaluate_drops(CheckInput(report, [Tolerance(share=share, rows=rows)]))
    is_beyond = report.snapshot_dropped > share * report.snapshot_rows or (
        rows is not None and report.snapshot_dropped > rows
    )
    assert outcome.passed == (report.dropped == 0)
    assert outcome.is_error == is_beyond
    assert ("held back" in outcome.description) == is_beyond
    assert outcome.description.startswith(f"{report.dropped} of {report.rows_in} rows dropped")


def test_approaches_left_out_are_a_warning_with_their_number() -> None:
    assert evaluate_drops(CheckInput(SOUND)).passed
    outcome = evaluate_drops(CheckInput(replace(SOUND, details={"approaches_left_out": 3})))
    assert not outcome.passed and not outcome.is_error
    assert outcome.numbers["approaches_left_out"] == 3
    assert "approaches of other days left out of objects of this day: 3" in outcome.description


def test_a_tolerance_of_one_rule_looks_at_its_rows_alone() -> None:
    report = replace(
        SOUND,
        kept=10,
        dropped=10,
        snapshot_dropped=10,
        snapshot_reasons={"invalid_velocity": 4, "date_mismatch": 6},
    )
    within, beyond = (
        Tolerance(rule="invalid_velocity", rows=4),
        Tolerance(rule="date_mismatch", rows=5),
    )
    assert not evaluate_drops(CheckInput(report, [within])).is_error
    outcome = evaluate_drops(CheckInput(report, [within, beyond]))
    assert (
        outcome.is_error
        and "6 of the newest snapshot for date_mismatch is above" in outcome.description
    )


def test_a_release_makes_an_error_a_warning() -> None:
    error = CheckOutcome(False, "ERROR", "Too much dropped.", {})
    released = error.released("by ada: looked at, harmless.")
    assert not released.is_error and not released.passed
    assert released.description == "Too much dropped; let through by ada: looked at, harmless."
    assert error.released(None) is error
    warning = CheckOutcome(False, "WARN", "Some dropped.", {})
    assert warning.released("by ada: why") is warning


@given(report=reports(), off=st.integers(1, 5), surplus=st.booleans())
def test_rows_that_are_in_no_class_or_in_two_do_not_reconcile(
    report: DayReport, off: int, surplus: bool
) -> None:
    report = replace(report, rows_received=report.rows_in)
    upstream = replace(SOUND, rows_emitted=report.rows_in)
    assert evaluate_reconciliation(CheckInput(report)).passed
    assert evaluate_reconciliation(CheckInput(report, upstream=upstream)).passed
    change = off if surplus else -off
    for wrong in (
        CheckInput(replace(report, rows_in=report.rows_in + change)),
        CheckInput(replace(report, rows_lost=off)),
        CheckInput(replace(report, rows_duplicated=off)),
        CheckInput(report, upstream=replace(upstream, rows_emitted=report.rows_in + change)),
    ):
        assert evaluate_reconciliation(wrong).is_error


def test_a_day_is_held_against_the_days_before_by_its_newest_snapshot() -> None:
    earlier = [
        replace(SOUND, day=DAY - timedelta(days=number), snapshot_rows=20)
        for number in range(1, 31)
    ]
    report = replace(
        SOUND, kept=0, rows_in=60, dropped=60, snapshot_dropped=20, snapshot_duplicates=12
    )
    check_input = CheckInput(report, [], earlier)
    message = evaluate_drops(check_input).description
    assert message.endswith(
        "; 20 in the newest snapshot, 20 dropped is unusual: 30 earlier days had 0 each."
    )
    repeats = evaluate_duplicates(check_input)
    assert (repeats.passed, repeats.severity) == (False, "WARN")
    assert evaluate_volume(check_input).passed
    assert not evaluate_volume(
        replace(check_input, report=replace(report, snapshot_rows=90))
    ).passed
    assert "median of 30 days is 0" in evaluate_drops(CheckInput(SOUND, [], earlier)).description


def test_what_a_response_warns_of_is_a_warning_of_its_volume() -> None:
    sound, warned = (
        evaluate_volume(CheckInput(replace(SOUND, response_warnings=warnings)))
        for warnings in ((), ("cad.api has version 1.6 where 1.5 is known",))
    )
    assert sound.passed and not warned.passed and not warned.is_error
    assert "; cad.api has version 1.6 where 1.5 is known; " in warned.description


def test_a_key_without_a_row_is_an_error() -> None:
    sound, wrong = (
        evaluate_foreign_keys(CheckInput(replace(SOUND, details={"foreign_keys_missing": missing})))
        for missing in (0, 2)
    )
    assert sound.passed and wrong.is_error
    assert wrong.description.startswith("2 keys refer to no row")


@given(report=reports(), duplicated=counts)
def test_only_rows_twice_in_the_output_fail(report: DayReport, duplicated: int) -> None:
    outcome = evaluate_duplicates(CheckInput(replace(report, rows_duplicated=duplicated)))
    assert outcome.passed == (duplicated == 0)
    assert outcome.numbers["duplicates"] == report.exact_duplicates + report.superseded
    classes = ("kept", "dropped", "exact_duplicates", "superseded", "withdrawn")
    assert outcome.numbers["rows_in"] == sum(outcome.numbers[name] for name in classes)


def test_the_sentence_names_every_reason() -> None:
    report = replace(
        SOUND, kept=17, dropped=3, snapshot_dropped=3, reasons={"b_rule": 2, "a_rule": 1}
    )
    assert evaluate_drops(CheckInput(report, [Tolerance(share=0.25)])).description == (
        "3 of 20 rows dropped: 1 for a_rule, 2 for b_rule; no earlier day to compare with."
    )


def test_many_days_are_as_severe_as_the_worst() -> None:
    good = CheckOutcome(True, "ERROR", "", {})
    warns, fails = CheckOutcome(False, "WARN", "", {}), CheckOutcome(False, "ERROR", "", {})
    days = [DAY + timedelta(days=number) for number in range(3)]

    assert not evaluate_all_days({}).passed
    assert "no day has been materialized" in evaluate_all_days({}).description
    assert evaluate_all_days(dict.fromkeys(days, good)) == CheckOutcome(
        True,
        "WARN",
        "All 3 days from 2024-03-01 to 2024-03-03 passed.",
        {"days": 3, "days_failed": 0},
    )
    warned = evaluate_all_days(dict(zip(days, (good, warns, good), strict=True)))
    assert (warned.passed, warned.severity) == (False, "WARN")
    assert warned.description == "1 of 3 days failed, the last of them 2024-03-02."
    assert evaluate_all_days(dict(zip(days, (warns, fails, good), strict=True))).severity == "ERROR"
