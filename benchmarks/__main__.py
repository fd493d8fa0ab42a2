"""All goals in one go: `make bench`, or `make bench QUICK=--quick` for minutes in place of an hour.

On one Spark Connect server, but for what starts its own; it gets warm with the warm day.

Each benchmark prints its own table; the end says how each goal was met, and the same as a
picture in `benchmarks/goals.svg`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import altair as alt
import typer

from benchmarks.backfill import all_days
from benchmarks.day import cold_day, warm_day
from benchmarks.event_log import storages
from benchmarks.history import day_after
from benchmarks.lakehouses import LAST_DAY, TEN_YEARS, days_until, folder_of
from benchmarks.machine import machine
from benchmarks.tables import Goal, table
from benchmarks.two_workers import two_workers
from neo_assets.spark_server.server import spark_connect_server

PICTURE = Path(__file__).parent / "goals.svg"
VOLUME = 50


@dataclass(frozen=True)
class Amount:
    """How much is measured; a warm-up is rounds, not counted, in which Java compiles.

    A long history, and a long backfill, is one of `days`, where there are more rows one of
    `days_of_volume`.  The long rounds take a minute or more each.
    """

    days: int
    days_of_volume: int
    event_rounds: int
    rounds: int
    warm_up: int
    long_rounds: int
    long_warm_up: int


ALL = Amount(
    days=TEN_YEARS,
    days_of_volume=92,
    event_rounds=5,
    rounds=15,
    warm_up=5,
    long_rounds=3,
    long_warm_up=1,
)
LITTLE = Amount(
    days=60,
    days_of_volume=7,
    event_rounds=1,
    rounds=2,
    warm_up=1,
    long_rounds=1,
    long_warm_up=0,
)


def main(
    lakehouses: Annotated[Path | None, typer.Option(help="Where lakehouses are kept.")] = None,
    quick: Annotated[bool, typer.Option(help="Little of everything; the picture stays.")] = False,
) -> None:
    """Measure every goal side by side with what it is held to."""
    much = LITTLE if quick else ALL
    goals = list(_measured(much, folder_of(lakehouses)))
    rows = [(goal.what, f"{goal.ratio:.2f}", f"{goal.at_most:.2f}") for goal in goals]
    print(table(("goal", "ratio", "at most"), rows), machine(), sep="\n\n")
    if not quick:
        draw(goals)


def _measured(much: Amount, lakehouses: Path) -> Iterator[Goal]:
    yield storages(rounds=much.event_rounds)
    warm = much.warm_up + much.rounds
    days = days_until(LAST_DAY, warm + much.long_rounds)
    with TemporaryDirectory() as folder:
        with spark_connect_server(lakehouses / "spark") as address:
            yield warm_day(address, Path(folder), days[:warm], much.warm_up)
            yield day_after(address, lakehouses, much.days, much.rounds, much.warm_up)
            for number, volume in ((much.days, 1), (much.days_of_volume, VOLUME)):
                yield from all_days(
                    address, lakehouses, number, volume, much.long_rounds, much.long_warm_up
                )
        yield cold_day(Path(folder), days[warm:])
    yield two_workers(lakehouses, much.days_of_volume, much.long_rounds)


def draw(goals: Sequence[Goal]) -> None:
    """A bar for each goal, and a line where it should end at the latest."""
    values = alt.InlineData(
        values=[{**vars(goal), "is_met": goal.ratio <= goal.at_most} for goal in goals]
    )
    what = alt.Y("what:N", sort=None, title=None, axis=alt.Axis(labelLimit=400))
    colours = alt.Scale(domain=[True, False], range=["#3a7d44", "#c05746"])
    bars = (
        alt.Chart(values)
        .mark_bar()
        .encode(
            x=alt.X("ratio:Q", title="ratio, and the aim as a line"),
            y=what,
            color=alt.Color("is_met:N", scale=colours, title="aim met"),
        )
    )
    aims = alt.Chart(values).mark_tick(thickness=3, color="black").encode(x="at_most:Q", y=what)
    # The reader's font may be wider than the one with which the space for text is measured.
    room = {"left": 60, "right": 40, "top": 5, "bottom": 5}
    (bars + aims).properties(width=500, padding=room).save(PICTURE)


if __name__ == "__main__":
    typer.run(main)
