"""The bundle, checked without a workspace by Databricks' own models of its resources."""

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks.bundles.dashboards import Dashboard
from databricks.bundles.jobs import Job
from databricks.bundles.pipelines import Pipeline
from databricks.bundles.schemas import Schema
from databricks.bundles.sql_warehouses import SqlWarehouse
from databricks.bundles.volumes import Volume

from neo_assets.lakehouse.request import Request, Result
from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.targets.databricks import job as entry_point
from neo_assets.targets.databricks.unity_catalog import UnityCatalog
from neo_assets.targets.databricks.wheel import ENTRY_POINT

ROOT = Path(__file__).parents[3]
BUNDLE: dict[str, Any] = yaml.safe_load((ROOT / "databricks.yml").read_text(encoding="utf-8"))
FILES = [ROOT / name for name in ("databricks.yml", *BUNDLE["include"])]
TEXT = "".join(file.read_text(encoding="utf-8") for file in FILES)
RESOURCES: dict[str, Any] = defaultdict(dict)
for _file in FILES:
    for _kind, _resources in yaml.safe_load(_file.read_text("utf-8"))["resources"].items():
        RESOURCES[_kind] |= _resources


def only(kind: str) -> Any:
    """The resource of this kind that everything else needs, be there another or not."""
    resource, *_ = RESOURCES[kind].values()
    return resource


def filled(parameter: str, values: dict[str, Any]) -> str:
    """A parameter with what Databricks puts in the place of names in braces."""
    return re.sub(r"[$]?[{]{1,2}([a-z._]+)[}]{1,2}", lambda match: str(values[match[1]]), parameter)


def test_its_resources_are_ones_that_databricks_knows() -> None:
    known: dict[str, Any] = {
        "schemas": Schema,
        "volumes": Volume,
        "jobs": Job,
        "pipelines": Pipeline,
        "sql_warehouses": SqlWarehouse,
        "dashboards": Dashboard,
    }
    # No catalog: one without a storage location cannot be created in most workspaces.
    assert RESOURCES.keys() == known.keys()
    for kind, model in known.items():
        for resource in RESOURCES[kind].values():
            # Refuses fields, and values of lists of values, that are not known.
            model.from_dict(resource)
    keys = [key for resources in RESOURCES.values() for key in resources]
    # The CLI refuses two resources with one key, whatever their kinds.
    assert len({*keys}) == len(keys)


def test_its_names_are_those_of_the_settings() -> None:
    for name in ("catalog", "schema", "volume"):
        default = Settings.model_fields[f"neo_databricks_{name}"].default
        assert BUNDLE["variables"][name]["default"] == default
    for kind in ("schemas", "volumes"):
        assert only(kind)["name"] == f"${{var.{kind.removesuffix('s')}}}"
        assert only(kind)["catalog_name"] == "${var.catalog}"


def test_all_that_it_refers_to_is_declared() -> None:
    for kind, key in re.findall(r"[$][{]resources[.](\w+)[.](\w+)", TEXT):
        assert key in RESOURCES[kind]
    for name in re.findall(r"[$][{]var[.](\w+)", TEXT):
        assert name in BUNDLE["variables"]
    # A grant to everybody would be the choice of nobody.
    assert "default" not in BUNDLE["variables"]["readers"]


def test_tables_and_files_outlast_the_bundle() -> None:
    for kind in ("schemas", "volumes"):
        assert only(kind)["lifecycle"] == {"prevent_destroy": True}


def test_the_principal_gets_what_it_needs_and_no_more() -> None:
    granted = {
        kind: {
            privilege
            for grant in only(kind)["grants"]
            if grant["principal"] == "${var.principal}"
            for privilege in grant["privileges"]
        }
        for kind in ("schemas", "volumes")
    }
    assert granted == {
        "schemas": {"USE_SCHEMA", "CREATE_TABLE"},
        "volumes": {"READ_VOLUME", "WRITE_VOLUME"},
    }


def test_its_jobs_run_the_stages_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule, stage = RESOURCES["jobs"]["neo_assets"], RESOURCES["jobs"]["stage"]
    stages = ["bronze_neo_events", "silver_neo_events", "gold_neo_fact"]
    assert [task["task_key"] for task in schedule["tasks"]] == stages
    before = [
        [needed["task_key"] for needed in task.get("depends_on", [])] for task in schedule["tasks"]
    ]
    assert before == [[], stages[:1], stages[1:2]]
    # Two runs at once would write the same tables.
    assert stage["max_concurrent_runs"] == schedule["max_concurrent_runs"] == 1
    hours = Settings.model_fields["neo_databricks_timeout_hours"].default
    assert stage["timeout_seconds"] == hours * 3600 and stage["tags"] and schedule["tags"]

    asked: list[Request] = []

    def run(catalog: UnityCatalog, request: Request, log: LogFunction) -> Result:
        assert catalog == UnityCatalog("neo", "asteroids", "files")
        asked.append(request)
        return Result()

    monkeypatch.setattr(entry_point, "run", run)
    (task,) = stage["tasks"]
    wheel_task = task["python_wheel_task"]
    assert (wheel_task["package_name"], wheel_task["entry_point"]) == (
        entry_point.PACKAGE,
        ENTRY_POINT,
    )
    values = {f"var.{name}": each.get("default") for name, each in BUNDLE["variables"].items()}
    defaults = {each["name"]: each["default"] for each in stage["parameters"]}
    for scheduled in schedule["tasks"]:
        started = scheduled["run_job_task"]
        assert started["job_id"] == "${resources.jobs.stage.id}"
        # A parameter that the job does not have would say nothing to it.
        assert started["job_parameters"].keys() <= defaults.keys()
        given = {**defaults, **started["job_parameters"]}
        known = {f"job.parameters.{name}": value for name, value in given.items()}
        parameters = [
            filled(parameter, {**values, **known, "job.run_id": "7"})
            for parameter in wheel_task["parameters"]
        ]
        monkeypatch.setattr(sys, "argv", [ENTRY_POINT, *parameters])
        entry_point.main()
    assert [request.stage for request in asked] == stages
    assert all(len(request.days) == 15 and request.run_id == "7" for request in asked)


def test_only_who_starts_a_stage_repeats_it() -> None:
    """A second attempt of the platform would overwrite messages that Dagster has read."""
    (task,) = RESOURCES["jobs"]["stage"]["tasks"]
    assert (task["max_retries"], task["disable_auto_optimization"]) == (0, True)
    assert [each["max_retries"] for each in RESOURCES["jobs"]["neo_assets"]["tasks"]] == [1, 1, 1]


def test_new_code_is_a_new_version() -> None:
    (artifact,) = BUNDLE["artifacts"].values()
    assert artifact["dynamic_version"] is True


def test_there_is_a_target_to_try_and_one_to_rely_on() -> None:
    modes = {name: target["mode"] for name, target in BUNDLE["targets"].items()}
    assert modes == {"dev": "development", "prod": "production"}
    prod = BUNDLE["targets"]["prod"]
    assert prod["run_as"] == {"service_principal_name": "${var.principal}"}
    # The code that it runs is where no other user can change it.
    assert prod["workspace"]["root_path"].startswith("/Workspace/Users/${var.principal}/")
    assert prod["permissions"] == [{**prod["run_as"], "level": "CAN_MANAGE"}]
    assert (BUNDLE["bundle"]["databricks_cli_version"], BUNDLE["bundle"]["engine"]) == (
        ">= 1.13.0, < 2.0.0",
        "direct",
    )


def test_the_guide_names_what_differs_from_the_defaults() -> None:
    guide = (ROOT / "docs" / "databricks.md").read_text(encoding="utf-8")
    dev = BUNDLE["targets"]["dev"]["variables"]
    assert f"NEO_DATABRICKS_CATALOG={dev['catalog']}" in guide
    assert f"NEO_DATABRICKS_CATALOG={dev['catalog']}" in TEXT
    for right in ("Databricks SQL access", "Service Principal User", "MANAGED LOCATION"):
        assert right in guide
    assert "CREATE CATALOG IF NOT EXISTS `neo`;" not in guide
