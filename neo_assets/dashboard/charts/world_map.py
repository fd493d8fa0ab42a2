"""The map of events: land, a grid of 30 degrees, and a dot for each event with a place."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt

from neo_assets.dashboard import third_party
from neo_assets.dashboard.charts.colors import EVENT_COLORS
from neo_assets.dashboard.charts.encoding import Chart, color, inline
from neo_assets.dashboard.charts.look import IN_PAGE, Look
from neo_assets.dashboard.data import DashboardData
from neo_assets.dashboard.formatting import place
from neo_assets.dashboard.published import Event

_LAND = Path(third_party.__file__).parent / "natural_earth" / "land.json"
_SMALLEST_KT = 0.01
"""An energy that is not known is drawn as this one."""


def events(data: DashboardData, look: Look) -> Chart | None:
    """All events with a place; the larger the dot, the more energy."""
    if data.events is None or not data.events.placed:
        return None
    rows = sorted((_event(it) for it in data.events.placed), key=lambda row: -row["size"])
    dots = (
        alt.Chart(inline(rows))
        .mark_circle(opacity=0.75, stroke="var(--card)" if look is IN_PAGE else None)
        .encode(
            longitude="longitude:Q",
            latitude="latitude:Q",
            size=alt.Size(
                "size:Q",
                scale=alt.Scale(type="log", domain=[_SMALLEST_KT, 500], range=[4, 700]),
                legend=None,
            ),
            color=color("expected", EVENT_COLORS, look),
            tooltip=[
                alt.Tooltip("when:N", title="when (UTC)"),
                alt.Tooltip("place:N"),
                alt.Tooltip("energy:Q", title="energy (kt of TNT)", format=",.3~r"),
                alt.Tooltip("altitude:Q", title="altitude (km)", format=".1f"),
                alt.Tooltip("velocity:Q", title="km/s", format=".1f"),
                alt.Tooltip("expected:N", title="it was"),
            ],
        )
    )
    grid = alt.Chart(alt.graticule(step=[30, 30])).mark_geoshape(
        stroke=look.lines, strokeWidth=0.7, filled=False
    )
    edge = alt.Chart(alt.sphere()).mark_geoshape(stroke=look.lines, filled=False)
    land = alt.Chart(alt.InlineData(values=_land())).mark_geoshape(fill=look.lines)
    return alt.layer(edge, grid, land, dots).project("equalEarth")


@cache
def _land() -> Mapping[str, Any]:
    land: Mapping[str, Any] = json.loads(_LAND.read_text("utf-8"))
    return {"type": "Feature", "geometry": land}


def _event(event: Event) -> dict[str, Any]:
    expected = "known beforehand" if event.is_known_beforehand else "not known beforehand"
    return {
        "when": f"{event.event_at:%Y-%m-%d %H:%M:%S}",
        "place": place(event),
        "longitude": event.longitude_deg,
        "latitude": event.latitude_deg,
        "energy": event.impact_energy_kt,
        "size": max(event.impact_energy_kt or 0, _SMALLEST_KT),
        "altitude": event.altitude_km,
        "velocity": event.velocity_km_s,
        "expected": expected,
    }
