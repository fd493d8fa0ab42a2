"""Charts of how far the data can be trusted."""

from collections.abc import Mapping

import altair as alt

from neo_assets.dashboard.charts.colors import ERROR_COLORS, OUTCOME_COLORS
from neo_assets.dashboard.charts.encoding import (
    Chart,
    color,
    inline,
    labelled,
    millis,
    time_axis,
)
from neo_assets.dashboard.charts.look import Look
from neo_assets.dashboard.data import DashboardData
from neo_assets.lakehouse.model.bands import label


def errors(data: DashboardData, look: Look) -> Chart | None:
    """The error of predictions by the days before the approach."""
    if not data.errors:
        return None
    rows = [
        {
            "before": str(error.days_before),
            "share": share,
            "km": km,
            "predictions": error.predicted,
        }
        for error in data.errors
        for share, km in zip(ERROR_COLORS, (error.median_km, error.nine_in_ten_km), strict=True)
    ]
    return (
        alt.Chart(inline(rows))
        .mark_line(point={"size": 70, "filled": True}, strokeWidth=2.5)
        .encode(
            x=alt.X(
                "before:O",
                sort=[str(error.days_before) for error in data.errors],
                axis=alt.Axis(title="days before the approach", labelAngle=0),
            ),
            y=alt.Y("km:Q", axis=alt.Axis(title="km off", tickCount=4, format=",.0f")),
            color=color("share", ERROR_COLORS, look),
            tooltip=[
                alt.Tooltip("before:N", title="days before"),
                alt.Tooltip("share:N", title="of the errors"),
                alt.Tooltip("km:Q", title="km", format=",.0f"),
                alt.Tooltip("predictions:Q", format=","),
            ],
        )
    )


def rows_by_day(data: DashboardData, colors: Mapping[str, str], look: Look) -> Chart | None:
    """The rows of each day that are of these classes."""
    if not data.quality:
        return None
    rows = [
        {
            "at": millis(day.day),
            "day": day.day.isoformat(),
            "class": label(name),
            "rows": day.classes[name],
            "in": day.rows_in,
        }
        for day in data.quality
        for name in colors
    ]
    return (
        alt.Chart(inline(rows))
        .mark_bar()
        .encode(
            x=alt.X("at:T", timeUnit="utcyearmonthdate", axis=time_axis("%d %b", 5)),
            y=alt.Y("rows:Q", axis=alt.Axis(title="rows", tickCount=4, format=",d", tickMinStep=1)),
            color=color("class", labelled(colors), look),
            tooltip=[
                alt.Tooltip("day:N"),
                alt.Tooltip("class:N"),
                alt.Tooltip("rows:Q", format=","),
                alt.Tooltip("in:Q", title="rows in", format=","),
            ],
        )
    )


def agreement(data: DashboardData, look: Look) -> Chart | None:
    """The approaches of each day by whether two sources agree."""
    if data.agreement is None or not data.agreement.days:
        return None
    order = {outcome: position for position, outcome in enumerate(OUTCOME_COLORS)}
    rows = [
        {
            "at": millis(day.day),
            "day": day.day.isoformat(),
            "outcome": outcome,
            "order": order[outcome],
            "approaches": day.outcomes.get(outcome, 0),
        }
        for day in data.agreement.days
        for outcome in OUTCOME_COLORS
    ]
    return (
        alt.Chart(inline(rows))
        .mark_bar()
        .encode(
            x=alt.X("at:T", timeUnit="utcyearmonthdate", axis=time_axis("%d %b", 5)),
            y=alt.Y(
                "approaches:Q",
                axis=alt.Axis(title="approaches", tickCount=4, format=",d", tickMinStep=1),
            ),
            color=color("outcome", OUTCOME_COLORS, look),
            order="order:Q",
            tooltip=[
                alt.Tooltip("day:N"),
                alt.Tooltip("outcome:N"),
                alt.Tooltip("approaches:Q", format=","),
            ],
        )
    )
