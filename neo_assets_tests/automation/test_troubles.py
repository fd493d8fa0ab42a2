"""What counts as one cause, in a history that real runs have written."""

from datetime import date, datetime, timedelta, timezone

import dagster as dg
import pytest

from neo_assets.automation.troubles import Trouble, stale_gold, troubles_of_run
from neo_assets.partitions import range_tags
from neo_assets_tests.automation.small_graph import QUIET, SmallGraph

DAY = date(2024, 3, 1)


def troubles(instance: dg.DagsterInstance, run_id: str) -> list[Trouble]:
    """The troubles of a run that has ended."""
    (ending,) = (
        record.event_log_entry
        for ended in (dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE)
        for record in instance.fetch_run_status_changes(ended, limit=1000).records
        if record.event_log_entry.run_id == run_id
    )
    return troubles_of_run(instance, ending)


def test_a_run_without_fault_is_no_trouble(instance: dg.DagsterInstance) -> None:
    # Two dropped rows of ten are a warning.
    result = SmallGraph(instance, dropped={DAY: 2}).materialize(DAY, days=2)
    assert result.success
    assert any(not evaluation.passed for evaluation in result.get_asset_check_evaluations())
    assert troubles(instance, result.run_id) == []


def test_a_day_held_back_is_one_trouble(instance: dg.DagsterInstance) -> None:
    held = DAY + timedelta(days=1)
    result = SmallGraph(instance, dropped={held: 3}).materialize(DAY, days=3)
    assert not result.success
    (trouble,) = troubles(instance, result.run_id)
    assert (trouble.day, trouble.title) == (held, "drop_count of silver_neo_events failed")
    assert trouble.why.startswith("3 of 10 rows dropped; median of 1 day is 0; 30% of the ")
    assert trouble.place == "/assets/silver_neo_events?view=checks&checkDetail=drop_count"
    assert "silver_neo_quarantine" in trouble.advice


def test_a_held_day_is_told_of_when_its_check_was_in_another_run(
    instance: dg.DagsterInstance,
) -> None:
    graph = SmallGraph(instance, dropped={DAY: 3})
    graph.materialize(DAY)
    result = graph.materialize(DAY, selection="gold_neo_fact")
    (trouble,) = troubles(instance, result.run_id)
    assert (trouble.day, trouble.title) == (DAY, "gold_neo_fact failed")
    assert trouble.why.startswith("held back, silver_neo_events drop_count: 3 of 10 rows dropped")


def test_days_not_done_have_one_cause_whatever_differs_in_passing(
    instance: dg.DagsterInstance,
) -> None:
    days = [DAY + timedelta(days=number) for number in range(4)]
    reasons = [
        "NeoWs answered 503 for 2024-03-01…2024-03-02; run these days again after 12:30 UTC",
        "NeoWs answered 503 for 2024-03-02…2024-03-03; run these days again after 14:07 UTC",
        "NeoWs answered 403 for 2024-03-03…2024-03-04; set NASA_API_KEY to a valid key",
    ]
    graph = SmallGraph(instance, undone=dict(zip(days, reasons, strict=False)))
    result = graph.materialize(DAY, days=4)
    found = troubles(instance, result.run_id)
    assert [trouble.day for trouble in found] == days[:3]
    first, second, third = (trouble.cause for trouble in found)
    assert first == second != third
    assert [trouble.why for trouble in found] == [f"{reason}." for reason in reasons]
    assert {trouble.title for trouble in found} == {"silver_neo_events failed"}
    assert {trouble.place for trouble in found} == {f"/runs/{result.run_id}"}


def test_a_crash_is_a_trouble_of_all_its_days(instance: dg.DagsterInstance) -> None:
    crash = ConnectionError("127.0.0.1:43210 refused. And much more\nover many lines")
    result = SmallGraph(instance, crash=crash).materialize(DAY, days=2)
    found = troubles(instance, result.run_id)
    assert [trouble.day for trouble in found] == [DAY, DAY + timedelta(days=1)]
    assert {trouble.title for trouble in found} == {"gold_neo_fact failed"}
    assert {trouble.why for trouble in found} == {"ConnectionError: 127.0.0.1:43210 refused."}
    again = SmallGraph(instance, crash=ConnectionError("127.0.0.1:5 refused. And")).materialize(DAY)
    assert found[0].cause == troubles(instance, again.run_id)[0].cause


def test_a_crash_is_told_of_beside_a_check_that_failed(instance: dg.DagsterInstance) -> None:
    result = SmallGraph(instance, dropped={DAY: 3}, crash=ValueError("no")).materialize(DAY)
    assert [trouble.title for trouble in troubles(instance, result.run_id)] == [
        "drop_count of silver_neo_events failed",
        "gold_neo_fact failed",
    ]


def test_a_run_without_days_has_a_trouble_without_a_day(instance: dg.DagsterInstance) -> None:
    @dg.op
    def rebuild_bronze() -> None:
        raise ValueError("the disk is full")

    @dg.job
    def reset() -> None:
        rebuild_bronze()

    result = reset.execute_in_process(instance=instance, raise_on_error=False, run_config=QUIET)
    (trouble,) = troubles(instance, result.run_id)
    assert (trouble.day, trouble.title) == (None, "rebuild_bronze failed")
    assert trouble.why == "ValueError: the disk is full."


def test_a_run_whose_process_died_is_told_of(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def gold_neo_fact() -> None:
        pass

    job = dg.Definitions([gold_neo_fact]).resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(
        job, tags=dict(range_tags(DAY, DAY)), status=dg.DagsterRunStatus.STARTED
    )
    # What Dagster's run monitoring does when a worker is gone.
    instance.report_run_failed(run, "Run worker process died unexpectedly. Bad luck.")
    (trouble,) = troubles(instance, run.run_id)
    assert (trouble.day, trouble.title) == (DAY, "__ASSET_JOB failed")
    assert trouble.why == "Run worker process died unexpectedly."


def test_gold_that_never_had_a_row_is_not_stale(instance: dg.DagsterInstance) -> None:
    assert stale_gold(instance, datetime.now(timezone.utc)) is None


def test_gold_is_stale_when_its_newest_past_day_is_too_old(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = datetime.now(timezone.utc).date()
    SmallGraph(instance).materialize(today - timedelta(days=3), days=6)
    now = datetime.now(timezone.utc)
    assert stale_gold(instance, now) is None
    assert stale_gold(instance, now + timedelta(hours=35)) is None
    later = now + timedelta(hours=37)
    stale = stale_gold(instance, later)
    assert stale is not None
    assert stale.day == later.date() - timedelta(days=1)
    assert f"was last materialized at {now:%Y-%m-%d} " in stale.why
    assert "36 hours are allowed (NEO_STALE_AFTER_HOURS)" in stale.why
    assert stale.place == f"/assets/gold_neo_fact?view=partitions&partition={stale.day}"
    monkeypatch.setenv("NEO_STALE_AFTER_HOURS", "38")
    assert stale_gold(instance, later) is None


def test_gold_of_old_days_alone_is_stale(instance: dg.DagsterInstance) -> None:
    SmallGraph(instance).materialize(date(2016, 1, 1))
    stale = stale_gold(instance, datetime.now(timezone.utc))
    assert stale is not None and "The newest past data is not materialized" in stale.why


def test_a_refresh_a_day_later_than_the_day_is_no_staleness(instance: dg.DagsterInstance) -> None:
    # Whoever refreshes yesterday every morning has nothing for it at midnight.
    yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
    SmallGraph(instance).materialize(yesterday)
    midnight = datetime.combine(yesterday + timedelta(days=2), datetime.min.time(), timezone.utc)
    assert stale_gold(instance, midnight + timedelta(minutes=1)) is None
