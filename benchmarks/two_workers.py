"""Whether two workers are faster than one: `python -m benchmarks.two_workers`.

A run of landed days, each with fifty objects in place of one, is brought to gold in new tables on
a standalone cluster of one worker with one core and on one of two, in turns.  The driver, which
plans and writes Delta's log, takes its share of the same two cores: how much it and the workers use
of them is printed beside the seconds.
"""

from collections.abc import Sequence
from datetime import date
from operator import sub
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, NamedTuple

import typer
from pyspark.sql import SparkSession
from rich.progress import track

from benchmarks.lakehouses import LAST_DAY, days_until, folder_of, land, new_lakehouse
from benchmarks.machine import machine, processor_seconds
from benchmarks.tables import Goal, table
from neo_assets.lakehouse.transforms import bronze, gold, silver
from neo_assets.sources.neows.dataset import NEO
from neo_assets_tests.spark_server.cluster import standalone_cluster

LARGE = {
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
}
VOLUME = 50


def main(
    days: Annotated[int, typer.Option(help="How many landed days.")] = 92,
    rounds: Annotated[int, typer.Option(help="Counted runs on each cluster.")] = 3,
    lakehouses: Annotated[Path | None, typer.Option(help="Where the landed days are kept.")] = None,
) -> None:
    """Print what the days cost with one worker and with two."""
    two_workers(folder_of(lakehouses), days, rounds)


def two_workers(lakehouses: Path, days: int, rounds: int) -> Goal:
    """So many landed days, so many times on each cluster."""
    wanted = days_until(LAST_DAY, days)
    landing = lakehouses / f"{days}_days_landed" / f"volume_{VOLUME}"
    for day in track(wanted, "Landing"):
        land(landing, day, volume=VOLUME)
    measured: dict[int, list[Run]] = {1: [], 2: []}
    for number in range(rounds):
        for workers in sorted(measured, reverse=bool(number % 2)):
            with TemporaryDirectory(dir=lakehouses) as folder:
                measured[workers].append(_run(Path(folder), workers, landing, wanted))
    rows = [
        (str(workers), *(f"{median(values):.1f} s" for values in zip(*runs, strict=True)))
        for workers, runs in measured.items()
    ]
    headers = ("workers", "by the clock", "processor, driver", "processor, workers")
    print(table(headers, rows), machine(), sep="\n\n")
    ratio = median(two.seconds / one.seconds for one, two in zip(*measured.values(), strict=True))
    return Goal(f"two workers, to one, {VOLUME} times the rows", ratio, 1 / 1.6)


class Run(NamedTuple):
    """What a run of all days took by the clock, and of processors by the driver and the workers."""

    seconds: float
    driver: float
    workers: float


def _run(folder: Path, workers: int, landing: Path, days: Sequence[date]) -> Run:
    """All days on a new cluster, after one that warms it."""
    with standalone_cluster(folder / "cluster", workers, memory="1g") as cluster:
        spark = SparkSession.builder.remote(cluster.address).create()
        for name, value in LARGE.items():
            spark.conf.set(name, value)
        for root, chosen in ((folder / "warm", days[:1]), (folder / "counted", days)):
            lakehouse = new_lakehouse(spark, root, landing)
            before = _used_until_now()
            bronze.ingest(lakehouse, NEO, chosen, "benchmark")
            silver.refine(lakehouse, NEO, chosen)
            gold.publish(lakehouse, chosen)
            used = Run(*map(sub, _used_until_now(), before))
        spark.stop()
    return used


def _used_until_now() -> Run:
    return Run(
        perf_counter(),
        processor_seconds("connect.service.SparkConnectServer"),
        processor_seconds("CoarseGrainedExecutorBackend"),
    )


if __name__ == "__main__":
    typer.run(main)
