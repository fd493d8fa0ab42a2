"""The file of the dashboard, without a workspace."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from lakeview.dashboard import COLUMNS, FILE, dashboard, text

ROOT = FILE.parents[1]
CONTENT = dashboard()
DATASETS = {dataset["name"]: dataset for dataset in CONTENT["datasets"]}
LAYOUTS = [page["layout"] for page in CONTENT["pages"]]
RESOURCES: dict[str, Any] = yaml.safe_load((FILE.parent / "resources.yml").read_text("utf-8"))[
    "resources"
]


def test_the_file_is_up_to_date() -> None:
    assert FILE.read_text("utf-8") == text(), "run: python -m lakeview.dashboard"


def test_widgets_use_what_their_datasets_have() -> None:
    for widget in (place["widget"] for layout in LAYOUTS for place in layout):
        for query in (named["query"] for named in widget.get("queries", ())):
            dataset = DATASETS[query["datasetName"]]
            columns = {*re.findall(r" AS `([^`]+)`", "".join(dataset["queryLines"]))}
            calculated = {column["displayName"] for column in dataset["columns"]}
            for field in query["fields"]:
                if found := re.fullmatch(r"MEASURE\(`(.+)`\)", field["expression"]):
                    assert found[1] in calculated
                elif found := re.fullmatch(r"`(.+)`", field["expression"]):
                    assert found[1] in columns


def test_what_is_shown_is_queried() -> None:
    for widget in (place["widget"] for layout in LAYOUTS for place in layout):
        queried = {
            field["name"] for it in widget.get("queries", ()) for field in it["query"]["fields"]
        }
        shown = {*re.findall(r"'fieldName': '([^']+)'", str(widget))}
        assert shown <= queried, widget["name"]


def test_names_are_unique_and_nothing_overlaps() -> None:
    names = [place["widget"]["name"] for layout in LAYOUTS for place in layout]
    assert len({*names}) == len(names)
    for layout in LAYOUTS:
        taken = Counter(
            (x, y)
            for position in (place["position"] for place in layout)
            for x in range(position["x"], position["x"] + position["width"])
            for y in range(position["y"], position["y"] + position["height"])
        )
        assert set(taken.values()) == {1}
        assert all(x < COLUMNS for x, _ in taken)


def test_the_bundle_shows_it_over_the_tables_of_the_stages() -> None:
    ((key, _),) = RESOURCES["sql_warehouses"].items()
    (resource,) = RESOURCES["dashboards"].values()
    assert (FILE.parent / resource["file_path"]) == FILE
    assert resource["warehouse_id"] == f"${{resources.sql_warehouses.{key}.id}}"
    assert resource["dataset_catalog"] == "${var.catalog}"
    assert resource["dataset_schema"] == "${resources.schemas.asteroids.name}"
    # Queries run with the rights of the viewer: a bundle with `run_as` allows nothing else.
    assert resource["embed_credentials"] is False
    assert Path(ROOT / "databricks.yml").read_text("utf-8").count("lakeview/resources.yml") == 1
