"""The JSON of a Power BI report (PBIR): fields, filters, visuals and pages.

The structures follow files that Power BI Desktop wrote, because the published schemas allow more
than Desktop opens.  The content of the pages is in `powerbi/report.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]

SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric/item/report/definition"
VERSIONS = {"visual": "2.4.0", "report": "3.0.0", "page": "2.0.0"}
"""Versions of the schemas; a theme records the ones it was made for."""

PHONE_WIDTH = 324
"""Width of the phone canvas in Power BI Desktop, in points; it can have any height."""
_PHONE_GAP = 8
_GROUPING_ROLES = {"slicer": "Values", "tableEx": ""}
"""The role whose fields a visual groups by, unless it is `Category`."""


def schema(part: str, version: str) -> str:
    """The address of a published schema."""
    return f"{SCHEMAS}/{part}/{version}/schema.json"


@dataclass(frozen=True)
class Field:
    """A column, a measure or a level of a hierarchy, and its label in a visual.

    `kind` is PBIR's word for it: `Column`, `Measure` or `HierarchyLevel`.
    """

    table: str
    name: str
    kind: str
    label: str = ""
    hierarchy: str = ""

    def labelled(self, label: str) -> "Field":
        """The same field with another label."""
        return replace(self, label=label)

    @property
    def query_ref(self) -> str:
        """Its name in the query of a visual, such as `Date.Calendar.Year`."""
        return ".".join(filter(None, (self.table, self.hierarchy, self.name)))

    def expression(self, alias: str = "") -> Json:
        """The reference to it; in the query of a filter, by the alias of its table."""
        source = {"SourceRef": {"Source": alias} if alias else {"Entity": self.table}}
        if self.kind == "HierarchyLevel":
            hierarchy = {"Hierarchy": {"Expression": source, "Hierarchy": self.hierarchy}}
            return {"HierarchyLevel": {"Expression": hierarchy, "Level": self.name}}
        return {self.kind: {"Expression": source, "Property": self.name}}

    def projection(self) -> Json:
        """Its entry in the query of a visual."""
        shown = {
            "field": self.expression(),
            "queryRef": self.query_ref,
            "nativeQueryRef": f"{self.hierarchy} {self.name}".strip(),
        }
        return shown | {"displayName": self.label} if self.label else shown


def column(table: str, name: str, label: str = "") -> Field:
    """A column of the model."""
    return Field(table, name, "Column", label)


def level(table: str, hierarchy: str, name: str) -> Field:
    """A level of a hierarchy of the model."""
    return Field(table, name, "HierarchyLevel", hierarchy=hierarchy)


def literal(value: str | bool | int | float) -> Json:
    """A constant as the value of a formatting property."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = "'" + value.replace("'", "''") + "'"
    else:
        text = f"{value}L" if isinstance(value, int) else f"{value:g}D"
    return {"expr": {"Literal": {"Value": text}}}


def theme_color(index: int) -> Json:
    """The theme's data color with this index, from 0.

    In PBIR, 0 is the theme's background and 1 its foreground; the data colors follow.
    """
    return {"solid": {"color": {"expr": {"ThemeDataColor": {"ColorId": index + 2, "Percent": 0}}}}}


def style(selector: Json | None = None, **properties: Any) -> list[Json]:
    """A formatting object with one entry; constants become literals."""
    values = {
        name: value if isinstance(value, dict | list) else literal(value)
        for name, value in properties.items()
    }
    return [{"properties": values, **({"selector": selector} if selector else {})}]


def fill_by_value(of: Field, colors: Mapping[str, int]) -> list[Json]:
    """The formatting object that gives each value of a column its data color."""
    return [
        entry
        for value, color in colors.items()
        for entry in style({"data": [{"scopeId": _equals(of, value)}]}, fill=theme_color(color))
    ]


def ascending(*by: Field) -> list[Json]:
    """An ascending sort order; the first field takes precedence."""
    return [{"field": each.expression(), "direction": "Ascending"} for each in by]


def descending(*by: Field) -> list[Json]:
    """A descending sort order; the first field takes precedence."""
    return [{"field": each.expression(), "direction": "Descending"} for each in by]


def equals(name: str, of: Field, value: str | bool | int) -> Json:
    """A filter that keeps rows in which a column has one value."""
    return _filter(name, of, "Categorical", _is(of, value))


def differs(name: str, of: Field, *values: str) -> Json:
    """A filter that keeps rows in which a column has none of some values."""
    condition = {"Not": {"Expression": _is(of, *values)}}
    inverted = {"objects": {"general": style(isInvertedSelectionMode=True)}}
    return _filter(name, of, "Categorical", condition) | inverted


def _is(of: Field, *values: str | bool | int) -> Json:
    constants = [[literal(value)["expr"]] for value in values]
    return {"In": {"Expressions": [of.expression("t")], "Values": constants}}


def next_days(name: str, of: Field, days: int) -> Json:
    """A filter that keeps a number of days, beginning with today."""
    before_today = {"DateAdd": {"Expression": {"Now": {}}, "Amount": -1, "TimeUnit": 0}}
    last = {"DateAdd": {"Expression": before_today, "Amount": days, "TimeUnit": 0}}
    condition = {
        "Between": {
            "Expression": of.expression("t"),
            "LowerBound": {"DateSpan": {"Expression": {"Now": {}}, "TimeUnit": 0}},
            "UpperBound": {"DateSpan": {"Expression": last, "TimeUnit": 0}},
        }
    }
    return _filter(name, of, "RelativeDate", condition) | {"howCreated": "User"}


def smallest(name: str, of: Field, by: Field, count: int) -> Json:
    """A filter that keeps the values of a column for which a measure is smallest."""
    return _first(name, of, by, count, direction=1)


def largest(name: str, of: Field, by: Field, count: int) -> Json:
    """A filter that keeps the values of a column for which a measure is largest."""
    return _first(name, of, by, count, direction=2)


def _first(name: str, of: Field, by: Field, count: int, direction: int) -> Json:
    entity = {"Name": "t", "Entity": of.table, "Type": 0}
    query = {
        "Version": 2,
        "From": [entity, {"Name": "m", "Entity": by.table, "Type": 0}],
        "Select": [{**of.expression("t"), "Name": "field"}],
        "OrderBy": [{"Direction": direction, "Expression": by.expression("m")}],
        "Top": count,
    }
    subquery = {"Name": "subquery", "Expression": {"Subquery": {"Query": query}}, "Type": 2}
    condition = {
        "In": {
            "Expressions": [of.expression("t")],
            "Table": {"SourceRef": {"Source": "subquery"}},
        }
    }
    content = {
        "Version": 2,
        "From": [subquery, entity],
        "Where": [{"Condition": condition}],
    }
    return {"name": name, "field": of.expression(), "type": "TopN", "filter": content}


def _filter(name: str, of: Field, kind: str, condition: Json) -> Json:
    content = {
        "Version": 2,
        "From": [{"Name": "t", "Entity": of.table, "Type": 0}],
        "Where": [{"Condition": condition}],
    }
    return {"name": name, "field": of.expression(), "type": kind, "filter": content}


def _equals(of: Field, value: str) -> Json:
    return {
        "Comparison": {
            "ComparisonKind": 0,
            "Left": of.expression(),
            "Right": literal(value)["expr"],
        }
    }


@dataclass(frozen=True)
class Box:
    """A rectangle on a page, in pixels from the upper left corner."""

    x: int
    y: int
    width: int
    height: int

    def position(self, order: int) -> Json:
        """Its `position`; `order` is the place in the reading order, from 0."""
        return {
            "x": self.x,
            "y": self.y,
            "z": order * 1000,
            "height": self.height,
            "width": self.width,
            "tabOrder": order * 1000,
        }


@dataclass(frozen=True)
class Visual:
    """A visual of a page.

    `description` is read out by screen readers, `roles` are the fields it shows, `objects` its
    formatting and `frame` the formatting of its container.  On a phone it takes the whole width and
    `phone_height`, with the formatting of `phone_objects`.  Slicers of one `sync_group` have the
    same selection on all pages.  `tooltip` names the page that is shown over its data points.
    """

    name: str
    kind: str
    box: Box
    phone_height: int
    description: str
    roles: Mapping[str, Sequence[Field]] = field(default_factory=dict)
    title: str = ""
    objects: Mapping[str, list[Json]] = field(default_factory=dict)
    frame: Mapping[str, list[Json]] = field(default_factory=dict)
    phone_objects: Mapping[str, list[Json]] = field(default_factory=dict)
    sort: Sequence[Json] = ()
    filters: Sequence[Json] = ()
    sync_group: str = ""
    tooltip: str = ""

    def content(self, order: int) -> Json:
        """Its `visual.json`."""
        content: Json = {
            "$schema": schema("visualContainer", VERSIONS["visual"]),
            "name": self.name,
            "position": self.box.position(order),
            "visual": self._visual(),
        }
        if self.filters:
            content["filterConfig"] = {"filters": [*self.filters]}
        if self.kind in ("actionButton", "pageNavigator"):
            content["howCreated"] = "InsertVisualButton"
        return content

    def phone_content(self, order: int, y: int) -> Json:
        """Its `mobile.json`, `y` points below the top of the phone canvas."""
        content: Json = {
            "$schema": schema("visualContainerMobileState", "2.2.0"),
            "position": Box(0, y, PHONE_WIDTH, self.phone_height).position(order),
        }
        return content | {"objects": dict(self.phone_objects)} if self.phone_objects else content

    def _visual(self) -> Json:
        visual: Json = {"visualType": self.kind}
        if self.roles:
            visual["query"] = self._query()
        if self.objects:
            visual["objects"] = dict(self.objects)
        visual["visualContainerObjects"] = self._frame()
        if self.sync_group:
            visual["syncGroup"] = {
                "groupName": self.sync_group,
                "fieldChanges": True,
                "filterChanges": True,
            }
        return visual | {"drillFilterOtherVisuals": True}

    def _query(self) -> Json:
        state = {
            role: {"projections": [shown.projection() for shown in fields]}
            for role, fields in self.roles.items()
        }
        for place, grouped in enumerate(
            state.get(_GROUPING_ROLES.get(self.kind, "Category"), {}).get("projections", ())
        ):
            # Of the levels of a hierarchy, the first is shown until the reader drills down.
            grouped["active"] = place == 0
        query: Json = {"queryState": state}
        return query | {"sortDefinition": {"sort": [*self.sort]}} if self.sort else query

    def _frame(self) -> Json:
        frame = dict(self.frame)
        if self.title:
            frame["title"] = style(show=True, text=self.title)
        if self.tooltip:
            frame["visualTooltip"] = style(show=True, type="Canvas", section=self.tooltip)
        frame["general"] = style(altText=self.description)
        return frame


@dataclass(frozen=True)
class Page:
    """A page.

    `kind` is `Drillthrough` for a page that visuals lead to by the value of `drill_field`,
    `Tooltip` for one that they show over a data point, and nothing for the others.  Of two visuals
    in `unfiltered`, choosing in the first does not filter the second.
    """

    name: str
    title: str
    visuals: Sequence[Visual]
    kind: str = ""
    drill_field: Field | None = None
    filters: Sequence[Json] = ()
    unfiltered: Sequence[tuple[str, str]] = ()
    width: int = 1280
    height: int = 720

    def files(self) -> Iterator[tuple[str, Json]]:
        """Its files, by their path below the folder of the pages."""
        yield f"{self.name}/page.json", self._content()
        phone_y = 0
        for order, visual in enumerate(self.visuals):
            folder = f"{self.name}/visuals/{visual.name}"
            yield f"{folder}/visual.json", visual.content(order)
            # Desktop writes no phone layout for tooltip pages: they are shown as they are.
            if self.kind != "Tooltip":
                yield f"{folder}/mobile.json", visual.phone_content(order, phone_y)
                phone_y += visual.phone_height + _PHONE_GAP

    def _content(self) -> Json:
        content: Json = {
            "$schema": schema("page", VERSIONS["page"]),
            "name": self.name,
            "displayName": self.title,
            "displayOption": "ActualSize" if self.kind == "Tooltip" else "FitToPage",
            "height": self.height,
            "width": self.width,
        }
        filters = [*self.filters, *self._drill_filters()]
        if filters:
            content["filterConfig"] = {"filters": filters}
        if self.drill_field:
            content["pageBinding"] = self._binding(self.drill_field)
        if self.unfiltered:
            content["visualInteractions"] = [
                {"source": source, "target": target, "type": "NoFilter"}
                for source, target in self.unfiltered
            ]
        if self.kind:
            content |= {"visibility": "HiddenInViewMode", "type": self.kind}
        return content

    @property
    def _drill_filter(self) -> str:
        return f"{self.name}_drill"

    def _drill_filters(self) -> Iterator[Json]:
        if self.drill_field:
            yield {
                "name": self._drill_filter,
                "field": self.drill_field.expression(),
                "type": "Categorical",
                "howCreated": "Drillthrough",
            }

    def _binding(self, drill_field: Field) -> Json:
        parameter = {
            "name": f"{self._drill_filter}_parameter",
            "boundFilter": self._drill_filter,
            "fieldExpr": drill_field.expression(),
        }
        return {"name": f"{self.name}_binding", "type": self.kind, "parameters": [parameter]}
