"""Runs each stage as a job on Databricks; its log and result come back here."""

import io
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial

import dagster as dg
from databricks.sdk import WorkspaceClient

from neo_assets.date_spans import span
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Request, Result
from neo_assets.lakehouse.store.metrics import RunMetrics
from neo_assets.settings import Settings
from neo_assets.targets.databricks.job import CATALOG, REQUEST, RESULT, VERSION
from neo_assets.targets.databricks.job_failure import JobFailedError
from neo_assets.targets.databricks.pipes import JobWatch
from neo_assets.targets.databricks.submission import cluster_of, run_now, submit, upload_wheels
from neo_assets.targets.databricks.unity_catalog import UnityCatalog
from neo_assets.targets.databricks.wheel import Wheel
from neo_assets.targets.databricks.workspace import translate_errors, workspace_client
from neo_assets.targets.databricks.workspace_error import WorkspaceError
from neo_assets.targets.locks import exclusive_writer
from neo_assets.targets.stage_runner import Context, StageRunner

ATTEMPTS = 2


class JobStageRunner(StageRunner):
    """Runs stages as jobs, which write the tables of a schema in Unity Catalog.

    If the platform made a job fail, or a job ended without a result, the stage is tried once more:
    every stage can be repeated and changes nothing that is done.
    """

    def __init__(self, settings: Settings, catalog: UnityCatalog | None = None) -> None:
        super().__init__(settings)
        # Before anything is landed: a file that specifies no cluster.
        cluster_of(settings)
        self._catalog = catalog or unity_catalog(settings)
        self._client: WorkspaceClient | None = None

    def run(self, context: Context, request: Request) -> Result:
        """Run a stage as a job, and wait for it."""
        if request.is_about_days and not request.days:
            # All of them are held back, and a job costs money even if it has nothing to do.
            return Result()
        what = _subject(request)
        for attempt in range(1, ATTEMPTS + 1):
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
                if attempt == ATTEMPTS or not error.is_retryable:
                    raise dg.Failure(
                        f"{what} was not done: {error}.", allow_retries=False
                    ) from error
                context.log.warning(f"{what} is tried again: {error}.")
        if result.refusal:
            raise dg.Failure(result.refusal, allow_retries=False)
        return result

    def record_metrics(self, run_id: str, asset: str, reports: Sequence[DayReport]) -> None:
        """Put the metrics into the volume, where the next stage finds and stores them."""
        if not reports:
            return
        folder = self._catalog.metrics
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
        """Run the stage in one job run, without retries.

        Raises:
            JobFailedError: the job failed, or ended without a result.
        """
        settings, wheel = self._settings, Wheel()
        client, catalog = self._workspace(), self._catalog
        # Sent twice for the same attempt, as after a lost response, it starts one job.
        token = f"{request.run_id}-{request.stage}-{attempt}"
        job_id = settings.neo_databricks_job_id
        if job_id:
            # ASCII alone is allowed in parameters of tasks.
            days = sorted(request.days)
            first_and_last = "/".join(map(str, days[:1] + days[1:][-1:]))
            parameters = {"stage": request.stage, "days": first_and_last}
            start = partial(run_now, client, job_id, parameters)
        else:
            wheels = upload_wheels(client, catalog, wheel)
            start = partial(submit, client, settings, wheels, f"neo_assets {_subject(request)}")
        watch = JobWatch(
            client,
            str(catalog.messages),
            settings.neo_databricks_poll_s,
            settings.neo_databricks_timeout_hours * 3600,
        )
        messages, page = watch.run(
            context,
            {REQUEST: request.to_json(), CATALOG: asdict(catalog), VERSION: wheel.version},
            partial(start, idempotency_token=token),
        )
        for message in messages:
            if RESULT in message:
                return replace(Result.from_json(message[RESULT]), job_url=page)
        raise JobFailedError(
            "its job succeeded, but without a result; nothing is lost, run the days again",
            is_retryable=True,
        )


def unity_catalog(settings: Settings) -> UnityCatalog:
    """The configured schema and volume."""
    return UnityCatalog(
        settings.neo_databricks_catalog,
        settings.neo_databricks_schema,
        settings.neo_databricks_volume,
    )


def _subject(request: Request) -> str:
    """The stage and its days, for messages."""
    if not request.days:
        return request.stage
    return f"{request.stage} for {span(min(request.days), max(request.days))}"
