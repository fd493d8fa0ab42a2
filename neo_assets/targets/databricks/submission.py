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


def upload_wheels(client: WorkspaceClient, catalog: UnityCatalog, wheel: Wheel) -> list[str]:
    """Upload the wheels unless the volume has this version of them; return their paths there."""
    folder = str(catalog.wheels / wheel.digest)
    try:
        # The last one to be uploaded.
        client.files.get_metadata(f"{folder}/{wheel.name}")
    except NotFound:
        client.files.create_directory(folder)
        with TemporaryDirectory() as work:
            for made in wheel.make(Path(work)):
                content = io.BytesIO(made.read_bytes())
                client.files.upload(f"{folder}/{made.name}", content, overwrite=True)
    return [f"{folder}/{name}" for name in wheel.names]


def stage_task(
    stage: str, wheels: Sequence[str], settings: Settings, parameters: Sequence[str] = ()
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
        task.libraries = [compute.Library(whl=wheel) for wheel in wheels]
        return task, job
    environment = jobs.JobEnvironment(
        environment_key="neo",
        spec=compute.Environment(
            environment_version=ENVIRONMENT_VERSION, dependencies=list(wheels)
        ),
    )
    task.environment_key = environment.environment_key
    return task, {
        **job,
        "environments": [environment],
        "budget_policy_id": settings.neo_databricks_budget_policy_id,
    }
