"""What it gains that days are fetched while the run before works: `python -m benchmarks.overlap`.

The same backfill, from a simulated NASA that takes its time to respond, by the daemon of
`make ui` with one run at a time and with two, and by `neo-assets backfill` without prefetching and
with it; each in a new lakehouse, in turns.  The time is that from the start of the first run to the
end of the last one.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import sleep
from typing import Annotated, Any

import dagster as dg
import typer
from rich.progress import track

from benchmarks.lakehouses import LAST_DAY, days_until
from benchmarks.machine import machine
from benchmarks.tables import table
from neo_assets.instance import CONFIGURATION
from neo_assets.sources.neows.windows import DAYS_PER_CALL
from neo_assets.sources.simulator import SimulatedSky, serve
from neo_assets.sources.simulator.listing import JsonObject
from neo_assets_tests.ui.graphql import Dagster
from neo_assets_tests.ui.process import running_ui

Settings = Mapping[str, Any]

COMMAND = "from neo_assets.cli import application; application()"
WITHOUT_PREFETCHING = """
import contextlib
from neo_assets import backfill
backfill.prefetching = contextlib.nullcontext
"""


@dataclass(frozen=True)
class FarSky:
    """A sky of which each day takes as long as its share of the response for a whole window."""

    answer_s: float

    def feed(self, day: date, today: date) -> list[JsonObject]:
        """What the simulated feed lists, after a while."""
        sleep(self.answer_s / DAYS_PER_CALL)
        return SimulatedSky().feed(day, today)


def main(
    runs: Annotated[int, typer.Option(help="Runs of a backfill.")] = 6,
    days_per_run: Annotated[int, typer.Option(help="NEO_PARTITIONS_PER_RUN.")] = 92,
    answer_s: Annotated[float, typer.Option(help="Seconds for an answer of seven days.")] = 1.5,
    rounds: Annotated[int, typer.Option(help="Backfills of each kind.")] = 3,
) -> None:
    """Print how long a backfill takes, each way."""
    days = days_until(LAST_DAY, runs * days_per_run)
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
        seconds: dict[str, list[float]] = {way: [] for way in WAYS}
        for number in track(range(rounds), "Backfills"):
            for way in list(WAYS)[:: -1 if number % 2 else 1]:
                with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                    WAYS[way](Path(folder), settings, days)
                    seconds[way].append(_from_start_to_end(Path(folder) / "dagster", runs))
    rows = [
        (way, f"{median(taken):.1f} s", f"{min(taken):.1f} to {max(taken):.1f} s")
        for way, taken in seconds.items()
    ]
    print(table(("", "median", "from, to"), rows))
    print(f"\n{len(days)} days in {runs} runs, {answer_s} s for an answer.", machine(), sep="\n\n")


def _by_daemon(configuration: str, folder: Path, settings: Settings, days: Sequence[date]) -> None:
    home = folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text(configuration)
    with running_ui(folder, **settings) as address:
        dagster = Dagster(address)
        backfill = dagster.launch_backfill([str(day) for day in days])
        dagster.finished_backfill(backfill, seconds=3600)


def _in_one_process(code: str, folder: Path, settings: Settings, days: Sequence[date]) -> None:
    command = ("backfill", "--start", str(days[0]), "--end", str(days[-1]))
    subprocess.run(
        [sys.executable, "-c", code, *command],
        env={**os.environ, **settings, "NEO_DATA_DIR": str(folder)},
        stderr=subprocess.DEVNULL,
        check=True,
    )


WAYS: Mapping[str, Callable[[Path, Settings, Sequence[date]], None]] = {
    "the daemon, one run at a time": partial(
        _by_daemon, CONFIGURATION.replace("default_limit: 2", "default_limit: 1")
    ),
    "the daemon, two runs": partial(_by_daemon, CONFIGURATION),
    "one process, without prefetching": partial(_in_one_process, WITHOUT_PREFETCHING + COMMAND),
    "one process, asking ahead": partial(_in_one_process, COMMAND),
}


def _from_start_to_end(home: Path, runs: int) -> float:
    """The seconds that the runs of an instance took in all.

    Raises:
        RuntimeError: they did not all succeed.
    """
    with dg.DagsterInstance.from_config(str(home)) as instance:
        done = instance.get_run_records(
            dg.RunsFilter(job_name="__ASSET_JOB", statuses=[dg.DagsterRunStatus.SUCCESS])
        )
    fetched = dg.AssetKey("raw_feed_files")
    backfill = [record for record in done if fetched in (record.dagster_run.asset_selection or ())]
    if len(backfill) != runs:
        raise RuntimeError(f"{len(backfill)} of {runs} runs succeeded.")
    return max(record.end_time or 0 for record in backfill) - min(
        record.start_time or 0 for record in backfill
    )


if __name__ == "__main__":
    typer.run(main)
