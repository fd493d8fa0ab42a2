"""Charts of close approaches."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from neo_assets.dashboard.charts.colors import BLUE, DISTANCE_COLORS, RISK_COLORS
from neo_assets.dashboard.charts.encoding import (
    Chart,
    color,
    inline,
    labelled,
    log_axis,
    millis,
    time_axis,
)
from neo_assets.dashboard.charts.look import IN_PAGE, Look
from neo_assets.dashboard.data import DashboardData, Month
from neo_assets.dashboard.formatting import jpl_address, moment, name_of
from neo_assets.dashboard.tables import Approach
from neo_assets.lakehouse.model.bands import SIZE, UNKNOWN, VELOCITY, label

_MONTHS_NAMED = 12
"""Of more months, the axis names each January alone."""


def _approach(approach: Approach) -> dict[str, Any]:
    return {
        "object": name_of(approach),
        "when": moment(approach),
        "at": millis(approach.close_approach_date, approach.close_approach_at),
        "lunar": approach.miss_distance_lunar,
        "km": approach.miss_distance_km,
        "velocity": approach.relative_velocity_km_s,
        "diameter": approach.diameter_m,
        "risk": approach.risk_band,
        "address": jpl_address(approach.designation),
    }


_APPROACH_TOOLTIP = [
    alt.Tooltip("object:N", title="object"),
    alt.Tooltip("when:N", title="when (TDB)"),
    alt.Tooltip("lunar:Q", title="lunar distances", format=",.2f"),
    alt.Tooltip("km:Q", title="km", format=",.0f"),
    alt.Tooltip("diameter:Q", title="diameter (m)", format=",.0f"),
    alt.Tooltip("velocity:Q", title="km/s", format=".1f"),
    alt.Tooltip("risk:N", title="attention"),
]


def upcoming(approaches: Sequence[Approach], look: Look) -> Chart | None:
    """Distance by time, with the distance of the Moon."""
    if not approaches:
        return None
    moon = {"lunar": 1, "text": "the Moon's distance"}
    # An unknown size is drawn as a small one.
    rows = [{**_approach(it), "dot": min(it.diameter_m or 1, 1000)} for it in approaches]
    dots = (
        alt.Chart(inline(rows))
        .mark_circle(opacity=0.8)
        .encode(
            x=alt.X("at:T", scale=alt.Scale(type="utc", padding=12), axis=time_axis("%d %b", 5)),
            y=log_axis(alt.Y, "lunar", [*rows, moon], "lunar distances"),
            size=alt.Size("dot:Q", scale=alt.Scale(type="sqrt", range=[30, 700]), legend=None),
            color=color("risk", RISK_COLORS, look),
            tooltip=_APPROACH_TOOLTIP,
            href="address:N",
        )
    )
    line = alt.Chart(inline([moon])).encode(y="lunar:Q")
    rule = line.mark_rule(strokeDash=[4, 4], color=look.text)
    text = line.mark_text(align="left", dx=4, dy=-7, color=look.text, fontSize=12)
    return alt.layer(rule, text.encode(x=alt.value(0), text="text:N"), dots)


def sizes(approaches: Sequence[Approach], look: Look) -> Chart | None:
    """Velocity by diameter."""
    rows = [_approach(it) for it in approaches if it.diameter_m is not None]
    if not rows:
        return None
    return (
        alt.Chart(inline(rows))
        .mark_circle(opacity=0.7, size=45)
        .encode(
            x=log_axis(alt.X, "diameter", rows, "diameter in metres"),
            y=alt.Y("velocity:Q", axis=alt.Axis(title="km/s", tickCount=5)),
            color=color("risk", RISK_COLORS, look),
            tooltip=_APPROACH_TOOLTIP,
            href="address:N",
        )
    )


def bands(counts: Mapping[tuple[str, str], int], look: Look) -> Chart | None:
    """The number of approaches in each band of size and velocity."""
    if not counts:
        return None
    sizes = [*SIZE.names, UNKNOWN] if any(size == UNKNOWN for size, _ in counts) else SIZE.names
    rows = [
        {
            "size": label(size),
            "velocity": label(velocity),
            "approaches": counts.get((size, velocity), 0),
        }
        for size in sizes
        for velocity in VELOCITY.names
    ]
    cells = alt.Chart(inline(rows)).encode(
        x=alt.X(
            "velocity:N",
            sort=[label(name) for name in VELOCITY.names],
            axis=alt.Axis(
                title=None, labelAngle=0, labelFontSize=11, orient="top", domain=False, ticks=False
            ),
        ),
        y=alt.Y(
            "size:N",
            sort=[label(name) for name in reversed(sizes)],
            axis=alt.Axis(title=None, labelPadding=6, domain=False, ticks=False),
        ),
        tooltip=[
            alt.Tooltip("size:N"),
            alt.Tooltip("velocity:N"),
            alt.Tooltip("approaches:Q", format=","),
        ],
    )
    squares = cells.mark_rect(color=BLUE, cornerRadius=6).encode(
        opacity=alt.Opacity(
            "approaches:Q", scale=alt.Scale(type="sqrt", range=[0.04, 0.45]), legend=None
        )
    )
    text = "var(--text)" if look is IN_PAGE else look.text
    return alt.layer(
        squares,
        cells.mark_text(color=text, fontSize=13).encode(text=alt.Text("approaches:Q", format=",")),
    )


def _month_axis(data: DashboardData) -> alt.X:
    months = [_month(month) for month in data.months]
    every_year = [name for name in months if name.startswith("Jan")]
    return alt.X(
        "month:O",
        sort=months,
        axis=alt.Axis(
            title=None,
            labelAngle=0,
            ticks=False,
            labelPadding=8,
            values=months if len(months) <= _MONTHS_NAMED else every_year,
        ),
    )


def _month(month: Month) -> str:
    return f"{month.first_day:%b %Y}"


def months(data: DashboardData, look: Look) -> Chart | None:
    """The approaches of each month by distance."""
    if not data.months:
        return None
    order = {name: position for position, name in enumerate(DISTANCE_COLORS)}
    rows = [
        {
            "month": _month(month),
            "distance": label(band),
            "order": order[band],
            "approaches": count,
            "all": month.approaches,
        }
        for month in data.months
        for band, count in month.by_distance.items()
    ]
    return (
        alt.Chart(inline(rows))
        .mark_bar(width={"band": 0.75})
        .encode(
            x=_month_axis(data),
            y=alt.Y(
                "approaches:Q",
                axis=alt.Axis(title="approaches", tickCount=4, format=",d", tickMinStep=1),
            ),
            color=color("distance", labelled(DISTANCE_COLORS), look),
            order="order:Q",
            tooltip=[
                alt.Tooltip("month:N"),
                alt.Tooltip("distance:N"),
                alt.Tooltip("approaches:Q", format=","),
                alt.Tooltip("all:Q", title="in the month", format=","),
            ],
        )
    )


def closest(data: DashboardData, look: Look) -> Chart | None:
    """The closest approach of each month."""
    if not data.months:
        return None
    rows = [
        {
            **_approach(month.closest),
            "month": _month(month),
            "distance": label(month.closest.distance_band),
        }
        for month in data.months
    ]
    return (
        alt.Chart(inline(rows))
        .mark_circle(size=90, opacity=0.9)
        .encode(
            x=_month_axis(data),
            y=log_axis(alt.Y, "lunar", rows, "lunar distances"),
            color=color("distance", labelled(DISTANCE_COLORS), look),
            tooltip=_APPROACH_TOOLTIP,
            href="address:N",
        )
    )
