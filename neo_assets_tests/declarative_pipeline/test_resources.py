"""The pipeline in the bundle; what all resources share is in targets/databricks/test_bundle.py."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from neo_assets.declarative_pipeline import tables
from neo_assets.sources.neows.dataset import NEO
from neo_assets.targets.databricks.backend import UnityCatalogBackend
from neo_assets.targets.databricks.unity_catalog import UnityCatalog

FOLDER = Path(tables.__file__).parent
ROOT = FOLDER.parents[1]
RESOURCES: dict[str, Any] = yaml.safe_load((FOLDER / "resources.yml").read_text("utf-8"))[
    "resources"
]
(PIPELINE,) = RESOURCES["pipelines"].values()


def test_what_it_runs_is_deployed_with_what_that_imports() -> None:
    (library,) = PIPELINE["libraries"]
    assert (FOLDER / library["file"]["path"]).is_file()
    assert (FOLDER / PIPELINE["root_path"]).resolve() == ROOT
    bundle = yaml.safe_load((ROOT / "databricks.yml").read_text("utf-8"))
    assert bundle["sync"]["paths"] == ["neo_assets"]


def test_it_needs_no_package_that_a_workspace_lacks() -> None:
    names = ("altair", "dagster", "deltalake", "pydantic_settings", "requests", "tenacity")
    script = (FOLDER / "pipeline.py").read_text("utf-8").partition("spark = ")[0]
    blocked = f"import sys; sys.modules |= dict.fromkeys({names})\n{script}registry.all_datasets()"
    subprocess.run([sys.executable, "-c", blocked], check=True)


def test_nothing_starts_it() -> None:
    assert PIPELINE["continuous"] is False
    assert {"trigger", "schedule"}.isdisjoint(PIPELINE)


def test_its_configuration_is_what_it_reads() -> None:
    assert PIPELINE["configuration"]["neo_assets.volume"].count("}.${") == 2
    assert PIPELINE["configuration"]["neo_assets.sources"] == "neows"


def test_its_tables_are_in_a_schema_of_their_own() -> None:
    ((key, schema),) = RESOURCES["schemas"].items()
    assert PIPELINE["schema"] == f"${{resources.schemas.{key}.name}}"
    assert schema["name"] == "${var.schema}_declarative"


def test_auto_loader_shares_nothing_with_the_stage() -> None:
    backend = UnityCatalogBackend.of(UnityCatalog("neo", "asteroids", "files"))
    source = tables.event_files(NEO, backend)
    assert (source.format, source.path) == (
        "cloudFiles",
        "/Volumes/neo/asteroids/files/landing/neo_feed",
    )
    assert not [value for value in source.options.values() if value.startswith("/")]
