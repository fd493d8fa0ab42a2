"""A lakehouse on Databricks: each stage is a job there, and its log and result come back here."""

import io
from collections.abc import Sequence
from dataclasses import asdict

import dagster as dg
from databricks.sdk import WorkspaceClient

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Request, Result
from neo_assets.lakehouse.store.metrics import RunMetrics
from neo_assets.settings import Settings
from neo_assets.targets.databricks.job import CATALOG, REQUEST, RESULT
from neo_assets.targets.databricks.job_failure import JobFailedError
from neo_assets.targets.databricks.pipes import pipes_client
from neo_assets.targets.databricks.submission import submission, uploaded
from neo_assets.targets.databricks.unity_catalog import UnityCatalog
from neo_assets.targets.databricks.wheel import Wheel
from neo_assets.targets.databricks.workspace import translate_errors, workspace_client
from neo_assets.targets.databricks.workspace_error import WorkspaceError
from neo_assets.targets.locks import exclusive_writer
from neo_assets.targets.stage_runner import Context, StageRunner

TRIES = 2


class JobStageRunner(StageRunner):
    """The tables of a schema in Unity Catalog, written by jobs.

    Where a job failed by a fault of the platform, or ended without a word, the same stage is tried
    once more: every stage can be repeated and changes nothing that is done.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._client: WorkspaceClient | None = None

    def run(self, context: Context, request: Request) -> Result:
        """Run a stage as a job, and wait for it."""
        if request.is_about_days and not request.days:
            # All of them are held back, and a job costs even where there is nothing to do.
            return Result()
        what = _subject(request)
        for attempt in range(1, TRIES + 1):
            try:
                with (
                    translate_errors(f"{what} was not done"),
                    exclusive_writer(self._settings, context.log.info),
                ):
                    result = self._job(context, request, attempt)
                break
            except WorkspaceError as error:
                raise dg.Failure(str(error), allow_retries=False) from error
            except JobFailedError as error:
                if attempt == TRIES or not error.can_be_repeated:
                    raise dg.Failure(
                        f"{what} was not done: {error}.", allow_retries=False
                    ) from error
                context.log.warning(f"{what} is tried again: {error}.")
        if result.refusal:
            raise dg.Failure(result.refusal, allow_retries=False)
        return result

    def record_metrics(self, run_id: str, asset: str, reports: Sequence[DayReport]) -> None:
        """Leave the metrics in the volume, for the next stage to store."""
        if not reports:
            return
        folder = unity_catalog(self._settings).metrics
        try:
            with translate_errors(f"The metrics of {asset} were not stored"):
                files = self._workspace().files
                files.create_directory(str(folder))
                files.upload(
                    str(folder / f"{run_id}-{asset}.json"),
                    io.BytesIO(RunMetrics(run_id, asset, reports).to_json().encode()),
                    overwrite=True,
                )
        except WorkspaceError as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    def _workspace(self) -> WorkspaceClient:
        if self._client is None:
            self._client = workspace_client()
        return self._client

    def _job(self, context: Context, request: Request, attempt: int) -> Result:
        """Run the stage once.

        Raises:
            JobFailedError: the job did not end well, or its result did not come.
        """
        settings = self._settings
        client, catalog = self._workspace(), unity_catalog(settings)
        wheel = uploaded(client, catalog, Wheel())
        task, rest = submission(request.stage, wheel, settings.neo_databricks_cluster_id)
        pipes = pipes_client(
            client,
            str(catalog.messages),
            settings.neo_databricks_poll_s,
            is_serverless=settings.neo_databricks_cluster_id is None,
        )
        done = pipes.run(
            context=context,
            extras={REQUEST: request.to_json(), CATALOG: asdict(catalog)},
            task=task,
            submit_args={
                **rest,
                "run_name": f"neo_assets {_subject(request)}",
                # Sent twice for the same try, as after a lost answer, it starts one job.
                "idempotency_token": f"{request.run_id}-{request.stage}-{attempt}",
            },
        )
        pipes.raise_interruption()
        for message in done.get_custom_messages():
            if RESULT in message:
                return Result.from_json(message[RESULT])
        raise JobFailedError(
            "its job ended well, but without a result; nothing is lost, run the days again",
            can_be_repeated=True,
        )


def unity_catalog(settings: Settings) -> UnityCatalog:
    """The configured places."""
    return UnityCatalog(
        settings.neo_databricks_catalog,
        settings.neo_databricks_schema,
        settings.neo_databricks_volume,
    )


def _subject(request: Request) -> str:
    """The stage and its days, in words."""
    if not request.days:
        return request.stage
    first, last = min(request.days), max(request.days)
    return f"{request.stage} for {first}" + (f"…{last}" if last != first else "")
