"""What a day costs against the same by hand: `python -m benchmarks.day`.

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
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

import typer
from pyspark.sql import SparkSession
from rich.progress import track

from benchmarks.by_hand import by_hand
from benchmarks.lakehouses import LAST_DAY, days_until, land, new_lakehouse
from benchmarks.machine import machine
from benchmarks.tables import Goal, spread, table
from neo_assets.instance import prepare_instance
from neo_assets.lakehouse.transforms import bronze, gold, silver
from neo_assets.settings import Settings
from neo_assets.sources.neows.dataset import NEO
from neo_assets.spark_server.server import spark_connect_server

BY_HAND = "by hand"
DAGSTER = "Dagster, process start included"


def main(
    rounds: Annotated[int, typer.Option(help="Counted warm days.")] = 15,
    warm_up: Annotated[int, typer.Option(help="Days before, in which Java compiles.")] = 5,
    cold_rounds: Annotated[int, typer.Option(help="Cold days, after the warm ones.")] = 5,
) -> None:
    """Print what a day of about a dozen rows costs, each way."""
    days = days_until(LAST_DAY, warm_up + rounds + cold_rounds)
    warm, cold = days[: warm_up + rounds], days[warm_up + rounds :]
    with TemporaryDirectory() as folder:
        with spark_connect_server(Path(folder) / "spark") as address:
            warm_day(address, Path(folder), warm, warm_up)
        cold_day(Path(folder), cold)


def warm_day(address: str, folder: Path, days: Sequence[date], warm_up: int) -> Goal:
    """Days on a running server, of which the first are not counted."""
    spark = SparkSession.builder.remote(address).create()
    ways = {
        BY_HAND: _by_hand(spark, folder / "by_hand"),
        "stages": _by_stages(spark, folder / "stages"),
        DAGSTER: _by_dagster(folder / "dagster", {"NEO_SPARK_REMOTE": address}),
    }
    seconds = {name: of[warm_up:] for name, of in _in_turns(ways, days).items()}
    spark.stop()
    return Goal("a warm day, to the same by hand", _shown(seconds), 1.5)


def cold_day(folder: Path, days: Sequence[date]) -> Goal:
    """Days after those of `warm_day` in the same folder, each begun with nothing running."""
    ways = {BY_HAND: _by_script(folder / "by_hand"), DAGSTER: _by_dagster(folder / "dagster", {})}
    seconds = _in_turns(ways, days)
    return Goal("a cold day, to a script on default settings", _shown(seconds), 0.8)


def _in_turns(
    ways: Mapping[str, Callable[[date], float]], days: Sequence[date]
) -> dict[str, list[float]]:
    """The seconds of the days, each day by every way."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number, day in enumerate(track(days, "Days")):
        for name in sorted(ways, reverse=bool(number % 2)):
            seconds[name].append(ways[name](day))
    return seconds


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
    lakehouse = new_lakehouse(spark, root)

    def run(day: date) -> float:
        land(lakehouse.landing(NEO), day)
        begin = perf_counter()
        by_hand(spark, lakehouse.landing(NEO), [day], root)
        return perf_counter() - begin

    return run


def _by_stages(spark: SparkSession, root: Path) -> Callable[[date], float]:
    lakehouse = new_lakehouse(spark, root)

    def run(day: date) -> float:
        land(lakehouse.landing(NEO), day)
        begin = perf_counter()
        bronze.ingest(lakehouse, NEO, [day], "benchmark")
        silver.refine(lakehouse, NEO, [day])
        gold.publish(lakehouse, [day])
        return perf_counter() - begin

    return run


def _by_dagster(root: Path, configured: Mapping[str, str]) -> Callable[[date], float]:
    root.mkdir(exist_ok=True)
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


def _shown(seconds: Mapping[str, Sequence[float]]) -> float:
    """The ratio of Dagster's median to that by hand, printed with all the others."""
    by_hand_takes = median(seconds[BY_HAND])
    rows = [
        (name, *spread(values, " s"), f"{median(values) / by_hand_takes:.2f}")
        for name, values in seconds.items()
    ]
    print(
        table(("a day", "median", "middle half", "ratio of medians"), rows), machine(), sep="\n\n"
    )
    return median(seconds[DAGSTER]) / by_hand_takes


if __name__ == "__main__":
    typer.run(main)
