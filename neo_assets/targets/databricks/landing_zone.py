"""The landing zone in a volume, written and read through the Files API."""

import io
import math
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from databricks.sdk.errors import NotFound
from databricks.sdk.service.files import DirectoryEntry, FilesAPI

from neo_assets.lakehouse.model.event_files import is_event_file
from neo_assets.sources.landing_zone import LandingError, LandingZone, days_of, hidden
from neo_assets.targets.databricks.repetition import repeated
from neo_assets.targets.databricks.workspace import translate_errors
from neo_assets.targets.databricks.workspace_error import WorkspaceError

LISTED_AT_ONCE = 8
"""Folders whose files are listed side by side."""


class VolumeLandingZone(LandingZone):
    """A landing zone in a folder of a volume.

    The Files API cannot rename: an upload is one PUT of a whole object.  S3 and GCS show it to
    readers when all of it is there, and not before; Azure does not promise that.  Lines that a job
    has missed then are an ERROR of `reconciliation`.  There are no
    locks either.  A run reserves its days, so that no other run of the same machine lands them
    meanwhile; should two machines land the same answer at once, bronze has it twice and silver
    drops the repeat.
    """

    def __init__(self, files: FilesAPI, root: Path) -> None:
        super().__init__(root)
        self._api = files

    watched_days = 31
    """Each folder is a call: these are more days than a refresh requests again by default."""

    def folders(self) -> list[date]:
        """The days that have a folder, in order."""
        return self.days()

    def event_files(self, days: Collection[date]) -> set[str]:
        """Return the identities of the event files of these days, with a call for each."""
        with ThreadPoolExecutor(LISTED_AT_ONCE) as side_by_side:
            return {file for files in side_by_side.map(self._event_files, days) for file in files}

    def _event_files(self, day: date) -> set[str]:
        folder = self._directory(day)
        with _as_landing(f"The event files of {day} are not known"):
            return {
                f"{folder.name}/{entry.name}"
                for entry in self._entries(folder)
                if is_event_file(entry.name or "") and entry.file_size
            }

    def _seconds_unchanged(self, file: Path) -> float:
        # An upload shows when all of it is there.
        return math.inf

    def days(self) -> list[date]:
        """The days that have a folder, which is made right before the first file in it."""
        with _as_landing("The landed days are not known"):
            names = self._names(self.root)
        return days_of(names)

    def _files(self, day: date) -> Sequence[Path]:
        folder = self._directory(day)
        with _as_landing(f"The event files of {day} are not known"):
            return [folder / name for name in self._names(folder) if not name.startswith(".")]

    def _read(self, file: Path) -> bytes:
        with _as_landing(f"{file} was not read"):
            return repeated(lambda: self._download(file))

    def _download(self, file: Path) -> bytes:
        content = self._api.download(str(file)).contents
        assert content is not None
        with content:
            return content.read()

    def _publish(self, file: Path, content: str) -> None:
        with _as_landing(f"{file.parent.name} was not landed"):
            # A file under this name would have the same content; never the one for the other.
            self._api.upload(str(file), io.BytesIO(content.encode("ascii")), overwrite=True)

    def _set_aside(self, file: Path) -> Path:
        place = hidden(file)
        content = self._read(file)
        with _as_landing(f"{file} was not renamed"):
            self._api.upload(str(place), io.BytesIO(content), overwrite=True)
            self._api.delete(str(file))
        return place

    @contextmanager
    def _alone(self, day: date) -> Iterator[None]:
        with _as_landing(f"{day} was not landed"):
            self._api.create_directory(str(self._directory(day)))
        yield

    def _names(self, folder: Path) -> list[str]:
        return [entry.name or "" for entry in self._entries(folder)]

    def _entries(self, folder: Path) -> list[DirectoryEntry]:
        try:
            return list(self._api.list_directory_contents(str(folder)))
        except NotFound:
            return []


@contextmanager
def _as_landing(what: str) -> Iterator[None]:
    try:
        with translate_errors(what):
            yield
    except WorkspaceError as error:
        raise LandingError(str(error)) from error
