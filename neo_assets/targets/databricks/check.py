"""Tries a real workspace step by step: what works, and what to do about what does not."""

import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from uuid import uuid4

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound, OperationFailed, PermissionDenied
from databricks.sdk.service import jobs

from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.targets.databricks import job
from neo_assets.targets.databricks.job_failure import JobFailedError, job_failure
from neo_assets.targets.databricks.stage_runner import unity_catalog
from neo_assets.targets.databricks.submission import stage_task, upload_wheels
from neo_assets.targets.databricks.unity_catalog import UnityCatalog
from neo_assets.targets.databricks.wheel import Wheel
from neo_assets.targets.databricks.workspace import message_of, translate_errors, workspace_client
from neo_assets.targets.databricks.workspace_error import WorkspaceError

JOB_TAKES_AT_MOST = timedelta(minutes=20)


@dataclass(frozen=True)
class Step:
    """One thing to try: `problem` tries it and returns what is wrong and what to do, or nothing."""

    what: str
    problem: Callable[[], str]


def steps(settings: Settings, log: LogFunction) -> Sequence[Step]:
    """The steps in order; each needs those before it, so the first that fails is the last to try.

    `log` gets each state of the job.
    """
    catalog = unity_catalog(settings)
    opened: list[WorkspaceClient] = []

    def client() -> WorkspaceClient:
        return opened[0]

    def open_workspace() -> None:
        opened.append(workspace_client())
        client().current_user.me()

    name, schema, volume = catalog.catalog, catalog.schema_name, catalog.volume_name
    make = "databricks bundle deploy makes it, or have"
    tried: tuple[tuple[str, Callable[[], object], str], ...] = (
        ("authentication works", open_workspace, ""),
        (
            f"the catalog {name} exists and can be used",
            lambda: client().catalogs.get(name),
            "create it in Catalog Explorer, or name an existing one in NEO_DATABRICKS_CATALOG; and "
            f"have run: GRANT USE CATALOG ON CATALOG `{name}` TO `<us>`",
        ),
        (
            f"the schema {schema} too",
            lambda: client().schemas.get(schema),
            f"{make} run: GRANT USE SCHEMA, CREATE TABLE ON SCHEMA {_quoted(schema)} TO `<us>`",
        ),
        (
            f"the volume {volume} too",
            lambda: client().volumes.read(volume),
            f"{make} run: GRANT READ VOLUME ON VOLUME {_quoted(volume)} TO `<us>`",
        ),
        (
            "files can be written, listed, read and removed in it",
            lambda: _round_trip(client(), catalog),
            f"have run: GRANT READ VOLUME, WRITE VOLUME ON VOLUME {_quoted(volume)} TO `<us>`",
        ),
        (
            "a job runs the project's code, and makes, reads and drops a table in the schema",
            lambda: _run_job(client(), catalog, settings, log),
            "check that the workspace has serverless compute and allows its use, or name a "
            "cluster in NEO_DATABRICKS_CLUSTER_ID; and have run: GRANT USE SCHEMA, CREATE TABLE ON "
            f"SCHEMA {_quoted(schema)} TO `<us>`",
        ),
    )
    return [Step(what, partial(_problem, act, remedy)) for what, act, remedy in tried]


def _problem(act: Callable[[], object], remedy: str) -> str:
    try:
        with translate_errors("It did not work"):
            act()
    except (WorkspaceError, JobFailedError) as error:
        cause = error.__cause__
        # These have a more specific remedy here.
        shown = cause if isinstance(cause, (PermissionDenied, NotFound)) else error
        message = f"{message_of(shown)}."
        return f"{message} {remedy[:1].upper()}{remedy[1:]}." if remedy else message
    return ""


def _quoted(name: str) -> str:
    return ".".join(f"`{part}`" for part in name.split("."))


def _round_trip(client: WorkspaceClient, catalog: UnityCatalog) -> None:
    folder = str(catalog.messages / "check")
    file = f"{folder}/written.txt"
    client.files.create_directory(folder)
    client.files.upload(file, io.BytesIO(b"written"), overwrite=True)
    listed = [entry.path for entry in client.files.list_directory_contents(folder)]
    content = client.files.download(file).contents
    read = content.read() if content else b""
    client.files.delete(file)
    client.files.delete_directory(folder)
    if listed != [file] or read != b"written":
        raise WorkspaceError("What was read is not what was written.")


def _run_job(
    client: WorkspaceClient, catalog: UnityCatalog, settings: Settings, log: LogFunction
) -> None:
    states: list[str] = []

    def log_state(run: jobs.Run) -> None:
        state = run.state.life_cycle_state if run.state else None
        if state and state.value not in states[-1:]:
            states.append(state.value)
            log(state.value)

    places = [f"--{place}={name}" for place, name in asdict(catalog).items()]
    wheels = upload_wheels(client, catalog, Wheel())
    task, rest = stage_task(job.CHECK, wheels, settings, [job.CHECK, *places])
    submitted = client.jobs.submit(
        run_name="neo_assets check", tasks=[task], idempotency_token=uuid4().hex, **rest
    )
    run_id = submitted.bind()["run_id"]
    try:
        with suppress(OperationFailed):
            run = submitted.result(JOB_TAKES_AT_MOST, log_state)
            if run.state and run.state.result_state is jobs.RunResultState.SUCCESS:
                return
    except BaseException as error:
        client.jobs.cancel_run(run_id)
        # The SDK names what it could not reach as the cause, and here it reached everything.
        if isinstance(error, TimeoutError) and not error.__cause__:
            raise _took_too_long(client, run_id) from error
        raise
    raise job_failure(client, run_id)


def _took_too_long(client: WorkspaceClient, run_id: int) -> JobFailedError:
    minutes = JOB_TAKES_AT_MOST // timedelta(minutes=1)
    return JobFailedError(
        f"job run {run_id} had not ended after {minutes} minutes and was canceled; its log: "
        f"{client.jobs.get_run(run_id).run_page_url}",
        is_retryable=False,
    )
