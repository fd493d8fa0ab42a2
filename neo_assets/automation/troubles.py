"""What has gone wrong, read from Dagster's history: checks, held days, runs, and a stale gold."""

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
from neo_assets.partitions import DAILY, day_of, days_of_run
from neo_assets.settings import Settings

GOLD = dg.AssetKey(GOLD_NEO_FACT.name)

# What differs from run to run: ids, addresses in memory, ports, dates. Three digits by themselves
# are the status of an HTTP answer.
_PASSING = re.compile(r"\b(?!\d{3}\b)\w*\d\w*\b")


@dataclass(frozen=True)
class Trouble:
    """One cause on one day, or on no day in particular.

    `cause` is the same for everything that people need to be told once; `why` is a sentence as it
    stands in the history; `place` is the page about it below the address of the UI.
    """

    cause: str
    day: date | None
    title: str
    why: str
    advice: str
    place: str


def troubles_of_run(instance: dg.DagsterInstance, ending: dg.EventLogEntry) -> list[Trouble]:
    """What went wrong in a run, by the event that ended it; each cause of a day once.

    A day held back fails a check, then the checks of the layers below, then the run: that is one
    cause. So a step that says of its days why they were not done is not told of again as a failed
    run, nor is a day not done told of when a check or a layer before it says why.
    """
    errors = [
        evaluation
        for evaluation in _evaluations(instance, ending.run_id)
        if outcome_of(evaluation) == "ERROR"
    ]
    failed = [evaluation for evaluation in errors if not Unmaterialized.stored_in(evaluation)]
    undone = [
        (evaluation, why) for evaluation in errors if (why := Unmaterialized.stored_in(evaluation))
    ]
    explained = {evaluation.partition for evaluation in failed}
    troubles = [_failed_check(evaluation) for evaluation in failed]
    first = {
        (evaluation.partition, why): evaluation
        for evaluation, why in reversed(undone)
        if not (evaluation.partition in explained and why.is_held_back)
    }
    troubles += [
        _failure(
            evaluation.asset_key.to_user_string(),
            why.reason,
            day_of(evaluation.partition),
            ending.run_id,
        )
        for (_, why), evaluation in reversed(first.items())
    ]
    event = ending.dagster_event
    if event and event.event_type is dg.DagsterEventType.RUN_FAILURE and not undone:
        troubles += _failed_run(instance, ending.run_id, event)
    return list({(trouble.cause, trouble.day): trouble for trouble in troubles}.values())


def stale_gold(instance: dg.DagsterInstance, now: datetime) -> Trouble | None:
    """The newest past day, when gold was not materialized for it in `NEO_STALE_AFTER_HOURS`.

    The day before it counts as well while it is not over for longer than that: a refresh takes
    place once a day. Gold that never had a row cannot be stale.
    """
    hours = Settings.from_environment().neo_stale_after_hours
    newest = now.date() - timedelta(days=1)
    since = now - timedelta(hours=hours)
    if not DAILY.has_partition_key(newest.isoformat()) or not _newest_materialization(instance):
        return None
    days = [
        newest - timedelta(days=number)
        for number in range(max((newest - since.date()).days, 0) + 1)
    ]
    last = _newest_materialization(instance, days)
    if last and last >= since:
        return None
    was = f"was last materialized at {last:%Y-%m-%d %H:%M} UTC" if last else "is not materialized"
    return Trouble(
        cause=f"{GOLD.to_user_string()} is stale",
        day=newest,
        title=f"{GOLD.to_user_string()} is stale",
        why=f"The newest past data {was}, and {hours:g} hours are allowed (NEO_STALE_AFTER_HOURS).",
        advice="Check that the daemon is running and that daily_refresh is on and succeeds, or run "
        "a refresh by hand.",
        place=_asset_page(GOLD, view="partitions", partition=newest.isoformat()),
    )


def _evaluations(instance: dg.DagsterInstance, run_id: str) -> Iterator[dg.AssetCheckEvaluation]:
    found = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    for record in found.records:
        event = record.event_log_entry.dagster_event
        if event:
            yield event.asset_check_evaluation_data


def _failed_check(evaluation: dg.AssetCheckEvaluation) -> Trouble:
    asset, check = evaluation.asset_key.to_user_string(), evaluation.check_name
    return Trouble(
        cause=f"{asset} {check}",
        day=day_of(evaluation.partition),
        title=f"{check} of {asset} failed",
        why=_sentence(evaluation.description or "The check says nothing of it"),
        advice=f"The dropped rows are in {SILVER_NEO_QUARANTINE.name}: neo-assets quarantine "
        "list. The held day continues when NASA's newest answer is sound, or with: neo-assets "
        "release."
        if check == DROP_COUNT
        else "The numbers behind the sentence are in the metadata of the evaluation.",
        place=_asset_page(evaluation.asset_key, view="checks", checkDetail=check),
    )


def _failed_run(
    instance: dg.DagsterInstance, run_id: str, event: dg.DagsterEvent
) -> Iterator[Trouble]:
    run = instance.get_run_by_id(run_id)
    days: Sequence[date | None] = days_of_run(run) if run else []
    # The event of a run whose process died has none of this.
    failure = event.job_failure_data if event.event_specific_data else None
    step = failure.first_step_failure_event if failure else None
    if step:
        what, reason = str(step.step_key), failure_sentence(step)
    else:
        error = failure.error if failure else None
        what, reason = event.job_name, error.message if error else event.message or ""
    for day in days or [None]:
        yield _failure(what, reason, day, run_id)


def _failure(what: str, reason: str, day: date | None, run_id: str) -> Trouble:
    why = _sentence(reason)
    return Trouble(
        cause=f"{what}: {_PASSING.sub('#', why)}",
        day=day,
        title=f"{what} failed",
        why=why,
        advice="Run it again when the cause is gone: what is done is kept, and nothing is done "
        "twice.",
        place=f"/runs/{run_id}",
    )


def _sentence(text: str) -> str:
    first, *_ = text.strip().splitlines() or [""]
    return f"{first.partition('. ')[0].rstrip('.')}."


def _newest_materialization(
    instance: dg.DagsterInstance, days: Sequence[date] | None = None
) -> datetime | None:
    """When gold was last materialized, for one of the days if there are any."""
    wanted = dg.AssetRecordsFilter(
        GOLD, asset_partitions=None if days is None else [day.isoformat() for day in days]
    )
    records = instance.fetch_materializations(wanted, limit=1).records
    return datetime.fromtimestamp(records[0].timestamp, timezone.utc) if records else None


def _asset_page(asset: dg.AssetKey, **parameters: str) -> str:
    return f"/assets/{'/'.join(map(quote, asset.path))}?{urlencode(parameters)}"
