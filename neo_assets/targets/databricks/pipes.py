"""Dagster Pipes for a job that somebody else starts: it is watched, and never left running."""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from dagster import (
    AssetExecutionContext,
    DagsterExecutionInterruptedError,
    OpExecutionContext,
    open_pipes_session,
)
from dagster_databricks.pipes import (
    PipesUnityCatalogVolumesContextInjector,
    PipesUnityCatalogVolumesMessageReader,
)
from databricks.sdk import WorkspaceClient
from databricks.sdk.service import jobs

from neo_assets.progress import LogFunction
from neo_assets.targets.databricks.job_failure import JobFailedError, job_failure

# The reader uses them itself; its users cannot do anything about it.
warnings.filterwarnings("ignore", message="Function `Pipes.*writer.*` is currently in preview")

QUEUE_REPORT_INTERVAL_S = 300

_ENDED = (
    jobs.RunLifeCycleState.TERMINATED,
    jobs.RunLifeCycleState.SKIPPED,
    jobs.RunLifeCycleState.INTERNAL_ERROR,
)

Context = OpExecutionContext | AssetExecutionContext


@dataclass(frozen=True)
class JobWatch:
    """Waits for job runs, whose context and messages go through a folder of a volume.

    Dagster's own client for Databricks knows `runs/submit` alone, and passes the arguments of Pipes
    in another way to each kind of compute.
    """

    client: WorkspaceClient
    folder: str
    poll_interval_s: float
    limit_s: float
    """After which a run is canceled, the time in the queue included."""

    def run(
        self,
        context: Context,
        extras: Mapping[str, Any],
        start: Callable[[Mapping[str, str]], int],
    ) -> tuple[Sequence[Any], str]:
        """Start a job with the arguments of Pipes; return its messages and the page of its run.

        Raises:
            JobFailedError: it did not succeed, or could not be watched any longer.
        """
        with open_pipes_session(
            context=context,
            extras=extras,
            context_injector=PipesUnityCatalogVolumesContextInjector(
                client=self.client, volume_path=self.folder
            ),
            message_reader=PipesUnityCatalogVolumesMessageReader(
                client=self.client, volume_path=self.folder, interval=self.poll_interval_s
            ),
        ) as session:
            run_id = start(session.get_bootstrap_cli_arguments())
            try:
                run = self._wait(run_id, context.log.info)
            except DagsterExecutionInterruptedError:
                context.log.info(f"This run is canceled, and so is job run {run_id}.")
                self._cancel(run_id)
                raise
            except JobFailedError:
                raise
            except Exception as error:
                with suppress(Exception):
                    self.client.jobs.cancel_run(run_id)
                raise JobFailedError(
                    f"the connection to job run {run_id} was lost and it was canceled ({error}); "
                    "check in the workspace that it has ended, then run the days again: nothing is "
                    "done twice",
                    is_retryable=False,
                ) from error
        return session.get_custom_messages(), run.run_page_url or ""

    def _wait(self, run_id: int, log: LogFunction) -> jobs.Run:
        """The run when it has succeeded; others wait for it, so the log says what it is doing."""
        started = time.monotonic()
        queue_reported_at = float("-inf")
        observed = None
        while True:
            run = self.client.jobs.get_run(run_id)
            state = run.state or jobs.RunState()
            now = time.monotonic()
            if state.life_cycle_state is not observed:
                observed = state.life_cycle_state
                log(f"Job run {run_id} is {observed and observed.value}: {run.run_page_url}")
            if state.life_cycle_state in _ENDED:
                if state.result_state is jobs.RunResultState.SUCCESS:
                    return run
                raise job_failure(self.client, run)
            if now - started > self.limit_s:
                self._cancel(run_id)
                raise JobFailedError(
                    f"job run {run_id} took more than {self.limit_s / 3600:.3g} hours and was "
                    f"canceled; its log: {run.run_page_url}",
                    is_retryable=False,
                )
            is_queued = state.life_cycle_state is jobs.RunLifeCycleState.QUEUED
            if is_queued and now >= queue_reported_at + QUEUE_REPORT_INTERVAL_S:
                queue_reported_at = now
                minutes = max(0, time.time() - (run.start_time or 0) / 1000) // 60
                details = run.status.queue_details if run.status else None
                log(
                    f"Job run {run_id} has been in the queue of the workspace for {minutes:.0f} "
                    "minutes"
                    + (f" ({details.message})" if details and details.message else "")
                    + f"; cancel this run to cancel it: {run.run_page_url}"
                )
            time.sleep(self.poll_interval_s)

    def _cancel(self, run_id: int) -> None:
        """Cancel a run, and wait until it does not write any more."""
        self.client.jobs.cancel_run(run_id)
        while True:
            state = self.client.jobs.get_run(run_id).state or jobs.RunState()
            if state.life_cycle_state in (*_ENDED, jobs.RunLifeCycleState.TERMINATING):
                return
            time.sleep(self.poll_interval_s)
