"""The chart of published odds over time."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import altair as alt

from neo_assets.dashboard.charts.colors import OBJECT_COLORS
from neo_assets.dashboard.charts.encoding import (
    Chart,
    color,
    inline,
    log_axis,
    millis,
    time_axis,
)
from neo_assets.dashboard.charts.look import Look
from neo_assets.dashboard.data import DashboardData
from neo_assets.dashboard.formatting import jpl_address, one_in
from neo_assets.dashboard.published import OddsRevision
from neo_assets.dashboard.risk_lists import OddsHistory, WatchedObject
from neo_assets.external_text import printable

DASHES = ([1, 0], [5, 4], [1, 4])
"""How the line of each source is drawn, in the order of their titles."""

SHAPES = ("circle", "square", "triangle-up")
"""The mark of what each source said, in the same order."""

_SHORTEST_DAYS = 7
"""Days that the chart shows at least, so that its axis names no day twice."""

_DECADES = [10.0**power for power in range(-14, 1)]


def odds(data: DashboardData, look: Look) -> Chart | None:
    """The odds of the worst objects, a step wherever a source changed them."""
    if data.odds is None:
        return None
    rows = list(_rows(data.odds, data.today))
    if not rows:
        return None
    titles = list(data.odds.titles.values())
    legend = alt.Legend() if look.has_legends else None
    base = alt.Chart(inline(rows)).encode(
        x=alt.X(
            "at:T",
            scale=alt.Scale(type="utc", padding=8),
            axis=time_axis("%d %b %Y", 5),
        ),
        y=log_axis(alt.Y, "odds", rows, "published odds of an impact", _DECADES, "~e"),
        color=color("object", object_colors(data.odds), look),
    )
    lines = base.mark_line(interpolate="step-after", strokeWidth=2).encode(
        strokeDash=alt.StrokeDash(
            "source:N",
            scale=alt.Scale(domain=titles, range=list(DASHES[: len(titles)])),
            legend=legend,
        ),
        detail="line:N",
    )
    dots = (
        base.transform_filter("datum.is_said")
        .mark_point(filled=True, size=60, opacity=1)
        .encode(
            shape=alt.Shape(
                "source:N",
                scale=alt.Scale(domain=titles, range=list(SHAPES[: len(titles)])),
                legend=None,
            ),
            href="address:N",
            tooltip=[
                alt.Tooltip("object:N"),
                alt.Tooltip("source:N", title="published by"),
                alt.Tooltip("from:N", title="since"),
                alt.Tooltip("one_in:N", title="odds"),
                alt.Tooltip("palermo:Q", title="Palermo", format=".2f"),
            ],
        )
    )
    first = max(row["at"] for row in rows) - _SHORTEST_DAYS * 86_400_000
    # It only widens the axis: as a domain, Vega's interpreter of expressions rejects a time.
    span = alt.Chart(inline([{"at": first}])).mark_rule(opacity=0).encode(x="at:T")
    return alt.layer(span, lines, dots)


def object_colors(history: OddsHistory) -> dict[str, str]:
    """The color of each object that is shown, by its name."""
    return {
        printable(each.name): shade
        for each, shade in zip(history.worst, OBJECT_COLORS, strict=False)
    }


def _rows(history: OddsHistory, today: date) -> Iterator[dict[str, Any]]:
    """Two rows for each time for which odds stood: when it began and when it ended."""
    seen = [it.seen_at for each in history.worst for it in each.revisions]
    last = max([millis(today), *(millis(moment.date(), moment) for moment in seen)])
    for each in history.worst:
        for source, title in history.titles.items():
            said = [it for it in each.revisions if it.source == source]
            line = 0
            for before, revision in pairwise([None, *said]):
                assert revision is not None
                # A line ends where the object leaves the list.
                line += before is None or before.revision_type == "removed"
                # A logarithmic axis has no place for zero.
                if not revision.impact_probability:
                    continue
                until = revision.seen_until
                row = {
                    **_said(each, revision),
                    "source": title,
                    "line": f"{each.designation} {source} {line}",
                }
                ends = last if until is None else millis(until.date(), until)
                yield row
                yield {**row, "at": ends, "is_said": False}


def _said(watched: WatchedObject, revision: OddsRevision) -> dict[str, Any]:
    return {
        "object": printable(watched.name),
        "at": millis(revision.seen_at.date(), revision.seen_at),
        "from": f"{revision.seen_at:%Y-%m-%d}",
        "odds": revision.impact_probability,
        "one_in": one_in(revision.impact_probability),
        "palermo": revision.palermo_cumulative,
        "address": jpl_address(watched.designation),
        "is_said": True,
    }
