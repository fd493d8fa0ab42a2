"""What it gains that a run fetches while the one before works: `python -m benchmarks.overlap`.

A backfill by the daemon of `make ui`, from a stand-in for NASA that takes its time to answer: once
with one run at a time and once with two, each in a new lakehouse, in turns.  The time is that from
the start of the first run to the end of the last one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import sleep
from typing import Annotated, Any

import typer
from rich.progress import track

from benchmarks.houses import LAST_DAY, days_until
from benchmarks.machine import machine
from benchmarks.tables import table
from neo_assets.instance import CONFIGURATION
from neo_assets.sources.neows import LONGEST_WINDOW
from neo_assets.sources.simulator import SimulatedSky, serve
from neo_assets.sources.simulator.listing import JsonObject
from neo_assets_tests.ui.graphql import Dagster
from neo_assets_tests.ui.process import running_ui

DAYS_PER_RUN = 92
TWO_AT_A_TIME = "default_limit: 2"
CONFIGURATIONS = {
    "one": CONFIGURATION.replace(TWO_AT_A_TIME, "default_limit: 1"),
    "two": CONFIGURATION,
}
"""The instance's configuration by how many runs there are at a time."""


@dataclass(frozen=True)
class FarSky:
    """A sky of which each day takes as long to hear as its share of an answer of a whole window."""

    answer_s: float

    def feed(self, day: date, today: date) -> list[JsonObject]:
        """What the simulated feed lists, after a while."""
        sleep(self.answer_s / (LONGEST_WINDOW.days + 1))
        return SimulatedSky().feed(day, today)


def main(
    runs: Annotated[int, typer.Option(help="Runs of a backfill.")] = 6,
    days_per_run: Annotated[int, typer.Option(help="NEO_PARTITIONS_PER_RUN.")] = DAYS_PER_RUN,
    answer_s: Annotated[float, typer.Option(help="Seconds for an answer of seven days.")] = 1.5,
    rounds: Annotated[int, typer.Option(help="Backfills of each kind.")] = 3,
) -> None:
    """Print how long a backfill takes, both ways."""
    days = days_until(LAST_DAY, runs * days_per_run)
    seconds: dict[str, list[float]] = {way: [] for way in CONFIGURATIONS}
    with serve(FarSky(answer_s), today=LAST_DAY) as feed:
        settings = {
            "NEO_SOURCE": "nasa",
            "NEOWS_BASE_URL": feed.base_url,
            "NASA_API_KEY": "any",
            "NEO_START_DATE": str(days[0]),
            "NEO_PARTITIONS_PER_RUN": str(days_per_run),
            # No day is held back, whatever the simulator spoils of it.
            "NEO_MAX_DROP_SHARE": "1",
            # With the pauses of Dagster as its users have them.
            "PYTHONPATH": "",
        }
        for number in track(range(rounds), "Backfills"):
            for way in list(CONFIGURATIONS)[:: 1 if number % 2 else -1]:
                seconds[way].append(_seconds(CONFIGURATIONS[way], settings, days))
    rows = [
        (way, f"{median(taken):.1f} s", f"{min(taken):.1f} to {max(taken):.1f} s")
        for way, taken in seconds.items()
    ]
    print(table(("runs at a time", "median", "from, to"), rows))
    ratios = [two / one for one, two in zip(seconds["one"], seconds["two"], strict=True)]
    print(f"\n{len(days)} days in {runs} runs, ratio {median(ratios):.2f}.", machine(), sep="\n\n")


def _seconds(configuration: str, settings: Mapping[str, Any], days: Sequence[date]) -> float:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "dagster"
        home.mkdir()
        (home / "dagster.yaml").write_text(configuration)
        with running_ui(Path(folder), **settings) as address:
            dagster = Dagster(address)
            backfill = dagster.launch_backfill([str(day) for day in days])
            done = dagster.finished_backfill(backfill, seconds=3600)
            if done["status"] != "COMPLETED_SUCCESS":
                raise RuntimeError(f"The backfill ended with {done['status']}.")
    return float(
        max(run["endTime"] for run in done["runs"]) - min(run["startTime"] for run in done["runs"])
    )


if __name__ == "__main__":
    typer.run(main)
