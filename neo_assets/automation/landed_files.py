"""The sensor of the landing zones: files that bronze has not read go through to gold, once.

What counts is what bronze has read, not who landed a file or when: a fetch, another process, a copy
made by hand or a restored backup.  The cursor only saves work, and keeps a file that bronze cannot
read from being tried again and again.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg
from pydantic import BaseModel

from neo_assets.automation.jobs import PROCESS_LANDED_FILES
from neo_assets.checks.planned import complete_killed_runs
from neo_assets.date_spans import span, spans_by_reason
from neo_assets.lakehouse.model.event_files import day_in
from neo_assets.partitions import chunks, daily_partitions, days_of_run, range_tags
from neo_assets.run_tags import WHY
from neo_assets.settings import Settings, SettingsError
from neo_assets.sources import registry
from neo_assets.sources.base import Source
from neo_assets.sources.registry import Included
from neo_assets.targets.base import Target, TargetResource

UNFINISHED = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
FILES_NAMED = 3

NewFiles = dict[date, list[str]]
"""The event files by day, given by identity."""


class LandedCursor(BaseModel):
    """What the sensor keeps from one tick to the next, by the name of the source.

    `done` has a digest of what had landed and been read when there was nothing left to do; as long
    as both are the same, bronze is not asked.  `launched` has a digest of each file that bronze has
    not read though a run was launched for it: it waits for that run, or the run has failed.
    """

    done: dict[str, str] = {}
    launched: dict[str, list[str]] = {}

    def were_launched(self, source: str, files: Iterable[str]) -> set[str]:
        """Those of the files for which a run was launched before."""
        launched = set(self.launched.get(source, []))
        return {file for file in files if _digest(file) in launched}

    def record(self, source: str, done: str | None, launched: Iterable[str]) -> None:
        """Record the state of a source; without `done` it is looked at in the next tick again."""
        self.done.pop(source, None)
        if done:
            self.done[source] = done
        self.launched[source] = sorted(map(_digest, launched))


@dataclass(frozen=True)
class _Landed:
    """What is in the landing zone of a source: its days, and the event files of those watched."""

    source: Source
    days: Sequence[date]
    watched: set[date]
    files: set[str]
    digest: str


@dg.sensor(
    name="landed_files_sensor",
    job=PROCESS_LANDED_FILES,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Brings event files that have landed and that bronze has not read to gold, however "
    "they got there: a run covers NEO_PARTITIONS_PER_RUN days and their sources. Files that are "
    "being written wait, and so do days that a run in progress or in the queue covers.",
)
def landed_files_sensor(
    context: dg.SensorEvaluationContext,
    target: TargetResource,
    settings: dg.ResourceParam[Settings],
) -> dg.SensorResult:
    """A run for each chunk of days with new files of the same sources."""
    cursor = LandedCursor.model_validate_json(context.cursor or "{}")
    try:
        new, waiting = _new_files(context.instance, target, settings, cursor)
    except SettingsError as error:
        return dg.SensorResult(skip_reason=str(error))
    requests = list(_run_requests(new, settings))
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else _why_nothing(waiting, cursor),
        cursor=cursor.model_dump_json(),
    )


def _new_files(
    instance: dg.DagsterInstance, target: Target, settings: Settings, cursor: LandedCursor
) -> tuple[dict[str, NewFiles], set[date]]:
    """The files to process by source, and the days that wait; both are recorded in the cursor.

    The order matters: a run that lands a file and reads it is found either in progress, or by what
    it has left in bronze.
    """
    partitions = daily_partitions(settings)
    landed = [
        found
        for source in Included(settings.sources).sources
        if (found := _landed(source, target, partitions)).digest != cursor.done.get(source.name)
    ]
    runs = _unfinished_runs(instance) if landed else []
    new: dict[str, NewFiles] = {}
    waiting: set[date] = set()
    for found in landed:
        name = found.source.name
        unread = {
            file
            for file in _unread(found, target)
            if partitions.has_partition_key(day_in(file).isoformat())
        }
        launched = cursor.were_launched(name, unread)
        by_day = _by_day(unread - launched)
        held = _days_in(runs, found.source, settings) | {
            day_in(file)
            for file in target.landing_zone(found.source.dataset).being_written(unread - launched)
        }
        new[name] = {day: files for day, files in by_day.items() if day not in held}
        left = by_day.keys() & held
        waiting |= left
        launched |= {file for files in new[name].values() for file in files}
        cursor.record(name, None if left else found.digest, launched)
    return new, waiting


def _landed(source: Source, target: Target, partitions: dg.DailyPartitionsDefinition) -> _Landed:
    zone = target.landing_zone(source.dataset)
    days = zone.folders()
    watched = days[-zone.watched_days :] if zone.watched_days else days
    files = zone.event_files(watched)
    state = (
        # A day that was too far ahead becomes a partition.
        str(partitions.get_last_partition_key()),
        target.version(source.dataset.tables.bronze),
        *map(str, days),
        *sorted(files),
    )
    return _Landed(source, days, set(watched), files, _digest(*state))


def _unfinished_runs(instance: dg.DagsterInstance) -> Sequence[dg.DagsterRun]:
    # Otherwise a day would wait for a run whose process was killed until some other run starts.
    complete_killed_runs(instance)
    return instance.get_runs(dg.RunsFilter(statuses=list(UNFINISHED)))


def _unread(landed: _Landed, target: Target) -> set[str]:
    """The files that bronze does not have; of days that are not watched, if it has none of them."""
    read = target.event_files_read(landed.source.dataset)
    known = landed.watched | {day_in(file) for file in read}
    others = [day for day in landed.days if day not in known]
    more = target.landing_zone(landed.source.dataset).event_files(others) if others else set()
    return (landed.files | more) - read


def _days_in(runs: Iterable[dg.DagsterRun], source: Source, settings: Settings) -> set[date]:
    """The days whose files one of these runs lands or reads."""
    raw, bronze, *_ = source.dataset.assets
    assets = {dg.AssetKey(raw), dg.AssetKey(bronze)}
    return {
        day
        for run in runs
        # A run without a selection is one of a whole job.
        if run.asset_selection is None or run.asset_selection & assets
        for day in days_of_run(run, settings)
    }


def _run_requests(new: Mapping[str, NewFiles], settings: Settings) -> Iterator[dg.RunRequest]:
    sources: dict[date, str] = {}
    for name, by_day in new.items():
        for day in by_day:
            sources[day] = f"{sources[day]},{name}" if day in sources else name
    for first, last, names in spans_by_reason(sources):
        chosen = names.split(",")
        assets = [
            dg.AssetKey(asset)
            for name in settings.sources
            if name in chosen
            for asset in registry.source(name).dataset.assets
        ]
        days = [day for day in sources if first <= day <= last]
        for chunk in chunks(days, settings):
            files = [
                f"{registry.source(name).dataset.landing_folder}/{file}"
                for name in chosen
                for day in chunk
                for file in new[name][day]
            ]
            yield dg.RunRequest(
                asset_selection=assets,
                tags={**range_tags(chunk[0], chunk[-1]), WHY: _landed_sentence(files)},
            )


def _landed_sentence(files: Sequence[str]) -> str:
    """Which files have landed, with the names of the first."""
    shown = ", ".join(files[:FILES_NAMED])
    more = f" and {len(files) - FILES_NAMED} more" if len(files) > FILES_NAMED else ""
    return f"{len(files)} event {_files(len(files))} landed: {shown}{more}"


def _files(number: int) -> str:
    return "file" if number == 1 else "files"


def _why_nothing(waiting: Collection[date], cursor: LandedCursor) -> str:
    if waiting:
        return (
            f"Waiting with {span(min(waiting), max(waiting))}: a run of these days is in progress "
            "or queued, or a file is being written."
        )
    if launched := sum(map(len, cursor.launched.values())):
        return (
            f"Bronze has not read {launched} {_files(launched)} for which a run was launched: if "
            "that run has failed, run its days again."
        )
    return "Bronze has read everything that has landed for the daily partitions."


def _by_day(files: Iterable[str]) -> NewFiles:
    found: NewFiles = {}
    for file in sorted(files):
        found.setdefault(day_in(file), []).append(file)
    return found


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
