"""The code location as Dagster loads it."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
from dagster._core.remote_representation.external_data import RepositorySnap  # noqa: TID251
from pydantic import SecretStr

from neo_assets.definitions import build_definitions
from neo_assets.settings import Settings

PROGRAM = """
import sys
import neo_assets.definitions
costly = {"pyspark", "py4j", "grpc_status", "matplotlib", "altair", "vl_convert"}
print(sorted({name.partition(".")[0] for name in sys.modules} & costly))
"""


def test_loading_the_code_location_loads_neither_spark_nor_plots() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout == "[]\n"
    # Nor does it greet whoever loads it with warnings.
    assert result.stderr == ""


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
    readers = {dg.AssetKey("power_bi_export"), dg.AssetKey("neo_dashboard")}
    for target, expected in (("local", readers), ("databricks", set())):
        graph = build_definitions(Settings(neo_target=target)).resolve_asset_graph()
        assert readers & graph.get_all_asset_keys() == expected
