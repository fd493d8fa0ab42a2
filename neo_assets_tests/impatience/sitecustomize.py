"""Python runs this first in each process that has this folder in its PYTHONPATH.

Dagster has no settings for most of these pauses, and its daemon and its code server are started by
others.
"""

import sys

program = {argument.rpartition("/")[2] for argument in sys.orig_argv[1:3]}

if "dagster._daemon" in program:
    from dagster._core.run_coordinator import QueuedRunCoordinator  # noqa: TID251
    from dagster._daemon import controller  # noqa: TID251

    # Between two looks at the backfills that go on, in place of 30.
    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2
    # Between two looks at the runs that wait, in place of 5. A backfill brings its runs within a
    # tenth of a second: they are still found together, and must take turns.
    QueuedRunCoordinator.dequeue_interval_seconds = 2  # type: ignore[assignment, method-assign]

if program & {"dagster", "neo-assets"}:
    from dagster._core.definitions import sensor_definition  # noqa: TID251
    from dagster._core.pipes import utils  # noqa: TID251

    # Between two questions to a sensor that does not say how many, in place of 30.
    sensor_definition.DEFAULT_SENSOR_DAEMON_INTERVAL = 5
    # Between two looks for messages of a job, and after the last one, in place of 1 and 10.
    utils.DEFAULT_SLEEP_INTERVAL = 0.05  # type: ignore[assignment]
    utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL = 0
