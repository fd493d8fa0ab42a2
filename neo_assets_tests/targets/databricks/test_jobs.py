"""Stages as jobs: how they end, whatever the workspace does."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import MAINTENANCE, REBUILD_BRONZE, Request, Result
from neo_assets.settings import Settings
from neo_assets.targets.databricks import repetition
from neo_assets.targets.databricks import workspace as workspace_connection
from neo_assets.targets.databricks.stage_runner import JobStageRunner
from neo_assets.targets.databricks.wheel import Wheel
from neo_assets.targets.stage_runner import LakehouseResource
from neo_assets_tests.targets.databricks.conftest import VOLUME
from neo_assets_tests.targets.databricks.fake_workspace import CLUSTER, FakeWorkspace, Fault, JobRun

DAYS = [date(2024, 3, 1), date(2024, 3, 2)]
STAGE = "silver_neo_events"


def run_stage(days: Sequence[date] = DAYS, name: str = STAGE) -> tuple[Result | None, str]:
    """The result of the stage, or the message when it fails."""
    results: list[Result] = []

    @dg.op
    def stage(context: dg.OpExecutionContext, lakehouse: LakehouseResource) -> None:
        results.append(lakehouse.run(context, Request(name, context.run_id, days)))

    @dg.job
    def one_stage() -> None:
        stage()

    outcome = one_stage.execute_in_process(
        resources={"lakehouse": JobStageRunner(Settings.from_environment())}, raise_on_error=False
    )
    if outcome.success:
        return results[0], ""
    failure = outcome.failure_data_for_node("stage")
    assert failure is not None and failure.error is not None
    return None, failure.error.message.removeprefix(
        "dagster._core.definitions.events.Failure: "
    ).strip()


def ended(job: JobRun) -> str:
    """The result of a run when it is over."""
    for _ in range(200):
        if job.is_over:
            break
        time.sleep(0.05)
    return str(job.state.get("result_state"))


def test_a_stage_is_a_job_and_its_result_comes_back(
    workspace: FakeWorkspace, capfd: pytest.CaptureFixture[str]
) -> None:
    workspace.behaviour = ["answer", "answer"]
    result, _ = run_stage()
    logged = capfd.readouterr().err
    assert re.search(" INFO - one_stage .* stage - The stage logs its progress[.]", logged)
    assert result and [report.day for report in result.reports] == DAYS
    assert result.reports[0] == DayReport(
        DAYS[0],
        rows_in=3,
        kept=2,
        dropped=1,
        reasons={"a_rule": 1},
    )
    assert result.previews == dict.fromkeys(DAYS, "| a | b |")
    assert result.job_url == f"{workspace.host}/?o=900800700600#job/run/1000"
    (job,) = workspace.runs.values()
    assert job.specification["run_name"] == f"neo_assets {STAGE} for 2024-03-01…2024-03-02"
    # Nothing is left in the volume but the wheel, which the next job finds there.
    files = {file.name for file in workspace.volume(*VOLUME).rglob("*") if file.is_file()}
    assert files == set(Wheel().names)
    assert run_stage()[0] == replace(
        result, job_url=f"{workspace.host}/?o=900800700600#job/run/1001"
    )
    uploads = [call for call in workspace.asked if call.startswith("PUT") and ".whl" in call]
    assert len(uploads) == 2


def test_a_cluster_is_used_where_one_is_named_or_specified(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workspace.behaviour = ["answer", "answer"]
    monkeypatch.setenv("NEO_DATABRICKS_CLUSTER_ID", CLUSTER)
    assert run_stage()[0]
    monkeypatch.delenv("NEO_DATABRICKS_CLUSTER_ID")
    file = tmp_path / "cluster.yml"
    file.write_text("spark_version: 17.3.x-scala2.13\nnode_type_id: i3.xlarge\nnum_workers: 1\n")
    monkeypatch.setenv("NEO_DATABRICKS_CLUSTER_FILE", str(file))
    assert run_stage()[0]
    named, specified = (job.specification for job in workspace.runs.values())
    assert named["tasks"][0]["existing_cluster_id"] == CLUSTER
    assert specified["tasks"][0]["new_cluster"] == {
        "spark_version": "17.3.x-scala2.13",
        "node_type_id": "i3.xlarge",
        "num_workers": 1,
    }
    for job in (named, specified):
        assert "environments" not in job and "environment_key" not in job["tasks"][0]


def test_a_run_can_be_opened_ends_and_is_paid_by_a_policy(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.behaviour = ["answer", "answer"]
    assert run_stage()[0]
    monkeypatch.setenv("NEO_DATABRICKS_RUN_VIEWERS", "data engineers, operations")
    monkeypatch.setenv("NEO_DATABRICKS_TIMEOUT_HOURS", "1.5")
    monkeypatch.setenv("NEO_DATABRICKS_BUDGET_POLICY_ID", "550e8400-e29b")
    monkeypatch.setenv("NEO_DATABRICKS_PERFORMANCE_TARGET", "STANDARD")
    assert run_stage()[0]
    default, configured = (job.specification for job in workspace.runs.values())
    assert default["timeout_seconds"] == 12 * 3600
    named = {"access_control_list", "budget_policy_id", "performance_target"}
    assert not default.keys() & named
    assert configured["timeout_seconds"] == 5400
    assert configured["performance_target"] == "STANDARD"
    assert configured["budget_policy_id"] == "550e8400-e29b"
    assert configured["access_control_list"] == [
        {"group_name": group, "permission_level": "CAN_VIEW"}
        for group in ("data engineers", "operations")
    ]


def test_the_log_says_how_long_a_job_is_in_the_queue(
    workspace: FakeWorkspace, capfd: pytest.CaptureFixture[str]
) -> None:
    workspace.behaviour, workspace.answers_in_queue = ["answer"], 3
    assert run_stage()[0]
    said = re.findall("in the queue of the workspace for 0 minutes .Full.*", capfd.readouterr().err)
    assert len(said) == 1 and said[0].endswith(f"{workspace.host}/?o=900800700600#job/run/1000")


def test_no_days_need_no_job_unless_the_stage_is_about_none(workspace: FakeWorkspace) -> None:
    assert run_stage([]) == (Result(), "")
    assert not workspace.asked
    for name in (REBUILD_BRONZE, MAINTENANCE):
        workspace.behaviour = ["refuse"]
        assert run_stage([], name) == (None, "It is refused; fix it.")
    assert [job.specification["run_name"] for job in workspace.runs.values()] == [
        *("neo_assets rebuild_bronze", "neo_assets maintenance")
    ]


def test_the_refusal_of_a_stage_is_passed_on(workspace: FakeWorkspace) -> None:
    workspace.behaviour = ["refuse"]
    assert run_stage() == (None, "It is refused; fix it.")
    assert len(workspace.runs) == 1


SUBMIT, STATE = "POST .*/runs/submit", "GET .*/runs/get$"


@pytest.mark.parametrize(
    ("fault", "printed"),
    [
        (
            Fault("PUT .*/directories", 401, error_code="UNAUTHENTICATED"),
            "rejected the credentials: .*TOKEN",
        ),
        (Fault("PUT .*/directories", 403, error_code="PERMISSION_DENIED"), "denied permission: "),
        (Fault("PUT .*/directories", 404, error_code="NOT_FOUND"), "does not have it: "),
        (Fault(SUBMIT, 403, error_code="PERMISSION_DENIED"), "denied permission: "),
        (Fault(SUBMIT, 400, error_code="INVALID_PARAMETER_VALUE"), "refused the request: "),
    ],
    ids=lambda value: f"{value.on} {value.status}" if isinstance(value, Fault) else "",
)
def test_a_refusal_of_the_workspace_is_one_sentence(
    workspace: FakeWorkspace, fault: Fault, printed: str
) -> None:
    workspace.faults = [fault]
    result, failure = run_stage()
    begin = "silver_neo_events for 2024-03-01…2024-03-02 was not done: the workspace "
    assert result is None and re.match(begin + printed, failure), failure
    assert "\n" not in failure and workspace.token not in failure
    assert not workspace.runs


@pytest.mark.parametrize(
    ("status", "error_code", "printed"),
    [
        (429, "REQUEST_LIMIT_EXCEEDED", "was at a limit for 5 minutes: wait"),
        (503, "TEMPORARILY_UNAVAILABLE", "has an internal error: run the days"),
    ],
)
def test_a_limit_is_not_taken_for_a_lost_connection(
    workspace: FakeWorkspace,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    error_code: str,
    printed: str,
) -> None:
    # The SDK raises a timeout after this many seconds, whatever it has waited for.
    monkeypatch.setattr(workspace_connection, "REPEAT_FOR_S", 1)
    workspace.faults = [Fault(SUBMIT, status, times=99, error_code=error_code)]
    assert f": the workspace {printed}" in run_stage()[1]


def test_passing_faults_are_waited_out_and_start_no_second_job(workspace: FakeWorkspace) -> None:
    workspace.behaviour = ["answer"]
    workspace.faults = [
        Fault(SUBMIT, 429, error_code="RESOURCE_EXHAUSTED", retry_after=1),
        # The job is started, and the answer lost.
        Fault(SUBMIT, 0, hangs_up=True),
        # The job may have been started.
        Fault(SUBMIT, 502, carries_out=True),
        *(Fault(STATE, status, times=2) for status in (408, 500, 502, 504)),
        Fault(STATE, 0, hangs_up=True),
        # The messages come late.
        Fault(r"GET .*/tmp/\w+/1.json", 404, times=3, error_code="NOT_FOUND"),
        # And cut off.
        Fault(r"GET .*/tmp/\w+/1.json", 0, times=2, cuts_off=True),
    ]
    assert run_stage()[0]
    assert len(workspace.runs) == 1 and not any(fault.times for fault in workspace.faults)


@pytest.mark.parametrize(
    ("behaviour", "printed"),
    [
        ("fail at start", "ImportError: No module named 'neo_assets'"),
        ("fail in the middle", "RuntimeError: the middle of the stage"),
    ],
)
def test_a_failed_job_gives_the_reason_and_is_not_retried(
    workspace: FakeWorkspace, behaviour: str, printed: str
) -> None:
    workspace.behaviour = [behaviour]
    result, failure = run_stage()
    assert result is None
    assert re.match(
        r"silver_neo_events for .* was not done: job run 1000 ended as FAILED "
        rf"\(RUN_EXECUTION_ERROR\), {printed}; its log: http://.*#job/run/1000[.]",
        failure,
    )
    assert len(workspace.runs) == 1


def test_a_start_that_fails_by_the_platform_is_tried_once_more(workspace: FakeWorkspace) -> None:
    workspace.behaviour = ["unused", "answer"]
    workspace.starts_that_fail = 1
    assert run_stage()[0]
    workspace.starts_that_fail = 9
    result, failure = run_stage()
    assert result is None and "(CLOUD_FAILURE), The cloud has no machine of this kind" in failure
    assert len(workspace.runs) == 4


def test_a_conflict_with_another_writer_is_tried_once_more(workspace: FakeWorkspace) -> None:
    workspace.behaviour = ["conflict", "answer"]
    assert run_stage()[0]
    assert len(workspace.runs) == 2


def test_a_job_that_ends_without_a_result_is_retried_once(workspace: FakeWorkspace) -> None:
    workspace.behaviour = ["vanish", "answer"]
    assert run_stage()[0]
    workspace.behaviour = ["vanish", "vanish"]
    result, failure = run_stage()
    assert result is None and "succeeded, but without a result; nothing is lost" in failure
    assert len(workspace.runs) == 4


def test_a_job_whose_workspace_stays_unreachable_is_canceled(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repetition, "REPEAT_FOR_S", 0.5)
    workspace.behaviour = ["hang"]
    workspace.faults = [Fault(STATE, 504, times=999)]
    result, failure = run_stage()
    assert result is None
    assert (
        "the connection to job run 1000 was lost and it was canceled (504 Gateway Timeout"
        in failure
    )
    (job,) = workspace.runs.values()
    assert ended(job) == "CANCELED"


def test_a_run_that_is_cancelled_ends_its_job(workspace: FakeWorkspace, tmp_path: Path) -> None:
    workspace.behaviour = ["hang"]
    code = (
        "from dagster._core.pipes import utils\n"
        "from neo_assets_tests.targets.databricks.test_jobs import run_stage\n"
        "utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL = 0\n"
        "run_stage()"
    )
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as process:
        while not (workspace.root / "Volumes" / "hanging").exists():
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    (job,) = workspace.runs.values()
    assert ended(job) == "CANCELED"
    assert job.process and job.process.wait(10) != 0
    assert not list(workspace.volume(*VOLUME).glob("messages/tmp/*"))


def test_a_service_principal_takes_precedence_over_a_token(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A service principal goes before a token, and neither is shown."""
    workspace.behaviour = ["answer"]
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", workspace.client_id)
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", workspace.client_secret)
    monkeypatch.setenv("DATABRICKS_TOKEN", "a token of yesterday")
    assert run_stage()[0]
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", "a secret of yesterday")
    failures = [run_stage()[1]]
    monkeypatch.delenv("DATABRICKS_CLIENT_ID")
    failures.append(run_stage()[1])
    for failure in failures:
        assert "rejected the credentials: check that DATABRICKS_CLIENT_ID" in failure, failure
    monkeypatch.delenv("DATABRICKS_TOKEN")
    failures.append(run_stage()[1])
    assert failures[-1].startswith("The workspace is not configured (")
    output = "".join((*failures, *capfd.readouterr()))
    for secret in (workspace.client_secret, workspace.token, *workspace.access_tokens):
        assert secret not in output
    assert "of yesterday" not in output
