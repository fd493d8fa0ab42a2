"""The themes of the report: registered as Power BI Desktop registers them, and complete."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from neo_assets_tests.powerbi.project import REPORT, RESOURCES, THEME

KINDS = {"SharedResources": "BaseTheme", "RegisteredResources": "CustomTheme"}
NEEDS_AN_ID = {
    "accentBar",
    "divider",
    "fillCustom",
    "glowCustom",
    "image",
    "label",
    "outline",
    "padding",
    "referenceLabelDetail",
    "referenceLabelTitle",
    "referenceLabelValue",
    "shadowCustom",
    "spacing",
    "value",
}
"""Parts of a card that Power BI styles for an instance, from the catalog of
`@microsoft/powerbi-report-authoring-cli` 0.1.4: without the id a style is silently ignored."""


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
    """Power BI Desktop opens a report without a base theme blank, and says nothing."""
    used = report()["themeCollection"][theme]
    assert used["type"] == package
    assert set(used["reportVersionAtImport"]) == {"visual", "report", "page"}
    (item,) = [item for name, item in resources() if name == package]
    assert item["name"] == used["name"]
    content = json.loads((RESOURCES / package / item["path"]).read_text())
    assert content["name"] == used["name"]


def test_a_base_theme_is_named_without_its_extension_and_a_custom_one_with_it() -> None:
    """As Power BI Desktop writes them; each is found under this name alone."""
    names = {package: (item["name"], item["path"]) for package, item in resources()}
    assert names["SharedResources"] == ("neo_assets_base", "BaseThemes/neo_assets_base.json")
    assert names["RegisteredResources"] == ("neo_assets.json", "neo_assets.json")


def test_the_style_of_a_card_applies_to_its_default_instance() -> None:
    styles = json.loads(THEME.read_text())["visualStyles"]["cardVisual"]["*"]
    assert styles.keys() & NEEDS_AN_ID
    for part, entries in styles.items():
        for entry in entries:
            assert (entry.get("$id") == "default") is (part in NEEDS_AN_ID), part
