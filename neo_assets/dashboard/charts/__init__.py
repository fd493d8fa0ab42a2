"""The charts, drawn by Vega-Lite: in the page by its script, in Dagster's metadata as pictures."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import vl_convert
from PIL import Image

from neo_assets.dashboard.charts import approaches, odds, quality, world_map
from neo_assets.dashboard.charts.colors import DROPPED_COLORS, REPEAT_COLORS
from neo_assets.dashboard.charts.look import AS_PICTURE, IN_PAGE, Look
from neo_assets.dashboard.data import DashboardData

__all__ = ["AS_PICTURE", "IN_PAGE", "Look", "charts", "picture"]


def charts(data: DashboardData, look: Look) -> dict[str, dict[str, Any]]:
    """A Vega-Lite specification for every chart that has something to show, by its name."""
    drawn = {
        "upcoming": approaches.upcoming(data.upcoming, look),
        "sizes": approaches.sizes(data.around, look),
        "bands": approaches.bands(data.bands, look),
        "months": approaches.months(data, look),
        "closest": approaches.closest(data, look),
        "odds": odds.odds(data, look),
        "events": world_map.events(data, look),
        "agreement": quality.agreement(data, look),
        "errors": quality.errors(data, look),
        "dropped": quality.rows_by_day(data, DROPPED_COLORS, look),
        "repeats": quality.rows_by_day(data, REPEAT_COLORS, look),
    }
    heights = {"upcoming": 360, "sizes": 300, "bands": 330, "odds": 360}
    sizes = {"events": {"width": look.map_width, "height": look.map_width / 2}}
    return {
        name: chart.properties(
            **sizes.get(name, {"width": look.width, "height": heights.get(name, 240)})
        )
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
