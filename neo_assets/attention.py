"""What needs attention in the daily assets, and the command that deals with it.

Everything is read from Dagster's history and the quarantine; nothing here needs Spark.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Literal, TypeVar

import dagster as dg

from neo_assets import pipeline
from neo_assets.automation.incidents import stale_gold
from neo_assets.checks.definitions import DROP_COUNT, checks_of
from neo_assets.checks.gate import newest_unmaterialized
from neo_assets.checks.inputs import errors
from neo_assets.dagster_internals.history import failed_evaluations, newest_materialization_ids
from neo_assets.date_spans import spans, spans_by_reason
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.lakehouse.quarantine import Selection
from neo_assets.partitions import daily_partitions
from neo_assets.settings import Settings
from neo_assets.sources.registry import Included
from neo_assets.targets.registry import create_target

_Value = TypeVar("_Value")

Kind = Literal["held", "failed", "gap", "stale", "quarantine"]

SPANS_LISTED = 10
"""Ranges of days that are listed one by one for each table and kind; the rest share one line."""


@dataclass(frozen=True)
class Finding:
    """One problem of one table: its first and last day, why, and the command to run next.

    `days` has an entry for each uninterrupted range of days.
    """

    kind: Kind
    table: str
    days: Sequence[tuple[date, date]]
    reason: str
    command: str

    @property
    def shown_days(self) -> str:
        """`2024-03-02`, `2024-03-01…2024-03-05`, or the first and last of several ranges."""
        first, last = self.days[0][0], self.days[-1][1]
        if first == last:
            return str(first)
        return f"{first}…{last}" if len(self.days) == 1 else f"{first} … {last}"


def findings(
    instance: dg.DagsterInstance,
    settings: Settings,
    days: Collection[date] | None = None,
    now: datetime | None = None,
) -> list[Finding]:
    """Held days, failed days, gaps, stale tables and open quarantine rows, the worst first.

    With `days`, only what concerns these. A day is reported for the first asset that has a problem
    with it: the assets below wait for that one.
    """
    history = _History(instance, settings, days)
    found: dict[Kind, list[Finding]] = {"held": [], "failed": [], "gap": [], "stale": []}
    for name in Included(settings.sources).assets:
        upstream = pipeline.upstream_of(name)
        if upstream is None:
            explained: set[date] = set()
        held = history.held(name, explained)
        explained |= held.keys()
        found["held"] += _listed("held", name, held)
        # A day that was held back in the layer before is not one that failed in this one.
        failed = history.failed(name, explained)
        explained |= failed.keys()
        found["failed"] += _listed("failed", name, failed)
        gaps = dict.fromkeys(history.missing(name) - explained, _never(name))
        explained |= gaps.keys()
        found["gap"] += _listed("gap", name, gaps)
        behind = dict.fromkeys(history.behind(name) - explained, _older(name))
        explained |= behind.keys()
        found["stale"] += _listed("stale", name, behind)
    found["stale"] += _stale(instance, settings, now or datetime.now(timezone.utc), days)
    return [*(each for group in found.values() for each in group), *_quarantined(settings, days)]


class _History:
    """What Dagster's event log records about each asset and day."""

    def __init__(
        self, instance: dg.DagsterInstance, settings: Settings, days: Collection[date] | None
    ) -> None:
        self._instance = instance
        self._settings = settings
        self._wanted = None if days is None else set(days)
        # To ask Dagster for every key whether it is a partition takes milliseconds each.
        partitions = daily_partitions(settings)
        keys = (partitions.get_first_partition_key(), partitions.get_last_partition_key())
        self._first, self._last = (date.fromisoformat(key) if key else date.min for key in keys)
        assets = Included(settings.sources).assets
        self._materialized = {name: self._newest_materializations(name) for name in assets}
        self._failed = {name: self._failed_evaluations(name) for name in assets}

    def held(self, name: str, without: Collection[date]) -> dict[date, str]:
        """The materialized days for which a check ends in ERROR, with what it says."""
        # A day whose checks all passed has nothing dropped: no tolerance can hold it.
        suspects = self._failed[name].keys() & self._materialized[name].keys()
        days = sorted(suspects - set(without))
        return errors(self._instance, dg.AssetKey(name), days, self._settings)

    def failed(self, name: str, without: Collection[date]) -> dict[date, str]:
        """The days that the asset could not materialize when it last tried, with its reason."""
        asset = dg.AssetKey(name)
        tried = {
            day
            for day, targets in self._failed[name].items()
            if None in targets and day not in without
        }
        newest = {day: newest_unmaterialized(self._instance, asset, day) for day in sorted(tried)}
        return {day: why.reason for day, why in newest.items() if why}

    def missing(self, name: str) -> set[date]:
        """The days between the first and the newest one that the asset was to have, and has not.

        The first asset is to have all of them, any other those that the one before has.  What can
        only be requested as of now is no gap: no command brings it back.
        """
        source = pipeline.source_of(name)
        if upstream := pipeline.upstream_of(name):
            expected = set(self._materialized[upstream])
        elif source and source.queried == "now":
            expected = set()
        else:
            known = {day for asset in pipeline.chain_of(name) for day in self._materialized[asset]}
            expected = set(self._between(known)) if known else set()
        return expected - self._materialized[name].keys()

    def behind(self, name: str) -> set[date]:
        """The days for which the asset before was materialized later than this one."""
        upstream = pipeline.upstream_of(name)
        if upstream is None:
            return set()
        before, own = self._materialized[upstream], self._materialized[name]
        return {day for day, event in own.items() if before.get(day, 0) > event}

    def _between(self, known: Collection[date]) -> Iterator[date]:
        for number in range(min(known).toordinal(), max(known).toordinal() + 1):
            day = date.fromordinal(number)
            if self._is_wanted(day):
                yield day

    def _newest_materializations(self, name: str) -> dict[date, int]:
        newest = newest_materialization_ids(self._instance, dg.AssetKey(name))
        return dict(self._by_day(newest.items()))

    def _failed_evaluations(self, name: str) -> Mapping[date, Collection[int | None]]:
        """The materializations that the newest, failed, evaluations of each day are about.

        None means an evaluation without a materialization: the day failed.
        """
        asset = dg.AssetKey(name)
        checks = [
            dg.AssetCheckKey(asset, check.name) for check in checks_of(name, self._settings.sources)
        ]
        found: dict[date, set[int | None]] = defaultdict(set)
        for day, target_id in self._by_day(failed_evaluations(self._instance, checks)):
            found[day].add(target_id)
        return found

    def _by_day(self, values: Iterable[tuple[str | None, _Value]]) -> Iterator[tuple[date, _Value]]:
        for partition, value in values:
            day = date.fromisoformat(partition) if partition else None
            if day and self._first <= day <= self._last and self._is_wanted(day):
                yield day, value

    def _is_wanted(self, day: date) -> bool:
        return self._wanted is None or day in self._wanted


def _listed(kind: Kind, name: str, reasons: Mapping[date, str]) -> list[Finding]:
    """One finding for each range of days that share a reason, the newest first."""
    found = spans_by_reason(reasons)[::-1]
    listed = [
        Finding(kind, name, [(first, last)], reason, _command(kind, name, first, last, reason))
        for first, last, reason in found[:SPANS_LISTED]
    ]
    if rest := [(first, last) for first, last, _ in reversed(found[SPANS_LISTED:])]:
        first, last = rest[0][0], rest[-1][1]
        reason = f"{len(rest)} more ranges of days, the newest of them: {found[SPANS_LISTED][2]}"
        listed.append(Finding(kind, name, rest, reason, _command(kind, name, first, last, reason)))
    return listed


def _command(kind: Kind, name: str, first: date, last: date, reason: str) -> str:
    if kind == "held" and f"{name} {DROP_COUNT}: " in reason:
        if first == last:
            look = f"neo-assets quarantine list --day {first}"
            return f"{look}, then: neo-assets release {first} --why TEXT"
        return "neo-assets quarantine list, then for each day: neo-assets release DAY --why TEXT"
    selection = f" --select '{name}+'" if name != pipeline.LAYERS[0] else ""
    return f"neo-assets backfill --start {first} --end {last}{selection}"


def _never(name: str) -> str:
    upstream = pipeline.upstream_of(name)
    return f"in {upstream}, but not in {name}" if upstream else "never fetched"


def _older(name: str) -> str:
    return f"{pipeline.upstream_of(name)} was materialized later than {name}"


def _stale(
    instance: dg.DagsterInstance, settings: Settings, now: datetime, days: Collection[date] | None
) -> Iterator[Finding]:
    """Gold, where its newest past day was not materialized in time."""
    stale = stale_gold(instance, now, settings)
    if stale and stale.day and (days is None or stale.day in days):
        yield Finding(
            "stale",
            GOLD_NEO_FACT.name,
            [(stale.day, stale.day)],
            stale.message.rstrip("."),
            f"neo-assets backfill --start {stale.day} --end {stale.day}",
        )


def _quarantined(settings: Settings, days: Collection[date] | None) -> Iterator[Finding]:
    """The open rows of the quarantine, by the rule they break; a row may break several."""
    place = create_target(settings)
    for table, selection in Selection().by_table(settings.sources).items():
        rows = [
            row
            for row in place.quarantined(selection)
            if days is None or row["partition_date"] in days
        ]
        counts = Counter(rule for row in rows for rule in row["reasons"])
        for rule, number in counts.most_common():
            broken = [row["partition_date"] for row in rows if rule in row["reasons"]]
            yield Finding(
                "quarantine",
                table,
                spans(broken),
                f"{number:,} open {'row breaks' if number == 1 else 'rows break'} the rule {rule}",
                f"neo-assets quarantine list --rule {rule}",
            )
