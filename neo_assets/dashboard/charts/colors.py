"""What each color means, in the charts and in the legends of the page."""

from neo_assets.dashboard import agreement
from neo_assets.lakehouse.model.bands import DISTANCE, RISK_ORDER, UNKNOWN
from neo_assets.lakehouse.report import RowClass

# Each has a contrast of at least 3 to both backgrounds, white and nearly black (WCAG 1.4.11).
GREY, BLUE, TEAL, YELLOW, ORANGE, RED, VIOLET = (
    "#7f8694",
    "#4a86c8",
    "#23928c",
    "#a67c00",
    "#d4690f",
    "#dd3c4c",
    "#8a6fd1",
)
RISK_COLORS = dict(zip(RISK_ORDER, (GREY, BLUE, TEAL, YELLOW, ORANGE, RED), strict=True))
DISTANCE_COLORS = dict(
    zip((*DISTANCE.names, UNKNOWN), (RED, ORANGE, YELLOW, TEAL, BLUE, GREY), strict=True)
)
DROPPED_COLORS = {RowClass.DROPPED.value: RED}
REPEAT_COLORS = {
    RowClass.SUPERSEDED.value: VIOLET,
    RowClass.EXACT_DUPLICATES.value: TEAL,
    RowClass.WITHDRAWN.value: GREY,
}
ERROR_COLORS = {"half are within": BLUE, "nine in ten are within": VIOLET}
OBJECT_COLORS = (RED, BLUE, ORANGE, TEAL, VIOLET, YELLOW)
"""The colors of the objects in one chart, in their order."""
EVENT_COLORS = {"not known beforehand": ORANGE, "known beforehand": VIOLET}
OUTCOME_COLORS = dict(zip(agreement.OUTCOMES, (TEAL, BLUE, RED), strict=True))
