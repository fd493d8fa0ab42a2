"""Recorded answers instead of simulated ones."""

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

from .listing import JsonObject


class RecordingError(Exception):
    """The recordings cannot be used; the message names the file."""


class RecordedSky:
    """Recorded feed answers, whatever `today` is."""

    def __init__(self, path: Path | str) -> None:
        """Read every recording.

        Args:
            path: a file, or a folder read with all below it. Files named `*.json` and `*.json.gz`
                hold either a whole feed answer (with `near_earth_objects`) or an object from date
                to list.

        Raises:
            RecordingError: there is no recording at `path`, one is of neither form, or two
                disagree on a date.
        """
        self._days: dict[date, str] = {}
        origins: dict[date, Path] = {}
        for file in _files(Path(path)):
            for day, objects in _read(file).items():
                known = self._days.setdefault(day, json.dumps(objects))
                origin = origins.setdefault(day, file)
                if _content(json.loads(known)) != _content(objects):
                    raise RecordingError(
                        f"{day} is recorded in {origin} and in {file}, with different content"
                    )
        if not self._days:
            raise RecordingError(f"no recorded answers in {path}")

    def feed(self, day: date, today: date) -> list[JsonObject]:
        """The recorded objects of `day`; none where nothing was recorded."""
        rows: list[JsonObject] = json.loads(self._days.get(day, "[]"))
        return rows


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(
        file for file in path.rglob("*.json*") if file.name.endswith((".json", ".json.gz"))
    )


def _read(file: Path) -> dict[date, list[JsonObject]]:
    try:
        content = file.read_bytes()
        answer: Any = json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)
        days = answer.get("near_earth_objects", answer)
        return {date.fromisoformat(day): list(objects) for day, objects in days.items()}
    except (OSError, EOFError, ValueError, AttributeError, TypeError) as error:
        raise RecordingError(f"{file} is not a recorded feed answer: {error}") from error


def _content(objects: list[JsonObject]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in objects)
