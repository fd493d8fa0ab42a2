"""How few files upkeep makes of ten years of single days: `python -m benchmarks.upkeep`.

The ten years are brought to gold in runs of a year, and then every table but bronze is laid out as
if each day had been a run of its own: one file a day.  A reader sees the same throughout.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from pyspark.sql import SparkSession
from rich.progress import track

from benchmarks.houses import give_history, house
from benchmarks.landing_zone import LAST_DAY, ONE_YEAR, TEN_YEARS, days_until
from benchmarks.machine import machine
from neo_assets.lakehouse import gold, silver, upkeep
from neo_assets.lakehouse.storage import Lakehouse
from neo_assets.lakehouse.tables import GOLD_NEO_FACT, TABLES, Table
from neo_assets.settings import Settings
from neo_assets.spark_server.server import spark_connect_server


def main(
    houses: Annotated[Path | None, typer.Option(help="Where the lakehouse is kept.")] = None,
    quick: Annotated[bool, typer.Option(help="One year in place of ten.")] = False,
) -> None:
    """Print the files of each table before and after upkeep, and what upkeep costs."""
    days = days_until(LAST_DAY, ONE_YEAR if quick else TEN_YEARS)
    houses = houses or Settings.from_environment().neo_data_dir / "benchmarks"
    with spark_connect_server(houses / "spark") as address:
        spark = SparkSession.builder.remote(address).create()
        root = houses / f"{len(days)}_days_to_gold"
        lakehouse = house(spark, root)
        lakehouse.ensure_tables()
        give_history(lakehouse, days, ONE_YEAR)
        _to_gold(lakehouse, days)
        for table in TABLES:
            # An append-only table refuses it; bronze has the one file of each run of a year.
            if table.day_column and "delta.appendOnly" not in table.properties:
                _lay_out_by_day(lakehouse, table)
        lines = [("table", "files before", "after", "MB before", "after", "seconds"), ("---:",) * 6]
        rounds = upkeep.keep_up(lakehouse, time_travel_days=30)
        begin = perf_counter()
        for done in rounds:
            seconds, begin = perf_counter() - begin, perf_counter()
            lines.append(
                (
                    done.table,
                    f"{done.files_before:,}",
                    f"{done.files_after:,}",
                    f"{done.bytes_before / 1e6:.1f}",
                    f"{done.bytes_after / 1e6:.1f}",
                    f"{seconds:.1f}",
                )
            )
        spark.stop()
    print("\n".join(f"| {' | '.join(cells)} |" for cells in lines), machine(), sep="\n\n")


def _to_gold(lakehouse: Lakehouse, days: Sequence[date]) -> None:
    done = lakehouse.read_days(GOLD_NEO_FACT, days).select(GOLD_NEO_FACT.day_column).distinct()
    known = {row[0] for row in done.collect()}
    runs = [days[first : first + ONE_YEAR] for first in range(0, len(days), ONE_YEAR)]
    for run in track(runs, "Silver and gold"):
        if known.isdisjoint(run):
            silver.refine(lakehouse, run)
            gold.publish(lakehouse, run)


def _lay_out_by_day(lakehouse: Lakehouse, table: Table) -> None:
    """One file for each day, as if each had been written by itself."""
    rows = lakehouse.read(table)
    days = rows.select(table.day_column).distinct().count()
    (
        rows.repartitionByRange(max(days, 1), table.day_column)
        .write.format("delta")
        .mode("overwrite")
        .option("dataChange", "false")
        .saveAsTable(lakehouse.layout.identifier(table))
    )


if __name__ == "__main__":
    typer.run(main)
