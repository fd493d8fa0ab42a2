"""The report about a workspace that lacks something."""

import pytest
from typer.testing import CliRunner

from neo_assets.cli import application
from neo_assets.targets.databricks.wheel import Wheel
from neo_assets_tests.targets.databricks.conftest import VOLUME
from neo_assets_tests.targets.databricks.fake_workspace import WAREHOUSE, FakeWorkspace

GRANT = "GRANT READ VOLUME, WRITE VOLUME ON VOLUME `spark_catalog`.`neo`.`files` TO"


def check() -> tuple[int, list[str], str]:
    """The exit code, whether each step works, and the remedies."""
    result = CliRunner().invoke(application, ["databricks-check"])
    words = [line.rpartition(" ")[2] for line in result.stdout.splitlines()]
    steps = [word for word in words if word in ("works", "missing", "NEO_TARGET=databricks.")]
    return result.exit_code, steps, " ".join(result.stderr.split())


JOBS = 6
"""The steps that run a job, with one between them that does not."""


def test_a_workspace_that_has_all(workspace: FakeWorkspace) -> None:
    workspace.behaviour = ["answer"] * JOBS
    code, steps, message = check()
    assert (code, message) == (0, "")
    assert steps[: 6 + JOBS] == ["works"] * (6 + JOBS) and steps[-1] == "NEO_TARGET=databricks."
    names = [job.specification["run_name"].split() for job in workspace.runs.values()]
    assert [name for _, name, *_ in names] == [
        *("bronze_neo_events", "bronze_neo_events", "silver_neo_events", "gold_neo_fact"),
        *("rebuild_bronze", "maintenance"),
    ]
    files = {file.name for file in workspace.volume(*VOLUME).rglob("*") if file.is_file()}
    assert files == set(Wheel().names)


def test_the_saved_job_runs_the_stages(workspace: FakeWorkspace, saved_job: int) -> None:
    workspace.behaviour = ["answer"] * JOBS
    code, steps, message = check()
    assert (code, message, len(steps)) == (0, "", 6 + JOBS + 2)
    assert {run.job_id for run in workspace.runs.values()} == {saved_job}
    workspace.denied = {"JOBS"}
    assert "Have the permission Can manage run granted on the job" in check()[2]
    del workspace.saved_jobs[saved_job]
    assert "NEO_DATABRICKS_JOB_ID is the number of the job neo_assets stage" in check()[2]


def test_a_job_that_takes_too_long_is_canceled(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neo_assets.targets.databricks.check.JOB_HOURS", 1 / 3600)
    workspace.behaviour = ["hang"]
    code, steps, message = check()
    assert (code, steps[:6]) == (1, [*["works"] * 5, "missing"])
    assert "job run 1000 ended as TIMEDOUT" in message or "took more than" in message
    assert not list(workspace.volume(*VOLUME).glob("neo_assets_check*"))


def test_the_report_can_be_pasted(workspace: FakeWorkspace) -> None:
    workspace.behaviour = ["fail at start"]
    output = CliRunner().invoke(application, ["databricks-check"]).stdout
    table = output.partition("To paste into an issue:")[2]
    assert "databricks-sdk " in table and "| authentication works | works |" in table
    assert "ImportError: No module named 'neo_assets'" in table
    assert workspace.host not in table and workspace.token not in output


@pytest.mark.usefixtures("catalog")
def test_it_leaves_nothing_behind_after_real_stages(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_DATABRICKS_WAREHOUSE_ID", WAREHOUSE)
    code, _, message = check()
    assert (code, message) == (0, "")
    assert workspace.run_sql(f"SHOW TABLES IN {VOLUME[1]}") == []
    files = {file.name for file in workspace.volume(*VOLUME).rglob("*") if file.is_file()}
    assert files == set(Wheel().names)


def test_everything_missing_is_reported_with_its_remedy(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.behaviour = ["fail at start"]
    code, steps, message = check()
    assert (code, steps[:6]) == (1, [*["works"] * 5, "missing"])
    assert "CREATE TABLE ON SCHEMA `spark_catalog`.`neo`" in message

    workspace.denied = {"JOBS"}
    assert "No permission to start the job. Check that the workspace has" in check()[2]

    workspace.denied = {"WRITE_VOLUME"}
    code, steps, message = check()
    assert (code, steps[:5]) == (1, [*["works"] * 4, "missing"])
    assert "does not have WRITE VOLUME on Volume" in message and GRANT in message

    workspace.denied = set()
    for name, number in (("VOLUME", 3), ("SCHEMA", 2), ("CATALOG", 1)):
        monkeypatch.setenv(f"NEO_DATABRICKS_{name}", "elsewhere")
        code, steps, message = check()
        assert (code, steps[: number + 1]) == (1, [*["works"] * number, "missing"])
        makes = "Create it in Catalog" if name == "CATALOG" else "Databricks bundle deploy makes it"
        assert makes in message and "elsewhere` TO" in message

    monkeypatch.setenv("DATABRICKS_TOKEN", "another")
    code, steps, _ = check()
    assert (code, steps[:1]) == (1, ["missing"])
    monkeypatch.delenv("DATABRICKS_HOST")
    code, steps, message = check()
    assert (code, steps[:1]) == (1, ["missing"]) and "set DATABRICKS_HOST" in message
