"""The tracked schema in a run: bronze of some days is held to it, in one of four modes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from itertools import groupby
from typing import Literal

from pyspark.sql import DataFrame

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.wording import listed, shortened
from neo_assets.lakehouse.request import StageError
from neo_assets.lakehouse.schema_tracking.comparison import Drift, compare
from neo_assets.lakehouse.schema_tracking.evolution import follow
from neo_assets.lakehouse.schema_tracking.observations import Observation, observe
from neo_assets.lakehouse.schema_tracking.rescued_data import rescue, told_since_first_rescue
from neo_assets.lakehouse.schema_tracking.shapes import TYPE_NAMES, is_below
from neo_assets.lakehouse.schema_tracking.versions import Schema, TrackedSchemas
from neo_assets.lakehouse.store.storage import Lakehouse

Evolution = Literal["addNewColumns", "rescue", "failOnNewColumns", "none"]


@dataclass(frozen=True)
class Tracking:
    """The result of tracking: the drift of each day that has any, and the current version."""

    version: int
    drift: Mapping[date, Sequence[Drift]]


def tracked_schemas(lakehouse: Lakehouse, dataset: Dataset) -> TrackedSchemas:
    """The schemas tracked for bronze, beside its checkpoint."""
    return TrackedSchemas(lakehouse.backend.checkpoints / f"{dataset.tables.bronze.name}_schemas")


def days_with_new_fields(
    lakehouse: Lakehouse,
    dataset: Dataset,
    days: Collection[date],
    landed: DataFrame | None,
) -> dict[date, str]:
    """The days with fields that the tracked schema does not know, each with a sentence on them.

    `landed` are the lines of event files of these days; bronze may not have them all yet.
    """
    newest = tracked_schemas(lakehouse, dataset).newest()
    if not newest.version:
        return {}
    needed = ("feed_date", "snapshot_id", "source_file", "payload")
    rows = lakehouse.read_days(dataset.tables.bronze, days).select(*needed)
    if landed is not None:
        ingested = lakehouse.read(dataset.tables.bronze).select("source_file").distinct()
        rows = rows.unionByName(landed.join(ingested, "source_file", "left_anti").select(*needed))
    by_day = groupby(observe(rows), lambda observation: observation.sight.feed_date)
    refusals = {date.fromisoformat(day): _refusal(newest, list(seen)) for day, seen in by_day}
    return {day: refusal for day, refusal in refusals.items() if refusal}


def track(
    lakehouse: Lakehouse,
    dataset: Dataset,
    days: Collection[date],
    evolution: Evolution,
    run_id: str,
) -> Tracking:
    """Compare what bronze holds for these days with the tracked schema; evolve it, or rescue.

    It looks at bronze and not at the batch, so that a run killed before it is made up for by the
    next one, and a day compared again gets the same result and no new version.
    """
    if evolution == "none" or not days:
        return Tracking(0, {})
    schemas = tracked_schemas(lakehouse, dataset)
    newest = schemas.newest()
    observations = observe(lakehouse.read_days(dataset.tables.bronze, days))
    course = follow(newest, observations, evolves=evolution == "addNewColumns")
    drift = course.drift
    if course.unfit or len(course.schemas) > 1:
        rescue(lakehouse, dataset, days, course.unfit)
    if course.unfit:
        drift = told_since_first_rescue(lakehouse, dataset, drift)
    # Last, so that whatever fails before is done again by the next run.
    for schema in course.schemas[1:]:
        schemas.publish(schema, run_id)
    return Tracking(course.schemas[-1].version, drift)


def correct(
    lakehouse: Lakehouse,
    dataset: Dataset,
    field: str,
    types: Collection[str],
    evolution: Evolution,
    run_id: str,
) -> Schema:
    """Give a tracked field other types, as the next version, and bring all rescued data to it.

    This corrects a type that was learned from one bad answer: values of the right type are no
    longer rescued, and those of the wrong one are.  Returns the version in force.

    Raises:
        StageError: there is no such field or type; nothing was changed.
    """
    schemas = tracked_schemas(lakehouse, dataset)
    newest = schemas.newest()
    corrected = _corrected(newest, field, types)
    if corrected != newest:
        schemas.publish(corrected, run_id)
    if evolution != "none":
        found = lakehouse.read(dataset.tables.bronze).select("feed_date").distinct().collect()
        days = {row.feed_date for row in found}
        observations = observe(lakehouse.read(dataset.tables.bronze))
        course = follow(corrected, observations, evolves=evolution == "addNewColumns")
        rescue(lakehouse, dataset, days, course.unfit)
    return corrected


def _corrected(newest: Schema, field: str, types: Collection[str]) -> Schema:
    known = newest.fields.get(field)
    if known is None:
        similar = get_close_matches(field, newest.fields, n=3, cutoff=0.5)
        hint = f"; similar are {', '.join(similar)}" if similar else ""
        raise StageError(
            f"The tracked schema (version {newest.version}) has no field {field!r}{hint}. Give its "
            "path as the check schema_drift names it, such as close_approach_data[].orbiting_body."
        )
    unknown = sorted(set(types) - TYPE_NAMES)
    if unknown or not types:
        raise StageError(
            f"{', '.join(unknown) or 'None'} is no type of a field; the types are "
            f"{', '.join(sorted(TYPE_NAMES))}."
        )
    # What was inside an object or array is not tracked where there is none any more.
    has_inside = bool({"object", "array"} & set(types))
    kept = {
        path: other
        for path, other in newest.fields.items()
        if has_inside or not is_below(path, [field])
    }
    fields = {**kept, field: replace(known, types=tuple(sorted(types)))}
    return newest if fields == newest.fields else Schema(newest.version + 1, fields)


def _refusal(tracked: Schema, observations: Sequence[Observation]) -> str:
    """Which fields of a day are not tracked, in one sentence; empty if all are."""
    unknown = [
        f"`{shortened(drift['field'])}` ({drift['type']}, such as {drift['example']}, first in "
        f"{drift['source_file']})"
        for drift in compare(tracked.fields, observations, evolves=False).drift
        if drift["change"] == "new" and drift["field"] not in tracked.fields
    ]
    if not unknown:
        return ""
    return (
        f"The tracked schema (version {tracked.version}) does not know {listed(unknown)}; "
        "set NEO_SCHEMA_EVOLUTION to addNewColumns to accept what is new, or to rescue to keep it "
        "in bronze_rescued_data, and run again: nothing was lost"
    )
