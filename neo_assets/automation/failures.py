"""The reason of a failed step, as one sentence."""

import dagster as dg


def failure_sentence(event: dg.DagsterEvent) -> str:
    """Return why a step failed: the message of its failure, else the first line of its error."""
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error_display_string.strip() or "failed without a message"
    if failure.error:
        error = (failure.error.cause or failure.error).message.strip()
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    # The message of a ParseException starts on the line after the name of its class.
    return " ".join(lines[: 2 if lines[0].endswith(":") else 1])
