"""What differs between a chart in the page and the same chart as a picture."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Look:
    """What differs between the page, whose style sheet has the colours, and a picture."""

    text: str
    lines: str
    width: int | str
    map_width: int
    """Of a map, which is half as high; the page scales it."""
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


IN_PAGE = Look("var(--quiet)", "var(--line)", "container", 900, has_legends=False)
# The text has a contrast of more than 4 to both backgrounds of Dagster's UI.
AS_PICTURE = Look("#777c87", "#777c8755", 560, 560, has_legends=True)
