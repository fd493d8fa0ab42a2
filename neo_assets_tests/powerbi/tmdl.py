"""Reads the part of TMDL that the project uses, and refuses everything else.

Stricter than Power BI: one tab a level, a description right before what it describes, and only the
objects and properties listed here.  After Microsoft's description of the language,
https://learn.microsoft.com/analysis-services/tmdl/tmdl-overview.
"""

import re
from dataclasses import dataclass, field

_OBJECTS = {
    "file": {"annotation", "database", "expression", "model", "ref", "relationship", "table"},
    "column": {"annotation"},
    "expression": {"annotation"},
    "model": {"dataAccessOptions"},
    "hierarchy": {"level"},
    "table": {"annotation", "column", "hierarchy", "measure", "partition"},
}
_PROPERTIES = {
    "column": {
        *("dataCategory", "dataType", "formatString", "isAvailableInMdx"),
        *("isHidden", "isKey", "isNameInferred"),
        *("lineageTag", "sortByColumn", "sourceColumn", "summarizeBy"),
    },
    "dataAccessOptions": {"legacyRedirects", "returnErrorValuesAsNull"},
    "database": {"compatibilityLevel"},
    "expression": {"lineageTag"},
    "hierarchy": {"lineageTag"},
    "level": {"column", "lineageTag"},
    "measure": {"displayFolder", "formatString", "lineageTag"},
    "model": {
        *("culture", "defaultPowerBIDataSourceVersion", "discourageImplicitMeasures"),
        "sourceQueryCulture",
    },
    "partition": {"mode", "source"},
    "relationship": {"fromColumn", "isActive", "toColumn"},
    "table": {"dataCategory", "lineageTag"},
}
_WITHOUT_NAME = {"dataAccessOptions", "database"}
_DESCRIBED = {"column", "expression", "measure", "model", "table"}

_NAME = r"(?:'(?:[^']|'')+'|\w+)"
_PROPERTY = re.compile(r"(?P<key>\w+)(?:: (?P<value>\S.*))?")
_EXPRESSION = re.compile(r"(?P<key>\w+) =(?: (?P<value>\S.*))?")
_OBJECT = re.compile(rf"(?P<kind>\w+) (?P<name>{_NAME})(?P<has> =(?: (?P<value>\S.*))?)?")
_REFERENCE = re.compile(rf"ref table (?P<name>{_NAME})")
_COLUMN = re.compile(rf"(?P<table>{_NAME})\.(?P<column>{_NAME})")


class TmdlError(Exception):
    """The text is no TMDL as the project writes it; the message names the line."""


@dataclass
class Node:
    """An object: its kind, name and properties; a flag is the property `true`."""

    kind: str
    name: str
    expression: str = ""
    description: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)

    def of(self, kind: str) -> list["Node"]:
        """The children of a kind."""
        return [child for child in self.children if child.kind == kind]


def parse(text: str) -> Node:
    """The objects of a file.

    Raises:
        TmdlError: at the first line that cannot be read.
    """
    return _Reader(text).read()


def column_reference(text: str) -> tuple[str, str]:
    """Table and column of a reference such as `'Quality metric'.Asset`."""
    found = _COLUMN.fullmatch(text)
    if not found:
        raise TmdlError(f"{text} is no reference to a column")
    return unquoted(found["table"]), unquoted(found["column"])


def unquoted(name: str) -> str:
    """The name itself."""
    return name[1:-1].replace("''", "'") if name.startswith("'") else name


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.at = 0
        self.description: list[str] = []

    def read(self) -> Node:
        root = Node("file", "")
        open_nodes = [root]
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            content = line.lstrip("\t")
            if not content:
                if self.description or line:
                    raise self.error("an empty line that may not be here")
                continue
            if content != content.strip():
                raise self.error("a space at the beginning or the end")
            depth = len(line) - len(content)
            if depth >= len(open_nodes):
                raise self.error("indented too far")
            del open_nodes[depth + 1 :]
            if content.startswith("///"):
                self.description.append(content.removeprefix("///").strip())
                continue
            child = self.content(open_nodes[-1], content, depth)
            if child:
                open_nodes.append(child)
        if self.description:
            raise self.error("a description of nothing")
        return root

    def content(self, parent: Node, content: str, depth: int) -> Node | None:
        """Add the line to its parent; the object that it begins, if it begins one."""
        if found := _REFERENCE.fullmatch(content):
            child = Node("ref", unquoted(found["name"]))
        elif content in _WITHOUT_NAME:
            child = Node(content, "")
        elif found := _OBJECT.fullmatch(content):
            child = Node(found["kind"], unquoted(found["name"]))
            if found["has"]:
                child.expression = found["value"] or self.indented(depth)
        else:
            self.add_property(parent, content, depth)
            return None
        if child.kind not in _OBJECTS.get(parent.kind, ()):
            raise self.error(f"a {parent.kind} has no {child.kind}")
        if self.description and child.kind not in _DESCRIBED:
            raise self.error(f"a {child.kind} has no description")
        child.description = " ".join(self.description)
        self.description = []
        parent.children.append(child)
        return child

    def add_property(self, parent: Node, content: str, depth: int) -> None:
        if self.description:
            raise self.error("a description of a property")
        if found := _EXPRESSION.fullmatch(content):
            value = found["value"] or self.indented(depth)
        elif found := _PROPERTY.fullmatch(content):
            value = found["value"] or "true"
        else:
            raise self.error("neither an object nor a property")
        if found["key"] not in _PROPERTIES.get(parent.kind, ()):
            raise self.error(f"a {parent.kind} has no {found['key']}")
        if found["key"] in parent.properties:
            raise self.error(f"{found['key']} a second time")
        parent.properties[found["key"]] = value

    def indented(self, depth: int) -> str:
        """The lines of an expression, which are indented two levels deeper than its owner."""
        prefix = "\t" * (depth + 2)
        expression = []
        while self.at < len(self.lines) and self.lines[self.at].startswith(prefix):
            expression.append(self.lines[self.at].removeprefix(prefix))
            self.at += 1
        if not expression:
            raise self.error("an expression without a line")
        return "\n".join(expression)

    def error(self, what: str) -> TmdlError:
        return TmdlError(f"line {self.at}: {what}")
