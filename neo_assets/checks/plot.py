"""The rows of many days as a picture."""

from collections.abc import Sequence
from datetime import date, timedelta
from io import BytesIO

from neo_assets.lakehouse.report import DayReport

# Each has a contrast of more than 4 to the background of the UI, be it white or nearly black.
TEXT = "#777c87"
COLORS = {"rows in": "#2f7de1", "dropped": "#dc3545", "duplicates": "#b36b00"}
BAR_POINTS = 6


def plot_of(reports: Sequence[DayReport], first: date, last: date) -> bytes:
    """A PNG of the rows, the drops and the duplicates of each day from `first` to `last`.

    A day with none has a dash on the ground, a day without a report has nothing.
    """
    # Loading it takes a second, and most processes plot nothing.
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    span = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    ticks = [number for number, day in enumerate(span) if day.day in (1, 15)]
    positions = [(report.day - first).days for report in reports]
    counts = {
        "rows in": [report.rows_in for report in reports],
        "dropped": [report.dropped for report in reports],
        "duplicates": [report.duplicates for report in reports],
    }
    picture = BytesIO()
    with rc_context({"font.size": 9}):
        # A figure made without pyplot has no global state and is drawn by Agg.
        figure = Figure(figsize=(7.5, 3.6), dpi=120)
        panels = figure.subplots(3, sharex=True, height_ratios=(2, 1, 1))
        # By hand: to find the margins takes as long as to draw.
        figure.subplots_adjust(left=0.07, right=0.99, bottom=0.06, top=0.94, hspace=0.4)
        for axes, (name, values) in zip(panels, counts.items(), strict=True):
            color = COLORS[name]
            # One collection of lines: each bar would be a shape of its own, and slow.
            axes.vlines(positions, 0, values, color=color, linewidth=BAR_POINTS)
            axes.scatter(positions, [0] * len(values), c=color, marker="_", clip_on=False)
            axes.set_title(name, loc="left", color=color, fontsize=9, fontweight="bold")
            axes.set_ylim(0, max([1, *values]) * 1.05)
            axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
            axes.tick_params(length=0, labelcolor=TEXT, pad=5)
            axes.spines[:].set_visible(False)
        axes.set_xlim(-1, len(span))
        axes.set_xticks(ticks, [span[number].isoformat() for number in ticks])
        # The version of matplotlib would be written into it.
        figure.savefig(picture, format="png", transparent=True, metadata={"Software": None})
    return picture.getvalue()
