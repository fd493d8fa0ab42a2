"""The machine on which a measurement ran, without which it means little."""

import os
import platform
import re
import resource
from importlib.metadata import version
from pathlib import Path

from neo_assets.spark_server.java import find_java


def machine() -> str:
    """The machine and the versions, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, Java {find_java().version}, "
        f"Spark {version('pyspark')}, Delta {version('delta-spark')}, "
        f"neo_assets {version('neo-assets')}"
    )


def peak_memory() -> int:
    """The most bytes of memory that the largest process below this one ever had; Linux only."""

    def peak(process: int) -> int:
        # One that has ended and waits to be noticed has no memory any more.
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
        return int(found[1]) * 1024 if found else 0

    return max(map(peak, _below(os.getpid())))


def processor_seconds(program: str) -> float:
    """What the processes below this one with the program in their command have used; Linux only."""
    used = 0
    for process in _below(os.getpid()):
        if program.encode() in Path(f"/proc/{process}/cmdline").read_bytes():
            # After the name, which may hold spaces: utime and stime are the 14th and 15th of all.
            values = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            used += int(values[11]) + int(values[12])
    return used / os.sysconf("SC_CLK_TCK")


def _below(process: int) -> list[int]:
    # Each thread has the children that it started.
    threads = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(child) for thread in threads for child in thread.read_text().split()]
    return [found for child in children for found in (child, *_below(child))]


def own_peak_memory() -> int:
    """The most bytes of memory that this process ever had; Linux only."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
