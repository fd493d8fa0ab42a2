"""Whose turn it is, among the processes of this machine: one run a day, and one writer at a time.

Runs overlap, so that one fetches while another one writes.  The kernel lets go of either lock when
a process ends, however it ends.
"""

import fcntl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from io import BufferedWriter
from pathlib import Path

from filelock import FileLock, Timeout

from neo_assets.progress import EVERY_S, Say
from neo_assets.settings import Settings


@contextmanager
def exclusive_writer(
    settings: Settings, say: Say, logged_after_s: float = EVERY_S
) -> Iterator[None]:
    """Wait until nobody else on this machine writes to the tables, and keep it so for the block.

    Delta on a local disk cannot settle a race between two processes.
    """
    settings.neo_data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.writing_lock)
    try:
        held = lock.acquire(timeout=logged_after_s)
    except Timeout:
        say(
            "Waiting for another run or command that writes to the tables of "
            f"{settings.neo_data_dir}: one writes at a time."
        )
        held = lock.acquire()
    with held:
        yield


def lock_partitions(days: Collection[date], settings: Settings, say: Say) -> None:
    """Wait for other processes that have reserved any of these days, and reserve them.

    What a layer finds is held against what the layer before has told of the day: a snapshot that
    another run lands in between would look like a fault.
    """
    if not try_lock_partitions(days, settings):
        first, last = min(days), max(days)
        say(f"Waiting for another run of {first if first == last else f'{first}…{last}'}.")
        fcntl.lockf(_days_lock(settings), fcntl.LOCK_EX, *_place(days))


def try_lock_partitions(days: Collection[date], settings: Settings) -> bool:
    """Reserve the days unless another process has reserved any of them; whether it was done."""
    try:
        fcntl.lockf(_days_lock(settings), fcntl.LOCK_EX | fcntl.LOCK_NB, *_place(days))
    except BlockingIOError:
        return False
    return True


def unlock_partitions(days: Collection[date], settings: Settings) -> None:
    """Let other processes have the days."""
    fcntl.lockf(_days_lock(settings), fcntl.LOCK_UN, *_place(days))


def _place(days: Collection[date]) -> tuple[int, int]:
    """Length and start of the bytes that stand for the days, whether the file has them or not."""
    first, last = min(days), max(days)
    return (last - first).days + 1, first.toordinal()


def _days_lock(settings: Settings) -> BufferedWriter:
    return _open_for_good(settings.days_lock)


@cache
def _open_for_good(file: Path) -> BufferedWriter:
    # Whoever closes the file anywhere in a process gives up all locks that the process has on it.
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.open("ab")
