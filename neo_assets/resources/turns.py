"""Whose turn it is, among the processes of this machine: one run a day, and one writer at a time.

Runs overlap, so that one fetches while another one writes.  The kernel lets go of either lock when
a process ends, however it ends.
"""

import fcntl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date

from filelock import FileLock, Timeout

from neo_assets.progress import EVERY_S, Say
from neo_assets.settings import Settings


@contextmanager
def alone(settings: Settings, say: Say, told_after_s: float = EVERY_S) -> Iterator[None]:
    """Wait until nobody else on this machine writes to the tables, and keep it so for the block.

    Delta on a local disk cannot settle a race between two processes.
    """
    settings.neo_data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.writing_lock)
    try:
        held = lock.acquire(timeout=told_after_s)
    except Timeout:
        say(
            "Waiting for another run or command that writes to the tables of "
            f"{settings.neo_data_dir}: one writes at a time."
        )
        held = lock.acquire()
    with held:
        yield


@contextmanager
def reserved(days: Collection[date], settings: Settings, say: Say) -> Iterator[None]:
    """Wait for all other runs of any of these days, and keep them waiting for the block.

    What a layer finds is held against what the layer before has told of the day: a snapshot that
    another run lands in between would look like a fault.
    """
    first, last = min(days), max(days)
    # A lock on bytes of a file: one for each day, whether the file has them or not.
    place = (last - first).days + 1, first.toordinal()
    settings.neo_data_dir.mkdir(parents=True, exist_ok=True)
    with settings.days_lock.open("ab") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, *place)
        except BlockingIOError:
            say(f"Waiting for another run of days from {first} to {last}.")
            fcntl.lockf(file, fcntl.LOCK_EX, *place)
        yield
