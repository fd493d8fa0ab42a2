"""Python runs this first in each process that has this folder in its PYTHONPATH.

Dagster has no settings for most of these intervals, and tests do not start its daemon and its code
server themselves.
"""

import sys

program = {argument.rpartition("/")[2] for argument in sys.orig_argv[1:3]}

if "dagster._daemon" in program:
    from dagster._core.run_coordinator import QueuedRunCoordinator  # noqa: TID251
    from dagster._daemon import controller  # noqa: TID251

    # Seconds between two checks of the backfills in progress, instead of 30.
    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2
    # Seconds between two checks of the queued runs, instead of 5. A backfill submits its runs
    # within a tenth of a second: they are still found together, and must wait for each other.
    QueuedRunCoordinator.dequeue_interval_seconds = 2  # type: ignore[assignment, method-assign]

if program & {"dagster", "neo-assets"}:
    from dagster._core.definitions import sensor_definition  # noqa: TID251
    from dagster._core.pipes import utils  # noqa: TID251

    # Seconds between two ticks of a sensor that sets no interval, instead of 30.
    sensor_definition.DEFAULT_SENSOR_DAEMON_INTERVAL = 5
    # Seconds between two reads of a job's messages, and after the last one, instead of 1 and 10.
    utils.DEFAULT_SLEEP_INTERVAL = 0.05  # type: ignore[assignment]
    utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL = 0
