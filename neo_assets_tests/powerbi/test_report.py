"""The report: every field exists, the pages are laid out on their grid, everyone can read them."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from neo_assets.lakehouse.model import bands
from neo_assets.pipeline import LAYERS
from neo_assets_tests.powerbi.project import (
    BASE_THEME,
    PAGES,
    REPORT,
    ROOT,
    THEME,
    Visual,
    columns,
    fields,
    hidden_columns,
    levels,
    literal,
    measures,
    pages,
    tables,
    visuals,
)
from powerbi.generate import APPROACH_REASONS, CHANGES, TABLES, label, shown_name
from powerbi.report import PLOTTED_POINTS, files

CHARTS = {
    *("clusteredBarChart", "clusteredColumnChart", "columnChart", "lineChart", "scatterChart"),
    "tableEx",
}
BUILT_IN = CHARTS | {"actionButton", "cardVisual", "pageNavigator", "slicer", "textbox"}
WIDTH, HEIGHT, MARGIN = 1280, 720, 16
WHITE = "#FFFFFF"
MAY_BE_BLANK = {
    *("Closest (lunar distances)", "Closest (km)", "Closest object", "Fastest (km/s)"),
    *("Fastest object", "Mean diameter (m)", "Revision error", "Data as of"),
    *("Highest Palermo value", "Highest Palermo object", "Strongest (kt)", "Explained share"),
}
"""Measures that have no value where there are no rows: 0 would be wrong."""

each_visual = pytest.mark.parametrize("visual", visuals(), ids=str)


def test_the_project_leads_to_the_report_and_the_report_to_the_model() -> None:
    (artifact,) = json.loads((ROOT / "neo_assets.pbip").read_text())["artifacts"]
    assert ROOT / artifact["report"]["path"] == REPORT
    reference = json.loads((REPORT / "definition.pbir").read_text())["datasetReference"]
    assert (REPORT / reference["byPath"]["path"] / "definition.pbism").exists()


def test_the_files_are_what_is_generated() -> None:
    definition = REPORT / "definition"
    written = {
        file.relative_to(definition).as_posix(): file.read_text(encoding="utf-8")
        for file in definition.rglob("*")
        if file.is_file()
    }
    assert written == files(), "Run: python -m powerbi.report"


def test_every_page_is_listed_once_in_order() -> None:
    listed = json.loads((PAGES / "pages.json").read_text())
    order = listed["pageOrder"]
    assert order[:7] == [
        *("overview", "week_ahead", "revisions", "impact_risk", "fireballs", "agreement"),
        "data_quality",
    ]
    assert listed["activePageName"] == "overview"
    assert sorted(order) == sorted(pages()) == sorted({visual.page for visual in visuals()})
    for name, page in pages().items():
        assert page["name"] == name
        if page.get("type") == "Tooltip":
            assert page["width"] <= 400 and page["height"] <= 300
        else:
            assert (page["width"], page["height"]) == (WIDTH, HEIGHT)


@each_visual
def test_every_field_of_a_visual_exists(visual: Visual) -> None:
    assert_known(visual.content)
    for role in visual.content["visual"].get("query", {}).get("queryState", {}).values():
        for projection in role["projections"]:
            ((_, table, name),) = fields(projection["field"])
            assert projection["queryRef"] == f"{table}.{name}"
            assert projection["nativeQueryRef"] == name.replace(".", " ")


@pytest.mark.parametrize("page", pages())
def test_every_field_of_a_page_exists(page: str) -> None:
    assert_known(pages()[page])
    names = {visual.name for visual in visuals() if visual.page == page}
    for interaction in pages()[page].get("visualInteractions", ()):
        assert {interaction["source"], interaction["target"]} <= names


def assert_known(part: object) -> None:
    for kind, table, name in fields(part):
        assert name in known(kind, table), f"{table}[{name}]"


def known(kind: str, table: str) -> set[str]:
    if kind == "Measure":
        return {measure.name for measure in tables()[table].of("measure")}
    return levels(table) if kind == "Level" else columns(table)


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        ("Column", {"Property": "No such"}),
        ("Measure", {"Property": "No such"}),
        ("HierarchyLevel", {"Level": "No such"}),
    ],
)
def test_a_field_that_is_not_there_is_seen(kind: str, reference: dict[str, Any]) -> None:
    source: dict[str, Any] = {"SourceRef": {"Entity": "Approach"}}
    if kind == "HierarchyLevel":
        source = {"Hierarchy": {"Expression": source, "Hierarchy": "Calendar"}}
    with pytest.raises(AssertionError, match="No such"):
        assert_known({"field": {kind: {"Expression": source, **reference}}})


LITERALS = {"string": r"'.*'", "int64": r"-?\d+L", "double": r"-?[\d.]+D", "boolean": "true|false"}


def test_a_constant_has_the_type_of_the_column_it_is_compared_with() -> None:
    """Power BI drops a color, or shows an error instead of the visual, where it has not."""
    parts = [*pages().values(), *(visual.content for visual in visuals())]
    compared = {pair for part in parts for pair in constants(part)}
    for (table, name), constant in compared:
        (column,) = (it for it in tables()[table].of("column") if it.name == name)
        assert re.fullmatch(LITERALS[column.properties["dataType"]], constant), f"{table}[{name}]"
    constants_found = {constant for _, constant in compared}
    assert constants_found >= {"'High'", "'first'", "7L", "false", "true", "'Unexplained'"}


def test_a_text_that_a_filter_or_a_color_compares_is_one_that_the_model_has() -> None:
    """A code that the model shows as a label would filter everything, without an error."""
    labels = {
        (table.name, shown_name(name)): {*values.values()}
        for table in TABLES
        for name, values in table.labels.items()
    }
    labels["Impact risk", "Change"] = {*CHANGES.values()}
    parts = [*pages().values(), *(visual.content for visual in visuals())]
    compared = [pair for part in parts for pair in constants(part) if pair[0] in labels]
    assert {column for column, _ in compared} >= {
        ("Approach", "Risk band"),
        ("Impact risk", "Change"),
        ("Risk agreement", "Reason"),
        ("Approach agreement", "Reason"),
    }
    for column, constant in compared:
        assert constant.strip("'").replace("''", "'") in labels[column], column


def constants(part: Any, sources: Any = None) -> Iterator[tuple[tuple[str, str], str]]:
    """The columns that a part of the report compares with constants, and the constants."""
    if isinstance(part, list):
        for item in part:
            yield from constants(item, sources)
    if not isinstance(part, dict):
        return
    if "From" in part:
        sources = {item["Name"]: item["Entity"] for item in part["From"] if "Entity" in item}
    sides = part.get("Comparison", {})
    listed = part.get("In", {})
    pairs = [(sides["Left"], sides["Right"])] if sides else []
    pairs += [
        (expression, value)
        for row in listed.get("Values", ())
        for expression, value in zip(listed["Expressions"], row, strict=True)
    ]
    for expression, value in pairs:
        ((_, table, name),) = fields(expression, sources)
        yield (table, name), value["Literal"]["Value"]
    for item in part.values():
        yield from constants(item, sources)


def test_the_measures_that_were_asked_for_are_shown() -> None:
    shown = {
        name
        for visual in visuals()
        for kind, _, name in fields(visual.content)
        if kind == "Measure"
    }
    assert {
        *("Approaches", "Closest (lunar distances)", "Fastest (km/s)", "Hazardous share"),
        *("Drops a day", "Duplicates a day", "Revision error", "Approaches year over year"),
        *("Listed by JPL", "Listed by ESA", "Highest Palermo value", "Published odds"),
        *("Number of fireballs", "Explained share", "Unexplained approaches"),
    } <= shown


def test_no_visual_needs_tiles_of_a_map_or_an_account() -> None:
    """Maps of Bing and Azure do: places are shown by longitude and latitude."""
    (places,) = [visual for visual in visuals() if visual.name == "places"]
    assert places.kind == "scatterChart"
    state = places.content["visual"]["query"]["queryState"]
    assert [name for _, _, name in fields([state["X"], state["Y"], state["Size"]])] == [
        *("Mean longitude (degrees)", "Mean latitude (degrees)", "Strongest (kt)")
    ]
    assert "map" not in " ".join(visual.kind for visual in visuals()).lower()


def test_pages_with_published_values_say_who_publishes_them() -> None:
    for page, publishers in (
        ("impact_risk", ("Sentry", "ESA")),
        ("fireballs", ("JPL",)),
        ("agreement", ("NeoWs", "JPL")),
    ):
        (heading,) = [it for it in visuals() if (it.page, it.name) == (page, "heading")]
        assert all(name in heading.alternative_text for name in publishers)
        assert re.search("none is computed|not computed|side by side", heading.alternative_text)


@pytest.mark.parametrize(
    ("page", "name", "field", "direction"),
    [
        ("overview", "closest_ten", "Closest (km)", 1),
        ("impact_risk", "odds", "Highest Palermo value", 2),
        ("fireballs", "strongest_ten", "Strongest (kt)", 2),
    ],
)
def test_a_filter_of_the_first_orders_as_its_title_says(
    page: str, name: str, field: str, direction: int
) -> None:
    (visual,) = [it for it in visuals() if (it.page, it.name) == (page, name)]
    (condition,) = visual.content["filterConfig"]["filters"]
    (source, _) = condition["filter"]["From"]
    (order,) = source["Expression"]["Subquery"]["Query"]["OrderBy"]
    assert order["Direction"] == direction
    assert order["Expression"]["Measure"]["Property"] == field


def test_every_table_of_the_model_is_shown() -> None:
    shown = {table for visual in visuals() for _, table, _ in fields(visual.content)}
    assert shown == set(tables())


@each_visual
def test_a_visual_shows_no_hidden_column(visual: Visual) -> None:
    """But the key of an approach, by which a scatter chart distinguishes its points."""
    state = visual.content["visual"].get("query", {}).get("queryState", {})
    shown = [
        (table, name)
        for role, projections in state.items()
        for kind, table, name in fields(projections)
        if kind == "Column" and (visual.kind, role) != ("scatterChart", "Category")
    ]
    assert [(table, name) for table, name in shown if name in hidden_columns(table)] == []


@pytest.mark.parametrize(
    "visual", [visual for visual in visuals() if visual.kind == "cardVisual"], ids=str
)
def test_a_card_is_never_blank_where_the_number_is_0(visual: Visual) -> None:
    for _, _, name in fields(visual.content["visual"]["query"]):
        dax = measures()[name].expression.strip()
        assert name in MAY_BE_BLANK or dax.endswith("+ 0") or re.search(r"\b0\s*\)", dax), name


@each_visual
def test_a_visual_is_built_in_and_described(visual: Visual) -> None:
    assert visual.content["name"] == visual.name
    assert visual.kind in BUILT_IN
    assert len(visual.alternative_text) > 20
    assert bool(visual.title) is (visual.kind in CHARTS)


def test_the_title_of_a_scatter_chart_mentions_that_it_plots_a_sample() -> None:
    """Power BI plots 3,500 points by default and 10,000 at most."""
    charts = [visual for visual in visuals() if visual.kind == "scatterChart"]
    for chart in charts:
        (general,) = chart.content["visual"]["objects"]["general"]
        assert literal(general["properties"]["dataVolume"]) == f"{PLOTTED_POINTS}L"
        assert f"sample above {PLOTTED_POINTS:,}" in chart.title
        (noun,) = re.findall(rf"sample above {PLOTTED_POINTS:,} (\w+)", chart.title)
        assert f"more than {PLOTTED_POINTS:,} {noun}, a sample" in chart.alternative_text
    assert len(charts) == 2 and PLOTTED_POINTS <= 10_000


@pytest.mark.parametrize("page", pages())
def test_nothing_overlaps_and_all_is_on_the_page(page: str) -> None:
    boxes = [visual.content["position"] for visual in visuals() if visual.page == page]
    gap = MARGIN // 2 if pages()[page].get("type") == "Tooltip" else MARGIN
    for box in boxes:
        assert box["x"] >= gap and box["x"] + box["width"] <= pages()[page]["width"] - gap
        assert box["y"] >= gap and box["y"] + box["height"] <= pages()[page]["height"] - gap
    for one, other in combinations(boxes, 2):
        assert apart(one, other, "x", "width", gap) or apart(one, other, "y", "height", gap)
    assert len({box["tabOrder"] for box in boxes}) == len(boxes)


def apart(one: dict[str, float], other: dict[str, float], start: str, size: str, gap: int) -> bool:
    first, second = sorted((one, other), key=lambda box: box[start])
    return first[start] + first[size] + gap <= second[start]


@pytest.mark.parametrize(
    "page", [name for name, page in pages().items() if page.get("type") != "Tooltip"]
)
def test_the_title_is_read_first(page: str) -> None:
    first = min(
        (visual for visual in visuals() if visual.page == page),
        key=lambda visual: visual.content["position"]["tabOrder"],
    )
    assert first.kind == "textbox"


@pytest.mark.parametrize(
    "file", sorted((REPORT / "definition").rglob("*.json")), ids=lambda file: file.parent.name
)
def test_colors_come_from_the_theme(file: Any) -> None:
    assert re.findall(r"#[0-9A-Fa-f]{6}\b", file.read_text(encoding="utf-8")) == []


def test_a_band_a_layer_and_a_reason_have_one_color_each_everywhere() -> None:
    chosen = {pair for visual in visuals() for pair in colors(visual)}
    risks = [label(band) for band in bands.RISK_ORDER]
    reasons = [*APPROACH_REASONS.values()]
    assert sorted(value for value, _ in chosen) == sorted([*risks, *LAYERS, *reasons])
    assert all(contrast(color, WHITE) >= 3 for _, color in chosen)
    for values in (risks, LAYERS, reasons):
        assert len({color for value, color in chosen if value in values}) == len(values)


def colors(visual: Visual) -> Iterator[tuple[str, str]]:
    """The values that have a color of their own in a visual, with the color as the theme has it."""
    theme = json.loads(THEME.read_text())
    palette = [theme["background"], theme["foreground"], *theme["dataColors"]]
    for point in visual.content["visual"].get("objects", {}).get("dataPoint", ()):
        (scope,) = point["selector"]["data"]
        constant = scope["scopeId"]["Comparison"]["Right"]["Literal"]["Value"]
        value = constant.strip("'").replace("''", "'")
        color = point["properties"]["fill"]["solid"]["color"]["expr"]["ThemeDataColor"]
        assert color["Percent"] == 0
        yield value, palette[color["ColorId"]]


@pytest.mark.parametrize("file", [BASE_THEME, THEME], ids=lambda file: file.stem)
def test_a_theme_can_be_read_by_everyone(file: Any) -> None:
    """WCAG 2.2: text has a contrast of at least 4.5, what graphics are made of one of 3."""
    theme = json.loads(file.read_text())
    for background in (WHITE, theme["backgroundLight"]):
        for name in ("foreground", "foregroundNeutralSecondary", "hyperlink", "visitedHyperlink"):
            assert contrast(theme[name], background) >= 4.5, name
    for color in theme["dataColors"]:
        assert contrast(color, WHITE) >= 3, color
    for color in re.findall(
        r'"(?:fontColor|labelColor|titleColor)"[^#]*(#\w{6})', file.read_text()
    ):
        assert contrast(color, WHITE) >= 4.5


def test_no_visual_comes_from_elsewhere() -> None:
    report = json.loads((REPORT / "definition" / "report.json").read_text())
    assert "publicCustomVisuals" not in report


def contrast(one: str, other: str) -> float:
    """The ratio of the luminances of two colors, as WCAG 2.2 defines it."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)
