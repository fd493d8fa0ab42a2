"""The reason of a job's failure, in one sentence, and whether to retry it."""

import re
from contextlib import suppress

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service import jobs

from neo_assets.external_text import headline


class JobFailedError(Exception):
    """A job failed; `is_retryable` is true if the platform or another writer was at fault."""

    def __init__(self, message: str, *, is_retryable: bool) -> None:
        super().__init__(message)
        self.is_retryable = is_retryable


def job_failure(client: WorkspaceClient, run: jobs.Run) -> JobFailedError:
    """The error of a job run that has ended."""
    state = run.state or jobs.RunState()
    ended = run.status.termination_details if run.status else None
    errors = _errors(client, run)
    # The state of a run whose task failed only points at the output of the task.
    messages = errors or [state.state_message or ""]
    result = state.result_state or state.life_cycle_state
    return JobFailedError(
        f"job run {run.run_id} ended as {result.value if result else 'unknown'}"
        + (f" ({ended.code.value})" if ended and ended.code else "")
        + "".join(f", {text.strip().rstrip('.')}" for text in messages if text.strip())
        + (f"; its log: {run.run_page_url}" if run.run_page_url else ""),
        is_retryable=_is_platform_fault(state, ended) or any(map(is_conflict, errors)),
    )


def _errors(client: WorkspaceClient, run: jobs.Run) -> list[str]:
    """The first line of the error of each task of a run.

    After that, an error of Spark Connect has the plan, and the stack of the server.
    """
    errors: list[str] = []
    for task in run.tasks or []:
        with suppress(DatabricksError):
            output = client.jobs.get_run_output(task.run_id or 0)
            errors.append(headline((output.error or "").partition("JVM stacktrace:")[0]))
    return [error for error in errors if error]


def is_conflict(message: str) -> bool:
    """Whether another writer, such as predictive optimization, changed the table meanwhile."""
    return re.search(r"DELTA_CONCURRENT_|Concurrent\w+Exception", message) is not None


def _is_platform_fault(state: jobs.RunState, ended: jobs.TerminationDetails | None) -> bool:
    """Whether the same job can succeed the next time, without anybody having fixed anything."""
    if ended and ended.type:
        return ended.type in (
            jobs.TerminationTypeType.CLOUD_FAILURE,
            jobs.TerminationTypeType.INTERNAL_ERROR,
        )
    # A run whose task failed has this state too, and a result.
    is_internal = state.life_cycle_state is jobs.RunLifeCycleState.INTERNAL_ERROR
    return is_internal and state.result_state is None
