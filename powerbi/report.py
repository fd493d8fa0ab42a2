"""The pages of the Power BI report.

    python -m powerbi.report

from the root of the project, after a change here, writes every file below
`neo_assets.Report/definition`.  How a visual or a page is written is in `powerbi/pbir.py`; colors
and fonts are in the themes below `neo_assets.Report/StaticResources`.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from neo_assets.dashboard import risk_lists
from neo_assets.lakehouse.model import bands
from neo_assets.lakehouse.model.dataset import AGREES, UNEXPLAINED
from neo_assets.pipeline import LAYERS
from powerbi.generate import APPROACH_REASONS, CHANGES, MEASURES, RISK_REASONS, label
from powerbi.pbir import (
    VERSIONS,
    Box,
    Field,
    Json,
    Page,
    Visual,
    ascending,
    column,
    descending,
    differs,
    equals,
    fill_by_value,
    largest,
    level,
    next_days,
    schema,
    smallest,
    style,
)

DEFINITION = Path(__file__).parent / "neo_assets.Report" / "definition"
BASE_THEME = "CY24SU10"
"""A name that Power BI Desktop gives to a base theme of its own, in case it looks for one by name;
the content of the file is this project's."""
THEME = "neo_assets.json"
PLOTTED_POINTS = 10_000
"""The most points that Power BI can plot in a scatter chart."""

_DEFAULT: Json = {"id": "default"}
"""The instance of a part of a visual that most of its styles are for."""
_CARD, _CHART, _SLICER, _TABLE = 80, 260, 80, 320
"""Heights on a phone."""
_NAVIGATION = (4, 2)
"""Columns and rows of the buttons that lead to pages."""


def measure(name: str, shown: str = "") -> Field:
    """A measure of the model."""
    return Field(MEASURES, name, "Measure", shown)


APPROACHES = measure("Approaches")
APPROACH_COUNT = measure("Number of approaches", "Approaches")
CLOSEST = measure("Closest (lunar distances)")
CLOSEST_KM = measure("Closest (km)")
FASTEST = measure("Fastest (km/s)")
DIAMETER = measure("Mean diameter (m)", "Diameter (m)")
NOTEWORTHY = measure("Approaches of note", "Elevated or high")
REVISION_COUNT = measure("Number of revisions", "Revisions")
REVISION_ERROR = measure("Revision error")
DESIGNATION = column("Object", "Designation")
EVENT = column("Approach", "NEO event key")
IS_WITHDRAWN = column("Approach", "Is withdrawn", "Withdrawn")
JPL_PAGE = column("Approach", "JPL page", "JPL")
RISK = column("Approach", "Risk band", "Attention")
SIZE = column("Approach", "Size band", "Size")
DAY = column("Date", "Date")
CALENDAR = tuple(level("Date", "Calendar", name) for name in ("Year", "Quarter name", "Month name"))
CHANGE = column("Revision", "What", "Change")
DAYS_BEFORE = column("Prediction", "Days before")
LAYER = column("Quality metric", "Asset", "Layer")
LISTED_OBJECT = column("Impact risk", "Listed object", "Object")
LISTED_BY = column("Impact risk", "Source", "Published by")
ODDS_CHANGE = column("Impact risk", "Change")
ODDS_SEEN_AT = column("Impact risk", "Seen at", "Seen at (UTC)")
HIGHEST_PALERMO = measure("Highest Palermo value", "Highest Palermo")
COMPARED_OBJECTS = measure("Compared objects", "Objects")
RISK_REASON = column("Risk agreement", "Reason")
APART = column("Risk agreement", "Difference (powers of ten)", "Apart (powers of ten)")
FIREBALL = column("Fireball", "Event ID")
ENERGY = measure("Strongest (kt)")
COMPARED = measure("Compared approaches", "Approaches")
APPROACH_REASON = column("Approach agreement", "Reason")
DISTANCE_APART = column("Approach agreement", "Distance apart (au)", "Distance (au)")

RISK_COLORS = {
    label(band): color for band, color in zip(bands.RISK_ORDER, (4, 2, 0, 3, 1, 5), strict=True)
}
LAYER_COLORS = dict(zip(LAYERS, (4, 3, 0, 1), strict=True))
REASON_COLORS = dict(zip(APPROACH_REASONS.values(), (6, 2, 3, 7, 0, 1, 5), strict=True))
"""Data colors of the theme, by index."""


def main() -> None:
    """Replace every file of the definition."""
    generated = files()
    shutil.rmtree(DEFINITION)
    for path, text in generated.items():
        file = DEFINITION / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def files() -> Mapping[str, str]:
    """Every file of the definition, by its path below it."""
    return {path: json.dumps(content, indent=2) + "\n" for path, content in _contents()}


def _contents() -> Iterator[tuple[str, Json]]:
    yield "report.json", _report()
    yield "version.json", {"$schema": schema("versionMetadata", "1.0.0"), "version": "2.0.0"}
    yield (
        "pages/pages.json",
        {
            "$schema": schema("pagesMetadata", "1.0.0"),
            "pageOrder": [page.name for page in PAGES],
            "activePageName": PAGES[0].name,
        },
    )
    for page in PAGES:
        for path, content in page.files():
            yield f"pages/{path}", content


def _report() -> Json:
    return {
        "$schema": schema("report", VERSIONS["report"]),
        "themeCollection": {
            "baseTheme": _theme(BASE_THEME, "SharedResources"),
            "customTheme": _theme(THEME, "RegisteredResources"),
        },
        "objects": {"outspacePane": style(visible=True, expanded=False)},
        "resourcePackages": [
            _package("SharedResources", BASE_THEME, f"BaseThemes/{BASE_THEME}.json"),
            _package("RegisteredResources", THEME, THEME),
        ],
        "settings": {
            "useStylableVisualContainerHeader": True,
            "exportDataMode": "AllowSummarized",
            "defaultDrillFilterOtherVisuals": True,
            "allowChangeFilterTypes": True,
            "useEnhancedTooltips": True,
            "useDefaultAggregateDisplayName": True,
        },
    }


def _theme(name: str, package: str) -> Json:
    return {"name": name, "reportVersionAtImport": VERSIONS, "type": package}


def _package(name: str, item: str, path: str) -> Json:
    kind = "BaseTheme" if name == "SharedResources" else "CustomTheme"
    return {
        "name": name,
        "type": name,
        "items": [{"name": item, "path": path, "type": kind}],
    }


def _header(title: str, subtitle: str) -> tuple[Visual, ...]:
    """The top of every page: its title, the navigation, and the age of the data."""
    return _heading(title, subtitle, Box(24, 16, 584, 56)), _navigator(), _freshness()


def _heading(title: str, subtitle: str, box: Box) -> Visual:
    paragraphs = [
        {"textRuns": [{"value": title, "textStyle": {"fontWeight": "bold", "fontSize": "20pt"}}]},
        {"textRuns": [{"value": subtitle, "textStyle": {"fontSize": "10pt"}}]},
    ]
    return Visual(
        "heading",
        "textbox",
        box,
        88,
        f"{title}: {subtitle}",
        objects={"general": style(paragraphs=paragraphs)},
    )


def _navigator() -> Visual:
    return Visual(
        "pages",
        "pageNavigator",
        Box(624, 16, 456, 56),
        96,
        "Navigation between the pages of the report.",
        objects={
            "pages": style(showHiddenPages=False, showTooltipPages=False),
            "layout": _grid(*_NAVIGATION),
        },
    )


def _freshness() -> Visual:
    return Visual(
        "freshness",
        "cardVisual",
        Box(1096, 16, 160, 56),
        64,
        "When a run last measured anything, in UTC.",
        {"Data": [measure("Data as of", "Data as of (UTC)")]},
        objects=_card_objects(columns=1, font_size=12.0),
    )


def _slicer(name: str, box: Box, of: Field, text: str, description: str, sync: str = "") -> Visual:
    mode = "Between" if of == DAY else "Dropdown"
    return Visual(
        name,
        "slicer",
        box,
        _SLICER,
        description,
        {"Values": [of.labelled("")]},
        objects={"data": style(mode=mode), "header": style(show=True, text=text)},
        sync_group=sync,
    )


def _days() -> Visual:
    return _slicer(
        "days",
        Box(24, 88, 280, 88),
        DAY,
        "Days",
        "Chooses the first and the last day that the pages show.",
        "Days",
    )


def _sizes(x: int) -> Visual:
    return _slicer(
        "size",
        Box(x, 88, 152, 88),
        SIZE,
        "Size",
        "Chooses size bands: small below 25 m, medium below 140 m, large below 1 km, very large.",
        "Size",
    )


def _cards(
    box: Box,
    *shown: Field,
    name: str = "numbers",
    description: str,
    filters: Sequence[Json] = (),
    font_size: float | None = None,
) -> Visual:
    """Numbers in a row; on a phone, two in a row."""
    phone_columns = min(2, len(shown))
    phone_rows = -(-len(shown) // 2)
    return Visual(
        name,
        "cardVisual",
        box,
        _CARD * phone_rows,
        description,
        {"Data": shown},
        objects=_card_objects(len(shown), font_size),
        phone_objects={"layout": _grid(phone_columns, phone_rows)},
        filters=filters,
    )


def _card_objects(columns: int, font_size: float | None = None) -> dict[str, list[Json]]:
    """A row of numbers without margins.

    New reports ignore some of a theme's styles for cards, so these are on each card as well.
    """
    objects = {
        "layout": _grid(columns, 1),
        "outline": style(_DEFAULT, show=False),
        "padding": style(
            _DEFAULT,
            paddingSelection="Custom",
            topMargin=0,
            rightMargin=0,
            bottomMargin=0,
            leftMargin=0,
        ),
        "spacing": style(_DEFAULT, verticalSpacing=0),
    }
    return objects | {"value": style(_DEFAULT, fontSize=font_size)} if font_size else objects


def _grid(columns: int, rows: int) -> list[Json]:
    return style(orientation=0.0, columnCount=columns, rowCount=rows, cellPadding=0)


def _approach_cards(x: int) -> Visual:
    return _cards(
        Box(x, 88, 1256 - x, 88),
        APPROACH_COUNT,
        CLOSEST.labelled("Closest (lunar dist.)"),
        FASTEST.labelled("Fastest (km/s)"),
        measure("Hazardous share", "Pot. hazardous"),
        NOTEWORTHY,
        description="Number of approaches, the closest in lunar distances, the fastest in km per "
        "second, the share of potentially hazardous objects, and how many approaches deserve "
        "elevated or high attention.",
    )


def _axes(**category: Any) -> dict[str, list[Json]]:
    return {
        "categoryAxis": style(**{"showAxisTitle": "titleText" in category, **category}),
        "valueAxis": style(showAxisTitle=False),
    }


def _legend(text: str = "") -> list[Json]:
    if text:
        return style(show=True, position="Top", showTitle=True, titleText=text)
    return style(show=True, position="Top", showTitle=False)


_NO_LEGEND = style(show=False)
_BY_RISK = fill_by_value(RISK, RISK_COLORS)
_LINES = style(strokeWidth=2, showMarker=True, markerSize=5)
_NO_TOTAL = style(totals=False)
_LINK_ICON = style(urlIcon=True)


def _quality_by_day(name: str, x: int, counted: Field, title: str, description: str) -> Visual:
    return Visual(
        name,
        "lineChart",
        Box(x, 192, 608, 248),
        _CHART,
        description,
        {"Category": [DAY], "Series": [LAYER], "Y": [counted]},
        title,
        {
            **_axes(axisType="Scalar"),
            "legend": _legend(),
            "dataPoint": fill_by_value(LAYER, LAYER_COLORS),
            "lineStyles": _LINES,
        },
        sort=ascending(DAY),
    )


OVERVIEW = Page(
    "overview",
    "Overview",
    (
        *_header(
            "Asteroids passing Earth",
            "Close approaches as NASA's NeoWs lists them now; withdrawn ones are left out.",
        ),
        _days(),
        _sizes(320),
        _approach_cards(488),
        Visual(
            "distance_and_size",
            "scatterChart",
            Box(24, 192, 608, 248),
            _TABLE,
            "Scatter of the miss distance in lunar distances against the diameter in meters, both "
            f"on logarithmic axes, colored by risk band. Of more than {PLOTTED_POINTS:,} "
            "approaches, a sample is plotted.",
            {
                "Category": [EVENT],
                "Series": [RISK],
                "X": [measure("Mean miss distance (lunar distances)")],
                "Y": [DIAMETER],
                "Tooltips": [measure("Closest object", "Object"), FASTEST],
            },
            f"How near and how large (a sample above {PLOTTED_POINTS:,} approaches)",
            {
                "general": style(dataVolume=PLOTTED_POINTS),
                "categoryAxis": style(
                    showAxisTitle=True,
                    titleText="Miss distance in lunar distances",
                    logAxisScale=True,
                ),
                "valueAxis": style(
                    showAxisTitle=True, titleText="Diameter in meters", logAxisScale=True
                ),
                "legend": _legend("Attention"),
                "bubbles": style(bubbleSize=-20),
                "dataPoint": _BY_RISK,
            },
            tooltip="approach_tooltip",
        ),
        Visual(
            "closest_ten",
            "tableEx",
            Box(648, 192, 608, 248),
            _TABLE,
            "Table of the ten closest approaches with day, distance, size, risk band and a link "
            "to JPL.",
            {
                "Values": [
                    DESIGNATION,
                    DAY,
                    CLOSEST.labelled("Lunar distances"),
                    SIZE,
                    RISK,
                    JPL_PAGE,
                ]
            },
            "The ten closest",
            {"values": _LINK_ICON, "total": _NO_TOTAL},
            sort=ascending(CLOSEST),
            filters=(smallest("closest_ten", EVENT, CLOSEST_KM, 10),),
            tooltip="approach_tooltip",
        ),
        Visual(
            "by_period",
            "columnChart",
            Box(24, 456, 608, 248),
            _CHART,
            "Columns of the number of approaches a year, stacked by risk band; drill down for "
            "quarters and months.",
            {"Category": CALENDAR, "Series": [RISK], "Y": [APPROACHES]},
            "Approaches by year, quarter and month",
            {**_axes(), "legend": _NO_LEGEND, "dataPoint": _BY_RISK},
            sort=ascending(*CALENDAR),
            tooltip="period_tooltip",
        ),
        Visual(
            "year_over_year",
            "clusteredColumnChart",
            Box(648, 456, 608, 248),
            _CHART,
            "Columns of the number of approaches in each month beside those of the same month of "
            "the year before.",
            {
                "Category": [column("Date", "Month start")],
                "Y": [APPROACHES, measure("Approaches a year before", "A year before")],
                "Tooltips": [measure("Approaches year over year", "Year over year")],
            },
            "Approaches a month, and a year before",
            {**_axes(axisType="Scalar"), "legend": _legend()},
            sort=ascending(column("Date", "Month start")),
        ),
    ),
)

WEEK_AHEAD = Page(
    "week_ahead",
    "Week ahead",
    (
        *_header(
            "The week ahead",
            "Today and the six days after it. Times are TDB, about 69 seconds ahead of UTC.",
        ),
        _sizes(24),
        _slicer(
            "risk",
            Box(192, 88, 152, 88),
            RISK,
            "Attention",
            "Chooses risk bands: how much attention an approach deserves.",
        ),
        _approach_cards(360),
        Visual(
            "by_day",
            "columnChart",
            Box(24, 192, 368, 512),
            _CHART,
            "Columns of the number of approaches on each of the next seven days, stacked by risk "
            "band.",
            {"Category": [DAY], "Series": [RISK], "Y": [APPROACHES]},
            "Approaches a day",
            {
                **_axes(axisType="Categorical"),
                "legend": _legend("Attention"),
                "dataPoint": _BY_RISK,
            },
            sort=ascending(DAY),
            tooltip="period_tooltip",
        ),
        Visual(
            "approaches_ahead",
            "tableEx",
            Box(408, 192, 848, 512),
            _TABLE,
            "Table of the approaches of the next seven days with time, name, miss distance, "
            "diameter, velocity, hazard flag, risk band and a link to JPL.",
            {
                "Values": [
                    column("Approach", "Close approach at", "When (TDB)"),
                    DESIGNATION,
                    CLOSEST.labelled("Lunar distances"),
                    CLOSEST_KM.labelled("km"),
                    DIAMETER,
                    FASTEST.labelled("km/s"),
                    column("Object", "Is potentially hazardous", "Hazardous"),
                    RISK,
                    JPL_PAGE,
                ]
            },
            "The approaches, by time",
            {"values": _LINK_ICON, "total": _NO_TOTAL},
            sort=ascending(column("Approach", "Close approach at")),
            filters=(equals("not_withdrawn", IS_WITHDRAWN, False),),
            tooltip="approach_tooltip",
        ),
    ),
    filters=(next_days("next_seven_days", DAY, 7),),
)

REVISIONS_PAGE = Page(
    "revisions",
    "Revisions",
    (
        *_header(
            "What NASA changed",
            "Approaches whose values changed, that moved to another day, vanished or came back.",
        ),
        _days(),
        _sizes(320),
        _cards(
            Box(488, 88, 560, 88),
            REVISION_COUNT,
            measure("Moved approaches", "Moved"),
            measure("Withdrawn approaches", "Withdrawn"),
            description="Number of revisions, of approaches that moved to another day, and of "
            "approaches that were withdrawn.",
        ),
        _cards(
            Box(1064, 88, 192, 88),
            REVISION_ERROR.labelled("Error a week before"),
            name="error",
            description="Median error of the miss distance as predicted a week before, in km.",
            filters=(equals("week_before", DAYS_BEFORE, 7),),
        ),
        Visual(
            "revisions_seen",
            "columnChart",
            Box(24, 192, 608, 248),
            _CHART,
            "Columns of the number of revisions by the day on which they were first seen, stacked "
            "by kind of change.",
            {"Category": [DAY], "Series": [CHANGE], "Y": [measure("Revisions seen")]},
            "Revisions by the day they were first seen",
            {**_axes(axisType="Scalar"), "legend": _legend("Change")},
            sort=ascending(DAY),
        ),
        Visual(
            "error_by_days_before",
            "lineChart",
            Box(648, 192, 608, 248),
            _CHART,
            "Line of the median error of the predicted miss distance in km by the number of days "
            "that the prediction was made before the approach.",
            {"Category": [DAYS_BEFORE], "Y": [REVISION_ERROR]},
            "How far off predictions were, by days before the approach",
            {
                **_axes(titleText="Days before the approach", axisType="Categorical"),
                "legend": _NO_LEGEND,
                "lineStyles": _LINES,
            },
            sort=descending(DAYS_BEFORE),
        ),
        Visual(
            "newest_revisions",
            "tableEx",
            Box(24, 456, 1232, 248),
            _TABLE,
            "Table of the revisions, newest first: object, day of the approach, when it was seen, "
            "kind of change, changed columns, and the miss distance since.",
            {
                "Values": [
                    column("Revision", "Seen at", "Seen at (UTC)"),
                    DESIGNATION,
                    DAY.labelled("Approach"),
                    CHANGE,
                    column("Revision", "Changed columns"),
                    column("Revision", "Days ahead"),
                    column("Revision", "Miss distance (km)"),
                ]
            },
            "Newest revisions",
            {"total": _NO_TOTAL},
            sort=descending(column("Revision", "Seen at")),
            filters=(differs("not_first", CHANGE, "first"),),
        ),
    ),
)

DATA_QUALITY = Page(
    "data_quality",
    "Data quality",
    (
        *_header(
            "How good the data is",
            "Every row is accounted for: kept, dropped, a duplicate, or withdrawn.",
        ),
        _days(),
        _slicer(
            "layer",
            Box(320, 88, 152, 88),
            LAYER,
            "Layer",
            "Chooses layers of the lakehouse for the charts by day.",
        ),
        _cards(
            Box(488, 88, 768, 88),
            measure("Drops a day"),
            measure("Duplicates a day"),
            measure("Drop share"),
            measure("Lost or doubled rows", "Lost or doubled"),
            measure("Open quarantine rows", "Open in quarantine"),
            description="Rows that silver dropped and left out as duplicates on the mean of the "
            "days, the share dropped, rows lost or doubled between layers, where anything but 0 "
            "is a fault, and rows in quarantine that wait for a decision.",
        ),
        _quality_by_day(
            "drops_by_day",
            24,
            measure("Dropped rows"),
            "Dropped rows by day and layer",
            "Lines of the rows dropped on each day, one line a layer.",
        ),
        _quality_by_day(
            "duplicates_by_day",
            648,
            measure("Duplicate rows"),
            "Duplicate rows by day and layer",
            "Lines of the rows that repeat another on each day, one line a layer.",
        ),
        Visual(
            "drops_by_rule",
            "clusteredBarChart",
            Box(24, 456, 400, 248),
            _CHART,
            "Bars of the number of dropped rows for each rule they break, most first.",
            {
                "Category": [column("Quality metric", "Rule")],
                "Y": [measure("Dropped rows by rule", "Dropped rows")],
            },
            "Dropped rows by broken rule",
            {**_axes(), "labels": style(show=True), "legend": _NO_LEGEND},
            sort=descending(measure("Dropped rows by rule")),
        ),
        Visual(
            "quarantine",
            "tableEx",
            Box(440, 456, 816, 248),
            _TABLE,
            "Table of quarantined rows with their key, day, broken rules, what the feed sent, and "
            "status.",
            {
                "Values": [
                    DAY.labelled("Day"),
                    column("Quarantine", "Reasons"),
                    column("Quarantine", "Findings"),
                    column("Quarantine", "Status"),
                    column("Quarantine", "Row ID", "Row"),
                ]
            },
            "Rows in quarantine",
            {"total": _NO_TOTAL},
            sort=descending(DAY),
        ),
    ),
    unfiltered=(("layer", "numbers"),),
)

IMPACT_RISK = Page(
    "impact_risk",
    "Impact risk",
    (
        *_header(
            "Odds of an impact",
            "As JPL's Sentry and ESA's risk list publish them; none is computed here.",
        ),
        _days(),
        _slicer(
            "listed_by",
            Box(320, 88, 152, 88),
            LISTED_BY,
            "Published by",
            "Chooses risk lists for the chart of odds and the changes.",
        ),
        _cards(
            Box(488, 88, 544, 88),
            measure("Listed by JPL", "On JPL's list"),
            measure("Listed by ESA", "On ESA's list"),
            measure("Changes of odds", "Changes"),
            HIGHEST_PALERMO,
            description="Number of objects on each list now, the number of objects that entered, "
            "left or changed tenfold, and the largest cumulative Palermo value that is published "
            "now.",
        ),
        _cards(
            Box(1048, 88, 208, 88),
            measure("Highest Palermo object", "Has the highest Palermo value"),
            name="worst",
            description="The object with the largest cumulative Palermo value that is published "
            "now.",
            font_size=12.0,
        ),
        Visual(
            "odds",
            "lineChart",
            Box(24, 192, 608, 248),
            _TABLE,
            "Lines of the published odds of an impact by day, on a logarithmic axis, one line for "
            f"each list and each of the {risk_lists.OBJECTS_SHOWN} objects with the largest "
            "cumulative Palermo values now.",
            {
                "Category": [DAY],
                "Series": [column("Impact risk", "Object and source")],
                "Y": [measure("Published odds")],
            },
            f"Published odds of the {risk_lists.OBJECTS_SHOWN} objects with the largest Palermo "
            "values now",
            {
                **_axes(axisType="Scalar"),
                "valueAxis": style(
                    showAxisTitle=True, titleText="Probability of an impact", logAxisScale=True
                ),
                "legend": _legend(),
                "lineStyles": _LINES,
            },
            sort=ascending(DAY),
            filters=(
                largest(
                    "watched_objects",
                    column("Impact risk", "Object"),
                    HIGHEST_PALERMO,
                    risk_lists.OBJECTS_SHOWN,
                ),
            ),
        ),
        Visual(
            "odds_changes",
            "tableEx",
            Box(648, 192, 608, 248),
            _TABLE,
            "Table of objects that entered or left a list, or whose odds rose or fell tenfold, "
            "newest first: when it was seen, object, list, change, factor of the odds, odds since "
            "then and a link to JPL.",
            {
                "Values": [
                    ODDS_SEEN_AT,
                    LISTED_OBJECT,
                    LISTED_BY,
                    ODDS_CHANGE,
                    column("Impact risk", "Odds factor", "Factor"),
                    column("Impact risk", "Impact probability", "Odds"),
                    column("Impact risk", "JPL page", "JPL"),
                ]
            },
            "What entered, left or changed tenfold",
            {"values": _LINK_ICON, "total": _NO_TOTAL},
            sort=descending(ODDS_SEEN_AT),
            filters=(
                equals(
                    "not_in_first_snapshot", column("Impact risk", "Is in first snapshot"), False
                ),
                differs("not_smaller", ODDS_CHANGE, CHANGES[risk_lists.SMALLER]),
            ),
        ),
        Visual(
            "risk_reasons",
            "tableEx",
            Box(24, 456, 608, 248),
            _TABLE,
            "Table of the reasons why both agencies differ now, what each means and for how many "
            "objects it is the reason, most first.",
            {
                "Values": [
                    RISK_REASON,
                    column("Risk agreement", "Reason meaning", "Meaning"),
                    COMPARED_OBJECTS,
                ]
            },
            "Where the agencies differ now, and why",
            {"total": _NO_TOTAL},
            sort=descending(COMPARED_OBJECTS),
        ),
        Visual(
            "risk_differences",
            "tableEx",
            Box(648, 456, 608, 248),
            _TABLE,
            "Table of objects on both lists on which the agencies do not agree, the largest "
            "difference first: object, odds and Palermo values of both, difference in powers of "
            "ten, reason and a link to JPL.",
            {
                "Values": [
                    column("Risk agreement", "Compared object", "Object"),
                    column("Risk agreement", "Sentry impact probability", "JPL"),
                    column("Risk agreement", "ESA risk impact probability", "ESA"),
                    column("Risk agreement", "Sentry Palermo cumulative", "JPL's Palermo"),
                    column("Risk agreement", "ESA risk Palermo cumulative", "ESA's Palermo"),
                    APART,
                    RISK_REASON,
                    column("Risk agreement", "JPL page", "Link"),
                ]
            },
            "The largest differences of objects on both lists",
            {"values": _LINK_ICON, "total": _NO_TOTAL},
            sort=descending(APART),
            filters=(
                differs(
                    "on_both_lists",
                    RISK_REASON,
                    *(
                        shown
                        for code, shown in RISK_REASONS.items()
                        if code == AGREES or code.startswith("only_")
                    ),
                ),
            ),
        ),
    ),
    unfiltered=(("listed_by", "numbers"), ("listed_by", "worst")),
)

FIREBALLS = Page(
    "fireballs",
    "Fireballs",
    (
        *_header(
            "Fireballs",
            "As JPL publishes them: energies, places and velocities are not computed here.",
        ),
        _days(),
        _cards(
            Box(320, 88, 936, 88),
            measure("Number of fireballs", "Fireballs"),
            measure("Fireballs with a place", "With a place"),
            ENERGY,
            measure("Fireballs known beforehand", "Known beforehand"),
            measure("Withdrawn fireballs", "Withdrawn"),
            description="Number of fireballs, of those with a published place, the strongest in "
            "kilotons of TNT, how many were known beforehand, and how many were withdrawn.",
        ),
        Visual(
            "places",
            "scatterChart",
            Box(24, 192, 608, 512),
            _TABLE,
            "Scatter of the longitude against the latitude of fireballs in degrees, east and north "
            "positive; larger dots released more energy. Of more than "
            f"{PLOTTED_POINTS:,} fireballs, a sample is plotted.",
            {
                "Category": [FIREBALL],
                "X": [measure("Mean longitude (degrees)", "Longitude")],
                "Y": [measure("Mean latitude (degrees)", "Latitude")],
                "Size": [ENERGY.labelled("Energy (kt)")],
            },
            "Where they were seen: larger dots released more energy (a sample above "
            f"{PLOTTED_POINTS:,} fireballs)",
            {
                "general": style(dataVolume=PLOTTED_POINTS),
                "categoryAxis": style(
                    showAxisTitle=True,
                    titleText="Longitude in degrees, east positive",
                    start=-180.0,
                    end=180.0,
                ),
                "valueAxis": style(
                    showAxisTitle=True,
                    titleText="Latitude in degrees, north positive",
                    start=-90.0,
                    end=90.0,
                ),
                "legend": _NO_LEGEND,
            },
            filters=(equals("with_a_place", column("Fireball", "Has place"), True),),
        ),
        Visual(
            "fireballs_by_year",
            "columnChart",
            Box(648, 192, 608, 248),
            _CHART,
            "Columns of the number of fireballs in each year.",
            {
                "Category": [column("Fireball", "Event year", "Year")],
                "Y": [measure("Fireballs")],
            },
            "Fireballs by year",
            {**_axes(axisType="Categorical"), "legend": _NO_LEGEND},
            sort=ascending(column("Fireball", "Event year")),
        ),
        Visual(
            "strongest_ten",
            "tableEx",
            Box(648, 456, 608, 248),
            _TABLE,
            "Table of the ten strongest fireballs with time, energy in kilotons of TNT, latitude, "
            "longitude, altitude, velocity and whether they were known beforehand.",
            {
                "Values": [
                    column("Fireball", "Event at", "When (UTC)"),
                    ENERGY.labelled("Energy (kt)"),
                    column("Fireball", "Latitude (degrees)", "Latitude"),
                    column("Fireball", "Longitude (degrees)", "Longitude"),
                    column("Fireball", "Altitude (km)"),
                    column("Fireball", "Velocity (km/s)", "km/s"),
                    column("Fireball", "Is known beforehand", "Known"),
                ]
            },
            "The ten strongest",
            {"total": _NO_TOTAL},
            sort=descending(ENERGY),
            filters=(largest("strongest_fireballs", FIREBALL, ENERGY, 10),),
        ),
    ),
)

AGREEMENT = Page(
    "agreement",
    "Agreement",
    (
        *_header(
            "Do the sources of approaches agree?",
            "Values are those of NASA's NeoWs and JPL's close-approach data, side by side.",
        ),
        _days(),
        _cards(
            Box(320, 88, 936, 88),
            measure("Number of compared approaches", "Approaches"),
            measure("Agreeing share", "Agree"),
            measure("Differing approaches", "Differ"),
            measure("Explained share", "Of these explained"),
            measure("Unexplained approaches", "Unexplained"),
            description="Number of approaches that a source lists, the share on which both agree, "
            "how many differ, the share of these with a known reason, and how many have none.",
        ),
        Visual(
            "agreement_by_day",
            "columnChart",
            Box(24, 192, 1232, 248),
            _CHART,
            "Columns of the number of approaches on each day, stacked by the reason why both "
            "sources agree or differ.",
            {"Category": [DAY], "Series": [APPROACH_REASON], "Y": [COMPARED]},
            "Approaches by day and reason",
            {
                **_axes(axisType="Scalar"),
                "legend": _legend(),
                "dataPoint": fill_by_value(APPROACH_REASON, REASON_COLORS),
            },
            sort=ascending(DAY),
        ),
        Visual(
            "approach_reasons",
            "tableEx",
            Box(24, 456, 608, 248),
            _TABLE,
            "Table of the reasons why both sources agree or differ, what each means and how many "
            "approaches it has, most first.",
            {
                "Values": [
                    APPROACH_REASON,
                    column("Approach agreement", "Reason meaning", "Meaning"),
                    COMPARED,
                ]
            },
            "By reason",
            {"total": _NO_TOTAL},
            sort=descending(COMPARED),
        ),
        Visual(
            "unexplained",
            "tableEx",
            Box(648, 456, 608, 248),
            _TABLE,
            "Table of the approaches on which the sources differ for no known reason, the largest "
            "difference of distance first: object, day, differences of distance, time and "
            "velocity, and a link to JPL.",
            {
                "Values": [
                    column("Approach agreement", "Compared object", "Object"),
                    DAY.labelled("Day"),
                    DISTANCE_APART,
                    column("Approach agreement", "Time difference (minutes)", "Minutes"),
                    column("Approach agreement", "Velocity difference (km/s)", "km/s"),
                    column("Approach agreement", "JPL page", "JPL"),
                ]
            },
            "Unexplained, the largest difference of distance first",
            {"values": _LINK_ICON, "total": _NO_TOTAL},
            sort=descending(DISTANCE_APART),
            filters=(equals("only_unexplained", APPROACH_REASON, APPROACH_REASONS[UNEXPLAINED]),),
        ),
    ),
)

OBJECT = Page(
    "object",
    "Object",
    (
        _heading(
            "One object", "What is known of it, and each of its approaches.", Box(88, 16, 520, 56)
        ),
        Visual(
            "back",
            "actionButton",
            Box(24, 16, 48, 56),
            48,
            "Goes back to the page you came from.",
            objects={"icon": style(_DEFAULT, shapeType="back")},
            frame={"visualLink": style(show=True, type="Back")},
        ),
        _freshness(),
        _cards(
            Box(24, 88, 1232, 88),
            measure("Closest object", "Object"),
            APPROACH_COUNT,
            CLOSEST,
            FASTEST,
            DIAMETER,
            HIGHEST_PALERMO,
            description="Designation of the object, the number of its approaches, the closest in "
            "lunar distances, the fastest in km per second, its diameter in meters, and the "
            "largest cumulative Palermo value that an agency publishes of it now.",
        ),
        Visual(
            "description",
            "tableEx",
            Box(24, 192, 1232, 104),
            _CHART,
            "Table of the object's designation, name, number at NASA, brightness, flags and the "
            "day since when it is described so.",
            {
                "Values": [
                    DESIGNATION,
                    column("Object", "Name"),
                    column("Object", "NEO ID"),
                    column("Object", "Absolute magnitude H"),
                    column("Object", "Is potentially hazardous"),
                    column("Object", "Is sentry object"),
                    column("Object", "Valid from", "Described so since (UTC)"),
                ]
            },
            "The object as it is known now",
            {"total": _NO_TOTAL},
        ),
        Visual(
            "distances",
            "lineChart",
            Box(24, 312, 400, 392),
            _CHART,
            "Line of the object's miss distances in lunar distances, by day.",
            {"Category": [DAY], "Y": [CLOSEST]},
            "How near it comes",
            {**_axes(axisType="Scalar"), "legend": _NO_LEGEND, "lineStyles": _LINES},
            sort=ascending(DAY),
        ),
        Visual(
            "approaches",
            "tableEx",
            Box(440, 312, 400, 392),
            _TABLE,
            "Table of the object's approaches with day, distance, velocity, risk band and whether "
            "NASA withdrew it.",
            {
                "Values": [
                    DAY,
                    column("Approach", "Miss distance (lunar distances)", "Lunar distances"),
                    column("Approach", "Relative velocity (km/s)", "km/s"),
                    RISK,
                    IS_WITHDRAWN,
                ]
            },
            "Its approaches",
            {"total": _NO_TOTAL},
            sort=ascending(DAY),
        ),
        Visual(
            "revisions",
            "tableEx",
            Box(856, 312, 400, 392),
            _TABLE,
            "Table of the versions of the object's approaches: when each was seen, what changed, "
            "and its miss distance.",
            {
                "Values": [
                    column("Revision", "Seen at", "Seen at (UTC)"),
                    DAY.labelled("Approach"),
                    CHANGE,
                    column("Revision", "Miss distance (km)", "km"),
                ]
            },
            "What NASA changed",
            {"total": _NO_TOTAL},
            sort=descending(column("Revision", "Seen at")),
        ),
    ),
    kind="Drillthrough",
    drill_field=DESIGNATION,
)


def _tooltip(name: str, title: str, *rows: tuple[str, str, Field, Field]) -> Page:
    """A page shown over a data point, with two numbers a row."""
    visuals = [
        _cards(Box(8, 8 + 80 * i, 304, 72), *shown, name=row, description=description)
        for i, (row, description, *shown) in enumerate(rows)
    ]
    return Page(name, title, visuals, "Tooltip", width=320, height=8 + 80 * len(rows))


APPROACH_TOOLTIP = _tooltip(
    "approach_tooltip",
    "Approach tooltip",
    (
        "object",
        "Object that comes closest, and its miss distance in lunar distances.",
        measure("Closest object", "Object"),
        CLOSEST.labelled("Lunar distances"),
    ),
    (
        "body",
        "Diameter in meters, and velocity in km per second.",
        DIAMETER,
        FASTEST.labelled("km/s"),
    ),
    (
        "history",
        "Miss distance in km, and how often NASA revised the approach.",
        CLOSEST_KM.labelled("km"),
        REVISION_COUNT,
    ),
)

PERIOD_TOOLTIP = _tooltip(
    "period_tooltip",
    "Period tooltip",
    (
        "approaches",
        "Number of approaches, and of those that deserve elevated or high attention.",
        APPROACH_COUNT,
        NOTEWORTHY,
    ),
    (
        "closest",
        "Object that comes closest, and its miss distance in lunar distances.",
        measure("Closest object"),
        CLOSEST.labelled("Lunar distances"),
    ),
    (
        "fastest",
        "Object that passes fastest, and its velocity in km per second.",
        measure("Fastest object"),
        FASTEST.labelled("km/s"),
    ),
)

PAGES = (
    OVERVIEW,
    WEEK_AHEAD,
    REVISIONS_PAGE,
    IMPACT_RISK,
    FIREBALLS,
    AGREEMENT,
    DATA_QUALITY,
    OBJECT,
    APPROACH_TOOLTIP,
    PERIOD_TOOLTIP,
)


if __name__ == "__main__":
    main()
