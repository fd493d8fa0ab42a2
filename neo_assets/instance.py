"""The Dagster instance that every command and the UI share."""

from pathlib import Path

from neo_assets.settings import Settings

CONFIGURATION = """\
telemetry:
  enabled: false

# One writer a table at a time: Delta on a local disk cannot settle a race between two runs.
concurrency:
  pools:
    granularity: run
    default_limit: 1

run_monitoring:
  enabled: true
"""


def prepare_instance(settings: Settings) -> Path:
    """Make the instance's folder, with its configuration unless there is one; return its path."""
    home = settings.dagster_directory
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(CONFIGURATION)
    return home
