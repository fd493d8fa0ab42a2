"""What a measurement ran on: it says little without."""

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

    def below(process: int) -> list[int]:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        return [found for child in map(int, children) for found in (child, *below(child))]

    def peak(process: int) -> int:
        # One that has ended and waits to be noticed has no memory any more.
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
        return int(found[1]) * 1024 if found else 0

    return max(map(peak, below(os.getpid())))


def own_peak_memory() -> int:
    """The most bytes of memory that this process ever had; Linux only."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
