"""The code location as Dagster loads it."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap  # noqa: TID251
from pydantic import SecretStr
from syrupy.assertion import SnapshotAssertion

from neo_assets.definitions import build_definitions
from neo_assets.settings import Settings
from neo_assets.sources.registry import Included

LOADED = """
import sys
{statements}
costly = {{"pyspark", "py4j", "grpc_status", "PIL", "altair", "vl_convert", "apprise", "alembic",
           "deltalake", "feedgenerator", "icalendar", "numpy", "pandas", "pyarrow", "sqlalchemy"}}
print(sorted({{name.partition(".")[0] for name in sys.modules}} & costly))
"""


@pytest.mark.parametrize(
    ("statements", "costly"),
    [
        ("from neo_assets.definitions import defs; defs()", []),
        ("import neo_assets.cli", []),
        # A command on an instance loads what the instance loads, and no table is there yet.
        (
            "from neo_assets.settings import Settings\n"
            "from neo_assets.status import status\n"
            "status(Settings())",
            ["alembic", "sqlalchemy"],
        ),
    ],
)
def test_what_people_wait_for_loads_no_more_than_it_needs(
    statements: str, costly: list[str], tmp_path: Path
) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOADED.format(statements=statements)],
        env={**os.environ, "NEO_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout == f"{costly}\n"
    # Loading it causes no warnings.
    assert result.stderr == ""


IMPORTS = """
from importlib import import_module
from pkgutil import walk_packages
import neo_assets
for module in walk_packages(neo_assets.__path__, "neo_assets."):
    # Programs; the second is one that Spark runs.
    if not module.name.endswith(("__main__", "declarative_pipeline.pipeline")):
        import_module(module.name)
"""


def test_no_module_reads_the_settings_when_it_is_imported() -> None:
    environment = {**os.environ, "NEO_START_DATE": "never", "NEO_TARGET": "none"}
    subprocess.run([sys.executable, "-c", IMPORTS], env=environment, timeout=120, check=True)


def test_the_daily_assets_follow_the_settings_they_are_built_with() -> None:
    settings = Settings(neo_start_date=date(2020, 2, 3), neo_partitions_per_run=5)
    graph = build_definitions(settings).resolve_asset_graph()
    for name in Included(settings.sources).assets:
        node = graph.get(dg.AssetKey(name))
        assert node.partitions_def and node.backfill_policy
        assert node.partitions_def.get_first_partition_key() == "2020-02-03"
        assert node.backfill_policy.max_partitions_per_run == 5


def test_the_code_location_shows_nothing_secret_of_its_settings(tmp_path: Path) -> None:
    secret = "wQz7nQ2vJ8sK4mT1xR6yB9cD3fG5hL0pA8eU2iO7"
    settings = Settings(
        neo_data_dir=tmp_path,
        nasa_api_key=SecretStr(secret),
        neo_spark_remote=f"sc://localhost:15002/;token={secret}",
        neo_alert_urls=SecretStr(f"json://user:{secret}@localhost"),
    )
    repository = build_definitions(settings).get_repository_def()
    assert repository.has_sensor_def("failure_alerts_1")
    shown = dg.serialize_value(RepositorySnap.from_def(repository))
    assert str(tmp_path) in shown and secret not in shown


def test_what_reads_tables_on_this_machine_is_only_there_with_them() -> None:
    readers = {dg.AssetKey(name) for name in ("neo_dashboard", "open_data", "power_bi_export")}
    for target, expected in (("local", readers), ("databricks", set())):
        graph = build_definitions(Settings(neo_target=target)).resolve_asset_graph()
        assert readers & graph.get_all_asset_keys() == expected


def test_the_definitions_are_as_recorded(snapshot: SnapshotAssertion) -> None:
    """After an intended change: `pytest neo_assets_tests/test_definitions.py --snapshot-update`."""
    definitions = build_definitions(Settings())
    repository = definitions.get_repository_def()
    assert shown_assets(definitions) == snapshot(name="assets")
    assert shown_checks(definitions) == snapshot(name="checks")
    assert {
        job.name: job.description
        for job in repository.get_all_jobs()
        if not job.name.startswith("__")
    } == snapshot(name="jobs")
    assert {
        schedule.name: {
            "cron": schedule.cron_schedule,
            "job": schedule.job_name,
            "status": schedule.default_status.value,
            "description": schedule.description,
        }
        for schedule in repository.schedule_defs
    } == snapshot(name="schedules")
    assert {
        sensor.name: {
            "jobs": sorted(target.job_name for target in sensor.targets),
            "status": sensor.default_status.value,
            "interval": sensor.minimum_interval_seconds,
            "description": sensor.description,
        }
        for sensor in repository.sensor_defs
    } == snapshot(name="sensors")


def shown_assets(definitions: dg.Definitions) -> dict[str, Any]:
    """The page of each asset without a materialization."""
    graph = definitions.resolve_asset_graph()
    return {
        node.key.to_user_string(): {
            "description": node.description,
            "group": node.group_name,
            "kinds": sorted(node.kinds),
            "depends on": sorted(key.to_user_string() for key in node.parent_keys),
            "partitions": str(node.partitions_def),
            "metadata": sorted(node.metadata),
            "columns": columns_of(node.metadata),
        }
        for node in graph.asset_nodes
    }


def columns_of(metadata: Any) -> dict[str, str]:
    """The columns with their types and descriptions."""
    schema = metadata.get("dagster/column_schema")
    if schema is None:
        return {}
    return {column.name: f"{column.type}: {column.description}" for column in schema.columns}


def shown_checks(definitions: dg.Definitions) -> dict[str, str | None]:
    """The description of each check."""
    graph = definitions.resolve_asset_graph()
    return {
        f"{key.asset_key.to_user_string()}: {key.name}": graph.get(key).description
        for key in sorted(graph.asset_check_keys)
    }
