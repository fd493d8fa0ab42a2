"""The schema of what arrived: inferred for every batch, tracked in versioned files, held to a mode.

Bronze keeps every object whole in a VARIANT, so nothing here can lose anything; what this module
adds is what Databricks' Auto Loader says of a source's schema, the same on any Spark.

A tracked version is a JSON file beside the checkpoint that is never changed again; a change makes
the next version.  The first batch is the baseline.  Then, day after day in order of their dates:

* `new`: a field the tracked version does not know.  Only the topmost is named: with an unknown
  object its fields are unknown too.
* `gone`: a field every object had when it became known, and none has in the day's newest snapshot.
  So a field that only some objects have, or that one object lacks, does not cry wolf.
* `changed_type`: a value of a type the tracked version does not know for its field.  All numbers
  are one type, and null is of any.

The modes are those of Auto Loader (`cloudFiles.schemaEvolutionMode`):

* `addNewColumns`: the version is followed by one with the new fields; types never evolve.  A field
  that is gone stays, marked as gone, so that it is told once.  Auto Loader stops its stream once
  for a new column, because a stream cannot change its columns; bronze has the object in one column,
  so the run goes on.
* `rescue`: no version follows the baseline; new fields are rescued.
* `failOnNewColumns`: a new field fails the run before anything is ingested.
* `none`: nothing is tracked, compared or rescued.

In all but `none`, a value of another type is rescued.  Rescued data stands in
`bronze_rescued_data`, by row, with the file it came from.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.storage import Lakehouse
from neo_assets.lakehouse.tables import BRONZE_NEO_EVENTS, BRONZE_RESCUED_DATA

Evolution = Literal["addNewColumns", "rescue", "failOnNewColumns", "none"]
Drift = Mapping[str, str]

_ROOT = ""
_ELEMENT = "[]"
_LONGEST_EXAMPLE = 80
_USUAL_SHARE = 0.9


class SchemaChangedError(Exception):
    """The feed has fields that the tracked schema does not know, and the mode forbids them."""


_TOKEN = re.compile(r"`(?:[^`]|``)*`|[<>,:]|[^<>,:`\s(]+(?:\([^)]*\))?")
_STEP = re.compile(r"`(?:[^`]|``)*`|\[\]|[^.\[`]+")
_TYPES = {
    **dict.fromkeys(("BIGINT", "DECIMAL", "DOUBLE", "FLOAT", "NUMBER"), "number"),
    "VOID": "null",
    # Spark's word for elements of an array that have no type in common.
    "VARIANT": "mixed",
}


def fields_of(shape: str) -> dict[str, str]:
    """The fields in a type as `schema_of_variant` writes it, each path with its type.

    A path is `a.b[].c`: field `c` of the elements of the array `b` in `a`.  A parent comes before
    its fields.
    """
    tokens = _TOKEN.findall(shape)
    found: dict[str, str] = {}

    def read(at: int, path: str) -> int:
        """Read the type that begins at a token; the place of the token after it."""
        word = tokens[at].partition("(")[0]
        found[path] = _TYPES.get(word, word.lower())
        at += 1
        if tokens[at : at + 1] != ["<"]:
            return at
        if word == "ARRAY":
            return read(at + 1, path + _ELEMENT) + 1
        while tokens[at] != ">" and tokens[at + 1] != ">":
            # The token before a name opens or separates, the one after it is the colon.
            at = read(at + 3, f"{path}.{tokens[at + 1]}" if path else tokens[at + 1])
        return at + 1 if tokens[at] == ">" else at + 2

    read(0, _ROOT)
    del found[_ROOT]
    return found


def steps_of(path: str) -> list[str | None]:
    """The steps to a field: names as the API gave them, and None for the elements of an array."""
    return [
        None
        if step == _ELEMENT
        else step[1:-1].replace("``", "`")
        if step.startswith("`")
        else step
        for step in _STEP.findall(path)
    ]


def parent_of(path: str) -> str:
    """The path of what holds this field, empty for a topmost one."""
    last = _STEP.findall(path)[-1]
    return path.removesuffix(last).removesuffix("." if last != _ELEMENT else "")


@dataclass(frozen=True)
class Sight:
    """Where something was seen first."""

    feed_date: str
    snapshot_id: str
    source_file: str


@dataclass(frozen=True)
class Observation:
    """The objects of one shape in one snapshot of a day, with one of them as JSON."""

    sight: Sight
    shape: str
    rows: int
    example: str

    def example_of(self, path: str) -> str:
        """The value at a path in the example, as JSON, cut where it is long."""
        value: Any = json.loads(self.example)
        for step in steps_of(path):
            if step is None:
                value = next(iter(value), None) if isinstance(value, list) else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]}…"


@dataclass(frozen=True)
class Field:
    """A tracked field; `types` is empty as long as it was null, `is_usual` if all objects had it.

    `version` is the first version with the field, `gone` where it was missing first.
    """

    types: tuple[str, ...]
    is_usual: bool
    example: str
    version: int
    since: Sight
    gone: Sight | None = None

    def accepts(self, type_name: str) -> bool:
        """Whether a value of this type is no news."""
        return not self.types or type_name == "null" or type_name in self.types

    def is_of_day(self, feed_date: str) -> bool:
        """Whether this day brought the field in; judged again, it gets the same verdict."""
        return self.version > 1 and self.since.feed_date == feed_date


Fields = dict[str, Field]


@dataclass(frozen=True)
class TrackedSchemas:
    """The versions in one folder, `000001.json` and on; a version is never changed."""

    directory: Path

    def newest(self) -> tuple[int, Fields]:
        """The newest version and its fields; version 0 has none."""
        file = max(self.directory.glob("[0-9]*.json"), default=None)
        if file is None:
            return 0, {}
        fields = json.loads(file.read_text(encoding="utf-8"))["fields"]
        return int(file.stem), {path: _field(values) for path, values in fields.items()}

    def publish(self, version: int, fields: Fields, run_id: str) -> None:
        """Write a version that does not exist yet; it appears whole or not at all."""
        self.directory.mkdir(parents=True, exist_ok=True)
        file = self.directory / f"{version:06}.json"
        if file.exists():
            raise FileExistsError(f"{file} exists, and a tracked version is never changed")
        content = {
            "version": version,
            "run_id": run_id,
            "fields": {path: asdict(fields[path]) for path in sorted(fields)},
        }
        unfinished = file.with_name(f".{file.name}.unfinished")
        with unfinished.open("w", encoding="utf-8") as stream:
            json.dump(content, stream, ensure_ascii=False, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.rename(file)


def _field(values: dict[str, Any]) -> Field:
    sights = {name: Sight(**values[name]) if values[name] else None for name in ("since", "gone")}
    return Field(**{**values, **sights, "types": tuple(values["types"])})


def tracked_schemas(lakehouse: Lakehouse) -> TrackedSchemas:
    """The schemas tracked for bronze, beside its checkpoint."""
    return TrackedSchemas(lakehouse.layout.checkpoints / f"{BRONZE_NEO_EVENTS.name}_schemas")


@dataclass(frozen=True)
class Tracking:
    """What tracking found: the drift of each day that has any, and the version in force."""

    version: int
    drift: Mapping[date, Sequence[Drift]]


def refuse_new_fields(lakehouse: Lakehouse, events: DataFrame) -> None:
    """Look at events before they are ingested, for the mode `failOnNewColumns`.

    Raises:
        SchemaChangedError: a file that bronze does not have yet has fields that are not tracked.
    """
    version, fields = tracked_schemas(lakehouse).newest()
    if version:
        ingested = lakehouse.read(BRONZE_NEO_EVENTS).select("source_file").distinct()
        pending = _observe(events.join(ingested, "source_file", "left_anti"))
        _refuse(version, fields, _compare(version, fields, pending, evolves=False).new)


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
    observations = _observe(lakehouse.read_days(BRONZE_NEO_EVENTS, days))
    version, fields = schemas.newest()
    if not version and observations:
        version, fields = 1, _compare(0, {}, observations, evolves=True).fields
        schemas.publish(version, fields, run_id)
    tracked = fields
    by_day: dict[str, list[Observation]] = defaultdict(list)
    for observation in observations:
        by_day[observation.sight.feed_date].append(observation)
    drift: dict[date, list[Drift]] = {}
    rescued: dict[tuple[str, str], tuple[str, ...]] = {}
    for day, of_day in sorted(by_day.items()):
        compared = _compare(version, fields, of_day, evolves=evolution == "addNewColumns")
        if evolution == "failOnNewColumns":
            _refuse(version, fields, compared.new)
        fields = compared.fields
        rescued |= {(day, shape): paths for shape, paths in compared.unfit.items()}
        if found := [*compared.new, *compared.gone, *compared.changed]:
            drift[date.fromisoformat(day)] = found
    if rescued:
        _rescue(lakehouse, rescued)
        since = _first_rescued(lakehouse)
        drift = {day: [_since(change, since) for change in drift[day]] for day in drift}
    # Last, so that whatever fails before is done again by the next run.
    if fields != tracked:
        version += 1
        schemas.publish(version, fields, run_id)
    return Tracking(version, drift)


def _observe(events: DataFrame) -> list[Observation]:
    """The shapes of events by day and snapshot, in order of time."""
    found = (
        events.where("payload IS NOT NULL")
        .groupBy(F.col("feed_date").cast("string").alias("day"), "snapshot_id", _shape())
        .agg(
            F.count("*").alias("rows"),
            F.min(F.struct("source_file", F.to_json("payload").alias("object"))).alias("first"),
        )
        .collect()
    )
    return sorted(
        (
            Observation(
                Sight(row.day, row.snapshot_id, row["first"].source_file),
                row.shape,
                row.rows,
                row["first"].object,
            )
            for row in found
        ),
        key=lambda observation: (
            observation.sight.feed_date,
            observation.sight.snapshot_id,
            observation.shape,
        ),
    )


def _shape() -> Column:
    """The type of an object, with one word for all numbers: precisions differ row by row.

    A type in it is followed by an even number of backticks, which a name in backticks is not.
    """
    number = r"(DECIMAL\([0-9]+,[0-9]+\)|BIGINT|DOUBLE|FLOAT)(?=[,>]|$)(?=([^`]*`[^`]*`)*[^`]*$)"
    return F.regexp_replace(F.schema_of_variant("payload"), number, "NUMBER").alias("shape")


@dataclass(frozen=True)
class _Comparison:
    """Objects against tracked fields: the drift, the fields after it, what does not fit a shape."""

    fields: Fields
    new: Sequence[Drift]
    gone: Sequence[Drift]
    changed: Sequence[Drift]
    unfit: Mapping[str, tuple[str, ...]]


def _compare(
    version: int, tracked: Fields, observations: Sequence[Observation], *, evolves: bool
) -> _Comparison:
    """Compare the objects of a day; the shapes of a day come in order of time."""
    fields = dict(tracked)
    arrived: dict[str, Counter[str]] = defaultdict(Counter)
    new: dict[str, Drift] = {}
    changed: dict[tuple[str, str], Drift] = {}
    unfit: dict[str, tuple[str, ...]] = {}
    added: dict[str, list[tuple[str, Observation]]] = defaultdict(list)
    for observation in observations:
        kept_out: list[str] = []
        for path, type_name in fields_of(observation.shape).items():
            arrived[path][type_name] += observation.rows
            parent, known = parent_of(path), tracked.get(path)
            if any(parent == place or _is_below(parent, place) for place in kept_out):
                continue
            if known is None or not known.types:
                added[path].append((type_name, observation))
            is_new = known is None or known.is_of_day(observation.sight.feed_date)
            if is_new and (parent == _ROOT or _version(tracked, parent) != _version(tracked, path)):
                new.setdefault(path, _drift("new", path, type_name, observation, known))
            if known is None and not evolves:
                kept_out.append(path)
            if known is not None and not known.accepts(type_name):
                changed.setdefault(
                    (path, type_name), _drift("changed_type", path, type_name, observation, known)
                )
                kept_out.append(path)
        if kept_out:
            unfit[observation.shape] = tuple(kept_out)
    rows = sum(observation.rows for observation in observations)
    if evolves:
        for path, seen in added.items():
            first = seen[0][1]
            types = tuple(sorted({type_name for type_name, _ in seen} - {"null"}))
            example = next((o for type_name, o in seen if type_name != "null"), first)
            of_parent = arrived[parent_of(path)].total() if parent_of(path) else rows
            fields[path] = (
                replace(tracked[path], types=types, example=example.example_of(path))
                if path in tracked
                else Field(
                    types,
                    arrived[path].total() >= _USUAL_SHARE * of_parent,
                    example.example_of(path),
                    version + 1,
                    first.sight,
                )
            )
    gone = _gone(tracked, observations)
    if evolves:
        for drift in gone:
            path = drift["field"]
            if tracked[path].gone is None:
                sight = Sight(drift["feed_date"], drift["snapshot_id"], drift["source_file"])
                fields[path] = replace(fields[path], gone=sight)
    return _Comparison(fields, list(new.values()), gone, list(changed.values()), unfit)


def _gone(tracked: Fields, observations: Sequence[Observation]) -> list[Drift]:
    """The fields that all objects had and none has in the newest snapshot."""
    if not observations:
        return []
    newest = [
        observation
        for observation in observations
        if observation.sight.snapshot_id == observations[-1].sight.snapshot_id
    ]
    present: dict[str, set[str]] = defaultdict(set)
    for observation in newest:
        for path, type_name in fields_of(observation.shape).items():
            present[path].add(type_name)
    gone = []
    for path, known in tracked.items():
        parent = parent_of(path)
        could_be = parent == _ROOT or present.get(parent, set()) & {"object", "array"}
        is_news = known.gone is None or known.gone.feed_date == newest[0].sight.feed_date
        if known.is_usual and could_be and is_news and path not in present:
            gone.append(_drift("gone", path, "/".join(known.types), newest[0], known))
    return gone


def _version(fields: Fields, path: str) -> int | None:
    return fields[path].version if path in fields else None


def _is_below(path: str, place: str) -> bool:
    return path.startswith((f"{place}.", f"{place}{_ELEMENT}"))


def _drift(
    change: Literal["new", "gone", "changed_type"],
    path: str,
    type_name: str,
    observation: Observation,
    known: Field | None = None,
) -> Drift:
    is_gone = change == "gone" and known is not None
    return {
        "change": change,
        "field": path,
        "type": type_name,
        "tracked_type": "/".join(known.types) if known else "",
        **asdict(observation.sight),
        "example": known.example if known and is_gone else observation.example_of(path),
    }


def _refuse(version: int, tracked: Fields, new: Iterable[Drift]) -> None:
    found = [
        f"`{drift['field']}` ({drift['type']}, such as {drift['example']}, first in "
        f"{drift['source_file']})"
        for drift in new
        if drift["field"] not in tracked
    ]
    if found:
        raise SchemaChangedError(
            f"The tracked schema (version {version}) does not know {', '.join(found)}; set "
            "NEO_SCHEMA_EVOLUTION to addNewColumns to accept or to rescue to set aside what is "
            "new, and run again: nothing of it was lost"
        )


def _rescue(lakehouse: Lakehouse, unfit: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
    """Bring the rescued data of these days to what does not fit their shapes."""
    days = {date.fromisoformat(day) for day, _ in unfit}
    places = lakehouse.spark.createDataFrame(
        [(date.fromisoformat(day), shape, list(paths)) for (day, shape), paths in unfit.items()],
        "feed_date DATE, shape STRING, rescued_fields ARRAY<STRING>",
    )
    values = [
        F.when(F.array_contains("rescued_fields", path), _value(path)).alias(path)
        for path in sorted({path for paths in unfit.values() for path in paths})
    ]
    rows = (
        lakehouse.read_days(BRONZE_NEO_EVENTS, days)
        .withColumn("shape", _shape())
        .join(F.broadcast(places), ["feed_date", "shape"])
        .withColumn("rescued_data", F.to_json(F.struct(*values)))
        .withColumn("content_hash", F.sha2(F.to_json("payload"), 256))
    )
    lakehouse.replace_days(BRONZE_RESCUED_DATA, rows, days, parts={})


def _first_rescued(lakehouse: Lakehouse) -> dict[str, Sight]:
    """For each field that was ever rescued, where it was on the earliest day."""
    sight = F.struct(F.col("feed_date").cast("string").alias("day"), "snapshot_id", "source_file")
    found = (
        lakehouse.read(BRONZE_RESCUED_DATA)
        .select(F.explode("rescued_fields").alias("field"), sight.alias("sight"))
        .groupBy("field")
        .agg(F.min("sight").alias("first"))
        .collect()
    )
    return {
        row.field: Sight(row["first"].day, row["first"].snapshot_id, row["first"].source_file)
        for row in found
    }


def _since(change: Drift, rescued: Mapping[str, Sight]) -> Drift:
    """What does not evolve is drift every day; it is told since when, with this day's example."""
    first = rescued.get(change["field"]) if change["change"] != "gone" else None
    return {**change, **asdict(first)} if first else change


def _value(path: str) -> Column:
    """The value at a path of the payload; below an array, an array of the values there."""

    def descend(value: Column, steps: Sequence[str | None]) -> Column:
        end = next((at for at, step in enumerate(steps) if not _is_writable(step)), len(steps))
        names = [step for step in steps[:end] if step]
        place = "$" + "".join(f"['{name}']" if '"' in name else f'["{name}"]' for name in names)
        if end < len(steps) and steps[end] is None:
            elements = F.try_variant_get(value, place, "array<variant>")
            return F.transform(elements, lambda element: descend(element, steps[end + 1 :]))
        return F.try_variant_get(value, place, "variant")

    return descend(F.col("payload"), steps_of(path))


def _is_writable(step: str | None) -> bool:
    """Whether a path can go on with this name; if not, what holds the field is kept whole."""
    return bool(step) and not ("'" in str(step) and '"' in str(step))
