"""The themes of the report: registered as Power BI Desktop registers them, and complete."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from neo_assets_tests.powerbi.project import REPORT, RESOURCES, THEME, Visual, literal, visuals

KINDS = {"SharedResources": "BaseTheme", "RegisteredResources": "CustomTheme"}
PARTS_WITH_INSTANCES = {
    "cardVisual": {"label", "layout", "outline", "padding", "spacing", "value"},
    "pageNavigator": {"fill", "outline", "text"},
    "actionButton": {"icon"},
}
"""Parts of a visual that Power BI styles for an instance of it, such as `default` or `selected`;
without its id a style is silently ignored.  From the catalog that Microsoft publishes as
`@microsoft/powerbi-core-visual-schema` 0.1.1, as far as this report styles them."""
DESKTOP_WRITES_WITHOUT_AN_ID = {"layout"}


def report() -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads((REPORT / "definition" / "report.json").read_text())
    return content


def resources() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every registered file with the package it is in."""
    for package in report()["resourcePackages"]:
        for item in package["items"]:
            yield package["name"], item


def test_every_registered_resource_exists_and_every_file_is_registered() -> None:
    registered = {RESOURCES / package / item["path"] for package, item in resources()}
    assert registered == {file for file in RESOURCES.rglob("*") if file.is_file()}


def test_a_package_is_registered_once_under_its_own_type() -> None:
    packages = report()["resourcePackages"]
    assert [package["name"] for package in packages] == [*KINDS]
    assert all(package["type"] == package["name"] for package in packages)
    assert all(item["type"] == KINDS[package] for package, item in resources())


@pytest.mark.parametrize(
    ("theme", "package"),
    [("baseTheme", "SharedResources"), ("customTheme", "RegisteredResources")],
)
def test_a_theme_is_registered(theme: str, package: str) -> None:
    """Power BI Desktop opens a report without a base theme blank, without an error."""
    used = report()["themeCollection"][theme]
    assert used["type"] == package
    assert set(used["reportVersionAtImport"]) == {"visual", "report", "page"}
    (item,) = [item for name, item in resources() if name == package]
    assert item["name"] == used["name"]
    content = json.loads((RESOURCES / package / item["path"]).read_text())
    assert content["name"] == used["name"]


def test_a_base_theme_is_named_without_its_extension_and_a_custom_one_with_it() -> None:
    """As Power BI Desktop writes them; it names base themes by year and month of a release."""
    names = {package: (item["name"], item["path"]) for package, item in resources()}
    name, path = names["SharedResources"]
    assert re.fullmatch(r"CY\d\dSU\d\d", name) and path == f"BaseThemes/{name}.json"
    assert names["RegisteredResources"] == ("neo_assets.json", "neo_assets.json")


def test_the_theme_styles_the_default_instance() -> None:
    styles = json.loads(THEME.read_text())["visualStyles"]
    for kind in ("cardVisual", "pageNavigator"):
        for part in PARTS_WITH_INSTANCES[kind]:
            entries = styles[kind]["*"][part]
            assert "default" in {entry.get("$id") for entry in entries}, f"{kind}.{part}"
    assert styles["cardVisual"]["*"].keys() == PARTS_WITH_INSTANCES["cardVisual"]


def test_a_visual_styles_an_instance() -> None:
    styled = [
        (visual, part, entry)
        for visual in visuals()
        for part, entries in visual.content["visual"].get("objects", {}).items()
        for entry in entries
        if part in PARTS_WITH_INSTANCES.get(visual.kind, set()) - DESKTOP_WRITES_WITHOUT_AN_ID
    ]
    assert {visual.kind for visual, _, _ in styled} == {"cardVisual", "actionButton"}
    for visual, part, entry in styled:
        assert entry.get("selector") == {"id": "default"}, f"{visual} {part}"


@pytest.mark.parametrize(
    "card", [visual for visual in visuals() if visual.kind == "cardVisual"], ids=str
)
def test_a_card_has_room_for_its_numbers(card: Visual) -> None:
    """As Microsoft's guide for authors of reports computes it: a line is 1.5 times its font."""
    theme = json.loads(THEME.read_text())["visualStyles"]
    objects = card.content["visual"]["objects"]
    (margins,) = objects["padding"]
    assert literal(margins["properties"]["paddingSelection"]) == "Custom"
    assert {literal(value) for value in margins["properties"].values()} == {"Custom", "0L"}
    (frame,) = theme["*"]["*"]["padding"]
    size = theme["cardVisual"]["*"]["value"][0]["fontSize"]
    for value in objects.get("value", ()):
        size = float(literal(value["properties"]["fontSize"]).strip("D"))
    needed = 2 + frame["top"] + frame["bottom"] + 1.5 * size + 1.5 * 12
    assert card.content["position"]["height"] >= needed
