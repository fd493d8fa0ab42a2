"""Rows, axes and colors as Vega-Lite wants them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timezone
from typing import Any, TypeAlias, TypeVar

import altair as alt

from neo_assets.dashboard.charts.look import Look
from neo_assets.lakehouse.model.bands import label

Channel = TypeVar("Channel", alt.X, alt.Y)
Chart: TypeAlias = Any
"""Altair does not say what encoding a chart gives."""

_STEPS = [step * 10.0**power for power in range(-3, 6) for step in (1, 2, 5)]
"""Where the logarithmic axes have a line."""


def inline(values: Iterable[Mapping[str, Any]]) -> alt.InlineData:
    """The rows of a chart, inside of it."""
    return alt.InlineData(values=[dict(value) for value in values])


def millis(day: date, at: datetime | None = None) -> float:
    """A time for the axis; noon where the minute is not known."""
    instant = at or datetime.combine(day, time(12), timezone.utc)
    return instant.timestamp() * 1000


def color(field: str, colors: Mapping[str, str], look: Look) -> alt.Color:
    """The color of a mark by a field, whose legend is in the page."""
    return alt.Color(
        f"{field}:N",
        scale=alt.Scale(domain=list(colors), range=list(colors.values())),
        legend=alt.Legend() if look.has_legends else None,
    )


def log_axis(
    channel: type[Channel],
    field: str,
    rows: Iterable[Mapping[str, Any]],
    title: str,
    steps: Sequence[float] = _STEPS,
    form: str = ",~r",
) -> Channel:
    """A logarithmic axis from the step below all values to the step above."""
    values = [row[field] for row in rows]
    below = [step for step in steps if step < min(values)]
    above = [step for step in steps if step > max(values)]
    domain = [max(below, default=min(values)), min(above, default=max(values))]
    return channel(
        f"{field}:Q",
        scale=alt.Scale(type="log", domain=domain, nice=False, padding=8),
        axis=alt.Axis(title=title, values=steps, format=form),
    )


def time_axis(form: str, ticks: int | str | None = None) -> alt.Axis:
    """An axis without a title, whose ticks have this form."""
    extra = {} if ticks is None else {"tickCount": ticks}
    return alt.Axis(title=None, format=form, grid=False, **extra)  # type: ignore[arg-type]


def labelled(colors: Mapping[str, str]) -> dict[str, str]:
    """The colors by what people read."""
    return {label(name): color for name, color in colors.items()}
