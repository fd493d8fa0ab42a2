"""One writer at a time: Delta on a local disk cannot settle a race between two processes."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from neo_assets.progress import EVERY_S, Say
from neo_assets.settings import Settings


@contextmanager
def alone(settings: Settings, say: Say, told_after_s: float = EVERY_S) -> Iterator[None]:
    """Wait until nobody else on this machine writes to the tables, and keep it so for the block."""
    settings.neo_data_dir.mkdir(parents=True, exist_ok=True)
    # The kernel lets go of the lock when a process ends, however it ends.
    lock = FileLock(settings.writing_lock)
    try:
        held = lock.acquire(timeout=told_after_s)
    except Timeout:
        say(
            f"Waiting for another run or command that writes to {settings.tables_directory}: "
            "one writes at a time."
        )
        held = lock.acquire()
    with held:
        yield
