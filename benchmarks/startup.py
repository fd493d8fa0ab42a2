"""What people wait for before anything happens: `python -m benchmarks.startup`.

Each command is a process of its own, in turns with one that does nothing but `import dagster`.
"""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

import typer
from rich.progress import track

from benchmarks.machine import machine
from benchmarks.tables import spread, table

_COMMAND = str(Path(sys.executable).with_name("neo-assets"))
_DAGSTER = "import dagster"
WAYS = {
    _DAGSTER: (sys.executable, "-c", _DAGSTER),
    "the code location": (
        sys.executable,
        "-c",
        "from neo_assets.definitions import defs; defs().get_repository_def()",
    ),
    "neo-assets --help": (_COMMAND, "--help"),
    "neo-assets status": (_COMMAND, "status"),
    "neo-assets quarantine list": (_COMMAND, "quarantine", "list"),
}


def main(
    rounds: Annotated[int, typer.Option(help="Counted rounds, after one that is not.")] = 9,
    data: Annotated[Path | None, typer.Option(help="A data folder; one without tables.")] = None,
) -> None:
    """Print how long each takes, and the ratio to Dagster alone in the same round."""
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    with TemporaryDirectory() as empty:
        environment = {**os.environ, "NEO_DATA_DIR": str(data or empty)}
        for number in track(range(rounds + 1), "Rounds"):
            for name, command in WAYS.items():
                begin = perf_counter()
                subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
                if number:
                    seconds[name].append(perf_counter() - begin)
    pairs = {
        name: [one / other for one, other in zip(of, seconds[_DAGSTER], strict=True)]
        for name, of in seconds.items()
    }
    rows = [(name, *spread(of, " s"), f"{median(pairs[name]):.2f}") for name, of in seconds.items()]
    headers = ("a process", "median", "middle half", "ratio of pairs")
    print(table(headers, rows), machine(), sep="\n\n")


if __name__ == "__main__":
    typer.run(main)
