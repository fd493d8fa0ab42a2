"""Incidents, read from Dagster's event log: failed checks and runs, held days, and stale gold."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from urllib.parse import quote, urlencode

import dagster as dg

from neo_assets.automation.failures import failure_sentence
from neo_assets.checks.definitions import DROP_COUNT
from neo_assets.checks.evaluations import outcome_of
from neo_assets.checks.unmaterialized import Unmaterialized
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT, SILVER_NEO_QUARANTINE
from neo_assets.partitions import daily_partitions, day_of, days_of_run
from neo_assets.settings import Settings

GOLD = dg.AssetKey(GOLD_NEO_FACT.name)

# What differs between runs: ids, memory addresses, ports, dates. Three digits alone are the status
# of an HTTP response.
_VARIABLE_PARTS = re.compile(r"\b(?!\d{3}\b)\w*\d\w*\b")


@dataclass(frozen=True)
class Incident:
    """One cause on one day, or on no particular day.

    Incidents with the same `cause` are reported once; `message` is a sentence from the event log;
    `ui_path` is the page about it, relative to the address of the UI.
    """

    cause: str
    day: date | None
    title: str
    message: str
    remediation: str
    ui_path: str


def incidents_of_run(
    instance: dg.DagsterInstance, finished_run: dg.EventLogEntry, settings: Settings
) -> list[Incident]:
    """Return the incidents of a run, given the event that finished it; each cause of a day once.

    A held day fails a check, then the checks of the downstream layers, then the run: that is one
    cause. If a step reports why its days were not materialized, the failed run is not reported as
    well; nor is a day that was not materialized if a check or an upstream layer gives the reason.
    """
    errors = [
        evaluation
        for evaluation in _evaluations(instance, finished_run.run_id)
        if outcome_of(evaluation) == "ERROR"
    ]
    failed = [evaluation for evaluation in errors if not Unmaterialized.stored_in(evaluation)]
    undone = [
        (evaluation, why) for evaluation in errors if (why := Unmaterialized.stored_in(evaluation))
    ]
    explained = {evaluation.partition for evaluation in failed}
    incidents = [_failed_check(evaluation, settings) for evaluation in failed]
    first = {
        (evaluation.partition, why): evaluation
        for evaluation, why in reversed(undone)
        if not (evaluation.partition in explained and why.is_held_back)
    }
    incidents += [
        _failure(
            evaluation.asset_key.to_user_string(),
            why.reason,
            day_of(evaluation.partition, settings),
            finished_run.run_id,
        )
        for (_, why), evaluation in reversed(first.items())
    ]
    event = finished_run.dagster_event
    if event and event.event_type is dg.DagsterEventType.RUN_FAILURE and not undone:
        incidents += _failed_run(instance, finished_run.run_id, event, settings)
    return list({(incident.cause, incident.day): incident for incident in incidents}.values())


def stale_gold(instance: dg.DagsterInstance, now: datetime, settings: Settings) -> Incident | None:
    """Return an incident if gold was not materialized for the newest past day in time.

    The time is `NEO_STALE_AFTER_HOURS`. Days that ended within that time count as well, because a
    refresh runs once a day. Gold that was never materialized cannot be stale.
    """
    hours = settings.neo_stale_after_hours
    newest = now.date() - timedelta(days=1)
    since = now - timedelta(hours=hours)
    is_partition = daily_partitions(settings).has_partition_key(newest.isoformat())
    if not is_partition or not _newest_materialization(instance):
        return None
    days = [
        newest - timedelta(days=number)
        for number in range(max((newest - since.date()).days, 0) + 1)
    ]
    last = _newest_materialization(instance, days)
    if last and last >= since:
        return None
    was = f"was last materialized at {last:%Y-%m-%d %H:%M} UTC" if last else "is not materialized"
    return Incident(
        cause=f"{GOLD.to_user_string()} is stale",
        day=newest,
        title=f"{GOLD.to_user_string()} is stale",
        message=f"The newest past data {was}, and {hours:g} hours are allowed "
        "(NEO_STALE_AFTER_HOURS).",
        remediation="Check that the daemon is running and that daily_refresh is on and succeeds, "
        "or start a refresh manually.",
        ui_path=_asset_page(GOLD, view="partitions", partition=newest.isoformat()),
    )


def _evaluations(instance: dg.DagsterInstance, run_id: str) -> Iterator[dg.AssetCheckEvaluation]:
    found = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    for record in found.records:
        event = record.event_log_entry.dagster_event
        if event:
            yield event.asset_check_evaluation_data


def _failed_check(evaluation: dg.AssetCheckEvaluation, settings: Settings) -> Incident:
    asset, check = evaluation.asset_key.to_user_string(), evaluation.check_name
    return Incident(
        cause=f"{asset} {check}",
        day=day_of(evaluation.partition, settings),
        title=f"{check} of {asset} failed",
        message=_sentence(evaluation.description or "The check gives no description"),
        remediation=f"The dropped rows are in {SILVER_NEO_QUARANTINE.name}: neo-assets quarantine "
        "list. The held day continues when NASA's newest response is valid, or with: neo-assets "
        "release."
        if check == DROP_COUNT
        else "The values are in the metadata of the evaluation.",
        ui_path=_asset_page(evaluation.asset_key, view="checks", checkDetail=check),
    )


def _failed_run(
    instance: dg.DagsterInstance, run_id: str, event: dg.DagsterEvent, settings: Settings
) -> Iterator[Incident]:
    run = instance.get_run_by_id(run_id)
    days: Sequence[date | None] = days_of_run(run, settings) if run else []
    # The event of a run whose process died has no such data.
    failure = event.job_failure_data if event.event_specific_data else None
    step = failure.first_step_failure_event if failure else None
    if step:
        what, reason = str(step.step_key), failure_sentence(step)
    else:
        error = failure.error if failure else None
        what, reason = event.job_name, error.message if error else event.message or ""
    for day in days or [None]:
        yield _failure(what, reason, day, run_id)


def _failure(what: str, reason: str, day: date | None, run_id: str) -> Incident:
    sentence = _sentence(reason)
    return Incident(
        cause=f"{what}: {_VARIABLE_PARTS.sub('#', sentence)}",
        day=day,
        title=f"{what} failed",
        message=sentence,
        remediation="Run it again when the cause is fixed: completed work is kept, and nothing is "
        "done twice.",
        ui_path=f"/runs/{run_id}",
    )


def _sentence(text: str) -> str:
    first, *_ = text.strip().splitlines() or [""]
    return f"{first.partition('. ')[0].rstrip('.')}."


def _newest_materialization(
    instance: dg.DagsterInstance, days: Sequence[date] | None = None
) -> datetime | None:
    """Return when gold was last materialized, for one of the days if any are given."""
    wanted = dg.AssetRecordsFilter(
        GOLD, asset_partitions=None if days is None else [day.isoformat() for day in days]
    )
    records = instance.fetch_materializations(wanted, limit=1).records
    return datetime.fromtimestamp(records[0].timestamp, timezone.utc) if records else None


def _asset_page(asset: dg.AssetKey, **parameters: str) -> str:
    return f"/assets/{'/'.join(map(quote, asset.path))}?{urlencode(parameters)}"
