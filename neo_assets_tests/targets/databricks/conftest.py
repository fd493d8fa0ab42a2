import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster._core.pipes import utils  # noqa: TID251
from pyspark.sql import SparkSession

from neo_assets.targets.databricks import repetition
from neo_assets.targets.databricks.submission import job_definition
from neo_assets.targets.databricks.wheel import Wheel
from neo_assets_tests.targets.databricks.fake_workspace import FakeWorkspace, serve

VOLUME = ("spark_catalog", "neo", "files")
SCHEMA = ".".join(VOLUME[:2])


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWorkspace]:
    """A workspace with an empty volume, which the environment points at with a token."""
    for name in ("CLIENT_ID", "CLIENT_SECRET", "TOKEN", "HOST", "CONFIG_PROFILE"):
        monkeypatch.delenv(f"DATABRICKS_{name}", raising=False)
    # No profile of the user who runs the tests.
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("NEO_TARGET", "databricks")
    monkeypatch.setenv("NEO_DATABRICKS_POLL_S", "0.05")
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path / "data"))
    for name, value in zip(("CATALOG", "SCHEMA", "VOLUME"), VOLUME, strict=True):
        monkeypatch.setenv(f"NEO_DATABRICKS_{name}", value)
    monkeypatch.setattr(repetition, "FIRST_WAIT_S", 0.05)
    # A job that ended sends no more messages here, and those that are there are read at once.
    monkeypatch.setattr(utils, "WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 0)
    monkeypatch.setattr(utils, "DEFAULT_SLEEP_INTERVAL", 0.05)
    with serve(FakeWorkspace(tmp_path / "workspace")) as workspace:
        workspace.volume(*VOLUME).mkdir(parents=True)
        monkeypatch.setenv("DATABRICKS_HOST", workspace.host)
        monkeypatch.setenv("DATABRICKS_TOKEN", workspace.token)
        yield workspace


@pytest.fixture
def saved_job(workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> int:
    """The number of the job of the bundle, deployed and named in the settings."""
    monkeypatch.setenv("NEO_DATABRICKS_JOB_ID", str(number := deploy_job(workspace)))
    return number


def deploy_job(workspace: FakeWorkspace) -> int:
    """The number of the job of the bundle, which is saved as `bundle deploy` does it."""
    folder = workspace.root / "Workspace" / "artifacts"
    folder.mkdir(parents=True)
    wheels = [f"/Workspace/artifacts/{wheel.name}" for wheel in Wheel().make(folder)]
    job = json.dumps(job_definition())
    variables = (*zip(("catalog", "schema", "volume"), VOLUME, strict=True), ("sources", ""))
    for name, value in variables:
        job = job.replace(f"${{var.{name}}}", value)
    number = 77
    workspace.saved_jobs[number] = json.loads(job)
    workspace.saved_jobs[number]["environments"][0]["spec"]["dependencies"] = wheels
    return number


@pytest.fixture
def catalog(spark_address: str, workspace: FakeWorkspace) -> Iterator[SparkSession]:
    """A session in which the workspace's schema is there, empty; jobs have sessions beside it."""
    workspace.spark_remote = spark_address
    spark = SparkSession.builder.remote(spark_address).create()
    spark.sql(f"CREATE SCHEMA {SCHEMA}")
    yield spark
    spark.sql(f"DROP SCHEMA {SCHEMA} CASCADE")
    spark.stop()
