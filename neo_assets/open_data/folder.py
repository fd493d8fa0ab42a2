"""The folder that is published: a file is replaced as a whole, and only if its content differs.

What a file contains is known from its line in `SHA256SUMS`, which is written last, so that nothing
has to be read again to find what changed.  An interrupted run leaves older lines, and the next one
writes those files again.
"""

import os
from hashlib import sha256
from pathlib import Path

CHECKSUMS = "SHA256SUMS"


class PublishedFolder:
    """The files of a folder by their addresses in it, and which of them this run has written."""

    def __init__(self, root: Path) -> None:
        self._root = root
        files = _files(root)
        self._before = {path: it for path, it in _checksums(root).items() if path in files}
        self._now: dict[str, str] = {}
        self.written = 0

    @property
    def files(self) -> int:
        """How many files there are, without their checksums."""
        return len(self._now)

    def has(self, path: str, content: bytes) -> bool:
        """Whether the file was published before with this content."""
        return self._before.get(path) == _digest(content)

    def write(self, path: str, content: bytes) -> None:
        """Publish the file with this content."""
        self._now[path] = _digest(content)
        if self._now[path] != self._before.get(path):
            self._replace(path, content)

    def keep(self, path: str) -> bool:
        """Publish the file as it is; false if it is not there."""
        if path not in self._before:
            return False
        self._now[path] = self._before[path]
        return True

    def unpublished(self, prefix: str) -> list[str]:
        """The files with this prefix that were published before, and not by this run."""
        return [path for path in self._before.keys() - self._now if path.startswith(prefix)]

    def finish(self) -> None:
        """Publish the checksums, in the form that `sha256sum --check` reads."""
        lines = "".join(f"{self._now[path]}  {path}\n" for path in sorted(self._now))
        if self._now != self._before or not (self._root / CHECKSUMS).exists():
            self._replace(CHECKSUMS, lines.encode())

    def _replace(self, path: str, content: bytes) -> None:
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{file.name}.unfinished")
        unfinished.write_bytes(content)
        unfinished.replace(file)
        self.written += 1


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _files(root: Path) -> set[str]:
    return {
        (Path(folder).relative_to(root) / name).as_posix()
        for folder, _, names in os.walk(root)
        for name in names
    }


def _checksums(root: Path) -> dict[str, str]:
    file = root / CHECKSUMS
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    pairs = (line.split("  ", 1) for line in lines)
    return {path: digest for digest, path in pairs}
