"""The rows of many days as a picture.

Drawn by Pillow, because loading a plotting library takes as long as thirty such pictures.
"""

from collections.abc import Sequence
from datetime import date
from io import BytesIO

from neo_assets.lakehouse.report import DayReport

# Each has a contrast of more than 4 to the background of the UI, be it white or nearly black.
TEXT = "#777c87"
COLORS = {"rows in": "#2f7de1", "dropped": "#dc3545", "duplicates": "#b36b00"}
PANELS = {"rows in": (30, 150), "dropped": (222, 70), "duplicates": (334, 70)}
"""Where the bars of each begin below the upper edge, and their greatest height, in pixels."""

_WIDTH, _HEIGHT, _LEFT, _RIGHT = 900, 432, 64, 888
_TICK_DAYS = (1, 15)


def plot_of(reports: Sequence[DayReport], first: date, last: date) -> bytes:
    """A PNG of the rows, the drops and the duplicates of each day from `first` to `last`.

    A day with none has a dash on the ground, a day without a report has nothing.
    """
    # Most processes plot nothing.
    from PIL import Image, ImageDraw, ImageFont

    # Without alpha, but of the color of the text, so that the edges of letters are not darker.
    image = Image.new("RGBA", (_WIDTH, _HEIGHT), f"{TEXT}00")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(15)
    step = (_RIGHT - _LEFT) / ((last - first).days + 1)
    for name, (top, height) in PANELS.items():
        counts = {
            report.day: getattr(report, "rows_in" if name == "rows in" else name)
            for report in reports
        }
        highest, ground = max([1, *counts.values()]), top + height
        draw.text((_LEFT, top - 8), name, COLORS[name], font, anchor="ls")
        draw.text((_LEFT - 12, top), f"{highest:,}", TEXT, font, anchor="rm")
        draw.text((_LEFT - 12, ground), "0", TEXT, font, anchor="rm")
        for day, count in counts.items():
            left = _LEFT + step * (day - first).days
            bar = (left, ground - max(height * count / highest, 1), left + step * 0.7, ground)
            draw.rectangle(bar, COLORS[name])
    for number in range((last - first).days + 1):
        day = date.fromordinal(first.toordinal() + number)
        if day.day in _TICK_DAYS:
            place = (_LEFT + step * (number + 0.35), _HEIGHT - 6)
            draw.text(place, day.isoformat(), TEXT, font, anchor="ms")
    picture = BytesIO()
    image.save(picture, "PNG")
    return picture.getvalue()
