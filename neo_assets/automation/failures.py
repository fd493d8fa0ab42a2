"""What a failed step says of itself."""

from dagster._core.execution.plan.objects import StepFailureData


def failure_sentence(failure: StepFailureData) -> str:
    """Why a step failed: in its own words where it has any, else the first line of its error."""
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error_display_string.strip() or "failed without a word"
    if failure.error:
        error = (failure.error.cause or failure.error).message.strip()
    return error.splitlines()[0]
