"""Dagster's Pipes clients for Databricks, which leave no job running on its own."""

import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from dagster import (
    AssetExecutionContext,
    DagsterExecutionInterruptedError,
    OpExecutionContext,
)
from dagster_databricks.pipes import (
    BasePipesDatabricksClient,
    PipesDatabricksClient,
    PipesDatabricksServerlessClient,
    PipesUnityCatalogVolumesContextInjector,
    PipesUnityCatalogVolumesMessageReader,
)
from databricks.sdk import WorkspaceClient
from databricks.sdk.service import jobs

from neo_assets.dagster_internals.pipes import DagsterPipesExecutionError
from neo_assets.progress import LogFunction
from neo_assets.targets.databricks.job_failure import JobFailedError, job_failure

# The clients use them themselves; their users cannot do anything about it.
warnings.filterwarnings("ignore", message="Function `Pipes.*writer.*` is currently in preview")

QUEUE_REPORT_INTERVAL_S = 300

Context = OpExecutionContext | AssetExecutionContext


class _SupervisedClient(BasePipesDatabricksClient):
    """For both kinds of compute: a job ends with its run, and its failure has a reason."""

    run_page_url = ""
    _interruption: DagsterExecutionInterruptedError | None = None
    _log: LogFunction
    _queue_reported_at = float("-inf")

    def _poll_til_success(self, context: Context, run_id: int) -> None:
        self._log = context.log.info
        try:
            super()._poll_til_success(context, run_id)
        except DagsterExecutionInterruptedError as error:
            # The caller cancels the job, and then continues as if it had succeeded.
            self._interruption = error
            raise
        except DagsterPipesExecutionError:
            raise job_failure(self.client, run_id) from None
        except Exception as error:
            with suppress(Exception):
                self.client.jobs.cancel_run(run_id)
            raise JobFailedError(
                f"the connection to job run {run_id} was lost and it was canceled ({error}); "
                "check in the workspace that it has ended, then run the days again: nothing is "
                "done twice",
                is_retryable=False,
            ) from error

    def raise_interruption(self) -> None:
        """Raise the interruption that ended the job, if there was one."""
        if self._interruption:
            raise self._interruption

    def _get_run_state(self, run_id: int) -> jobs.RunState:
        """The state of a job; others wait for it, so the log says while it is in the queue."""
        run = self.client.jobs.get_run(run_id)
        self.run_page_url = run.run_page_url or ""
        state = run.state or jobs.RunState()
        now = time.monotonic()
        is_due = now >= self._queue_reported_at + QUEUE_REPORT_INTERVAL_S
        if state.life_cycle_state is jobs.RunLifeCycleState.QUEUED and is_due:
            self._queue_reported_at = now
            minutes = max(0, time.time() - (run.start_time or 0) / 1000) // 60
            details = run.status.queue_details if run.status else None
            self._log(
                f"Job run {run_id} has been in the queue of the workspace for {minutes:.0f} minutes"
                + (f" ({details.message})" if details and details.message else "")
                + f"; cancel this run to cancel it: {run.run_page_url}"
            )
        return state


class ServerlessClient(_SupervisedClient, PipesDatabricksServerlessClient):
    """Runs a task on serverless compute."""


class ClusterClient(_SupervisedClient, PipesDatabricksClient):
    """Runs a task on a cluster."""


def pipes_client(
    client: WorkspaceClient, folder: str, poll_interval_s: float, *, is_serverless: bool
) -> ServerlessClient | ClusterClient:
    """A client whose context and messages go through a folder of a volume."""
    shared: Mapping[str, Any] = {
        "client": client,
        "context_injector": PipesUnityCatalogVolumesContextInjector(
            client=client, volume_path=folder
        ),
        "message_reader": PipesUnityCatalogVolumesMessageReader(
            client=client, volume_path=folder, interval=poll_interval_s
        ),
        "poll_interval_seconds": poll_interval_s,
    }
    if is_serverless:
        return ServerlessClient(volume_path=folder, **shared)
    return ClusterClient(**shared)
