"""Submission to a workspace: the wheel, once, and the tasks that run it."""

import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.service import compute, jobs

from neo_assets.settings import Settings
from neo_assets.targets.databricks.unity_catalog import UnityCatalog
from neo_assets.targets.databricks.wheel import ENTRY_POINT, PACKAGE, Wheel

ENVIRONMENT_VERSION = "5"
"""Of serverless compute: Python 3.12 and Databricks Connect 18, which is Spark Connect 4.1."""


def upload_wheel(client: WorkspaceClient, catalog: UnityCatalog, wheel: Wheel) -> str:
    """Upload the wheel unless the volume has this version of it; return its path there."""
    folder = catalog.wheels / wheel.digest
    path = str(folder / wheel.name)
    try:
        client.files.get_metadata(path)
    except NotFound:
        with TemporaryDirectory() as work:
            content = wheel.make(Path(work)).read_bytes()
        client.files.create_directory(str(folder))
        client.files.upload(path, io.BytesIO(content), overwrite=True)
    return path


def stage_task(
    stage: str, wheel: str, settings: Settings, parameters: Sequence[str] = ()
) -> tuple[jobs.SubmitTask, dict[str, Any]]:
    """The task that runs a stage, and the other arguments of its job: a cluster, or serverless."""
    cluster_id = settings.neo_databricks_cluster_id
    viewers = (settings.neo_databricks_run_viewers or "").split(",")
    task = jobs.SubmitTask(
        task_key=stage,
        python_wheel_task=jobs.PythonWheelTask(
            package_name=PACKAGE, entry_point=ENTRY_POINT, parameters=list(parameters)
        ),
    )
    job: dict[str, Any] = {
        # At a limit of the workspace a job waits instead of failing.
        "queue": jobs.QueueSettings(enabled=True),
        "timeout_seconds": round(settings.neo_databricks_timeout_hours * 3600),
        "access_control_list": [
            jobs.JobAccessControlRequest(
                group_name=group.strip(), permission_level=jobs.JobPermissionLevel.CAN_VIEW
            )
            for group in viewers
            if group.strip()
        ]
        or None,
    }
    if cluster_id:
        task.existing_cluster_id = cluster_id
        task.libraries = [compute.Library(whl=wheel)]
        return task, job
    environment = jobs.JobEnvironment(
        environment_key="neo",
        spec=compute.Environment(environment_version=ENVIRONMENT_VERSION, dependencies=[wheel]),
    )
    task.environment_key = environment.environment_key
    return task, {
        **job,
        "environments": [environment],
        "budget_policy_id": settings.neo_databricks_budget_policy_id,
    }
