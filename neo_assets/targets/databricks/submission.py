"""How a stage is started in a workspace: the saved job, or a run of the same that is not saved."""

from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.service import compute

from neo_assets.settings import Settings, SettingsError
from neo_assets.targets.databricks.unity_catalog import UnityCatalog
from neo_assets.targets.databricks.wheel import Wheel

JsonObject = dict[str, Any]


@cache
def job_definition() -> JsonObject:
    """The job as the bundle has it: one task, with references to what only the bundle knows."""
    bundle = yaml.safe_load(Path(__file__).with_name("job.yml").read_text(encoding="utf-8"))
    job: JsonObject = bundle["resources"]["jobs"]["stage"]
    return job


def environment_version() -> str:
    """Of serverless compute; 5 is Python 3.12 and Databricks Connect 18, Spark Connect 4.1."""
    (environment,) = job_definition()["environments"]
    return str(environment["spec"]["environment_version"])


def run_now(
    client: WorkspaceClient,
    job_id: int,
    parameters: Mapping[str, str],
    arguments: Mapping[str, str],
    idempotency_token: str,
) -> int:
    """Start the saved job; the arguments of Pipes are parameters of the job."""
    of_pipes = {name.strip("-").replace("-", "_"): value for name, value in arguments.items()}
    started = client.jobs.run_now(
        job_id,
        job_parameters={**parameters, **of_pipes},
        idempotency_token=idempotency_token,
    )
    return int(started.bind()["run_id"])


def submit(
    client: WorkspaceClient,
    settings: Settings,
    wheels: Sequence[str],
    run_name: str,
    arguments: Mapping[str, str],
    idempotency_token: str,
) -> int:
    """Start a run of the same task, with wheels in the volume and the settings of this machine."""
    definition = job_definition()
    (task,) = definition["tasks"]
    wheel_task = {
        **task["python_wheel_task"],
        "parameters": [part for argument in arguments.items() for part in argument],
    }
    viewers = (settings.neo_databricks_run_viewers or "").split(",")
    body = {
        "run_name": run_name,
        "idempotency_token": idempotency_token,
        # At a limit of the workspace a job waits instead of failing.
        "queue": definition["queue"],
        "timeout_seconds": round(settings.neo_databricks_timeout_hours * 3600),
        "access_control_list": [
            {"group_name": group.strip(), "permission_level": "CAN_VIEW"}
            for group in viewers
            if group.strip()
        ],
        **_on_compute({**task, "python_wheel_task": wheel_task}, settings, wheels),
    }
    # The SDK's own method knows neither `disable_auto_optimization` nor `performance_target`.
    started = client.api_client.do(
        "POST",
        "/api/2.2/jobs/runs/submit",
        body={name: value for name, value in body.items() if value},
    )
    assert isinstance(started, dict)
    return int(started["run_id"])


def _on_compute(task: JsonObject, settings: Settings, wheels: Sequence[str]) -> JsonObject:
    """The task and what it runs on: a cluster, one of its own, or serverless compute."""
    cluster = cluster_of(settings)
    if cluster:
        task = {**task, **cluster, "libraries": [{"whl": wheel} for wheel in wheels]}
        for name in ("environment_key", "disable_auto_optimization"):
            del task[name]
        return {"tasks": [task]}
    (environment,) = job_definition()["environments"]
    spec = {**environment["spec"], "dependencies": list(wheels)}
    return {
        "tasks": [task],
        "environments": [{**environment, "spec": spec}],
        "budget_policy_id": settings.neo_databricks_budget_policy_id,
        "performance_target": settings.neo_databricks_performance_target,
    }


def cluster_of(settings: Settings) -> JsonObject:
    """The cluster of a task, or nothing for serverless compute.

    Raises:
        SettingsError: the file does not specify a cluster.
    """
    if settings.neo_databricks_cluster_id:
        return {"existing_cluster_id": settings.neo_databricks_cluster_id}
    file = settings.neo_databricks_cluster_file
    if file is None:
        return {}
    try:
        # JSON, as the workspace shows it, is YAML too.
        specified = yaml.safe_load(file.read_text(encoding="utf-8"))
        known = compute.ClusterSpec.from_dict(specified).as_dict()
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise SettingsError(
            f"NEO_DATABRICKS_CLUSTER_FILE: {file} cannot be read as the specification of a "
            f"cluster ({error}); it is the `new_cluster` of a task, in YAML or JSON"
        ) from error
    # What the SDK does not know it leaves out, at any depth; nothing at all is no difference.
    wrong = [name for name in specified if specified[name] and specified[name] != known.get(name)]
    if wrong:
        raise SettingsError(
            f"NEO_DATABRICKS_CLUSTER_FILE: {', '.join(wrong)} in {file} is unknown, or has a value "
            "that is unknown, to a cluster of a job; compare it with `new_cluster` in the "
            "documentation of the Jobs API"
        )
    return {"new_cluster": known}


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
                content = BytesIO(made.read_bytes())
                client.files.upload(f"{folder}/{made.name}", content, overwrite=True)
    return [f"{folder}/{name}" for name in wheel.names]
