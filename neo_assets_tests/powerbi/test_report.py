"""The report: every field exists, the pages are laid out on their grid, everyone can read them."""

import json
import re
from collections.abc import Iterator
from itertools import combinations

import pytest

from neo_assets.checks.accounts import LAYERS
from neo_assets.lakehouse import bands
from neo_assets_tests.powerbi.project import (
    PAGES,
    REPORT,
    ROOT,
    THEME,
    Visual,
    columns,
    fields,
    measures,
    pages,
    visuals,
)
from powerbi.generate import label

BUILT_IN = {
    *("cardVisual", "clusteredBarChart", "columnChart", "lineChart", "scatterChart"),
    *("slicer", "tableEx", "textbox"),
}
CHARTS = {"clusteredBarChart", "columnChart", "lineChart", "scatterChart", "tableEx"}
WIDTH, HEIGHT, MARGIN, GUTTER = 1280, 720, 16, 16
WHITE = "#FFFFFF"

each_visual = pytest.mark.parametrize(
    "visual", visuals(), ids=lambda visual: f"{visual.page}-{visual.name}"
)


def test_the_project_leads_to_the_report_and_the_report_to_the_model() -> None:
    (artifact,) = json.loads((ROOT / "neo_assets.pbip").read_text())["artifacts"]
    assert ROOT / artifact["report"]["path"] == REPORT
    reference = json.loads((REPORT / "definition.pbir").read_text())["datasetReference"]
    assert (REPORT / reference["byPath"]["path"] / "definition.pbism").exists()


def test_three_pages_in_order() -> None:
    listed = json.loads((PAGES / "pages.json").read_text())
    assert listed["pageOrder"] == ["overview", "week_ahead", "data_quality"]
    assert listed["activePageName"] == "overview"
    assert set(pages()) == set(listed["pageOrder"]) == {visual.page for visual in visuals()}
    for name, page in pages().items():
        assert page["name"] == name
        assert (page["width"], page["height"]) == (WIDTH, HEIGHT)


@each_visual
def test_every_field_of_a_visual_exists(visual: Visual) -> None:
    assert_known(visual.content)
    for role in visual.content["visual"].get("query", {}).get("queryState", {}).values():
        for projection in role["projections"]:
            ((_, table, name),) = fields(projection["field"])
            assert projection["queryRef"] == f"{table}.{name}"


@pytest.mark.parametrize("page", pages())
def test_every_field_of_a_page_exists(page: str) -> None:
    assert_known(pages()[page])
    names = {visual.name for visual in visuals() if visual.page == page}
    for interaction in pages()[page].get("visualInteractions", ()):
        assert {interaction["source"], interaction["target"]} <= names


def assert_known(part: object) -> None:
    for kind, table, name in fields(part):
        known = set(measures()) if kind == "Measure" and table == "_Measures" else columns(table)
        assert name in known, f"{table}[{name}]"


def test_a_field_that_is_not_there_is_seen() -> None:
    column = {"Expression": {"SourceRef": {"Source": "a"}}, "Property": "No such"}
    query = {"From": [{"Name": "a", "Entity": "Approach"}], "Where": [{"Column": column}]}
    with pytest.raises(AssertionError, match="No such"):
        assert_known({"filter": query})


def test_the_measures_that_were_asked_for_are_shown() -> None:
    shown = {
        name
        for visual in visuals()
        for kind, _, name in fields(visual.content)
        if kind == "Measure"
    }
    assert {
        *("Approaches", "Closest (lunar distances)", "Fastest (km/s)", "Hazardous share"),
        *("Drops a day", "Duplicates a day", "Revision error"),
    } <= shown


@each_visual
def test_a_visual_is_built_in_and_says_what_it_shows(visual: Visual) -> None:
    assert visual.content["name"] == visual.name
    assert visual.kind in BUILT_IN
    assert len(visual.alternative_text) > 20
    assert bool(visual.title) is (visual.kind in CHARTS)


def test_a_card_of_a_count_shows_zero_where_there_is_nothing() -> None:
    """A blank card looks broken; of no approaches, none is the closest, and that may be blank."""
    shown = {
        name
        for visual in visuals()
        if visual.kind == "cardVisual"
        for kind, _, name in fields(visual.content)
        if kind == "Measure"
    }
    counts = {
        name
        for name in shown
        if not name.startswith(("Closest", "Fastest", "Revision error", "Data as of", "Freshness"))
    }
    assert {"Number of approaches", "Open quarantine rows", "Drop share"} <= counts
    for name in counts:
        dax = "".join(measures()[name].expression.split())
        is_zero_at_last = dax.endswith("+0") or re.search(r"DIVIDE\(.*,0\)", dax)
        assert is_zero_at_last, name


@pytest.mark.parametrize("page", pages())
def test_nothing_overlaps_and_all_is_on_the_page(page: str) -> None:
    boxes = [visual.content["position"] for visual in visuals() if visual.page == page]
    for box in boxes:
        assert box["x"] >= MARGIN and box["x"] + box["width"] <= WIDTH - MARGIN
        assert box["y"] >= MARGIN and box["y"] + box["height"] <= HEIGHT - MARGIN
    for one, other in combinations(boxes, 2):
        assert apart(one, other, "x", "width") or apart(one, other, "y", "height")
    assert len({box["tabOrder"] for box in boxes}) == len(boxes)


def apart(one: dict[str, float], other: dict[str, float], start: str, size: str) -> bool:
    first, second = sorted((one, other), key=lambda box: box[start])
    return first[start] + first[size] + GUTTER <= second[start]


@pytest.mark.parametrize("page", pages())
def test_the_title_is_read_first(page: str) -> None:
    first = min(
        (visual for visual in visuals() if visual.page == page),
        key=lambda visual: visual.content["position"]["tabOrder"],
    )
    assert first.kind == "textbox"


def test_a_band_and_a_layer_have_one_colour_each_everywhere() -> None:
    chosen = {pair for visual in visuals() for pair in colours(visual)}
    risks = [label(band) for band in bands.RISK_ORDER]
    assert sorted(value for value, _ in chosen) == sorted([*risks, *LAYERS])
    assert all(contrast(colour, WHITE) >= 3 for _, colour in chosen)
    for values in (risks, LAYERS):
        assert len({colour for value, colour in chosen if value in values}) == len(values)


def colours(visual: Visual) -> Iterator[tuple[str, str]]:
    """The values that have a colour of their own in a visual."""
    for point in visual.content["visual"].get("objects", {}).get("dataPoint", ()):
        (scope,) = point["selector"]["data"]
        value = scope["scopeId"]["Comparison"]["Right"]["Literal"]["Value"].strip("'")
        fill = point["properties"]["fill"]["solid"]["color"]["expr"]["Literal"]["Value"]
        yield value, fill.strip("'")


def test_the_theme_can_be_read_by_everyone() -> None:
    """WCAG 2.2: text has a contrast of at least 4.5, what graphics are made of one of 3."""
    theme = json.loads(THEME.read_text())
    for background in (WHITE, theme["backgroundLight"]):
        for name in ("foreground", "foregroundNeutralSecondary", "hyperlink", "visitedHyperlink"):
            assert contrast(theme[name], background) >= 4.5, name
    for colour in theme["dataColors"]:
        assert contrast(colour, WHITE) >= 3, colour
    for colour in re.findall(
        r'"(?:fontColor|labelColor|titleColor)[^#]*(#\w{6})', THEME.read_text()
    ):
        assert contrast(colour, WHITE) >= 4.5


def test_no_visual_comes_from_elsewhere() -> None:
    report = json.loads((REPORT / "definition" / "report.json").read_text())
    assert "publicCustomVisuals" not in report


def contrast(one: str, other: str) -> float:
    """The ratio of the luminances of two colours, as WCAG 2.2 defines it."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)
