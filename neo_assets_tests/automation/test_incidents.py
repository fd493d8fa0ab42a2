"""What counts as one incident, in an event log written by real runs."""

from datetime import date, datetime, timedelta, timezone

import dagster as dg

from neo_assets.automation.incidents import Incident, incidents_of_run, stale_gold
from neo_assets.partitions import range_tags
from neo_assets.settings import Settings
from neo_assets_tests.automation.small_graph import QUIET, SmallGraph

DAY = date(2024, 3, 1)


def incidents(instance: dg.DagsterInstance, run_id: str) -> list[Incident]:
    """The incidents of a finished run."""
    (finished,) = (
        record.event_log_entry
        for ended in (dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE)
        for record in instance.fetch_run_status_changes(ended, limit=1000).records
        if record.event_log_entry.run_id == run_id
    )
    return incidents_of_run(instance, finished, Settings())


def test_a_successful_run_has_no_incident(instance: dg.DagsterInstance) -> None:
    # Two dropped rows of ten are a warning.
    result = SmallGraph(instance, dropped={DAY: 2}).materialize(DAY, days=2)
    assert result.success
    assert any(not evaluation.passed for evaluation in result.get_asset_check_evaluations())
    assert incidents(instance, result.run_id) == []


def test_a_held_day_is_one_incident(instance: dg.DagsterInstance) -> None:
    held = DAY + timedelta(days=1)
    result = SmallGraph(instance, dropped={held: 3}).materialize(DAY, days=3)
    assert not result.success
    (incident,) = incidents(instance, result.run_id)
    assert (incident.day, incident.title) == (held, "drop_count of silver_neo_events failed")
    assert incident.message.startswith("3 of 10 rows dropped; median of 1 day is 0; 30% of the ")
    assert incident.ui_path == "/assets/silver_neo_events?view=checks&checkDetail=drop_count"
    assert "silver_neo_quarantine" in incident.remediation


def test_a_held_day_is_reported_if_its_check_was_in_another_run(
    instance: dg.DagsterInstance,
) -> None:
    graph = SmallGraph(instance, dropped={DAY: 3})
    graph.materialize(DAY)
    result = graph.materialize(DAY, selection="gold_neo_fact")
    (incident,) = incidents(instance, result.run_id)
    assert (incident.day, incident.title) == (DAY, "gold_neo_fact failed")
    assert incident.message.startswith(
        "held back, silver_neo_events drop_count: 3 of 10 rows dropped"
    )


def test_reasons_that_differ_in_times_and_dates_are_one_cause(
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
    found = incidents(instance, result.run_id)
    assert [incident.day for incident in found] == days[:3]
    first, second, third = (incident.cause for incident in found)
    assert first == second != third
    assert [incident.message for incident in found] == [f"{reason}." for reason in reasons]
    assert {incident.title for incident in found} == {"silver_neo_events failed"}
    assert {incident.ui_path for incident in found} == {f"/runs/{result.run_id}"}


def test_a_crash_is_an_incident_of_all_days_of_the_run(instance: dg.DagsterInstance) -> None:
    crash = ConnectionError("127.0.0.1:43210 refused. And much more\nover many lines")
    result = SmallGraph(instance, crash=crash).materialize(DAY, days=2)
    found = incidents(instance, result.run_id)
    assert [incident.day for incident in found] == [DAY, DAY + timedelta(days=1)]
    assert {incident.title for incident in found} == {"gold_neo_fact failed"}
    assert {incident.message for incident in found} == {"ConnectionError: 127.0.0.1:43210 refused."}
    again = SmallGraph(instance, crash=ConnectionError("127.0.0.1:5 refused. And")).materialize(DAY)
    assert found[0].cause == incidents(instance, again.run_id)[0].cause


def test_a_crash_is_reported_in_addition_to_a_failed_check(instance: dg.DagsterInstance) -> None:
    result = SmallGraph(instance, dropped={DAY: 3}, crash=ValueError("no")).materialize(DAY)
    assert [incident.title for incident in incidents(instance, result.run_id)] == [
        "drop_count of silver_neo_events failed",
        "gold_neo_fact failed",
    ]


def test_a_run_without_partitions_has_an_incident_without_a_day(
    instance: dg.DagsterInstance,
) -> None:
    @dg.op
    def rebuild_bronze() -> None:
        raise ValueError("the disk is full")

    @dg.job
    def reset() -> None:
        rebuild_bronze()

    result = reset.execute_in_process(instance=instance, raise_on_error=False, run_config=QUIET)
    (incident,) = incidents(instance, result.run_id)
    assert (incident.day, incident.title) == (None, "rebuild_bronze failed")
    assert incident.message == "ValueError: the disk is full."


def test_a_run_whose_process_died_is_reported(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def gold_neo_fact() -> None:
        pass

    job = dg.Definitions([gold_neo_fact]).resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(
        job, tags=dict(range_tags(DAY, DAY)), status=dg.DagsterRunStatus.STARTED
    )
    # What Dagster's run monitoring does when a worker has disappeared.
    instance.report_run_failed(run, "Run worker process died unexpectedly. Bad luck.")
    (incident,) = incidents(instance, run.run_id)
    assert (incident.day, incident.title) == (DAY, "__ASSET_JOB failed")
    assert incident.message == "Run worker process died unexpectedly."


def test_gold_that_never_had_a_row_is_not_stale(instance: dg.DagsterInstance) -> None:
    assert stale_gold(instance, datetime.now(timezone.utc), Settings()) is None


def test_gold_is_stale_when_its_newest_past_day_is_too_old(instance: dg.DagsterInstance) -> None:
    today = datetime.now(timezone.utc).date()
    SmallGraph(instance).materialize(today - timedelta(days=3), days=6)
    now = datetime.now(timezone.utc)
    assert stale_gold(instance, now, Settings()) is None
    assert stale_gold(instance, now + timedelta(hours=35), Settings()) is None
    later = now + timedelta(hours=37)
    stale = stale_gold(instance, later, Settings())
    assert stale is not None
    assert stale.day == later.date() - timedelta(days=1)
    assert f"was last materialized at {now:%Y-%m-%d} " in stale.message
    assert "36 hours are allowed (NEO_STALE_AFTER_HOURS)" in stale.message
    assert stale.ui_path == f"/assets/gold_neo_fact?view=partitions&partition={stale.day}"
    assert stale_gold(instance, later, Settings(neo_stale_after_hours=38)) is None


def test_gold_of_old_days_alone_is_stale(instance: dg.DagsterInstance) -> None:
    SmallGraph(instance).materialize(date(2016, 1, 1))
    stale = stale_gold(instance, datetime.now(timezone.utc), Settings())
    assert stale is not None and "The newest past data is not materialized" in stale.message


def test_a_refresh_one_day_after_the_day_is_not_stale(instance: dg.DagsterInstance) -> None:
    # A refresh of yesterday that runs every morning has not run yet at midnight.
    yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
    SmallGraph(instance).materialize(yesterday)
    midnight = datetime.combine(yesterday + timedelta(days=2), datetime.min.time(), timezone.utc)
    assert stale_gold(instance, midnight + timedelta(minutes=1), Settings()) is None
