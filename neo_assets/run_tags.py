"""Tags of runs: why a run was started, for people to read, and what its raw assets may do."""

import dagster as dg

WHY = "neo/why"
"""Says in a sentence what started a run."""

ONLY_LANDED = "neo/only_landed"
"""A run with it requests nothing from the sources: it takes what has landed as it is."""

_STARTED_BY = {
    "dagster/parent_run_id": "run {} was executed again",
    "dagster/schedule_name": "the schedule {}",
    "dagster/sensor_name": "the sensor {}",
    "dagster/backfill": "backfill {}, launched by a person in the UI or with Dagster's API",
}
"""What Dagster's own tags say, the most specific first."""

_BY_HAND = "launched by a person in the UI or with Dagster's command line"


def why(run: dg.DagsterRun) -> str:
    """What started a run: which files, condition, schedule, command or person."""
    if WHY in run.tags:
        return run.tags[WHY]
    for tag, text in _STARTED_BY.items():
        if tag in run.tags:
            return text.format(run.tags[tag])
    return _BY_HAND
