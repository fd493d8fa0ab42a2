"""Whether a day costs more the more there is: `python -m benchmarks.history`.

A day with ten years of history is measured against the same day with 30 days of history, on one
warm Spark Connect server, in turns, so that whatever else the machine does meets both.  Each round
lands the next day in both lakehouses and then takes the time of every stage, first in one and then
in the other, in changing order.

The ten years stay on disk for the next time and for `benchmarks.maintenance`, and every measurement
adds its days.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from rich.progress import track

from benchmarks.lakehouses import (
    LAST_DAY,
    STAGES,
    TEN_YEARS,
    days_until,
    folder_of,
    lakehouse_to_gold,
    land,
    run_stages,
)
from benchmarks.machine import machine
from benchmarks.tables import Goal, spread, table
from neo_assets.lakehouse.maintenance import compaction
from neo_assets.lakehouse.model.tables import TABLES
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.sources.neows.dataset import NEO
from neo_assets.spark_server.server import spark_connect_server
from neo_assets.targets.local.landing_zone import LocalLandingZone

SHORT_HISTORY = 30
ALL = "all three"
Seconds = Mapping[str, float]


def main(
    days: Annotated[int, typer.Option(help="The long history.")] = TEN_YEARS,
    rounds: Annotated[int, typer.Option(help="Counted days of each lakehouse.")] = 20,
    warm_up: Annotated[int, typer.Option(help="Days before, in which Java compiles.")] = 5,
    lakehouses: Annotated[Path | None, typer.Option(help="Where the long history is kept.")] = None,
) -> None:
    """Print what a day costs, with 30 days and with ten years of history."""
    lakehouses = folder_of(lakehouses)
    with spark_connect_server(lakehouses / "spark") as address:
        day_after(address, lakehouses, days, rounds, warm_up)


def day_after(address: str, lakehouses: Path, number: int, rounds: int, warm_up: int) -> Goal:
    """The day after so many others, of which the first are not counted."""
    # A Spark that runs on remembers the tables of old folders.
    with TemporaryDirectory(dir=lakehouses, prefix="30_days_") as new_folder:
        spark = SparkSession.builder.remote(address).create()
        long = _lakehouse(
            spark, lakehouses / f"{number}_days_to_gold", days_until(LAST_DAY, number)
        )
        last = LocalLandingZone(long.landing(NEO)).days()[-1]
        short = _lakehouse(spark, Path(new_folder), days_until(last, SHORT_HISTORY))
        files = [
            _files(short, Path(new_folder)),
            _files(long, lakehouses / f"{number}_days_to_gold"),
        ]
        days = days_until(last + timedelta(warm_up + rounds), warm_up + rounds)
        seconds = [_in_turn(short, long, at, day) for at, day in enumerate(track(days, "Days"))]
        spark.stop()
    counted = seconds[warm_up:]
    print(_table(files, counted), machine(), sep="\n\n")
    ratio = median(of_long[ALL] / of_short[ALL] for of_short, of_long in counted)
    return Goal(f"a day with {number:,} days of history, to one with 30", ratio, 1.1)


def _lakehouse(spark: SparkSession, root: Path, days: Sequence[date]) -> Lakehouse:
    """A lakehouse with these days in gold, as the weekly maintenance leaves it."""
    lakehouse = lakehouse_to_gold(spark, root, days)
    for _ in compaction.maintain(lakehouse, time_travel_days=30):
        pass
    return lakehouse


def _files(lakehouse: Lakehouse, root: Path) -> int:
    """The live files of all tables."""
    folders = (root / "tables" / of.name for of in TABLES if lakehouse.has(of))
    return sum(len(DeltaTable(folder).file_uris()) for folder in folders)


def _in_turn(short: Lakehouse, long: Lakehouse, at: int, day: date) -> tuple[Seconds, Seconds]:
    """The seconds of every stage of a day, with the short and with the long history."""
    if at % 2:
        of_long, of_short = _one_day(long, day), _one_day(short, day)
    else:
        of_short, of_long = _one_day(short, day), _one_day(long, day)
    return of_short, of_long


def _one_day(lakehouse: Lakehouse, day: date) -> Seconds:
    land(lakehouse.landing(NEO), day)
    seconds = run_stages(lakehouse, [day])
    return {**seconds, ALL: sum(seconds.values())}


def _table(files: Sequence[int], seconds: Sequence[tuple[Seconds, Seconds]]) -> str:
    rows = []
    for layer in (*STAGES, ALL):
        of_short, of_long = zip(*((a[layer], b[layer]) for a, b in seconds), strict=True)
        ratios = [b / a for a, b in zip(of_short, of_long, strict=True)]
        of_sums = f"{sum(of_long) / sum(of_short):.2f}"
        medians = spread(of_short, " s")[0], spread(of_long, " s")[0]
        rows.append((layer, *medians, *spread(ratios), of_sums))
    headers = ("stage", "30 days", "long history", "ratio of pairs", "middle half", "of the sums")
    counted = f"{files[0]} live files with 30 days, {files[1]} with the long history."
    return f"{table(headers, rows)}\n\n{counted}"


if __name__ == "__main__":
    typer.run(main)
