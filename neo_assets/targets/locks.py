"""Locks among the processes of this machine: one run per day, and one writer at a time.

Runs overlap, so that one fetches while another one writes.  The kernel releases both locks when a
process ends, however it ends.
"""

import fcntl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from io import BufferedWriter
from pathlib import Path

from filelock import FileLock, Timeout

from neo_assets.date_spans import span
from neo_assets.progress import EVERY_S, LogFunction
from neo_assets.settings import Settings


@contextmanager
def exclusive_writer(
    settings: Settings, log: LogFunction, logged_after_s: float = EVERY_S
) -> Iterator[None]:
    """Be the only writer to the tables on this machine for the block; wait for any other.

    Delta on a local disk cannot resolve a race between two processes.
    """
    settings.neo_data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.writing_lock)
    try:
        held = lock.acquire(timeout=logged_after_s)
    except Timeout:
        log(
            "Waiting for another run or command that writes to the tables of "
            f"{settings.neo_data_dir}: one writes at a time."
        )
        held = lock.acquire()
    with held:
        yield


def lock_partitions(days: Collection[date], settings: Settings, log: LogFunction) -> None:
    """Lock these days; wait for other processes that have locked any of them.

    Each layer is checked against what the layer before reported of the day: a snapshot that another
    run lands in between would look like a fault.
    """
    if not try_lock_partitions(days, settings):
        log(f"Waiting for another run of {span(min(days), max(days))}.")
        fcntl.lockf(_days_lock(settings), fcntl.LOCK_EX, *_bytes_of(days))


def try_lock_partitions(days: Collection[date], settings: Settings) -> bool:
    """Lock the days unless another process has locked any of them; return whether it was done."""
    try:
        fcntl.lockf(_days_lock(settings), fcntl.LOCK_EX | fcntl.LOCK_NB, *_bytes_of(days))
    except BlockingIOError:
        return False
    return True


def unlock_partitions(days: Collection[date], settings: Settings) -> None:
    """Release the locks of the days."""
    fcntl.lockf(_days_lock(settings), fcntl.LOCK_UN, *_bytes_of(days))


def _bytes_of(days: Collection[date]) -> tuple[int, int]:
    """Length and start of the bytes that represent the days; the file need not have them."""
    first, last = min(days), max(days)
    return (last - first).days + 1, first.toordinal()


def _days_lock(settings: Settings) -> BufferedWriter:
    return _open_forever(settings.days_lock)


@cache
def _open_forever(file: Path) -> BufferedWriter:
    # Closing the file anywhere in a process releases all locks that the process has on it.
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.open("ab")
