"""All goals in one go: `make bench`, or `make bench QUICK=--quick` for minutes in place of hours.

Each benchmark prints its own table; at the end stands how each goal was met, and the same as a
picture in `benchmarks/goals.svg`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import altair as alt
import typer

from benchmarks import backfill, day, event_log, history, two_workers
from benchmarks.machine import machine
from benchmarks.tables import Goal, table

PICTURE = Path(__file__).parent / "goals.svg"
VOLUME = 50


def main(
    houses: Annotated[Path | None, typer.Option(help="Where lakehouses are kept.")] = None,
    quick: Annotated[bool, typer.Option(help="Less of everything; the picture stays.")] = False,
) -> None:
    """Measure every goal side by side with what it is held to."""
    goals = [
        *event_log.storages(quick=quick),
        *day.main(quick=quick),
        *day.main(quick=quick, cold=True),
        *history.main(houses=houses, quick=quick),
        *backfill.main(houses=houses, quick=quick),
        *backfill.main(days=7 if quick else 92, rounds=1, volume=VOLUME, houses=houses),
        *two_workers.main(houses=houses, quick=quick),
    ]
    rows = [(goal.what, f"{goal.ratio:.2f}", f"{goal.at_most:.2f}") for goal in goals]
    print(table(("goal", "ratio", "at most"), rows), machine(), sep="\n\n")
    if not quick:
        draw(goals)


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
    (bars + aims).properties(width=500).save(PICTURE)


if __name__ == "__main__":
    typer.run(main)
