"""What a measurement ran on: it says little without."""

import os
import platform
from importlib.metadata import version

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
