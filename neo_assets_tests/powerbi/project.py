"""The Power BI project as the tests look at it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from neo_assets_tests.powerbi.tmdl import Node, parse

ROOT = Path(__file__).parents[2] / "powerbi"
SEMANTIC_MODEL = ROOT / "neo_assets.SemanticModel"
MODEL = SEMANTIC_MODEL / "definition"
REPORT = ROOT / "neo_assets.Report"
PAGES = REPORT / "definition" / "pages"
RESOURCES = REPORT / "StaticResources"
BASE_THEME = RESOURCES / "SharedResources" / "BaseThemes" / "CY24SU10.json"
THEME = RESOURCES / "RegisteredResources" / "neo_assets.json"

_STRING = re.compile(r'"(?:[^"]|"")*"')
_FIELD = re.compile(r"(?:'(?P<quoted>[^']+)'|(?P<plain>\b[A-Za-z_]\w*))?\[(?P<field>[^\]]+)\]")
_VARIABLE = re.compile(r"\bVAR\s+(\w+)")
_WORD = re.compile(r"'(?P<quoted>[^']+)'|\b(?P<plain>[A-Za-z_]\w*)\b(?!\s*\()")
_KEYWORDS = {"VAR", "RETURN", "IN", "NOT", "ASC", "DESC"}


@dataclass(frozen=True)
class Visual:
    """A visual of a page."""

    page: str
    name: str
    content: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The type of visual."""
        return str(self.content["visual"]["visualType"])

    @property
    def title(self) -> str:
        """The title in its frame, or nothing."""
        return self._literal("title", "text")

    @property
    def alternative_text(self) -> str:
        """The text that screen readers read out."""
        return self._literal("general", "altText")

    def __str__(self) -> str:
        return f"{self.page}-{self.name}"

    def _literal(self, container: str, name: str) -> str:
        frame = self.content["visual"].get("visualContainerObjects", {})
        for item in frame.get(container, ()):
            if name in item["properties"]:
                return str(item["properties"][name]["expr"]["Literal"]["Value"]).strip("'")
        return ""


@cache
def read(name: str) -> Node:
    """A file of the semantic model."""
    return parse((MODEL / name).read_text(encoding="utf-8"))


@cache
def tables() -> Mapping[str, Node]:
    """The tables of the model by name."""
    files = [read(f"tables/{file.name}") for file in (MODEL / "tables").glob("*.tmdl")]
    return {table.name: table for file in files for table in file.children}


def columns(table: str) -> set[str]:
    """The columns of a table; none if there is no such table."""
    return {column.name for column in tables()[table].of("column")} if table in tables() else set()


def levels(table: str) -> set[str]:
    """The levels of the hierarchies of a table: hierarchy, dot, level."""
    return {
        f"{hierarchy.name}.{level.name}"
        for hierarchy in tables()[table].of("hierarchy")
        for level in hierarchy.of("level")
    }


def hidden_columns(table: str) -> set[str]:
    """The columns of a table that are hidden from report authors."""
    return {
        column.name for column in tables()[table].of("column") if "isHidden" in column.properties
    }


def measures() -> Mapping[str, Node]:
    """The measures of the model by name."""
    return {measure.name: measure for table in tables().values() for measure in table.of("measure")}


def expressions() -> Mapping[str, str]:
    """Every expression in DAX by the name of what it computes."""
    return {
        f"{table.name}[{item.name}]": item.expression
        for table in tables().values()
        for item in (*table.of("measure"), *table.of("column"))
        if item.expression
    }


def unknown_names(dax: str) -> set[str]:
    """What an expression refers to and the model does not have."""
    code = _STRING.sub('""', dax)
    unknown = set()
    for found in _FIELD.finditer(code):
        table, name = found["quoted"] or found["plain"], found["field"]
        if name not in (columns(table) if table else measures()):
            unknown.add(found[0])
    known = {*_VARIABLE.findall(code), *_KEYWORDS, *tables()}
    for found in _WORD.finditer(_FIELD.sub(" ", code)):
        if (found["quoted"] or found["plain"]) not in known:
            unknown.add(found[0])
    return unknown


def strings(dax: str) -> set[str]:
    """The texts in an expression."""
    return {text[1:-1] for text in _STRING.findall(dax)}


@cache
def pages() -> Mapping[str, Mapping[str, Any]]:
    """The pages of the report by the name of their folder."""
    return {file.parent.name: json.loads(file.read_text()) for file in PAGES.glob("*/page.json")}


@cache
def visuals() -> tuple[Visual, ...]:
    """All visuals of the report."""
    return tuple(
        Visual(file.parents[2].name, file.parent.name, json.loads(file.read_text()))
        for file in sorted(PAGES.glob("*/visuals/*/visual.json"))
    )


@cache
def phone_layouts() -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """The phone layouts of visuals, by page and visual."""
    return {
        (file.parents[2].name, file.parent.name): json.loads(file.read_text())
        for file in sorted(PAGES.glob("*/visuals/*/mobile.json"))
    }


def fields(part: Any, sources: Mapping[str, str] | None = None) -> Iterator[tuple[str, str, str]]:
    """Every field that a part of the report uses: `Column`, `Measure` or `Level`, table and name.

    The name of a level is that of its hierarchy, a dot and its own.  `sources` has the tables by
    the short names that a query gives them.
    """
    sources = sources or {}
    if isinstance(part, list):
        for item in part:
            yield from fields(item, sources)
    if not isinstance(part, dict):
        return
    if "From" in part:
        named = {item["Name"]: item["Entity"] for item in part["From"] if "Entity" in item}
        sources = {**sources, **named}
    for kind in ("Column", "Measure"):
        if "Property" in part.get(kind, {}):
            reference = part[kind]["Expression"]["SourceRef"]
            table = reference.get("Entity") or sources[reference["Source"]]
            yield kind, table, part[kind]["Property"]
    if "HierarchyLevel" in part:
        hierarchy = part["HierarchyLevel"]["Expression"]["Hierarchy"]
        table = hierarchy["Expression"]["SourceRef"]["Entity"]
        yield "Level", table, f"{hierarchy['Hierarchy']}.{part['HierarchyLevel']['Level']}"
    for item in part.values():
        yield from fields(item, sources)


def literal(part: Any) -> str:
    """The constant of a formatting property, texts without their quotes."""
    return str(part["expr"]["Literal"]["Value"]).strip("'")
