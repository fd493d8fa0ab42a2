"""The tracked schema and its versions on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neo_assets.lakehouse.model.event_files import identity_of
from neo_assets.lakehouse.schema_tracking.observations import Sight


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

    @property
    def type_name(self) -> str:
        """All its types, joined into one name."""
        return "/".join(self.types)

    def accepts(self, type_name: str) -> bool:
        """Whether a value of this type is no news."""
        return not self.types or type_name == "null" or type_name in self.types

    def came_on(self, feed_date: str) -> bool:
        """Whether this day introduced the field; compared again, it gets the same result."""
        return self.version > 1 and self.since.feed_date == feed_date

    def is_expected_on(self, feed_date: str) -> bool:
        """Whether it is news that the field is missing on this day."""
        is_told = self.gone is not None and self.gone.feed_date != feed_date
        return self.is_usual and not is_told and self.since.feed_date <= feed_date


Fields = Mapping[str, Field]


@dataclass(frozen=True)
class Schema:
    """One version: the fields by their paths.  Version 0 is before the baseline, without any."""

    version: int
    fields: Fields


@dataclass(frozen=True)
class TrackedSchemas:
    """The versions in one folder, `000001.json` and on; a version is never changed.

    The folder may be in a mounted volume of Databricks, which neither renames nor appends: a
    version is written once, from its beginning to its end.  One that was cut off does not count.
    """

    directory: Path

    def newest(self) -> Schema:
        """The newest version that is complete."""
        for file in sorted(self.directory.glob("[0-9]*.json"), reverse=True):
            if schema := _read(file):
                return schema
        return Schema(0, {})

    def publish(self, schema: Schema, run_id: str) -> None:
        """Write a version that does not exist yet, or was cut off."""
        self.directory.mkdir(parents=True, exist_ok=True)
        file = self.directory / f"{schema.version:06}.json"
        if _read(file):
            raise FileExistsError(f"{file} exists, and a tracked version is never changed")
        content = {
            "version": schema.version,
            "run_id": run_id,
            "fields": {path: asdict(schema.fields[path]) for path in sorted(schema.fields)},
        }
        file.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def _read(file: Path) -> Schema | None:
    """The version in a file; None without one, or if its end is missing."""
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))["fields"]
    # Of JSON that was cut off, or of UTF-8 that was.
    except (FileNotFoundError, ValueError):
        return None
    return Schema(int(file.stem), {path: _field(values) for path, values in fields.items()})


def _field(values: Mapping[str, Any]) -> Field:
    sights = {name: values[name] and _sight(values[name]) for name in ("since", "gone")}
    return Field(**{**values, **sights, "types": tuple(values["types"])})


def _sight(values: Mapping[str, str]) -> Sight:
    """Where a field was seen; earlier versions kept the absolute path of the event file."""
    return Sight(**{**values, "source_file": identity_of(Path(values["source_file"]))})
