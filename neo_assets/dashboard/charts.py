"""The charts, drawn by Vega-Lite: in the page by its script, in Dagster's metadata as pictures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from io import BytesIO
from typing import Any, TypeAlias, TypeVar

import altair as alt
import vl_convert
from PIL import Image

from neo_assets.dashboard.data import DashboardData, Month
from neo_assets.dashboard.formatting import jpl_address, moment, name_of
from neo_assets.dashboard.tables import Approach
from neo_assets.lakehouse.model.bands import DISTANCE, RISK_ORDER, SIZE, UNKNOWN, VELOCITY, label
from neo_assets.lakehouse.report import RowClass

# Each has a contrast of at least 3 to both backgrounds, white and nearly black (WCAG 1.4.11).
_GREY, _BLUE, _TEAL, _YELLOW, _ORANGE, _RED, _VIOLET = (
    "#7f8694",
    "#4a86c8",
    "#23928c",
    "#a67c00",
    "#d4690f",
    "#dd3c4c",
    "#8a6fd1",
)
RISK_COLORS = dict(zip(RISK_ORDER, (_GREY, _BLUE, _TEAL, _YELLOW, _ORANGE, _RED), strict=True))
DISTANCE_COLORS = dict(
    zip((*DISTANCE.names, UNKNOWN), (_RED, _ORANGE, _YELLOW, _TEAL, _BLUE, _GREY), strict=True)
)
DROPPED_COLORS = {RowClass.DROPPED.value: _RED}
REPEAT_COLORS = {
    RowClass.SUPERSEDED.value: _VIOLET,
    RowClass.EXACT_DUPLICATES.value: _TEAL,
    RowClass.WITHDRAWN.value: _GREY,
}
ERROR_COLORS = {"half are within": _BLUE, "nine in ten are within": _VIOLET}


_Channel = TypeVar("_Channel", alt.X, alt.Y)
_Chart: TypeAlias = Any
"""Altair does not say what encoding a chart gives."""

_MONTHS_NAMED = 12
"""Of more months, the axis names each January alone."""
_STEPS = [step * 10.0**power for power in range(-3, 6) for step in (1, 2, 5)]
"""Where the logarithmic axes have a line."""


@dataclass(frozen=True)
class Look:
    """What differs between the page, whose style sheet has the colours, and a picture."""

    text: str
    lines: str
    width: int | str
    has_legends: bool

    @property
    def configuration(self) -> dict[str, Any]:
        """The same for every chart."""
        return {
            "background": "transparent",
            "font": "system-ui, sans-serif",
            "view": {"stroke": None},
            "axis": {
                "labelColor": self.text,
                "titleColor": self.text,
                "gridColor": self.lines,
                "domainColor": self.lines,
                "tickColor": self.lines,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "titlePadding": 8,
                "labelOverlap": True,
            },
            "legend": {
                "labelColor": self.text,
                "title": None,
                "orient": "top",
                "columns": 6,
                "symbolType": "circle",
            },
        }


IN_PAGE = Look("var(--quiet)", "var(--line)", "container", has_legends=False)
# The text has a contrast of more than 4 to both backgrounds of Dagster's UI.
AS_PICTURE = Look("#777c87", "#777c8755", 560, has_legends=True)


def charts(data: DashboardData, look: Look) -> dict[str, dict[str, Any]]:
    """A Vega-Lite specification for every chart that has something to show, by its name."""
    drawn = {
        "upcoming": _upcoming(data.upcoming, look),
        "sizes": _sizes(data.around, look),
        "bands": _bands(data.bands, look),
        "months": _months(data, look),
        "closest": _closest(data, look),
        "errors": _errors(data, look),
        "dropped": _rows_by_day(data, DROPPED_COLORS, look),
        "repeats": _rows_by_day(data, REPEAT_COLORS, look),
    }
    heights = {"upcoming": 360, "sizes": 300, "bands": 330}
    return {
        name: chart.properties(width=look.width, height=heights.get(name, 240))
        .configure(**look.configuration)
        .to_dict()
        for name, chart in drawn.items()
        if chart is not None
    }


def picture(specification: Mapping[str, Any]) -> bytes:
    """A chart as PNG, in few colors: Dagster keeps the pictures of every materialization."""
    drawn = Image.open(BytesIO(vl_convert.vegalite_to_png(dict(specification))))
    small = BytesIO()
    drawn.quantize(256, method=Image.Quantize.FASTOCTREE).save(small, "PNG", optimize=True)
    return small.getvalue()


def _rows(values: Iterable[Mapping[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=[dict(value) for value in values])


def _millis(day: date, at: datetime | None = None) -> float:
    """A time for the axis; noon where the minute is not known."""
    instant = at or datetime.combine(day, time(12), timezone.utc)
    return instant.timestamp() * 1000


def _approach(approach: Approach) -> dict[str, Any]:
    return {
        "object": name_of(approach),
        "when": moment(approach),
        "at": _millis(approach.close_approach_date, approach.close_approach_at),
        "lunar": approach.miss_distance_lunar,
        "km": approach.miss_distance_km,
        "velocity": approach.relative_velocity_km_s,
        "diameter": approach.diameter_m,
        "risk": approach.risk_band,
        "address": jpl_address(approach),
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


def _color(field: str, colors: Mapping[str, str], look: Look) -> alt.Color:
    return alt.Color(
        f"{field}:N",
        scale=alt.Scale(domain=list(colors), range=list(colors.values())),
        legend=alt.Legend() if look.has_legends else None,
    )


def _log(
    channel: type[_Channel], field: str, rows: Iterable[Mapping[str, Any]], title: str
) -> _Channel:
    """A logarithmic axis from the step below all values to the step above."""
    values = [row[field] for row in rows]
    below = [step for step in _STEPS if step < min(values)]
    above = [step for step in _STEPS if step > max(values)]
    domain = [max(below, default=min(values)), min(above, default=max(values))]
    return channel(
        f"{field}:Q",
        scale=alt.Scale(type="log", domain=domain, nice=False, padding=8),
        axis=alt.Axis(title=title, values=_STEPS, format=",~r"),
    )


def _time_axis(form: str, ticks: int | str | None = None) -> alt.Axis:
    extra = {} if ticks is None else {"tickCount": ticks}
    return alt.Axis(title=None, format=form, grid=False, **extra)  # type: ignore[arg-type]


def _upcoming(approaches: Sequence[Approach], look: Look) -> _Chart | None:
    if not approaches:
        return None
    moon = {"lunar": 1, "text": "the Moon's distance"}
    # An unknown size is drawn as a small one.
    rows = [{**_approach(it), "dot": min(it.diameter_m or 1, 1000)} for it in approaches]
    dots = (
        alt.Chart(_rows(rows))
        .mark_circle(opacity=0.8)
        .encode(
            x=alt.X("at:T", scale=alt.Scale(type="utc", padding=12), axis=_time_axis("%d %b", 5)),
            y=_log(alt.Y, "lunar", [*rows, moon], "lunar distances"),
            size=alt.Size("dot:Q", scale=alt.Scale(type="sqrt", range=[30, 700]), legend=None),
            color=_color("risk", RISK_COLORS, look),
            tooltip=_APPROACH_TOOLTIP,
            href="address:N",
        )
    )
    line = alt.Chart(_rows([moon])).encode(y="lunar:Q")
    rule = line.mark_rule(strokeDash=[4, 4], color=look.text)
    text = line.mark_text(align="left", dx=4, dy=-7, color=look.text, fontSize=12)
    return alt.layer(rule, text.encode(x=alt.value(0), text="text:N"), dots)


def _sizes(approaches: Sequence[Approach], look: Look) -> _Chart | None:
    rows = [_approach(it) for it in approaches if it.diameter_m is not None]
    if not rows:
        return None
    return (
        alt.Chart(_rows(rows))
        .mark_circle(opacity=0.7, size=45)
        .encode(
            x=_log(alt.X, "diameter", rows, "diameter in metres"),
            y=alt.Y("velocity:Q", axis=alt.Axis(title="km/s", tickCount=5)),
            color=_color("risk", RISK_COLORS, look),
            tooltip=_APPROACH_TOOLTIP,
            href="address:N",
        )
    )


def _bands(counts: Mapping[tuple[str, str], int], look: Look) -> _Chart | None:
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
    cells = alt.Chart(_rows(rows)).encode(
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
    squares = cells.mark_rect(color=_BLUE, cornerRadius=6).encode(
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


def _months(data: DashboardData, look: Look) -> _Chart | None:
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
        alt.Chart(_rows(rows))
        .mark_bar(width={"band": 0.75})
        .encode(
            x=_month_axis(data),
            y=alt.Y(
                "approaches:Q",
                axis=alt.Axis(title="approaches", tickCount=4, format=",d", tickMinStep=1),
            ),
            color=_color("distance", _labelled(DISTANCE_COLORS), look),
            order="order:Q",
            tooltip=[
                alt.Tooltip("month:N"),
                alt.Tooltip("distance:N"),
                alt.Tooltip("approaches:Q", format=","),
                alt.Tooltip("all:Q", title="in the month", format=","),
            ],
        )
    )


def _closest(data: DashboardData, look: Look) -> _Chart | None:
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
        alt.Chart(_rows(rows))
        .mark_circle(size=90, opacity=0.9)
        .encode(
            x=_month_axis(data),
            y=_log(alt.Y, "lunar", rows, "lunar distances"),
            color=_color("distance", _labelled(DISTANCE_COLORS), look),
            tooltip=_APPROACH_TOOLTIP,
            href="address:N",
        )
    )


def _errors(data: DashboardData, look: Look) -> _Chart | None:
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
        alt.Chart(_rows(rows))
        .mark_line(point={"size": 70, "filled": True}, strokeWidth=2.5)
        .encode(
            x=alt.X(
                "before:O",
                sort=[str(error.days_before) for error in data.errors],
                axis=alt.Axis(title="days before the approach", labelAngle=0),
            ),
            y=alt.Y("km:Q", axis=alt.Axis(title="km off", tickCount=4, format=",.0f")),
            color=_color("share", ERROR_COLORS, look),
            tooltip=[
                alt.Tooltip("before:N", title="days before"),
                alt.Tooltip("share:N", title="of the errors"),
                alt.Tooltip("km:Q", title="km", format=",.0f"),
                alt.Tooltip("predictions:Q", format=","),
            ],
        )
    )


def _rows_by_day(data: DashboardData, colors: Mapping[str, str], look: Look) -> _Chart | None:
    if not data.quality:
        return None
    rows = [
        {
            "at": _millis(day.day),
            "day": day.day.isoformat(),
            "class": label(name),
            "rows": day.classes[name],
            "in": day.rows_in,
        }
        for day in data.quality
        for name in colors
    ]
    return (
        alt.Chart(_rows(rows))
        .mark_bar()
        .encode(
            x=alt.X("at:T", timeUnit="utcyearmonthdate", axis=_time_axis("%d %b", 5)),
            y=alt.Y("rows:Q", axis=alt.Axis(title="rows", tickCount=4, format=",d", tickMinStep=1)),
            color=_color("class", _labelled(colors), look),
            tooltip=[
                alt.Tooltip("day:N"),
                alt.Tooltip("class:N"),
                alt.Tooltip("rows:Q", format=","),
                alt.Tooltip("in:Q", title="rows in", format=","),
            ],
        )
    )


def _labelled(colors: Mapping[str, str]) -> dict[str, str]:
    return {label(name): color for name, color in colors.items()}
