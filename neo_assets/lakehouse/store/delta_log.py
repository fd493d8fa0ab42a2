"""Files of Delta's log that no reader can use, and how a table is read without checkpoints.

A checkpoint only summarizes the commits before it, but no reader of Delta falls back on these when
it finds one that it cannot read.  So a damaged one is renamed, as long as the rest is enough.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path

from neo_assets.lakehouse.request import StageError

_COMMIT = re.compile(r"([0-9]{20})[.]json")
_ANY_CHECKPOINT = re.compile(r"([0-9]{20})[.]checkpoint[.].+")
_CHECKPOINT = re.compile(r"([0-9]{20})[.]checkpoint([.].+)?[.]parquet")


class DamagedTableError(StageError):
    """A table cannot be read because of a damaged file; the message names it and the remedy."""


def set_aside_damaged_checkpoints(table: Path) -> list[Path]:
    """Rename the checkpoints of a table that were cut off; return their former paths.

    Where the newest checkpoint is missing, this is `_last_checkpoint`, which names it.

    Raises:
        DamagedTableError: the table cannot be read without them, or they cannot be renamed; or a
            commit that no checkpoint includes was cut off.
    """
    log = table / "_delta_log"
    pointer = log / "_last_checkpoint"
    checkpoints = _by_version(log, _CHECKPOINT)
    damaged = [file for file in checkpoints if not _is_whole(file)]
    fault = "is cut off"
    if not damaged and _names_none_of(pointer, checkpoints.values()):
        damaged, fault = [pointer], "names a checkpoint that is missing"
    if not damaged:
        require_whole_commits(table)
        return []
    intact = {version for file, version in checkpoints.items() if file not in damaged}
    if not _is_complete(set(_by_version(log, _COMMIT).values()), intact):
        raise DamagedTableError(
            f"{damaged[0]} {fault}, and the commits that it replaces are missing, so the table "
            f"cannot be read; put back a copy of the file, or delete the folder {table} and build "
            "it again with: neo-assets replay --full"
        )
    try:
        # The pointer names the newest checkpoint.
        for file in {*damaged, *([pointer] if pointer.exists() else [])}:
            file.rename(file.with_name(f".{file.name}.damaged"))
    except OSError as error:
        raise DamagedTableError(
            f"{damaged[0]} {fault} and cannot be renamed ({error.strerror}), so the table "
            f"cannot be read; delete it and {pointer.name} beside it: all commits are there"
        ) from error
    return damaged


def require_whole_commits(table: Path) -> None:
    """See that the commits after the newest checkpoint hold what was committed.

    delta-rs takes an empty one for a commit that changed nothing.

    Raises:
        DamagedTableError: one of them was cut off, or is missing.
    """
    log = table / "_delta_log"
    first = max(_by_version(log, _ANY_CHECKPOINT).values(), default=-1) + 1
    commits = {version: file for file, version in _by_version(log, _COMMIT).items()}
    for version in range(first, max(commits, default=-1) + 1):
        commit = commits.get(version)
        if commit and _is_json_lines(commit.read_bytes()):
            continue
        raise DamagedTableError(
            f"{log / f'{version:020}.json'} is {'cut off' if commit else 'missing'}, so the table "
            f"cannot be read; put back a copy of the file, or delete the folder {table} and build "
            "it again with: neo-assets replay --full"
        )


def _names_none_of(pointer: Path, versions: Collection[int]) -> bool:
    """Whether `_last_checkpoint` names another version than these; one cut off names none."""
    try:
        named = json.loads(pointer.read_bytes())["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return named not in versions


def refuse_other_digits(tables: Path) -> None:
    """Refuse log files whose numbers are not written with the digits 0 to 9.

    Spark gives them such names in a locale with digits of its own, and no reader finds them.

    Raises:
        DamagedTableError: a table below this folder has some.
    """
    files = [
        file
        for file in tables.glob("*/_delta_log/[!_.]*")
        if file.name[0].isdigit() and not file.name.isascii()
    ]
    if files:
        first = min(files)
        others = f" and {len(files) - 1} more" if len(files) > 1 else ""
        raise DamagedTableError(
            f"{first}{others} was written in a locale with other digits than 0 to 9, so that Delta "
            f"does not find it; delete it, or the whole folder {first.parent.parent} if its log "
            "has no other files, then run: neo-assets replay --full"
        )


def _by_version(log: Path, name: re.Pattern[str]) -> dict[Path, int]:
    matches = ((file, name.fullmatch(file.name)) for file in log.glob("[0-9]*"))
    return {file: int(match[1]) for file, match in matches if match}


def _is_whole(checkpoint: Path) -> bool:
    """Whether the end of the file says where its columns are: it goes first when a file is cut."""
    # Not needed where messages of this module are all that is used.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.read_metadata(checkpoint)
    except (pa.ArrowException, OSError):
        return False
    return True


def _is_json_lines(content: bytes) -> bool:
    try:
        return bool([json.loads(line) for line in content.splitlines()])
    except ValueError:
        return False


def _is_complete(commits: set[int], checkpoints: set[int]) -> bool:
    """Whether all commits are there from the first one, or from an intact checkpoint, on."""
    newest = max(commits, default=-1)
    return any(commits >= set(range(start + 1, newest + 1)) for start in {-1, *checkpoints})
