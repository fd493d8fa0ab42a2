"""What ten years of landed days cost against the same by hand: `python -m benchmarks.backfill`.

On one warm Spark Connect server, each round brings all days from the landing zone to gold in new
tables, each way in turn: by hand (`by_hand.py`), by Polars and delta-rs (`by_polars.py`), and by
the stages of the project in one run.  Dagster's events are measured apart, by `event_log.py`.

With a volume each object is there so many times, and the stages are measured without it too: the
growth from one to the other is the exponent of the rows by which the time grows.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from math import log
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

import typer
from pyspark.sql import SparkSession
from rich.progress import track

from benchmarks.by_hand import by_hand
from benchmarks.by_polars import by_polars
from benchmarks.lakehouses import (
    LAST_DAY,
    TEN_YEARS,
    days_until,
    folder_of,
    land,
    new_lakehouse,
    run_stages,
)
from benchmarks.machine import machine, own_peak_memory, peak_memory
from benchmarks.tables import Goal, table
from neo_assets.spark_server.server import spark_connect_server

BY_HAND = "by hand"
STAGES = "stages"
STAGES_OF_ONE = "stages, without the volume"


def main(
    days: Annotated[int, typer.Option(help="How many landed days.")] = TEN_YEARS,
    volume: Annotated[int, typer.Option(help="Objects in place of each one.")] = 1,
    days_per_run: Annotated[int, typer.Option(help="Days in a run; 0 for all.")] = 0,
    rounds: Annotated[int, typer.Option(help="Counted rounds.")] = 3,
    lakehouses: Annotated[Path | None, typer.Option(help="Where the landed days are kept.")] = None,
    warm_up: Annotated[int, typer.Option(help="Rounds before, in which Java compiles.")] = 1,
) -> None:
    """Print what it costs to bring all days to gold, each way."""
    lakehouses = folder_of(lakehouses)
    with spark_connect_server(lakehouses / "spark") as address:
        all_days(address, lakehouses, days, volume, rounds, warm_up, days_per_run)


def all_days(
    address: str,
    lakehouses: Path,
    days: int,
    volume: int,
    rounds: int,
    warm_up: int,
    days_per_run: int = 0,
) -> Sequence[Goal]:
    """So many landed days in new tables, of which the first rounds are not counted."""
    wanted = days_until(LAST_DAY, days)
    landing = _landed(lakehouses, wanted, volume)
    ways: dict[str, Callable[[Path], None]] = {
        BY_HAND: partial(_by_hand, address, landing, wanted),
        STAGES: partial(_by_stages, address, landing, wanted, days_per_run or days),
        "Polars and delta-rs": partial(by_polars, landing, wanted),
    }
    if volume > 1:
        of_one = _landed(lakehouses, wanted, 1)
        ways[STAGES_OF_ONE] = partial(_by_stages, address, of_one, wanted, days_per_run or days)
    measured: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(warm_up + rounds):
        for name in sorted(ways, reverse=bool(number % 2)):
            with TemporaryDirectory(dir=lakehouses) as root:
                begin = perf_counter()
                ways[name](Path(root))
                measured[name].append(perf_counter() - begin)
            print(f"{name}: {measured[name][-1]:.1f} s", flush=True)
    server, here = peak_memory() / 2**20, own_peak_memory() / 2**20
    peak = f"Spark's server took {server:,.0f} MiB at the most, and the process here {here:,.0f}."
    seconds = {name: of[warm_up:] for name, of in measured.items()}
    print(_table(seconds), peak, machine(), sep="\n\n")
    typical = {name: median(of) for name, of in seconds.items()}
    ratio = typical[STAGES] / typical[BY_HAND]
    if volume == 1:
        return [Goal(f"{days:,} days at once, to the same by hand", ratio, 1.2)]
    growth = log(typical[STAGES] / typical[STAGES_OF_ONE], volume)
    return [
        Goal(f"{days:,} days, {volume} times the rows, to the same by hand", ratio, 1.1),
        Goal(f"exponent of growth, from 1 to {volume} times the rows", growth, 1.05),
    ]


def _landed(lakehouses: Path, days: Sequence[date], volume: int) -> Path:
    landing = lakehouses / f"{len(days)}_days_landed" / f"volume_{volume}"
    for day in track(days, "Landing"):
        land(landing, day, volume=volume)
    return landing


def _by_hand(address: str, landing: Path, days: Sequence[date], root: Path) -> None:
    spark = SparkSession.builder.remote(address).create()
    by_hand(spark, landing, days, root)
    spark.stop()


def _by_stages(
    address: str, landing: Path, days: Sequence[date], days_per_run: int, root: Path
) -> None:
    spark = SparkSession.builder.remote(address).create()
    lakehouse = new_lakehouse(spark, root, landing)
    for first in range(0, len(days), days_per_run):
        run = days[first : first + days_per_run]
        for stage, seconds in run_stages(lakehouse, run).items():
            print(f"  {stage}: {seconds:.1f} s", flush=True)
    spark.stop()


def _table(seconds: Mapping[str, Sequence[float]]) -> str:
    by_hand_takes = median(seconds[BY_HAND])
    rows = []
    for name, values in seconds.items():
        typical, low, high = median(values), min(values), max(values)
        ratio = f"{typical / by_hand_takes:.2f}"
        rows.append((name, f"{typical:.1f} s", f"{low:.1f} s", f"{high:.1f} s", ratio))
    return table(("all days", "median", "from", "to", "ratio of medians"), rows)


if __name__ == "__main__":
    typer.run(main)
