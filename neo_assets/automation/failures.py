"""The reason of a failed step, as one sentence."""

import dagster as dg

from neo_assets.external_text import headline


def failure_sentence(event: dg.DagsterEvent) -> str:
    """Return why a step failed: the message of its failure, else the first line of its error."""
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    if failure.error:
        return headline((failure.error.cause or failure.error).message)
    return headline(failure.error_display_string) or "failed without a message"
