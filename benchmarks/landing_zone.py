"""Whether a day costs more the more has landed: `python -m benchmarks.landing_zone`.

A one-day bronze run with ten years of history is measured against the same day with 30 days of
history, on one warm Spark Connect server, in turns, so that whatever else the machine does meets
both.  Each round lands the next day in both lakehouses and then takes the time of
`bronze.ingest` alone, first in one and then in the other, in changing order.

The ten years stay on disk for the next time.  They are made in runs of 31 days, as a backfill makes
them, and going on where they were if that was interrupted; every measurement adds its days.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

import typer
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from rich.progress import track

from benchmarks.houses import give_history, house, land
from benchmarks.machine import machine
from neo_assets.lakehouse import bronze
from neo_assets.lakehouse.storage import Lakehouse
from neo_assets.lakehouse.tables import BRONZE_NEO_EVENTS
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import LocalLandingZone
from neo_assets.spark_server.server import spark_connect_server

LAST_DAY = date(2024, 12, 30)
TEN_YEARS = 3652
ONE_YEAR = 365
SHORT_HISTORY = 30
WARM_UP = 5
"""Rounds that are not counted, in which Java compiles what it will need."""


@dataclass(frozen=True)
class History:
    """What a lakehouse has before it is measured: days, event files, commits of bronze."""

    days: int
    files: int
    commits: int


def main(
    rounds: Annotated[int, typer.Option(help="One-day runs of each lakehouse.")] = 30,
    days_per_run: Annotated[int, typer.Option(help="Days in one commit of the history.")] = 31,
    houses: Annotated[Path | None, typer.Option(help="Where the ten years are kept.")] = None,
    quick: Annotated[bool, typer.Option(help="One year in place of ten, and six rounds.")] = False,
) -> None:
    """Print what a one-day bronze run costs, with 30 days and with ten years of history."""
    days, rounds = (ONE_YEAR, 6) if quick else (TEN_YEARS, rounds)
    houses = houses or Settings.from_environment().neo_data_dir / "benchmarks"
    with (
        spark_connect_server(houses / "spark") as address,
        # A Spark that runs on remembers the tables of old folders.
        TemporaryDirectory(dir=houses, prefix="30_days_") as new_folder,
    ):
        spark = SparkSession.builder.remote(address).create()
        long = house(spark, houses / f"{days}_days_in_runs_of_{days_per_run}")
        give_history(long, days_until(LAST_DAY, days), days_per_run)
        last = LocalLandingZone(long.layout.landing).days()[-1]
        short = house(spark, Path(new_folder))
        give_history(short, days_until(last, SHORT_HISTORY), days_per_run)
        histories = history(short), history(long)
        new_days = days_until(last + timedelta(WARM_UP + rounds), WARM_UP + rounds)
        seconds = list(in_turns(short, long, new_days))[WARM_UP:]
        spark.stop()
    print(table(*histories, seconds), machine(), sep="\n\n")


def days_until(last: date, number: int) -> list[date]:
    """So many days, up to and with the last."""
    return [last - timedelta(days) for days in reversed(range(number))]


def history(lakehouse: Lakehouse) -> History:
    """What a lakehouse has now."""
    landing = lakehouse.layout.landing
    bronze_table = DeltaTable(landing.parent / "tables" / BRONZE_NEO_EVENTS.name)
    return History(
        days=len(LocalLandingZone(landing).days()),
        files=sum(1 for _ in landing.glob("*/[0-9]*.json")),
        # The first one, version 0, makes the table.
        commits=bronze_table.version(),
    )


def in_turns(
    short: Lakehouse, long: Lakehouse, days: Sequence[date]
) -> Iterator[tuple[float, float]]:
    """The seconds each day took, with the short and with the long history."""
    for number, day in enumerate(track(days, "One-day runs")):
        if number % 2:
            with_long, with_short = one_day(long, day), one_day(short, day)
        else:
            with_short, with_long = one_day(short, day), one_day(long, day)
        yield with_short, with_long


def one_day(lakehouse: Lakehouse, day: date) -> float:
    """The seconds of the bronze run of a day that has just landed."""
    land(lakehouse.layout.landing, day)
    begin = perf_counter()
    (report,) = bronze.ingest(lakehouse, [day], "benchmark")
    seconds = perf_counter() - begin
    if not report.rows_in or report.rows_in != report.rows_out:
        raise RuntimeError(f"{day} was not ingested: {report}")
    return seconds


def table(short: History, long: History, seconds: Sequence[tuple[float, float]]) -> str:
    """The result in Markdown."""
    of_short, of_long = zip(*seconds, strict=True)
    ratios = [with_long / with_short for with_short, with_long in seconds]
    lines = [
        ("days landed", "event files", "commits", f"median of {len(seconds)}", "middle half"),
        ("---:",) * 5,
        *(
            (f"{of.days:,}", f"{of.files:,}", f"{of.commits:,}", *spread(values, " s"))
            for of, values in ((short, of_short), (long, of_long))
        ),
        ("ratio of each pair", "", "", *spread(ratios)),
        ("ratio of the sums", "", "", f"{sum(of_long) / sum(of_short):.3f}", ""),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def spread(values: Sequence[float], unit: str = "") -> tuple[str, str]:
    """The median, and from the first to the third quartile."""
    low, _, high = quantiles(values, n=4)
    return f"{median(values):.3f}{unit}", f"{low:.3f} to {high:.3f}{unit}"


if __name__ == "__main__":
    typer.run(main)
