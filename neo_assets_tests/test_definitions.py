"""The code location as Dagster loads it."""

import subprocess
import sys

PROGRAM = """
import sys
import neo_assets.definitions
costly = {"pyspark", "py4j", "grpc_status", "matplotlib", "altair", "vl_convert"}
print(sorted({name.partition(".")[0] for name in sys.modules} & costly))
"""


def test_loading_the_code_location_loads_neither_spark_nor_plots() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout == "[]\n"
    # Nor does it greet whoever loads it with warnings.
    assert result.stderr == ""
