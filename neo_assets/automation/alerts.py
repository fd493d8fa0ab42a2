"""Alerts: what went wrong reaches people, in one message a day and cause.

Every service of `NEO_ALERT_URLS` has sensors of its own, whose cursors say what it has been told.
So one that is down shows in its own ticks, is told later what it missed, and costs the others no
second message. Dagster's run failure sensors move on when a message cannot be delivered, and know
of one run at a time; that is why these read the history by themselves.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone

import dagster as dg
from pydantic import BaseModel

from neo_assets.automation.delivery import DeliveryError, Service, services
from neo_assets.automation.troubles import Trouble, stale_gold, troubles_of_run
from neo_assets.date_spans import expanded, spans
from neo_assets.external_text import unlinked
from neo_assets.settings import Settings
from neo_assets.sources import registry

ENDINGS = (
    dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
)
GOING_ON = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
)
RUNS_A_TICK = 100
# Apprise leaves five seconds between two messages to a service, and a tick has a minute.
MESSAGES_A_TICK = 5
GATHERING_TAKES_AT_MOST = timedelta(minutes=15)
SPANS_SHOWN = 10
LONGEST_REASON = 500


class Memory(BaseModel):
    """What a sensor knows from one tick to the next.

    `read` is how far the history was read, by the type of the event that ends a run. `told` has the
    days that were told, as spans, by the day (UTC) of the message and a hash of the cause: causes
    hold words of errors, and errors may hold secrets. A cause without days has no spans. With
    `is_pending`, some of what ended after `read` has been sent and the rest is still to be sent.
    """

    today: date
    told: dict[date, dict[str, list[tuple[date, date]]]] = {}
    read: dict[str, str] = {}
    is_pending: bool = False

    @classmethod
    def from_cursor(cls, cursor: str | None, today: date) -> "Memory":
        """The memory that a cursor holds, without what was told on another day.

        While a part of the messages is pending, what was sent before midnight is kept: it must not
        be sent again together with the rest.
        """
        memory = cls.model_validate_json(cursor) if cursor else cls(today=today)
        kept = {day: told for day, told in memory.told.items() if memory.is_pending or day == today}
        return memory.model_copy(update={"today": today, "told": kept})

    def has_been_told(self, trouble: Trouble) -> bool:
        """Whether this cause was told for this day."""
        cause = _digest(trouble.cause)
        told = [by_cause[cause] for by_cause in self.told.values() if cause in by_cause]
        if not told or trouble.day is None:
            return bool(told)
        return any(first <= trouble.day <= last for known in told for first, last in known)

    def remember(self, cause: str, days: Iterable[date]) -> None:
        """Note that a cause was told today for these days."""
        told = self.told.setdefault(self.today, {})
        known = expanded(told.get(_digest(cause), []))
        told[_digest(cause)] = spans([*known, *days])


def alert_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """The sensors of each configured service; none, which costs nothing, where there is none.

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
        description=f"Tells {service.name} of failed checks, held days and failed runs, once a day "
        "and cause, when the run has ended. While others go on it waits up to 15 minutes for them.",
    )
    def failure_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now = datetime.now(timezone.utc)
        memory = Memory.from_cursor(context.cursor, now.date())
        if not memory.read:
            memory.read = _newest_endings(context.instance)
            context.update_cursor(memory.model_dump_json())
            return dg.SkipReason("Alerts are sent for runs that end from now on.")
        endings, read = _endings(context.instance, memory.read)
        if _more_is_coming(context.instance, endings, now):
            return dg.SkipReason(
                "Waiting for the runs in progress, to send one message for all of them."
            )
        troubles = [
            trouble for ending in endings for trouble in troubles_of_run(context.instance, ending)
        ]
        untold = [trouble for trouble in troubles if not memory.has_been_told(trouble)]
        left = tell(service, untold, memory, settings)
        memory.is_pending = left is not None
        if not left:
            memory.read = read
        context.update_cursor(memory.model_dump_json())
        return _summary(untold, left)

    return failure_alerts


def _staleness_alerts(service: Service, settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"staleness_alerts_{service.number}",
        minimum_interval_seconds=600,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Tells {service.name}, once a day, that gold is stale: its newest past day "
        "was not materialized within NEO_STALE_AFTER_HOURS.",
    )
    def staleness_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now = datetime.now(timezone.utc)
        memory = Memory.from_cursor(context.cursor, now.date())
        stale = stale_gold(context.instance, now)
        untold = [stale] if stale and not memory.has_been_told(stale) else []
        left = tell(service, untold, memory, settings)
        context.update_cursor(memory.model_dump_json())
        return _summary(untold, left)

    return staleness_alerts


def tell(
    service: Service, troubles: Sequence[Trouble], memory: Memory, settings: Settings
) -> str | None:
    """Send one message a cause, and remember each that was taken.

    Returns why the rest is left for the next tick, if it is: a tick that fails forgets what it has
    done, so it only fails when it has told nothing.

    Raises:
        DeliveryError: the service did not even take the first message.
    """
    by_cause: dict[str, list[Trouble]] = {}
    for trouble in troubles:
        by_cause.setdefault(trouble.cause, []).append(trouble)
    for number, (cause, group) in enumerate(by_cause.items()):
        if number == MESSAGES_A_TICK:
            return f"{len(by_cause) - number} left to send."
        try:
            service.send(*message(group, settings))
        except DeliveryError as error:
            if number == 0:
                raise
            return str(error)
        memory.remember(cause, _days(group))
    return None


def message(troubles: Sequence[Trouble], settings: Settings) -> tuple[str, str]:
    """Title and body for troubles of one cause; the reason is that of the newest day.

    The secrets of all sources are removed from the reason.  No address in it becomes a link, for it
    may quote what the feed sent.
    """
    newest = max(troubles, key=lambda trouble: trouble.day or date.min)
    days = _days(troubles)
    title = f"neo_assets: {newest.title}"
    why = registry.redact(newest.why, settings)[:LONGEST_REASON]
    why = unlinked(why)
    lines = []
    if days:
        shown = _shown(days)
        title += f" for {shown}" if len(days) == 1 else f" for {len(days)} days"
        lines.append(f"Days: {shown}")
        why = why if len(days) == 1 else f"{newest.day}: {why}"
    page = f"{settings.neo_ui_url.rstrip('/')}{newest.place}"
    lines += [f"Why: {why}", f"What to do: {newest.advice}", page]
    return title, "\n".join(lines)


def _digest(cause: str) -> str:
    return hashlib.sha256(cause.encode()).hexdigest()[:16]


def _days(troubles: Iterable[Trouble]) -> list[date]:
    return sorted({trouble.day for trouble in troubles if trouble.day})


def _shown(days: Sequence[date]) -> str:
    found = spans(days)
    shown = [f"{first}" if first == last else f"{first}…{last}" for first, last in found]
    more = len(list(expanded(found[SPANS_SHOWN:])))
    return ", ".join(shown[:SPANS_SHOWN]) + (f" and {more} more" if more else "")


def _newest_endings(instance: dg.DagsterInstance) -> dict[str, str]:
    """The place of the newest ending of each type, which is where reading begins."""
    return {
        ending.name: instance.fetch_run_status_changes(ending, limit=1).cursor for ending in ENDINGS
    }


def _endings(
    instance: dg.DagsterInstance, read: Mapping[str, str]
) -> tuple[list[dg.EventLogEntry], dict[str, str]]:
    """The events that ended a run since, oldest first, and how far they were read."""
    found = {
        ending.name: instance.fetch_run_status_changes(
            ending, limit=RUNS_A_TICK, cursor=read[ending.name], ascending=True
        )
        for ending in ENDINGS
    }
    entries = [record.event_log_entry for result in found.values() for record in result.records]
    return (
        sorted(entries, key=lambda entry: entry.timestamp),
        {ending: result.cursor for ending, result in found.items()},
    )


def _more_is_coming(
    instance: dg.DagsterInstance, endings: Sequence[dg.EventLogEntry], now: datetime
) -> bool:
    """Whether runs go on whose troubles can be told together with those of the ended ones."""
    if not endings:
        return False
    waited = now - datetime.fromtimestamp(endings[0].timestamp, timezone.utc)
    return waited < GATHERING_TAKES_AT_MOST and bool(
        instance.get_runs_count(dg.RunsFilter(statuses=list(GOING_ON)))
    )


def _summary(untold: Sequence[Trouble], left: str | None) -> dg.SkipReason:
    if left:
        return dg.SkipReason(f"A part was sent; the rest follows with the next tick: {left}")
    titles = {trouble.cause: trouble.title for trouble in untold}
    return dg.SkipReason(
        f"Sent: {'; '.join(titles.values())}." if titles else "Nothing new went wrong."
    )
