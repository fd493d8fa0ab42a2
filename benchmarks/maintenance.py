"""How few files maintenance makes of ten years of single days: `python -m benchmarks.maintenance`.

The ten years are brought to gold in runs of a year, and then every table but bronze is laid out as
if each day had been a run of its own: one file a day.  A reader sees the same throughout.
"""

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from pyspark.sql import SparkSession

from benchmarks.lakehouses import (
    LAST_DAY,
    ONE_YEAR,
    TEN_YEARS,
    days_until,
    folder_of,
    lakehouse_to_gold,
)
from benchmarks.machine import machine
from benchmarks.tables import table
from neo_assets.lakehouse.maintenance import compaction
from neo_assets.lakehouse.model.tables import TABLES, Table
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.spark_server.server import spark_connect_server


def main(
    lakehouses: Annotated[Path | None, typer.Option(help="Where the lakehouse is kept.")] = None,
    quick: Annotated[bool, typer.Option(help="One year in place of ten.")] = False,
) -> None:
    """Print the files of each table before and after maintenance, and what maintenance costs."""
    days = days_until(LAST_DAY, ONE_YEAR if quick else TEN_YEARS)
    lakehouses = folder_of(lakehouses)
    with spark_connect_server(lakehouses / "spark") as address:
        spark = SparkSession.builder.remote(address).create()
        root = lakehouses / f"{len(days)}_days_to_gold"
        lakehouse = lakehouse_to_gold(spark, root, days)
        for each in TABLES:
            # An append-only table refuses it; bronze has the one file of each run of a year.
            if each.day_column and "delta.appendOnly" not in each.properties:
                _lay_out_by_day(lakehouse, each)
        rows = []
        begin = perf_counter()
        for done in compaction.maintain(lakehouse, time_travel_days=30):
            seconds, begin = perf_counter() - begin, perf_counter()
            files = f"{done.files_before:,}", f"{done.files_after:,}"
            megabytes = f"{done.bytes_before / 1e6:.1f}", f"{done.bytes_after / 1e6:.1f}"
            rows.append((done.table, *files, *megabytes, f"{seconds:.1f}"))
        spark.stop()
    headers = ("table", "files before", "after", "MB before", "after", "seconds")
    print(table(headers, rows), machine(), sep="\n\n")


def _lay_out_by_day(lakehouse: Lakehouse, of: Table) -> None:
    """One file for each day, as if each had been written by itself."""
    rows = lakehouse.read(of)
    days = rows.select(of.day_column).distinct().count()
    (
        rows.repartitionByRange(max(days, 1), of.day_column)
        .write.format("delta")
        .mode("overwrite")
        .option("dataChange", "false")
        .saveAsTable(lakehouse.backend.identifier(of))
    )


if __name__ == "__main__":
    typer.run(main)
