"""The bundle, checked without a workspace by Databricks' own models of its resources."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks.bundles.catalogs import Catalog
from databricks.bundles.jobs import Job
from databricks.bundles.schemas import Schema
from databricks.bundles.volumes import Volume

from neo_assets.lakehouse.request import Request, Result
from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.targets.databricks import job as entry_point
from neo_assets.targets.databricks.submission import ENVIRONMENT_VERSION
from neo_assets.targets.databricks.unity_catalog import UnityCatalog
from neo_assets.targets.databricks.wheel import ENTRY_POINT, PACKAGE

BUNDLE: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[3] / "databricks.yml").read_text(encoding="utf-8")
)
RESOURCES = BUNDLE["resources"]


def only(kind: str) -> Any:
    (resource,) = RESOURCES[kind].values()
    return resource


def filled(parameter: str, values: dict[str, Any]) -> str:
    """A parameter with what Databricks puts in the place of names in braces."""
    return re.sub(r"[$]?[{]{1,2}([a-z._]+)[}]{1,2}", lambda match: str(values[match[1]]), parameter)


def test_its_resources_are_ones_that_databricks_knows() -> None:
    known: dict[str, Any] = {"catalogs": Catalog, "schemas": Schema, "volumes": Volume, "jobs": Job}
    assert RESOURCES.keys() == known.keys()
    for kind, model in known.items():
        # Refuses fields, and values of lists of values, that are not known.
        model.from_dict(only(kind))


def test_its_names_are_those_of_the_settings() -> None:
    for name in ("catalog", "schema", "volume"):
        default = Settings.model_fields[f"neo_databricks_{name}"].default
        assert BUNDLE["variables"][name]["default"] == default
        assert only(f"{name}s")["name"] == f"${{var.{name}}}"


def test_the_principal_gets_what_it_needs_and_no_more() -> None:
    granted = {
        kind: {
            privilege
            for grant in only(kind)["grants"]
            if grant["principal"] == "${var.principal}"
            for privilege in grant["privileges"]
        }
        for kind in ("catalogs", "schemas", "volumes")
    }
    assert granted == {
        "catalogs": {"USE_CATALOG"},
        "schemas": {"USE_SCHEMA", "CREATE_TABLE"},
        "volumes": {"READ_VOLUME", "WRITE_VOLUME"},
    }


def test_its_job_runs_the_stages_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    job = only("jobs")
    stages = ["bronze_neo_events", "silver_neo_events", "gold_neo_fact"]
    assert [task["task_key"] for task in job["tasks"]] == stages
    before = [
        [needed["task_key"] for needed in task.get("depends_on", [])] for task in job["tasks"]
    ]
    assert before == [[], stages[:1], stages[1:2]]
    # Two runs at once would write the same tables.
    assert job["max_concurrent_runs"] == 1
    (environment,) = job["environments"]
    assert environment["spec"]["environment_version"] == ENVIRONMENT_VERSION

    asked: list[Request] = []

    def run(catalog: UnityCatalog, request: Request, log: LogFunction) -> Result:
        assert catalog == UnityCatalog("neo", "asteroids", "files")
        asked.append(request)
        return Result()

    monkeypatch.setattr(entry_point, "run", run)
    values = {f"var.{name}": each.get("default") for name, each in BUNDLE["variables"].items()}
    values |= {f"job.parameters.{each['name']}": each["default"] for each in job["parameters"]}
    for task in job["tasks"]:
        wheel_task = task["python_wheel_task"]
        assert (wheel_task["package_name"], wheel_task["entry_point"]) == (PACKAGE, ENTRY_POINT)
        known = {**values, "task.name": task["task_key"], "job.run_id": "7"}
        parameters = [filled(parameter, known) for parameter in wheel_task["parameters"]]
        monkeypatch.setattr(sys, "argv", [ENTRY_POINT, *parameters])
        entry_point.main()
    assert [request.stage for request in asked] == stages
    assert all(len(request.days) == 15 and request.run_id == "7" for request in asked)


def test_new_code_is_a_new_version() -> None:
    (artifact,) = BUNDLE["artifacts"].values()
    assert artifact["dynamic_version"] is True


def test_there_is_a_target_to_try_and_one_to_rely_on() -> None:
    modes = {name: target["mode"] for name, target in BUNDLE["targets"].items()}
    assert modes == {"dev": "development", "prod": "production"}
    prod = BUNDLE["targets"]["prod"]
    assert prod["run_as"] == {"service_principal_name": "${var.principal}"}
