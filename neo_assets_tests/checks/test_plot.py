from datetime import date, timedelta

import pytest

from neo_assets.checks.plot import COLORS, TEXT, plot_of
from neo_assets.lakehouse.report import DayReport

LAST = date(2024, 3, 1)
FIRST = LAST - timedelta(days=59)
REPORTS = [
    DayReport(
        FIRST + timedelta(days=number),
        rows_in=20 + number % 7,
        dropped=number % 3,
        superseded=number % 5,
    )
    for number in range(60)
]
# Of Dagster's web UI: the page and the dialogs of the light theme, and of the dark one.
BACKGROUNDS = ["#ffffff", "#030615", "#0d1121"]


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it, from 0 for black to 1 for white."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_every_color_is_readable_in_both_themes(background: str) -> None:
    for color in (TEXT, *COLORS.values()):
        light, dark = sorted((luminance(color), luminance(background)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 4


def test_a_plot_is_a_small_picture_and_the_same_each_time() -> None:
    picture = plot_of(REPORTS, FIRST, LAST)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 40_000
    assert picture == plot_of(REPORTS, FIRST, LAST)


def test_a_day_with_nothing_differs_from_a_day_without_a_report() -> None:
    nothing = [*REPORTS[:-1], DayReport(LAST)]
    pictures = {plot_of(reports, FIRST, LAST) for reports in (REPORTS, REPORTS[:-1], nothing, [])}
    assert len(pictures) == 4
