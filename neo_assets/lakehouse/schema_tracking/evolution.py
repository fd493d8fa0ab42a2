"""Day after day: each is compared with the schema that the days before it have left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from neo_assets.lakehouse.schema_tracking.comparison import Comparison, Drift, Sighting, compare
from neo_assets.lakehouse.schema_tracking.observations import Observation, Sight
from neo_assets.lakehouse.schema_tracking.shapes import ROOT, parent_of
from neo_assets.lakehouse.schema_tracking.versions import Field, Fields, Schema

USUAL_SHARE = 0.9
"""Share of the objects from which on a new field counts as one that all of them have."""


@dataclass(frozen=True)
class Course:
    """How a schema evolved over some days.

    `schemas` begins with the version there was and ends with the one in force; `drift` has the days
    with any, `unfit` the topmost paths that do not fit, by day and shape.
    """

    schemas: Sequence[Schema]
    drift: Mapping[date, Sequence[Drift]]
    unfit: Mapping[tuple[date, str], tuple[str, ...]]


def follow(newest: Schema, observations: Sequence[Observation], *, evolves: bool) -> Course:
    """Compare observations, in order of time, day by day with a schema; all are its baseline."""
    schemas = [newest]
    if observations and not newest.version:
        schemas.append(_baseline(observations))
    tracked = schemas[-1]
    fields, compared = tracked.fields, {}
    for day, of_day in groupby(observations, lambda observation: observation.sight.feed_date):
        comparison = compare(fields, list(of_day), evolves=evolves)
        if evolves:
            fields = _evolved(fields, comparison, tracked.version + 1)
        compared[date.fromisoformat(day)] = comparison
    if fields != tracked.fields:
        schemas.append(Schema(tracked.version + 1, fields))
    return Course(
        schemas,
        {day: comparison.drift for day, comparison in compared.items() if comparison.drift},
        {
            (day, shape): paths
            for day, comparison in compared.items()
            for shape, paths in comparison.unfit.items()
        },
    )


def _baseline(observations: Sequence[Observation]) -> Schema:
    return Schema(1, _evolved({}, compare({}, observations, evolves=True), 1))


def _evolved(tracked: Fields, comparison: Comparison, version: int) -> Fields:
    return _marked({**tracked, **_learned(tracked, comparison, version)}, comparison.drift)


def _learned(tracked: Fields, comparison: Comparison, version: int) -> Fields:
    """The fields that were unknown, and those that were only ever null, as they are now known."""
    by_path: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in comparison.sightings:
        by_path[sighting.path].append(sighting)
    rows = {path: _rows(of_path) for path, of_path in by_path.items()} | {ROOT: comparison.rows}
    return {
        path: replace(tracked[path], types=_types(of_path), example=_example(of_path))
        if path in tracked
        else Field(
            types=_types(of_path),
            is_usual=rows[path] >= USUAL_SHARE * rows[parent_of(path)],
            example=_example(of_path),
            version=version,
            since=of_path[0].observation.sight,
        )
        for path, of_path in by_path.items()
        if path not in tracked or not tracked[path].types
    }


def _rows(sightings: Iterable[Sighting]) -> int:
    return sum(sighting.observation.rows for sighting in sightings)


def _types(sightings: Iterable[Sighting]) -> tuple[str, ...]:
    return tuple(sorted({sighting.type_name for sighting in sightings} - {"null"}))


def _example(sightings: Sequence[Sighting]) -> str:
    typed = (sighting for sighting in sightings if sighting.type_name != "null")
    return next(typed, sightings[0]).example


def _marked(fields: Fields, drift: Iterable[Drift]) -> Fields:
    """The fields, those that are gone marked with the place where they were missing first."""
    gone = {
        change["field"]: Sight(change["feed_date"], change["snapshot_id"], change["source_file"])
        for change in drift
        if change["change"] == "gone"
    }
    return {
        path: replace(field, gone=field.gone or gone.get(path)) for path, field in fields.items()
    }
