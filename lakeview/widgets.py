"""The widgets of an AI/BI dashboard, as its editor exports them.

A widget is over one table of the model.  Its columns are those that the model shows, and its
measures are custom calculations of the dataset.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lakeview.measures import Measure, measures

Json = dict[str, Any]


@dataclass(frozen=True)
class Widget:
    """A widget without its place on a page.

    `columns` are those of the dataset of its table that it uses, and `spec` is what makes it a
    chart, a number or a filter.
    """

    table: str
    columns: tuple[str, ...]
    measures: tuple[Measure, ...]
    spec: Json
    query_name: str = "main_query"
    further_fields: tuple[Json, ...] = field(default=())

    def to_json(self, name: str, dataset: str) -> Json:
        """The widget over the dataset of its table."""
        fields = [
            *({"name": column, "expression": f"`{column}`"} for column in self.columns),
            *({"name": _field(it), "expression": f"MEASURE(`{it.name}`)"} for it in self.measures),
            *self.further_fields,
        ]
        query = {
            "datasetName": dataset,
            "fields": fields,
            "disaggregated": not self.measures and not self.further_fields,
        }
        return {
            "name": name,
            "queries": [{"name": self.query_name, "query": query}],
            "spec": self.spec,
        }


def counter(name: str, title: str = "") -> Widget:
    """One number: a measure."""
    measure = measures()[name]
    value = {"fieldName": _field(measure), "displayName": name, "format": _format(measure)}
    spec = _spec("counter", 2, {"value": value}, title or name, measure.description)
    return Widget(measure.table, (), (measure,), spec)


def bar(name: str, by: str, title: str, *, color: str = "", scale: str = "categorical") -> Widget:
    """A measure for each value of a column, as bars that are stacked by `color`."""
    return _chart("bar", measures()[name], by, title, color, scale)


def line(name: str, by: str, title: str, *, color: str = "") -> Widget:
    """A measure over time, as a line for each value of `color`."""
    return _chart("line", measures()[name], by, title, color, "temporal")


def _chart(kind: str, measure: Measure, by: str, title: str, color: str, scale: str) -> Widget:
    y = _axis(_field(measure), measure.name, "quantitative")
    encodings = {"x": _axis(by, by, scale), "y": y}
    if color:
        encodings["color"] = _axis(color, color, "categorical")
    columns = (by, color) if color else (by,)
    spec = _spec(kind, 3, encodings, title, measure.description)
    return Widget(measure.table, columns, (measure,), spec)


def scatter(table: str, x: str, y: str, color: str, title: str) -> Widget:
    """A point for each row."""
    encodings = {
        "x": _axis(x, x, "temporal"),
        "y": _axis(y, y, "quantitative"),
        "color": _axis(color, color, "categorical"),
    }
    return Widget(table, (x, y, color), (), _spec("scatter", 3, encodings, title))


def rows(table: str, columns: Sequence[str], title: str) -> Widget:
    """The rows themselves, with these columns."""
    shown = [{"fieldName": column, "displayName": column} for column in columns]
    return Widget(table, tuple(columns), (), _spec("table", 2, {"columns": shown}, title))


def date_range(table: str, column: str) -> Widget:
    """A filter of the days of a page."""
    query_name = f"filter_{table}_{column}".lower().replace(" ", "_")
    shown = {"fieldName": column, "displayName": column, "queryName": query_name}
    spec = _spec("filter-date-range-picker", 2, {"fields": [shown]}, column)
    associated = {
        "name": f"{column}_associativity",
        "expression": "COUNT_IF(`associative_filter_predicate_group`)",
    }
    return Widget(table, (column,), (), spec, query_name, (associated,))


def _spec(
    kind: str, version: int, encodings: Mapping[str, Any], title: str, description: str = ""
) -> Json:
    frame: Json = {"showTitle": True, "title": title}
    if description:
        frame |= {"showDescription": True, "description": description}
    return {"version": version, "widgetType": kind, "encodings": dict(encodings), "frame": frame}


def _axis(name: str, shown: str, scale: str) -> Json:
    return {"fieldName": name, "displayName": shown, "scale": {"type": scale}}


def _field(measure: Measure) -> str:
    return f"measure({measure.name})"


def _format(measure: Measure) -> Json:
    places = len(re.sub(r".*?(?:\.(0*).*)?$", r"\1", measure.format))
    exact = {"type": "exact", "places": places}
    if "%" in measure.format:
        return {"type": "number-percent", "decimalPlaces": exact}
    return {"type": "number-plain", "abbreviation": "none", "decimalPlaces": exact}
