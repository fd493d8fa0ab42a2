"""The objects of a day against the tracked fields: what drifted, and what does not fit a shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from neo_assets.lakehouse.schema_tracking.observations import Observation, Sight
from neo_assets.lakehouse.schema_tracking.shapes import ROOT, holder_of, is_below, parent_of
from neo_assets.lakehouse.schema_tracking.versions import Fields

Drift = Mapping[str, str]
"""One change: of which field, its type and the tracked one, where it was seen first, an example."""


@dataclass(frozen=True)
class Sighting:
    """A field as one observation has it."""

    path: str
    type_name: str
    observation: Observation

    @property
    def example(self) -> str:
        """A value of the field, as JSON."""
        return self.observation.example_of(self.path)


@dataclass(frozen=True)
class Comparison:
    """The drift of a day, and what it rests on.

    `unfit` has, by shape, the topmost paths that the tracked fields do not allow; `sightings` is
    every field in every observation, but for what is below those; `rows` counts the objects.
    """

    drift: Sequence[Drift]
    unfit: Mapping[str, tuple[str, ...]]
    sightings: Sequence[Sighting]
    rows: int


def compare(tracked: Fields, observations: Sequence[Observation], *, evolves: bool) -> Comparison:
    """Compare observations in order of time; if the schema `evolves`, an unknown field fits."""
    unfit = {
        observation.shape: _unfit(tracked, observation, evolves=evolves)
        for observation in observations
    }
    sightings = [
        Sighting(path, type_name, observation)
        for observation in observations
        for path, type_name in observation.fields.items()
        if not is_below(path, unfit[observation.shape])
    ]
    return Comparison(
        [*_new(tracked, sightings), *_gone(tracked, observations), *_changed(tracked, sightings)],
        {shape: paths for shape, paths in unfit.items() if paths},
        sightings,
        sum(observation.rows for observation in observations),
    )


def _unfit(tracked: Fields, observation: Observation, *, evolves: bool) -> tuple[str, ...]:
    unfit: list[str] = []
    for path, type_name in observation.fields.items():
        known = tracked.get(path)
        fits = known.accepts(type_name) if known else evolves
        if not fits and not is_below(path, unfit):
            unfit.append(path)
    return tuple(unfit)


def _new(tracked: Fields, sightings: Iterable[Sighting]) -> list[Drift]:
    """The fields that are unknown or came on this day, unless they came with what holds them."""
    return [
        _drift("new", first.path, first.type_name, first.observation.sight, first.example)
        for first in _first_of_each(sightings, lambda sighting: sighting.path)
        if _is_new(tracked, first) and not _came_with_parent(tracked, first.path)
    ]


def _is_new(tracked: Fields, sighting: Sighting) -> bool:
    known = tracked.get(sighting.path)
    return known is None or known.came_on(sighting.observation.sight.feed_date)


def _came_with_parent(tracked: Fields, path: str) -> bool:
    parent = parent_of(path)
    return parent != ROOT and _arrival(tracked, parent) == _arrival(tracked, path)


def _arrival(tracked: Fields, path: str) -> tuple[int, str] | None:
    """The version and the day that brought a field in; None while it is unknown."""
    known = tracked.get(path)
    return (known.version, known.since.feed_date) if known else None


def _changed(tracked: Fields, sightings: Iterable[Sighting]) -> list[Drift]:
    """The values that their field does not accept, once for each type."""
    return [
        _drift(
            "changed_type",
            first.path,
            first.type_name,
            first.observation.sight,
            first.example,
            known.type_name,
        )
        for first in _first_of_each(sightings, lambda sighting: (sighting.path, sighting.type_name))
        if (known := tracked.get(first.path)) and not known.accepts(first.type_name)
    ]


def _first_of_each(
    sightings: Iterable[Sighting], key: Callable[[Sighting], object]
) -> Iterable[Sighting]:
    firsts: dict[object, Sighting] = {}
    for sighting in sightings:
        firsts.setdefault(key(sighting), sighting)
    return firsts.values()


def _gone(tracked: Fields, observations: Sequence[Observation]) -> list[Drift]:
    """The fields that all objects had and none has in the newest snapshot.

    If the parent of a field is missing or of another type, only the parent is reported.
    """
    newest = _newest_snapshot(observations)
    if not newest:
        return []
    sight, present = newest[0].sight, _types_by_path(newest)
    return [
        _drift("gone", path, known.type_name, sight, known.example, known.type_name)
        for path, known in tracked.items()
        if path not in present
        and known.is_expected_on(sight.feed_date)
        and holder_of(path) in present.get(parent_of(path), ())
    ]


def _newest_snapshot(observations: Sequence[Observation]) -> list[Observation]:
    return [
        observation
        for observation in observations
        if observation.sight.snapshot_id == observations[-1].sight.snapshot_id
    ]


def _types_by_path(observations: Iterable[Observation]) -> Mapping[str, set[str]]:
    types = defaultdict(set, {ROOT: {holder_of(ROOT)}})
    for observation in observations:
        for path, type_name in observation.fields.items():
            types[path].add(type_name)
    return types


def _drift(
    change: str, path: str, type_name: str, sight: Sight, example: str, tracked_type: str = ""
) -> Drift:
    return {
        "change": change,
        "field": path,
        "type": type_name,
        "tracked_type": tracked_type,
        **asdict(sight),
        "example": example,
    }
