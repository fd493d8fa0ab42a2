"""What is running below a process, and whether it still is."""

import os
import subprocess
import time
from pathlib import Path


def running() -> dict[int, int]:
    """Each process that runs, with its parent."""
    command = ["ps", "-eo", "pid=,ppid=,stat="]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listing:
        assert listing.stdout is not None
        rows = [line.split() for line in listing.stdout]
    return {
        int(pid): int(parent)
        for pid, parent, state in rows
        if not state.startswith("Z") and int(pid) != listing.pid
    }


def command_line(pid: int) -> str:
    """How a process was started; empty if it has ended."""
    command = ["ps", "-o", "args=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True).stdout


def descendants(ancestor: int) -> set[int]:
    """Everything that a process started, directly or not."""
    processes = running()
    found: set[int] = set()
    generation = {ancestor}
    while generation:
        generation = {pid for pid, parent in processes.items() if parent in generation}
        found |= generation
    return found


def javas() -> set[int]:
    """The JVMs below this process."""
    command = ["ps", "-eo", "pid=,comm="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    named = (line.split(maxsplit=1) for line in listing.splitlines())
    return {int(pid) for pid, name in named if Path(name).name == "java"} & descendants(os.getpid())


def still_running(processes: set[int], seconds: float) -> set[int]:
    """Which of them run even after this time."""
    deadline = time.monotonic() + seconds
    while (left := processes & running().keys()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def resident_bytes(processes: set[int]) -> int:
    """How much memory they have; those that have ended in the meantime have none."""
    listing = subprocess.run(
        ["ps", "-o", "rss=", "-p", ",".join(map(str, processes)) or "0"],
        capture_output=True,
        text=True,
    )
    return 1024 * sum(map(int, listing.stdout.split()))
