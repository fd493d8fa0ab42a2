"""Navigation: pages, drill-through, tooltips, synced slicers, and the phone layout."""

import json
from itertools import pairwise
from typing import Any

import pytest

from neo_assets_tests.powerbi.project import (
    Visual,
    fields,
    literal,
    pages,
    phone_layouts,
    visuals,
)
from powerbi.pbir import PHONE_WIDTH

KINDS = {name: page.get("type", "") for name, page in pages().items()}
OPENED = [name for name, kind in KINDS.items() if kind != "Tooltip"]
"""Pages that are opened; a tooltip is shown over another page."""


def on(page: str, kind: str = "") -> list[Visual]:
    """The visuals of a page, of one kind or all."""
    return [visual for visual in visuals() if visual.page == page and kind in ("", visual.kind)]


def frame(visual: Visual, part: str) -> dict[str, Any]:
    """The properties of a part of the container of a visual; nothing if it has none."""
    (entry,) = visual.content["visual"]["visualContainerObjects"].get(part, [{"properties": {}}])
    properties: dict[str, Any] = entry["properties"]
    return properties


def test_the_pages_are_of_every_kind() -> None:
    assert sorted(KINDS.values()) == [*[""] * 7, "Drillthrough", "Tooltip", "Tooltip"]


@pytest.mark.parametrize("page", pages())
def test_a_page_is_hidden_if_it_is_not_for_opening(page: str) -> None:
    hidden = pages()[page].get("visibility") == "HiddenInViewMode"
    assert hidden is bool(KINDS[page])
    assert pages()[page]["displayOption"] == (
        "ActualSize" if KINDS[page] == "Tooltip" else "FitToPage"
    )


@pytest.mark.parametrize("page", [name for name, kind in KINDS.items() if not kind])
def test_every_page_leads_to_the_others(page: str) -> None:
    (navigator,) = on(page, "pageNavigator")
    (shown,) = navigator.content["visual"]["objects"]["pages"]
    assert literal(shown["properties"]["showHiddenPages"]) == "false"
    assert literal(shown["properties"]["showTooltipPages"]) == "false"
    assert navigator.content["howCreated"] == "InsertVisualButton"


@pytest.mark.parametrize("page", [name for name, kind in KINDS.items() if not kind])
def test_the_navigation_has_room_for_every_page(page: str) -> None:
    """On the screen and on a phone: a button of the navigation for each page to choose."""
    (navigator,) = on(page, "pageNavigator")
    (layout,) = navigator.content["visual"]["objects"]["layout"]
    columns, rows, padding = (
        int(literal(layout["properties"][name]).strip("L"))
        for name in ("columnCount", "rowCount", "cellPadding")
    )
    assert columns * rows >= len([kind for kind in KINDS.values() if not kind]) > columns
    longest = max(len(pages()[name]["displayName"]) for name, kind in KINDS.items() if not kind)
    for position, height in (
        (navigator.content["position"], 24),
        (phone_layouts()[page, navigator.name]["position"], 44),
    ):
        assert position["width"] / columns - padding >= 6 * longest
        assert position["height"] / rows - padding >= height


@pytest.mark.parametrize("page", OPENED)
def test_every_page_shows_how_old_its_data_is(page: str) -> None:
    cards = [visual for visual in on(page, "cardVisual") if visual.name == "freshness"]
    assert [[*fields(card.content["visual"]["query"])] for card in cards] == [
        [("Measure", "_Measures", "Data as of")]
    ]


def drill_pages() -> list[str]:
    return [name for name, kind in KINDS.items() if kind == "Drillthrough"]


@pytest.mark.parametrize("page", drill_pages())
def test_a_drill_through_binds_its_filters(page: str) -> None:
    binding = pages()[page]["pageBinding"]
    assert binding["type"] == "Drillthrough"
    filters = {
        it["name"]: it["field"]
        for it in pages()[page]["filterConfig"]["filters"]
        if it["howCreated"] == "Drillthrough"
    }
    bound = {it["boundFilter"]: it["fieldExpr"] for it in binding["parameters"]}
    assert bound and bound == filters


@pytest.mark.parametrize("page", drill_pages())
def test_a_drill_through_starts_from_another_page_and_leads_back(page: str) -> None:
    for parameter in pages()[page]["pageBinding"]["parameters"]:
        starts = {
            visual.page
            for visual in visuals()
            if KINDS[visual.page] == ""
            for role in visual.content["visual"].get("query", {}).get("queryState", {}).values()
            for projection in role["projections"]
            if projection["field"] == parameter["fieldExpr"]
        }
        assert {"overview", "week_ahead", "revisions"} <= starts
    (button,) = on(page, "actionButton")
    assert literal(frame(button, "visualLink")["type"]) == "Back"


def test_names_of_filters_and_bindings_are_unique_in_the_report() -> None:
    parts = [*pages().values(), *(visual.content for visual in visuals())]
    names = [it["name"] for part in parts for it in part.get("filterConfig", {}).get("filters", ())]
    assert len(names) == len(set(names))


def test_a_tooltip_leads_to_a_tooltip_page_and_every_such_page_is_used() -> None:
    used = set()
    for visual in visuals():
        tooltip = frame(visual, "visualTooltip")
        if tooltip:
            assert (literal(tooltip["show"]), literal(tooltip["type"])) == ("true", "Canvas")
            used.add(literal(tooltip["section"]))
    assert used == {name for name, kind in KINDS.items() if kind == "Tooltip"}


def test_slicers_of_a_group_choose_the_same_and_others_do_not() -> None:
    groups: dict[str, list[Visual]] = {}
    for visual in visuals():
        group = visual.content["visual"].get("syncGroup")
        if group:
            assert visual.kind == "slicer"
            assert group["fieldChanges"] and group["filterChanges"]
            groups.setdefault(group["groupName"], []).append(visual)
    assert groups.keys() == {"Days", "Size"}
    for slicers in groups.values():
        assert len({slicer.page for slicer in slicers}) == len(slicers) >= 3
        assert len({json.dumps(selection(slicer)) for slicer in slicers}) == 1
    alike = [
        json.dumps(selection(visual))
        for visual in visuals()
        if visual.kind == "slicer" and "syncGroup" not in visual.content["visual"]
    ]
    assert len(set(alike)) == len(alike), "Slicers of one field on several pages are not synced."


def selection(slicer: Visual) -> tuple[object, object]:
    visual = slicer.content["visual"]
    return visual["query"], visual["objects"]["data"]


@pytest.mark.parametrize("page", pages())
def test_every_page_that_is_opened_has_a_phone_layout(page: str) -> None:
    laid_out = {name for of, name in phone_layouts() if of == page}
    assert laid_out == ({visual.name for visual in on(page)} if page in OPENED else set())


@pytest.mark.parametrize("page", OPENED)
def test_on_a_phone_nothing_overlaps_and_the_order_is_the_same(page: str) -> None:
    boxes = [
        (visual.content["position"], phone_layouts()[page, visual.name]["position"])
        for visual in on(page)
    ]
    boxes.sort(key=lambda pair: pair[0]["tabOrder"])
    for wide, narrow in boxes:
        assert (narrow["x"], narrow["width"]) == (0, PHONE_WIDTH)
        assert narrow["tabOrder"] == wide["tabOrder"]
        # What can be touched is not smaller than a finger.
        assert narrow["height"] >= 44
    for (_, above), (_, below) in pairwise(boxes):
        assert above["y"] + above["height"] + 8 <= below["y"]


@pytest.mark.parametrize("page", OPENED)
def test_on_a_phone_numbers_are_two_in_a_row(page: str) -> None:
    for card in on(page, "cardVisual"):
        shown = len([*fields(card.content["visual"]["query"])])
        if shown > 2:
            layout = phone_layouts()[page, card.name]
            (grid,) = layout["objects"]["layout"]
            rows = int(literal(grid["properties"]["rowCount"]).strip("L"))
            assert literal(grid["properties"]["columnCount"]) == "2L"
            assert 2 * rows >= shown and layout["position"]["height"] >= 72 * rows


def test_a_date_hierarchy_and_the_year_before_are_shown() -> None:
    shown = {it for visual in on("overview") for it in fields(visual.content)}
    assert {("Level", "Date", f"Calendar.{name}") for name in ("Year", "Quarter name")} <= shown
    assert ("Measure", "_Measures", "Approaches a year before") in shown
