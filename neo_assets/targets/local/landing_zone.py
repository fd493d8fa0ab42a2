"""The landing zone in a folder of this machine."""

import os
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from filelock import FileLock, Timeout

from neo_assets.lakehouse.model.event_files import day_folder, is_event_file, landed_days
from neo_assets.sources.landing_zone import LandingError, LandingZone, days_of, hidden

LONGEST_LOCK_S = 60
"""How long a landing waits for another one of the same day, which takes milliseconds."""


class LocalLandingZone(LandingZone):
    """A landing zone in a folder of this machine."""

    watched_days = None

    def folders(self) -> list[date]:
        """The days that have a folder, in order."""
        return landed_days(self.root)

    def event_files(self, days: Collection[date]) -> set[str]:
        """Return the identities of the event files; `glob` would take three times as long."""
        found = set()
        for folder in map(day_folder, days):
            with suppress(FileNotFoundError), os.scandir(self.root / folder) as files:
                found |= {
                    f"{folder}/{file.name}"
                    for file in files
                    if is_event_file(file.name) and file.stat().st_size
                }
        return found

    def _seconds_unchanged(self, file: Path) -> float:
        # A copy may have the time of modification of its original, but not that of its inode.
        return time.time() - file.stat().st_ctime

    def days(self) -> list[date]:
        """The days that have an event file, in order."""
        return days_of({file.parent.name for file in self.root.glob("*/[0-9]*Z-*.json")})

    def _files(self, day: date) -> Sequence[Path]:
        return list(self._directory(day).glob("[!.]*"))

    def _read(self, file: Path) -> bytes:
        return file.read_bytes()

    def _publish(self, file: Path, content: str) -> None:
        """The names are synced too: the file's in its folder, the folder's in the landing zone."""
        unfinished = file.with_name(f".{file.name}.unfinished")
        try:
            with unfinished.open("w", encoding="ascii") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            unfinished.rename(file)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        _sync(file.parent)
        _sync(file.parent.parent)

    def _set_aside(self, file: Path) -> Path:
        return file.rename(hidden(file))

    @contextmanager
    def _alone(self, day: date) -> Iterator[None]:
        directory = self._directory(day)
        directory.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(directory / ".landing.lock", timeout=LONGEST_LOCK_S):
                _clear(directory)
                yield
        except Timeout as error:
            raise LandingError(
                f"{day} could not be landed, for another process has been landing it for "
                f"{LONGEST_LOCK_S} seconds; end that one and run the day again."
            ) from error


def _clear(directory: Path) -> None:
    """Remove what a killed process left unfinished; the holder of the lock is alone here."""
    for unfinished in directory.glob(".*.unfinished"):
        unfinished.unlink()


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
