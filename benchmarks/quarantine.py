"""What discarding many rows of the quarantine costs: `python -m benchmarks.quarantine`.

Tables of 1,000 and of 100,000 open rows, created again for every round; all but one row of a table
are chosen and discarded, as `neo-assets quarantine discard` does it, without Spark.
"""

import hashlib
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

import pyarrow as pa
import typer
from deltalake import write_deltalake

from benchmarks.machine import machine, own_peak_memory
from benchmarks.tables import spread, table
from neo_assets.lakehouse import quarantine
from neo_assets.lakehouse.model.tables import SILVER_NEO_QUARANTINE

FEW, MANY = 1_000, 100_000
_PAYLOAD = "x" * 2_000


def main(
    rounds: Annotated[int, typer.Option(help="Times that each size is measured.")] = 3,
) -> None:
    """Measure both sizes in turns, and print a table and the ratio of their medians."""
    seconds: dict[int, list[float]] = {FEW: [], MANY: []}
    for _ in range(rounds):
        for rows, measured in seconds.items():
            measured.append(_discarded(rows))
    print(machine())
    lines = [(f"{rows:,}", *spread(measured, " s")) for rows, measured in seconds.items()]
    print(table(("rows", "median", "middle half"), lines))
    ratio = median(seconds[MANY]) / median(seconds[FEW])
    print(f"{MANY // FEW} times the rows take {ratio:.1f} times as long.")
    print(f"Peak memory: {own_peak_memory() / 1e6:,.0f} MB.")


def _discarded(number: int) -> float:
    """Seconds to choose and discard all rows but one of a table with so many."""
    with TemporaryDirectory() as folder:
        write_deltalake(Path(folder) / SILVER_NEO_QUARANTINE.name, _rows(number))
        begun = perf_counter()
        chosen = quarantine.rows(Path(folder), quarantine.Selection())[1:]
        quarantine.discard(Path(folder), chosen, "by a benchmark: measured")
        seconds = perf_counter() - begun
        assert len(quarantine.rows(Path(folder), quarantine.Selection())) == 1
    return seconds


def _rows(number: int) -> pa.Table:
    order = range(number)
    return pa.table(
        {
            "partition_date": [date(2024, 1, 1) + timedelta(days=n % 365) for n in order],
            "source_file": [f"feed_date=2024-01-01/{n // 50}.json" for n in order],
            "content_hash": [hashlib.sha256(str(n).encode()).hexdigest() for n in order],
            "repeat": pa.array([1] * number, pa.int32()),
            "status": ["open"] * number,
            "status_note": pa.nulls(number, pa.string()),
            "reasons": [["invalid_velocity"]] * number,
            "payload": [_PAYLOAD] * number,
        }
    )


if __name__ == "__main__":
    typer.run(main)
