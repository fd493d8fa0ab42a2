"""Published odds of an impact: over time, what changed, and where the agencies differ.

Odds and Palermo values are those that the agencies published.  Factors and differences compare two
published values; nothing else is computed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf, log10

from neo_assets.dashboard.published import OddsComparison, OddsRevision, Published
from neo_assets.lakehouse.model.dataset import AGREES

OBJECTS_SHOWN = 6
"""Objects in the chart, each in a color of its own."""

TENFOLD = 10
"""Factor by which odds rise or fall in a change that is listed."""

WORST_NAMED = 3
"""Objects that are named for each reason."""

FIRST_SNAPSHOT = "in the first snapshots"
ENTERED = "entered"
LEFT = "left"
ROSE = "rose tenfold"
FELL = "fell tenfold"
SMALLER = "smaller changes"
CHANGES = (ENTERED, LEFT, ROSE, FELL)
"""The changes that are listed one by one."""
KINDS = (*CHANGES, SMALLER, FIRST_SNAPSHOT)
"""Each revision is of exactly one kind."""


@dataclass(frozen=True)
class WatchedObject:
    """One object and all that was said about it, in order of time."""

    name: str
    designation: str
    revisions: tuple[OddsRevision, ...]


@dataclass(frozen=True)
class Change:
    """One of `CHANGES`, or another revision, of an object on the list of one source."""

    kind: str
    name: str
    revision: OddsRevision

    @property
    def what(self) -> str:
        """What changed, such as `odds 12 times as high`."""
        factor = self.revision.odds_factor
        if self.kind == ROSE and factor:
            return f"odds {factor:,.0f} times as high"
        if self.kind == FELL:
            return f"odds 1/{1 / factor:,.0f} as high" if factor else "odds fell to zero"
        if self.revision.revision_type == "relisted":
            return "entered again"
        return self.kind


@dataclass(frozen=True)
class OddsHistory:
    """What the risk lists said over time.

    `listed` counts the objects that each source lists now, and `worst` has those with the largest
    cumulative Palermo values of either, the largest first.  `kinds` counts all revisions by what
    they changed; `changes` has those of `CHANGES`, the newest first.
    """

    heading: str
    titles: Mapping[str, str]
    listed: Mapping[str, int]
    worst: tuple[WatchedObject, ...]
    kinds: Mapping[str, int]
    changes: tuple[Change, ...]
    first_seen_at: datetime | None


@dataclass(frozen=True)
class Reason:
    """All objects of which the sources differ for one reason, the worst of them first."""

    name: str
    meaning: str
    objects: tuple[OddsComparison, ...]

    @property
    def worst(self) -> tuple[OddsComparison, ...]:
        """The first objects, which are named."""
        return self.objects[:WORST_NAMED]


@dataclass(frozen=True)
class OddsDifferences:
    """Where the sources differ now; each object is in exactly one reason.

    `largest` has the objects that all sources list without agreeing, the largest difference first.
    """

    titles: Mapping[str, str]
    reasons: tuple[Reason, ...]
    largest: tuple[OddsComparison, ...]

    @property
    def objects(self) -> int:
        """The number of objects that a source lists."""
        return sum(len(reason.objects) for reason in self.reasons)


def odds_history(published: Published[OddsRevision]) -> OddsHistory:
    """Compute what is shown of the history of odds."""
    revisions = sorted(published.rows, key=lambda it: (it.seen_at, it.source, it.designation))
    objects = _objects(revisions, list(published.titles))
    name_of = {(it.source, it.designation): each.name for each in objects for it in each.revisions}
    first_of = {it.source: it.seen_at for it in reversed(revisions)}
    changes = [
        Change(_kind(it, first_of[it.source]), name_of[it.source, it.designation], it)
        for it in revisions
    ]
    current = [each for each in objects if _palermo_now(each) is not None]
    return OddsHistory(
        heading=published.heading,
        titles=published.titles,
        listed={
            source: sum(it.source == source and _is_current(it) for it in revisions)
            for source in published.titles
        },
        worst=tuple(
            sorted(current, key=lambda each: (-(_palermo_now(each) or 0), each.designation))
        )[:OBJECTS_SHOWN],
        kinds=Counter(change.kind for change in changes),
        changes=tuple(change for change in reversed(changes) if change.kind in CHANGES),
        first_seen_at=revisions[0].seen_at if revisions else None,
    )


def _is_current(revision: OddsRevision) -> bool:
    return revision.seen_until is None and revision.revision_type != "removed"


def _kind(revision: OddsRevision, first_seen_at: datetime) -> str:
    """What a revision changed; what the first snapshot of a list has was there before."""
    if revision.seen_at == first_seen_at:
        return FIRST_SNAPSHOT
    if revision.revision_type == "removed":
        return LEFT
    if revision.revision_type != "revised":
        return ENTERED
    factor = revision.odds_factor
    if factor is None or 1 / TENFOLD < factor < TENFOLD:
        return SMALLER
    return ROSE if factor >= TENFOLD else FELL


def _objects(revisions: Iterable[OddsRevision], sources: list[str]) -> list[WatchedObject]:
    """Every object once, whatever designations the sources have for it."""
    revisions = list(revisions)
    numbers = {it.designation: it.number for it in revisions if it.number is not None}
    of_object: dict[str, list[OddsRevision]] = {}
    for it in revisions:
        of_object.setdefault(numbers.get(it.designation, it.designation), []).append(it)
    return [
        WatchedObject(_name(known, sources), identity, tuple(known))
        for identity, known in of_object.items()
    ]


def _name(revisions: Iterable[OddsRevision], sources: list[str]) -> str:
    """The newest name by the first source that has one."""
    by_source = {it.source: it for it in revisions if it.name is not None}
    newest = next((by_source[source] for source in sources if source in by_source), None)
    any_designation = next(iter(revisions)).designation
    return (
        object_name(newest.number, newest.name, newest.designation) if newest else any_designation
    )


def object_name(number: str | None, name: str | None, designation: str) -> str:
    """The number with the name; the designation where there is no number."""
    if number is None or name is None:
        return designation
    return name if name.startswith(number) else f"{number} {name}"


def _palermo_now(watched: WatchedObject) -> float | None:
    """The largest cumulative Palermo value that a source publishes now; none if none lists it."""
    values = [
        -inf if it.palermo_cumulative is None else it.palermo_cumulative
        for it in watched.revisions
        if _is_current(it)
    ]
    return max(values, default=None)


def odds_differences(published: Published[OddsComparison]) -> OddsDifferences:
    """Compute where the sources differ."""
    worst_first = sorted(published.rows, key=lambda it: (*_difference(it), it.object))
    known = {**published.reasons, **{it.reason: "" for it in worst_first}}
    reasons = [
        Reason(
            name,
            published.reasons.get(name, ""),
            tuple(it for it in worst_first if it.reason == name),
        )
        for name in known
    ]
    return OddsDifferences(
        published.titles,
        tuple(reason for reason in reasons if reason.objects),
        tuple(
            it
            for it in worst_first
            if it.reason != AGREES and it.said.keys() == published.titles.keys()
        ),
    )


def _difference(compared: OddsComparison) -> tuple[float, float]:
    """What the worst is first by: the difference, else the largest Palermo value."""
    by_palermo = abs(compared.palermo_difference or 0)
    by_odds = abs(log10(compared.odds_ratio)) if compared.odds_ratio else 0
    palermo = [
        it.palermo_cumulative for it in compared.said.values() if it.palermo_cumulative is not None
    ]
    return -max(by_palermo, by_odds), -max(palermo, default=-inf)
