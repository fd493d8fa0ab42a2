"""The landing zone: immutable event files, one for each snapshot of a day.

    <root>/feed_date=YYYY-MM-DD/<snapshot_id>.json

A file holds JSON lines, one event a line: `feed_date`, `source`, `fetched_at`, `snapshot_id` and
`payload`, the object as the API gave it; before that `api_version`, where the service says which
version of its interface answered.  A snapshot without objects is a file with one event that
has no `payload`, so that "nothing passes" can be distinguished from "never asked".

A snapshot's id begins with the time it was fetched and ends with a digest of its content: sorted by
name, the files of a day are its history, and a file that was cut off or edited later shows itself.

Whatever else lies in a day's folder begins with a dot, which Spark passes over as it lists files.
"""

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

FETCHED_AT = "%Y%m%dT%H%M%S%fZ"

FOLDER_PREFIX = "feed_date="
"""How the folder of a day begins, before the day."""

_DAY_FOLDER = re.compile(r"feed_date=([0-9]{4}-[0-9]{2}-[0-9]{2})")

_NAME = re.compile(r"[0-9]{8}T[0-9]{12}Z-([0-9a-f]{16})[.]json")
_IS_OURS = re.compile(r"[0-9].*Z-.*[.]json$")

QUIET_S = 10
"""How long a file whose name has no digest must be unchanged to count as completely written."""

DAMAGED_QUIET_S = 600
"""The same for a file that does not hold what its name says: no copy pauses for that long."""


class LandingError(Exception):
    """A snapshot could not be written; the text says of which day, why, and what to do."""


@dataclass(frozen=True)
class Landing:
    """The newest snapshot of one day after a response was passed to the landing zone.

    `is_new` is false if the response was identical to the newest snapshot, whose file is kept.
    `repeated` counts the objects of the answer that another object of it repeats to the letter.
    `set_aside` has the damaged files of the day that were renamed so that nothing reads them.
    """

    day: date
    file: Path
    is_new: bool
    objects: int
    repeated: int
    set_aside: Sequence[Path] = ()


class LandingZone(ABC):
    """Lands whole answers, each once; where files are kept is for its subclasses to say."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def land(
        self,
        day: date,
        objects: Sequence[dict[str, Any]],
        *,
        source: str,
        fetched_at: datetime,
        api_version: str | None = None,
    ) -> Landing:
        """Publish one answer as an event file unless the day's newest snapshot says the same.

        "The same" is the same objects whatever their order, or the order of their fields.  Damaged
        files of the day are renamed before, so that the response replaces them.

        Raises:
            LandingError: nothing was published, and nothing unfinished is left.
        """
        payloads = [_canonical(item) for item in objects]
        digest = _digest(payloads)
        try:
            with self._alone(day):
                set_aside = [self._set_aside(damaged) for damaged in self.damaged(day)]
                file = self.newest(day)
                is_new = file is None or file.stem.rpartition("-")[2] != digest
                if file is None or is_new:
                    landed_at = _after(file, fetched_at.astimezone(timezone.utc))
                    name = f"{landed_at.strftime(FETCHED_AT)}-{digest}.json"
                    file = self._directory(day) / name
                    lines = _event_lines(day, objects, source, landed_at, file.stem, api_version)
                    self._publish(file, lines)
        except OSError as error:
            raise LandingError(
                f"{day} could not be landed in {self._directory(day)} "
                f"({error.strerror or error}) and nothing of it was kept; see that there is room "
                "and that it may be written, and run the day again."
            ) from error
        repeated = len(payloads) - len(set(payloads))
        return Landing(day, file, is_new, len(payloads), repeated, set_aside)

    def newest(self, day: date) -> Path | None:
        """The event file of the day's newest snapshot; none for a day never fetched."""
        return max((file for file in self._files(day) if _IS_OURS.match(file.name)), default=None)

    def landed(self, day: date) -> tuple[Landing, Sequence[dict[str, Any]]]:
        """The day's newest snapshot and its objects; a copy under another name is one as well.

        Raises:
            LandingError: there is none, it has lines that are no events, or files of the day no
                longer hold what was landed.
        """
        if files := self.damaged(day):
            raise LandingError(f"{damage(files)}.")
        names = self.event_files([day])
        if not names:
            raise LandingError(f"{day} has no event file.")
        # Ordered by the same part of the name as in bronze.
        file = self.root / max(names, key=lambda name: name.removesuffix(".json"))
        try:
            events = [json.loads(line) for line in self._read(file).splitlines()]
            objects = [event["payload"] for event in events if "payload" in event]
        except (ValueError, TypeError, RecursionError) as error:
            raise LandingError(
                f"{file.parent.name}/{file.name} is no event file ({error}); move it away, or "
                f"materialize bronze alone for {day}: lines that it cannot read go to quarantine."
            ) from error
        repeated = len(objects) - len({_canonical(item) for item in objects})
        return Landing(day, file, False, len(objects), repeated), objects

    def damaged(self, day: date) -> list[Path]:
        """The day's event files that no longer hold the objects which their names are made of.

        A file under another form of name is not checked, nor is an additional line.
        """
        named = ((file, _NAME.fullmatch(file.name)) for file in self._files(day))
        return sorted(
            file for file, name in named if name and not _is_whole(self._read(file), name[1])
        )

    def being_written(self, files: Collection[str]) -> set[str]:
        """Those of these event files, given by identity, that someone may still be writing.

        What this class lands appears whole; a copy made by hand grows.
        """
        return {file for file in files if self._may_grow(self.root / file)}

    def _may_grow(self, file: Path) -> bool:
        try:
            unchanged_s = self._seconds_unchanged(file)
            if not (name := _NAME.fullmatch(file.name)):
                return unchanged_s < QUIET_S
            return unchanged_s < DAMAGED_QUIET_S and not _is_whole(self._read(file), name[1])
        except FileNotFoundError:
            return True

    @property
    @abstractmethod
    def watched_days(self) -> int | None:
        """How many of the newest days are cheap enough to look at all the time; None for all."""

    @abstractmethod
    def folders(self) -> list[date]:
        """The days that have a folder, in order, with event files or without."""

    @abstractmethod
    def event_files(self, days: Collection[date]) -> set[str]:
        """The identities of the event files of these days that have a line, however named."""

    @abstractmethod
    def _seconds_unchanged(self, file: Path) -> float:
        """How long ago anything was written to a file."""

    @abstractmethod
    def days(self) -> list[date]:
        """The days that have an event file, in order."""

    @abstractmethod
    def _files(self, day: date) -> Sequence[Path]:
        """Return the files in the day's folder, without hidden ones."""

    @abstractmethod
    def _read(self, file: Path) -> bytes:
        """The content of a file."""

    @abstractmethod
    def _publish(self, file: Path, content: str) -> None:
        """Make a whole file appear at once."""

    @abstractmethod
    def _set_aside(self, file: Path) -> Path:
        """Hide a file; return its new place."""

    @abstractmethod
    def _alone(self, day: date) -> AbstractContextManager[None]:
        """Keep others from landing the day for the block, and have a folder for it."""

    def _directory(self, day: date) -> Path:
        return self.root / f"{FOLDER_PREFIX}{day.isoformat()}"


def days_of(folders: Iterable[str]) -> list[date]:
    """The days that these folders belong to, in order.

    A folder of any other name, such as a copy made by hand, belongs to none: nothing reads it.
    """
    days = []
    for folder in folders:
        if name := _DAY_FOLDER.fullmatch(folder):
            # The form allows days that the calendar does not have.
            with suppress(ValueError):
                days.append(date.fromisoformat(name[1]))
    return sorted(days)


def hidden(file: Path) -> Path:
    """Return the name under which a damaged file is kept, which Spark ignores."""
    return file.with_name(f".{file.name}.damaged")


def damage(files: Sequence[Path]) -> str:
    """Return the message about damaged files: which they are, and how to repair them."""
    days = sorted(file.parent.name.removeprefix(FOLDER_PREFIX) for file in files)
    return (
        f"{', '.join(f'{file.parent.name}/{file.name}' for file in files)} no longer holds what "
        "was landed (cut off or edited by hand); put back a copy, or rename it and ask the feed "
        f"again with: neo-assets backfill --start {days[0]} --end {days[-1]}"
    )


def _is_whole(content: bytes, digest: str) -> bool:
    """Whether the content of an event file holds the objects that its name has the digest of."""
    events = []
    for line in content.splitlines():
        with suppress(ValueError, RecursionError):
            events.append(json.loads(line))
    payloads = []
    for event in events:
        with suppress(TypeError, KeyError):
            payloads.append(_canonical(event["payload"]))
    # The digest of no objects is also that of a file cut off before its first event ends.
    return bool(events) and _digest(payloads) == digest


def _digest(payloads: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(payloads)).encode()).hexdigest()[:16]


def _canonical(item: dict[str, Any]) -> str:
    return json.dumps(item, sort_keys=True, separators=(",", ":"))


def _after(newest: Path | None, fetched_at: datetime) -> datetime:
    """`fetched_at`, or just after the newest snapshot where this machine's clock went back."""
    if newest is None:
        return fetched_at
    landed_at = datetime.strptime(newest.stem.partition("-")[0], FETCHED_AT)
    return max(fetched_at, landed_at.replace(tzinfo=timezone.utc) + timedelta(microseconds=1))


def _event_lines(
    day: date,
    objects: Sequence[dict[str, Any]],
    source: str,
    fetched_at: datetime,
    snapshot: str,
    api_version: str | None,
) -> str:
    envelope = {
        "feed_date": day.isoformat(),
        "source": source,
        "fetched_at": fetched_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "snapshot_id": snapshot,
        **({"api_version": api_version} if api_version else {}),
    }
    events: list[dict[str, Any]] = [{**envelope, "payload": item} for item in objects] or [envelope]
    # A line that is not strict JSON is one that Spark cannot read.
    return "".join(json.dumps(event, allow_nan=False) + "\n" for event in events)
