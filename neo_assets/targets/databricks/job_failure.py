"""Why a job did not end well, in one sentence, and whether to try it again."""

from contextlib import suppress

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service import jobs


class JobFailedError(Exception):
    """A job did not end well; `can_be_repeated` says whether the platform was to blame."""

    def __init__(self, message: str, *, can_be_repeated: bool) -> None:
        super().__init__(message)
        self.can_be_repeated = can_be_repeated


def failure_of(client: WorkspaceClient, run_id: int) -> JobFailedError:
    """What a job run that is over died of."""
    run = client.jobs.get_run(run_id)
    state = run.state or jobs.RunState()
    ended = run.status.termination_details if run.status else None
    said = [state.state_message or "", *_errors(client, run)]
    result = state.result_state or state.life_cycle_state
    return JobFailedError(
        f"job run {run_id} ended as {result.value if result else 'unknown'}"
        + (f" ({ended.code.value})" if ended and ended.code else "")
        + "".join(f", {text.strip().rstrip('.')}" for text in said if text.strip())
        + (f"; its log: {run.run_page_url}" if run.run_page_url else ""),
        can_be_repeated=_is_of_the_platform(state, ended),
    )


def _errors(client: WorkspaceClient, run: jobs.Run) -> list[str]:
    """What the tasks of a run died of, the last line of each."""
    errors = []
    for task in run.tasks or []:
        with suppress(DatabricksError):
            output = client.jobs.get_run_output(task.run_id or 0)
            if output.error:
                errors.append(output.error.strip().splitlines()[-1])
    return errors


def _is_of_the_platform(state: jobs.RunState, ended: jobs.TerminationDetails | None) -> bool:
    """Whether the same job can end well the next time, without anybody having mended anything."""
    if ended and ended.type:
        return ended.type in (
            jobs.TerminationTypeType.CLOUD_FAILURE,
            jobs.TerminationTypeType.INTERNAL_ERROR,
        )
    return state.life_cycle_state is jobs.RunLifeCycleState.INTERNAL_ERROR
