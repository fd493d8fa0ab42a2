"""The tracked schema in a run: bronze of some days is held to it, in one of four modes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pyspark.sql import DataFrame

from neo_assets.lakehouse.schema_tracking.comparison import Drift, compare
from neo_assets.lakehouse.schema_tracking.evolution import follow
from neo_assets.lakehouse.schema_tracking.observations import Observation, observe
from neo_assets.lakehouse.schema_tracking.rescued_data import rescue, told_since_first_rescue
from neo_assets.lakehouse.schema_tracking.versions import Schema, TrackedSchemas
from neo_assets.lakehouse.storage import Lakehouse
from neo_assets.lakehouse.tables import BRONZE_NEO_EVENTS

Evolution = Literal["addNewColumns", "rescue", "failOnNewColumns", "none"]


class SchemaChangedError(Exception):
    """The feed has fields that the tracked schema does not know, and the mode forbids them."""


@dataclass(frozen=True)
class Tracking:
    """What tracking found: the drift of each day that has any, and the version in force."""

    version: int
    drift: Mapping[date, Sequence[Drift]]


def tracked_schemas(lakehouse: Lakehouse) -> TrackedSchemas:
    """The schemas tracked for bronze, beside its checkpoint."""
    return TrackedSchemas(lakehouse.layout.checkpoints / f"{BRONZE_NEO_EVENTS.name}_schemas")


def refuse_new_fields(lakehouse: Lakehouse, events: DataFrame) -> None:
    """Look at events before they are ingested, for the mode `failOnNewColumns`.

    Raises:
        SchemaChangedError: a file that bronze does not have yet has fields that are not tracked.
    """
    newest = tracked_schemas(lakehouse).newest()
    if newest.version:
        ingested = lakehouse.read(BRONZE_NEO_EVENTS).select("source_file").distinct()
        _refuse(newest, observe(events.join(ingested, "source_file", "left_anti")))


def track(
    lakehouse: Lakehouse, days: Collection[date], evolution: Evolution, run_id: str
) -> Tracking:
    """Compare what bronze holds for these days with the tracked schema; evolve it, or rescue.

    It looks at bronze and not at the batch, so that a run killed before it is made up for by the
    next one, and a day judged again gets the same verdict and no new version.

    Raises:
        SchemaChangedError: there are new fields, and the mode is `failOnNewColumns`.
    """
    if evolution == "none" or not days:
        return Tracking(0, {})
    schemas = tracked_schemas(lakehouse)
    newest = schemas.newest()
    observations = observe(lakehouse.read_days(BRONZE_NEO_EVENTS, days))
    if evolution == "failOnNewColumns" and newest.version:
        _refuse(newest, observations)
    course = follow(newest, observations, evolves=evolution == "addNewColumns")
    drift = course.drift
    if course.unfit:
        rescue(lakehouse, course.unfit)
        drift = told_since_first_rescue(lakehouse, drift)
    # Last, so that whatever fails before is done again by the next run.
    for schema in course.schemas[1:]:
        schemas.publish(schema, run_id)
    return Tracking(course.schemas[-1].version, drift)


def _refuse(tracked: Schema, observations: Sequence[Observation]) -> None:
    unknown = [
        f"`{drift['field']}` ({drift['type']}, such as {drift['example']}, first in "
        f"{drift['source_file']})"
        for drift in compare(tracked.fields, observations, evolves=False).drift
        if drift["change"] == "new" and drift["field"] not in tracked.fields
    ]
    if unknown:
        raise SchemaChangedError(
            f"The tracked schema (version {tracked.version}) does not know {', '.join(unknown)}; "
            "set NEO_SCHEMA_EVOLUTION to addNewColumns to accept or to rescue to set aside what is "
            "new, and run again: nothing of it was lost"
        )
