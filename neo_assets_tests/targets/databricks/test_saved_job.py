"""The job of the bundle, started with run-now where it is named; and what a run can run on."""

import json
from pathlib import Path

import pytest
from databricks.sdk.service.jobs import RunResultState

from neo_assets.lakehouse import stages
from neo_assets.lakehouse.request import Result
from neo_assets.settings import Settings, SettingsError
from neo_assets.sources.registry import Included
from neo_assets.targets.databricks.stage_runner import JobStageRunner
from neo_assets.targets.databricks.wheel import Wheel
from neo_assets.targets.databricks.workspace import workspace_client
from neo_assets_tests.targets.databricks.fake_workspace import FakeWorkspace, Fault
from neo_assets_tests.targets.databricks.test_jobs import DAYS, STAGE, run_stage

RUN_NOW = "POST .*/jobs/run-now"


def test_its_run_has_the_stage_and_the_days_and_brings_the_result(
    workspace: FakeWorkspace, saved_job: int
) -> None:
    workspace.behaviour = ["answer"]
    workspace.faults = [Fault(RUN_NOW, 0, hangs_up=True), Fault(RUN_NOW, 502, carries_out=True)]
    result, failure = run_stage()
    assert isinstance(result, Result), failure
    assert [report.day for report in result.reports] == DAYS
    (run,) = workspace.runs.values()
    assert result.job_url == f"{workspace.host}/?o=900800700600#job/{saved_job}/run/{run.number}"
    shown = {name: run.parameters[name] for name in ("stage", "days")}
    assert shown == {"stage": STAGE, "days": "2024-03-01/2024-03-02"}
    assert all(value.isascii() for value in run.parameters.values())
    # The code is that of the bundle.
    assert not [call for call in workspace.asked if ".whl" in call]
    assert "POST /api/2.2/jobs/runs/submit" not in workspace.asked


def test_other_code_than_that_of_this_machine_is_not_run(
    workspace: FakeWorkspace, saved_job: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.behaviour = ["answer"]
    monkeypatch.setattr(Wheel, "digest", "0" * 16)
    result, failure = run_stage()
    assert result is None and "run databricks bundle deploy, and then" in failure, failure


@pytest.mark.usefixtures("saved_job")
def test_one_that_cannot_be_started_is_one_sentence(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.denied = {"JOBS"}
    assert "the workspace denied permission: " in run_stage()[1]
    monkeypatch.setenv("NEO_DATABRICKS_JOB_ID", "78")
    workspace.denied = set()
    assert "the workspace does not have it: " in run_stage()[1]
    assert not workspace.runs


def test_it_can_be_started_by_hand(workspace: FakeWorkspace, saved_job: int) -> None:
    workspace.behaviour = ["answer"]
    run = workspace_client().jobs.run_now(saved_job, job_parameters={"stage": STAGE}).result()
    assert run.state and run.state.result_state is RunResultState.SUCCESS


@pytest.mark.usefixtures("saved_job")
def test_a_run_that_takes_too_long_is_canceled(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_DATABRICKS_TIMEOUT_HOURS", "0.0003")
    workspace.behaviour = ["hang"]
    result, failure = run_stage()
    assert result is None and "took more than 0.0003 hours and was canceled" in failure
    (run,) = workspace.runs.values()
    assert run.process and run.process.wait(10) != 0


def test_every_token_has_as_many_characters_as_are_allowed() -> None:
    names = [*stages._stages_of_days(Included()), *stages._OF_ALL_DAYS]
    assert max(len(f"{'0' * 36}-{name}-2") for name in names) <= 64


@pytest.mark.parametrize(
    ("content", "printed"),
    [
        ("spark_verison: 17.3.x-scala2.13\nnum_workers: 1", "spark_verison in "),
        ("data_security_mode: NOBODY", "data_security_mode in "),
        ("aws_attributes: {zone: us-east-1a}", "aws_attributes in "),
        ("num_workers", "cannot be read as the specification of a cluster "),
        ("{", "cannot be read as the specification of a cluster "),
    ],
)
def test_a_file_that_specifies_no_cluster_is_an_error_of_the_settings(
    tmp_path: Path, content: str, printed: str
) -> None:
    file = tmp_path / "cluster.yml"
    file.write_text(content)
    settings = Settings(neo_target="databricks", neo_databricks_cluster_file=file)
    with pytest.raises(SettingsError, match=printed) as error:
        JobStageRunner(settings)
    assert str(error.value).startswith("NEO_DATABRICKS_CLUSTER_FILE: ")


def test_a_cluster_can_be_as_the_workspace_shows_it(tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    shown = {
        "spark_version": "17.3.x-scala2.13",
        "spark_conf": {},
        "init_scripts": [],
        "aws_attributes": {"availability": "SPOT_WITH_FALLBACK", "first_on_demand": 1},
        "autoscale": {"min_workers": 1, "max_workers": 4},
        "data_security_mode": "SINGLE_USER",
        "enable_elastic_disk": False,
    }
    file.write_text(json.dumps(shown))
    JobStageRunner(Settings(neo_target="databricks", neo_databricks_cluster_file=file))


def test_there_is_one_kind_of_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO_DATABRICKS_CLUSTER_ID", "0301-120000-abcdefgh")
    monkeypatch.setenv("NEO_DATABRICKS_JOB_ID", "77")
    with pytest.raises(SettingsError, match=r"^NEO_DATABRICKS_JOB_ID: cannot be set together with"):
        Settings.from_environment()
