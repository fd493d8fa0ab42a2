"""The places of a lakehouse in Unity Catalog: names of tables, and folders of one volume."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path

VOLUMES = Path("/Volumes")
"""Where every kind of compute, and the Files API, has the volumes."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,254}")


@dataclass(frozen=True)
class UnityCatalog:
    """One schema for the tables, and one volume in it for all files.

    Names are quoted wherever they get into SQL, and even so no more is let in than a name needs:
    they become parts of paths too.  Unity Catalog stores them in lower case, and so do paths.
    `scratch` is a lakehouse beside the real one: a folder in the volume, and what its tables begin
    with.
    """

    catalog: str
    schema: str
    volume: str
    scratch: str = ""

    def __post_init__(self) -> None:
        for place in fields(self):
            name = getattr(self, place.name)
            if not _NAME.fullmatch(name) and place.name != "scratch":
                raise ValueError(
                    f"{name!r} is no name for a {place.name}: letters, digits, _ and - only"
                )
            object.__setattr__(self, place.name, name.lower())

    def table(self, name: str) -> str:
        """The full name of a table, for SQL."""
        return ".".join(f"`{part}`" for part in (self.catalog, self.schema, self._own(name)))

    @property
    def schema_name(self) -> str:
        """The full name of the schema, for people."""
        return f"{self.catalog}.{self.schema}"

    @property
    def volume_name(self) -> str:
        """The full name of the volume, for people."""
        return f"{self.schema_name}.{self.volume}"

    def _own(self, name: str) -> str:
        return f"{self.scratch}_{name}" if self.scratch else name

    @property
    def folder(self) -> Path:
        """The root of all files but the code: the volume, or a folder in it."""
        return self._root / self.scratch

    @property
    def _root(self) -> Path:
        return VOLUMES / self.catalog / self.schema / self.volume

    @property
    def landing(self) -> Path:
        """The root of all event files, with a folder for each dataset."""
        return self.folder / "landing"

    @property
    def checkpoints(self) -> Path:
        """Streaming checkpoints and tracked schemas."""
        return self.folder / "checkpoints"

    @property
    def metrics(self) -> Path:
        """Metrics that were measured where there is no Spark, until the next stage stores them."""
        return self.folder / "metrics"

    @property
    def wheels(self) -> Path:
        """The project's code, a folder for each version of it."""
        return self._root / "wheels"

    @property
    def messages(self) -> Path:
        """The folder of the messages between a job and the run that waits for it."""
        return self.folder / "messages"
