"""The report about a workspace that lacks something."""

from datetime import timedelta

import pytest
from typer.testing import CliRunner

from neo_assets.cli import application
from neo_assets.targets.databricks.wheel import Wheel
from neo_assets_tests.targets.databricks.conftest import VOLUME
from neo_assets_tests.targets.databricks.fake_workspace import FakeWorkspace

GRANT = "GRANT READ VOLUME, WRITE VOLUME ON VOLUME `spark_catalog`.`neo`.`files` TO"


def check() -> tuple[int, list[str], str]:
    """The exit code, whether each step works, and the remedies."""
    result = CliRunner().invoke(application, ["databricks-check"])
    steps = [line.rpartition(" ")[2] for line in result.stdout.splitlines()]
    return result.exit_code, steps, " ".join(result.stderr.split())


def test_a_workspace_that_has_all(workspace: FakeWorkspace) -> None:
    workspace.behaviour = ["answer"]
    assert check() == (0, [*["works"] * 6, "NEO_TARGET=databricks."], "")
    files = {file.name for file in workspace.volume(*VOLUME).rglob("*") if file.is_file()}
    assert files == set(Wheel().names)


def test_a_job_that_takes_too_long_is_canceled(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neo_assets.targets.databricks.check.JOB_TAKES_AT_MOST", timedelta(0))
    workspace.behaviour = ["hang"]
    code, steps, message = check()
    assert (code, steps) == (1, [*["works"] * 5, "missing"])
    assert "job run 1000 had not ended after 0 minutes and was canceled; its log: http" in message
    (job,) = workspace.runs.values()
    assert job.state["result_state"] == "CANCELED"


def test_everything_missing_is_reported_with_its_remedy(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.behaviour = ["fail at start"]
    code, steps, message = check()
    assert (code, steps) == (1, [*["works"] * 5, "missing"])
    assert "CREATE TABLE ON SCHEMA `spark_catalog`.`neo`" in message

    workspace.denied = {"JOBS"}
    assert "No entitlement for serverless compute. Check that" in check()[2]

    workspace.denied = {"WRITE_VOLUME"}
    code, steps, message = check()
    assert (code, steps) == (1, [*["works"] * 4, "missing"])
    assert "does not have WRITE VOLUME on Volume" in message and GRANT in message

    workspace.denied = set()
    for name, number in (("VOLUME", 3), ("SCHEMA", 2), ("CATALOG", 1)):
        monkeypatch.setenv(f"NEO_DATABRICKS_{name}", "elsewhere")
        code, steps, message = check()
        assert (code, steps) == (1, [*["works"] * number, "missing"])
        makes = "Create it in Catalog" if name == "CATALOG" else "Databricks bundle deploy makes it"
        assert makes in message and "elsewhere` TO" in message

    monkeypatch.setenv("DATABRICKS_TOKEN", "another")
    assert check()[:2] == (1, ["missing"])
    monkeypatch.delenv("DATABRICKS_HOST")
    code, steps, message = check()
    assert (code, steps) == (1, ["missing"]) and "set DATABRICKS_HOST" in message
