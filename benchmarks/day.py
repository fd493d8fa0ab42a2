"""What a day costs against the same by hand: `python -m benchmarks.day`, and with `--cold`.

On one warm Spark Connect server, as that of `make ui`, each round brings the next day to gold three
times, in changing order: by hand (`by_hand.py`), by the stages of the project alone, and by a run
of Dagster in a process of its own, as the daemon launches it, checks and history included.

A cold day starts with nothing running: a script with a Spark of its own on default settings, and a
run of Dagster that starts and ends a server for itself.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

import typer
from pyspark.sql import SparkSession
from rich.progress import track

from benchmarks.by_hand import by_hand
from benchmarks.houses import house, land
from benchmarks.machine import machine
from benchmarks.tables import Goal, spread, table
from neo_assets.instance import prepare_instance
from neo_assets.lakehouse import bronze, gold, silver
from neo_assets.settings import Settings
from neo_assets.spark_server.server import spark_connect_server

FIRST_DAY = date(2024, 1, 1)
BY_HAND = "by hand"
DAGSTER = "Dagster, process start included"
WARM_UP = 5
"""Days that are not counted, in which Java compiles what it will need."""


def main(
    rounds: Annotated[int, typer.Option(help="Counted days.")] = 15,
    quick: Annotated[bool, typer.Option(help="Five counted days.")] = False,
    cold: Annotated[bool, typer.Option(help="With nothing running.")] = False,
) -> Sequence[Goal]:
    """Print what a day of about a dozen rows costs, each way."""
    rounds = 5 if quick else rounds
    with TemporaryDirectory() as folder:
        if cold:
            seconds = _in_turns(_cold_ways(Path(folder)), rounds, warm_up=1)
        else:
            with spark_connect_server(Path(folder) / "spark") as address:
                spark = SparkSession.builder.remote(address).create()
                seconds = _in_turns(_warm_ways(spark, address, Path(folder)), rounds, WARM_UP)
                spark.stop()
    print(_table(seconds), machine(), sep="\n\n")
    ratio = median(seconds[DAGSTER]) / median(seconds[BY_HAND])
    if cold:
        return [Goal("a cold day, to a script on default settings", ratio, 0.8)]
    return [Goal("a warm day, to the same by hand", ratio, 1.5)]


def _in_turns(
    ways: Mapping[str, Callable[[date], float]], rounds: int, warm_up: int
) -> dict[str, Sequence[float]]:
    """The seconds of the counted days, each day by every way."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in track(range(warm_up + rounds), "Days"):
        for name in sorted(ways, reverse=bool(number % 2)):
            seconds[name].append(ways[name](FIRST_DAY + timedelta(number)))
    return {name: of[warm_up:] for name, of in seconds.items()}


def _warm_ways(
    spark: SparkSession, address: str, folder: Path
) -> Mapping[str, Callable[[date], float]]:
    return {
        BY_HAND: _by_hand(spark, folder / "by_hand"),
        "stages": _by_stages(spark, folder / "stages"),
        DAGSTER: _by_dagster(folder / "dagster", {"NEO_SPARK_REMOTE": address}),
    }


def _cold_ways(folder: Path) -> Mapping[str, Callable[[date], float]]:
    return {
        BY_HAND: _by_script(folder / "by_hand"),
        DAGSTER: _by_dagster(folder / "dagster", {}),
    }


def _by_script(root: Path) -> Callable[[date], float]:
    landing = root / "landing"
    # PySpark notes there that this process is a client of a server: the script is none.
    own_spark = {name: of for name, of in os.environ.items() if not name.startswith("SPARK_")}

    def run(day: date) -> float:
        land(landing, day)
        command = [sys.executable, "-m", "benchmarks.by_hand", str(landing), str(root), str(day)]
        return _seconds_of(command, own_spark)

    return run


def _by_hand(spark: SparkSession, root: Path) -> Callable[[date], float]:
    lakehouse = house(spark, root)

    def run(day: date) -> float:
        land(lakehouse.layout.landing, day)
        begin = perf_counter()
        by_hand(spark, lakehouse.layout.landing, [day], root)
        return perf_counter() - begin

    return run


def _by_stages(spark: SparkSession, root: Path) -> Callable[[date], float]:
    lakehouse = house(spark, root)

    def run(day: date) -> float:
        land(lakehouse.layout.landing, day)
        begin = perf_counter()
        bronze.ingest(lakehouse, [day], "benchmark")
        silver.refine(lakehouse, [day])
        gold.publish(lakehouse, [day])
        return perf_counter() - begin

    return run


def _by_dagster(root: Path, configured: Mapping[str, str]) -> Callable[[date], float]:
    root.mkdir()
    environment = {
        **os.environ,
        **configured,
        "NEO_DATA_DIR": str(root),
        "NEO_SOURCE": "simulator",
        "DAGSTER_HOME": str(prepare_instance(Settings(neo_data_dir=root))),
    }
    command = [sys.executable, "-m", "dagster", "asset", "materialize"]
    command += ["-m", "neo_assets.definitions", "--select", "group:neo", "--partition"]

    def run(day: date) -> float:
        return _seconds_of([*command, day.isoformat()], environment)

    return run


def _seconds_of(command: Sequence[str], environment: Mapping[str, str]) -> float:
    begin = perf_counter()
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{result.stderr}")
    return perf_counter() - begin


def _table(seconds: Mapping[str, Sequence[float]]) -> str:
    by_hand_takes = median(seconds[BY_HAND])
    rows = [
        (name, *spread(values, " s"), f"{median(values) / by_hand_takes:.2f}")
        for name, values in seconds.items()
    ]
    return table(("a day", "median", "middle half", "ratio of medians"), rows)


if __name__ == "__main__":
    typer.run(main)
