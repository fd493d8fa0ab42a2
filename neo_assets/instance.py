"""The Dagster instance that every command and the UI share."""

from pathlib import Path

import dagster as dg
from filelock import FileLock

from neo_assets.settings import Settings

EVENT_LOG = """\
# Chosen by measurement, see neo_assets/event_log.py and benchmarks/README.md.
event_log_storage:
  module: neo_assets.event_log
  class: EventLog
"""
CONFIGURATION = f"""\
telemetry:
  enabled: false

# Without it the first visit of the UI begins with a form that asks for an e-mail address.
nux:
  enabled: false

# While one run works on its days, the next one fetches its own. They settle by themselves who
# writes, with locks that a killed process leaves at once: see neo_assets/resources/turns.py.
concurrency:
  pools:
    granularity: run
    default_limit: 2

run_monitoring:
  enabled: true

{EVENT_LOG}"""
POOLS = ("raw_feed_files", "lakehouse")


def prepare_instance(settings: Settings) -> Path:
    """Make the instance's folder, with its configuration unless there is one; return its path."""
    home = settings.dagster_directory
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "dagster.yaml"
    # Two commands at once would make Dagster's databases at once, and one of them would fail.
    with FileLock(home / ".preparing.lock"):
        if not configuration.exists():
            configuration.write_text(CONFIGURATION)
        _limit_pools(home)
    return home


def _limit_pools(home: Path) -> None:
    """Make the pools known before the first run needs them.

    The daemon reads which pools have a limit before it gives the default one to those that a queued
    run brings: the first runs that use a pool would all start at once.
    """
    with dg.DagsterInstance.from_config(str(home)) as instance:
        storage = instance.event_log_storage
        for pool in {*POOLS} - storage.get_concurrency_keys():
            storage.initialize_concurrency_limit_to_default(pool)
