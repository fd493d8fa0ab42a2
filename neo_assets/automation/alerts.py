"""Alerts: one message per incident, that is per cause and day, to every configured service.

Every service of `NEO_ALERT_URLS` has its own sensors, whose cursors record what it has received.
A service that is down therefore shows in its own ticks, receives later what it missed, and causes
no second message to the others. Dagster's run failure sensors move on when a message cannot be
delivered, and see one run at a time; that is why these sensors read the event log themselves.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone

import dagster as dg
from pydantic import AliasChoices, BaseModel, Field

from neo_assets.automation.delivery import MESSAGES_A_TICK, DeliveryError, Service, services
from neo_assets.automation.incidents import Incident, incidents_of_run, stale_gold
from neo_assets.date_spans import expanded, span, spans
from neo_assets.external_text import unlinked
from neo_assets.settings import Settings
from neo_assets.sources import registry

RUN_FINISHED = (
    dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
)
IN_PROGRESS = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
)
RUNS_A_TICK = 100
LONGEST_BATCHING = timedelta(minutes=15)
SPANS_SHOWN = 10
LONGEST_REASON = 500


class SensorCursor(BaseModel):
    """The state that a sensor keeps from one tick to the next.

    `read` is how far the event log was read, by the type of the event that finishes a run. `sent`
    has the days that were reported, as spans, by the day (UTC) of the message and a hash of the
    cause: causes quote errors, and errors may contain secrets. A cause without days has no spans.
    If `is_pending`, some incidents of the runs finished after `read` are sent and the others not.
    """

    today: date
    # Cursors stored before the rename have it as `told`.
    sent: dict[date, dict[str, list[tuple[date, date]]]] = Field(
        {},
        validation_alias=AliasChoices("sent", "told"),  # codespell:ignore told
    )
    read: dict[str, str] = {}
    is_pending: bool = False

    @classmethod
    def from_json(cls, text: str | None, today: date) -> "SensorCursor":
        """Read a stored cursor, without what was sent on another day.

        While a part of the messages is pending, what was sent before midnight is kept: it must not
        be sent again together with the rest.
        """
        cursor = cls.model_validate_json(text) if text else cls(today=today)
        kept = {day: sent for day, sent in cursor.sent.items() if cursor.is_pending or day == today}
        return cursor.model_copy(update={"today": today, "sent": kept})

    def was_sent(self, incident: Incident) -> bool:
        """Whether an alert about this cause was sent for this day."""
        cause = _digest(incident.cause)
        sent = [by_cause[cause] for by_cause in self.sent.values() if cause in by_cause]
        if not sent or incident.day is None:
            return bool(sent)
        return any(first <= incident.day <= last for known in sent for first, last in known)

    def record_sent(self, cause: str, days: Iterable[date]) -> None:
        """Record that an alert about a cause was sent today for these days."""
        sent = self.sent.setdefault(self.today, {})
        known = expanded(sent.get(_digest(cause), []))
        sent[_digest(cause)] = spans([*known, *days])


def alert_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors of each configured service; none if no service is configured.

    Raises:
        SettingsError: an address in `NEO_ALERT_URLS` cannot be read.
    """
    return [
        sensor
        for service in services(settings)
        for sensor in (_failure_alerts(service, settings), _staleness_alerts(service, settings))
    ]


def _failure_alerts(service: Service, settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"failure_alerts_{service.number}",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Sends failed checks, held days and failed runs to {service.name} when a run "
        "has finished, once per day and cause. While other runs are in progress it waits up to 15 "
        "minutes, to send related failures together.",
    )
    def failure_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now = datetime.now(timezone.utc)
        cursor = SensorCursor.from_json(context.cursor, now.date())
        if not cursor.read:
            cursor.read = _newest_finished_runs(context.instance)
            context.update_cursor(cursor.model_dump_json())
            return dg.SkipReason("Alerts are sent for runs that finish from now on.")
        finished_runs, read = _finished_runs_since(context.instance, cursor.read)
        if _is_batching(context.instance, finished_runs, now):
            return dg.SkipReason(
                "Waiting for the runs in progress, to send one message for all of them."
            )
        incidents = [
            incident
            for finished_run in finished_runs
            for incident in incidents_of_run(context.instance, finished_run, settings)
        ]
        pending = [incident for incident in incidents if not cursor.was_sent(incident)]
        left = send_incidents(service, pending, cursor, settings)
        cursor.is_pending = left is not None
        if not left:
            cursor.read = read
        context.update_cursor(cursor.model_dump_json())
        return _summary(pending, left)

    return failure_alerts


def _staleness_alerts(service: Service, settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"staleness_alerts_{service.number}",
        minimum_interval_seconds=600,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Sends an alert to {service.name}, once a day, if gold is stale: its newest "
        "past day was not materialized within NEO_STALE_AFTER_HOURS.",
    )
    def staleness_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now = datetime.now(timezone.utc)
        cursor = SensorCursor.from_json(context.cursor, now.date())
        stale = stale_gold(context.instance, now, settings)
        pending = [stale] if stale and not cursor.was_sent(stale) else []
        left = send_incidents(service, pending, cursor, settings)
        context.update_cursor(cursor.model_dump_json())
        return _summary(pending, left)

    return staleness_alerts


def send_incidents(
    service: Service, incidents: Sequence[Incident], cursor: SensorCursor, settings: Settings
) -> str | None:
    """Send one message per cause, and record each that was delivered.

    Returns why the rest is left for the next tick, or None if nothing is left. The cursor of a
    failed tick is not stored, so a tick fails only if nothing was sent.

    Raises:
        DeliveryError: the first message could not be delivered.
    """
    by_cause: dict[str, list[Incident]] = {}
    for incident in incidents:
        by_cause.setdefault(incident.cause, []).append(incident)
    for number, (cause, group) in enumerate(by_cause.items()):
        if number == MESSAGES_A_TICK:
            return f"{len(by_cause) - number} left to send."
        try:
            service.send(*message(group, settings))
        except DeliveryError as error:
            if number == 0:
                raise
            return str(error)
        cursor.record_sent(cause, _days(group))
    return None


def message(incidents: Sequence[Incident], settings: Settings) -> tuple[str, str]:
    """Return title and body for incidents of one cause; the reason is that of the newest day.

    The secrets of all sources are removed from the reason. No address in it becomes a link, because
    it may quote the source's response.
    """
    newest = max(incidents, key=lambda incident: incident.day or date.min)
    days = _days(incidents)
    title = f"neo_assets: {newest.title}"
    why = unlinked(registry.redact(newest.message, settings)[:LONGEST_REASON])
    lines = []
    if days:
        shown = _shown(days)
        title += f" for {shown}" if len(days) == 1 else f" for {len(days)} days"
        lines.append(f"Days: {shown}")
        why = why if len(days) == 1 else f"{newest.day}: {why}"
    page = f"{settings.neo_ui_url.rstrip('/')}{newest.ui_path}"
    lines += [f"Why: {why}", f"What to do: {newest.remediation}", page]
    return title, "\n".join(lines)


def _digest(cause: str) -> str:
    return hashlib.sha256(cause.encode()).hexdigest()[:16]


def _days(incidents: Iterable[Incident]) -> list[date]:
    return sorted({incident.day for incident in incidents if incident.day})


def _shown(days: Sequence[date]) -> str:
    found = spans(days)
    shown = [span(first, last) for first, last in found]
    more = len(list(expanded(found[SPANS_SHOWN:])))
    return ", ".join(shown[:SPANS_SHOWN]) + (f" and {more} more" if more else "")


def _newest_finished_runs(instance: dg.DagsterInstance) -> dict[str, str]:
    """Return the position of the newest finished run of each type, where reading begins."""
    return {
        event_type.name: instance.fetch_run_status_changes(event_type, limit=1).cursor
        for event_type in RUN_FINISHED
    }


def _finished_runs_since(
    instance: dg.DagsterInstance, read: Mapping[str, str]
) -> tuple[list[dg.EventLogEntry], dict[str, str]]:
    """Return the events that finished a run since, oldest first, and how far they were read."""
    found = {
        event_type.name: instance.fetch_run_status_changes(
            event_type, limit=RUNS_A_TICK, cursor=read[event_type.name], ascending=True
        )
        for event_type in RUN_FINISHED
    }
    entries = [record.event_log_entry for result in found.values() for record in result.records]
    return (
        sorted(entries, key=lambda entry: entry.timestamp),
        {event_type: result.cursor for event_type, result in found.items()},
    )


def _is_batching(
    instance: dg.DagsterInstance, finished_runs: Sequence[dg.EventLogEntry], now: datetime
) -> bool:
    """Whether to wait for runs in progress, to send their incidents in the same messages."""
    if not finished_runs:
        return False
    waited = now - datetime.fromtimestamp(finished_runs[0].timestamp, timezone.utc)
    return waited < LONGEST_BATCHING and bool(
        instance.get_runs_count(dg.RunsFilter(statuses=list(IN_PROGRESS)))
    )


def _summary(pending: Sequence[Incident], left: str | None) -> dg.SkipReason:
    if left:
        return dg.SkipReason(f"A part was sent; the rest follows with the next tick: {left}")
    titles = {incident.cause: incident.title for incident in pending}
    return dg.SkipReason(
        f"Sent: {'; '.join(titles.values())}." if titles else "Nothing new went wrong."
    )
