"""The AI/BI dashboard of the bundle.

    python -m lakeview.dashboard

from the root of the project, after a change here or in the Power BI model, writes
`neo_assets.lvdash.json`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lakeview.datasets import model_table, query
from lakeview.measures import Measure
from lakeview.widgets import Json, Widget, bar, counter, date_range, line, rows, scatter

FILE = Path(__file__).parent / "neo_assets.lvdash.json"
COLUMNS = 6
"""Columns of the grid of a page."""


@dataclass(frozen=True)
class Page:
    """A page: its title, what it says at the top, and rows of widgets that share their width."""

    name: str
    title: str
    text: str
    rows: Sequence[Sequence[Widget]]


PAGES = (
    Page(
        "approaches",
        "Approaches",
        "How many pass, how near, how fast, and which of them deserve attention?",
        (
            (date_range("Approach", "Close approach date"),),
            (
                counter("Number of approaches", "Approaches"),
                counter("Closest (lunar distances)"),
                counter("Fastest (km/s)"),
                counter("Mean diameter (m)"),
                counter("Hazardous share", "Potentially hazardous"),
                counter("Approaches of note", "Elevated or high"),
            ),
            (
                bar(
                    "Approaches",
                    "Close approach date",
                    "Approaches a day",
                    color="Size band",
                    scale="temporal",
                ),
                scatter(
                    "Approach",
                    "Close approach date",
                    "Miss distance (lunar distances)",
                    "Risk band",
                    "How near",
                ),
            ),
            (
                rows(
                    "Approach",
                    (
                        "Close approach date",
                        "Designation",
                        "Miss distance (lunar distances)",
                        "Relative velocity (km/s)",
                        "Size band",
                        "Risk band",
                        "Is withdrawn",
                    ),
                    "Every approach",
                ),
            ),
        ),
    ),
    Page(
        "revisions",
        "Revisions",
        "What did NASA change, move or withdraw?",
        (
            (counter("Number of revisions", "Revisions"), counter("Moved approaches")),
            (bar("Revisions", "What", "Revisions by kind"),),
        ),
    ),
    Page(
        "impact_risk",
        "Impact risk",
        "Which odds of an impact do JPL and ESA publish? Published values, nothing is computed.",
        (
            (
                counter("Listed by JPL"),
                counter("Listed by ESA"),
                counter("Highest Palermo value"),
                counter("Changes of odds"),
            ),
            (bar("Changes of odds", "Change", "Changes of odds by kind", color="Source"),),
            (
                rows(
                    "Impact risk",
                    (
                        "Seen at",
                        "Source",
                        "Listed object",
                        "Impact probability",
                        "Palermo cumulative",
                        "Change",
                    ),
                    "What was published",
                ),
            ),
        ),
    ),
    Page(
        "fireballs",
        "Fireballs",
        "How many fireballs were seen in each year, and which were the strongest?",
        (
            (
                counter("Number of fireballs", "Fireballs"),
                counter("Strongest (kt)"),
                counter("Fireballs with a place", "With a place"),
            ),
            (bar("Fireballs", "Event year", "Fireballs by year"),),
            (
                rows(
                    "Fireball",
                    (
                        "Event at",
                        "Impact energy (kt)",
                        "Latitude (degrees)",
                        "Longitude (degrees)",
                    ),
                    "Every fireball",
                ),
            ),
        ),
    ),
    Page(
        "agreement",
        "Agreement",
        "Do NeoWs and JPL's close-approach data agree, and if not, why?",
        (
            (
                counter("Number of compared approaches", "Approaches"),
                counter("Agreeing share", "Agree"),
                counter("Explained share", "Of the others, explained"),
                counter("Unexplained approaches", "Unexplained"),
            ),
            (bar("Compared approaches", "Reason", "Approaches by reason"),),
        ),
    ),
    Page(
        "data_quality",
        "Data quality",
        "What was dropped, by which rule, and what was a duplicate?",
        (
            (date_range("Quality metric", "Partition date"),),
            (
                counter("Measured days"),
                counter("Drops a day"),
                counter("Duplicates a day"),
                counter("Drop share"),
                counter("Lost or doubled rows"),
                counter("Open quarantine rows"),
            ),
            (
                bar("Dropped rows by rule", "Rule", "Dropped rows by rule"),
                line("Dropped rows", "Partition date", "Dropped rows a day", color="Asset"),
            ),
        ),
    ),
)


def dashboard() -> Json:
    """The content of the file."""
    return {
        "datasets": [_dataset(name) for name in _tables()],
        "pages": [_page(page) for page in PAGES],
        "uiSettings": {
            "theme": {"widgetHeaderAlignment": "ALIGNMENT_UNSPECIFIED"},
            "applyModeEnabled": False,
        },
    }


def queries() -> dict[str, str]:
    """The query of each dataset, by the table of the model."""
    return {name: query(model_table(name), _columns(name)) for name in _tables()}


def used_measures(table: str) -> list[Measure]:
    """The measures that widgets show of a table."""
    return list(dict.fromkeys(it for each in _widgets(table) for it in each.measures))


def _tables() -> list[str]:
    return list(dict.fromkeys(widget.table for widget in _widgets()))


def _widgets(table: str = "") -> list[Widget]:
    every = [widget for page in PAGES for row in page.rows for widget in row]
    return [widget for widget in every if table in ("", widget.table)]


def _columns(table: str) -> set[str]:
    """The columns that its widgets or measures use."""
    used = {column for widget in _widgets(table) for column in widget.columns}
    return used.union(*(measure.columns for measure in used_measures(table)))


def _name(table: str) -> str:
    return table.lower().replace(" ", "_")


def _dataset(table: str) -> Json:
    return {
        "name": _name(table),
        "displayName": table,
        "queryLines": queries()[table].splitlines(keepends=True),
        "columns": [
            {
                "displayName": measure.name,
                "description": measure.description,
                "expression": measure.sql,
            }
            for measure in used_measures(table)
        ],
    }


def _page(page: Page) -> Json:
    heading = {
        "name": f"{page.name}_heading",
        "multilineTextboxSpec": {"lines": [f"# {page.title}\n", "\n", page.text]},
    }
    layout = [_placed(heading, 0, 0, COLUMNS, 2)]
    y = 2
    for number, row in enumerate(page.rows):
        width = COLUMNS // len(row)
        height = _HEIGHTS[row[0].spec["widgetType"]]
        for place, widget in enumerate(row):
            content = widget.to_json(f"{page.name}_{number}_{place}", _name(widget.table))
            layout.append(_placed(content, place * width, y, width, height))
        y += height
    return {
        "name": page.name,
        "displayName": page.title,
        "pageType": "PAGE_TYPE_CANVAS",
        "layout": layout,
    }


_HEIGHTS = {"filter-date-range-picker": 1, "counter": 3, "bar": 6, "table": 8}
"""Rows of the grid that a row of widgets takes, by the first of them."""


def _placed(widget: Json, x: int, y: int, width: int, height: int) -> Json:
    position = {"x": x, "y": y, "width": width, "height": height}
    return {"widget": widget, "position": position}


def text() -> str:
    """The file as it is written."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
