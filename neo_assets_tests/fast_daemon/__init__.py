"""Shorter polling intervals of Dagster in processes that tests start."""

from pathlib import Path

FAST_DAEMON = {"PYTHONPATH": str(Path(__file__).parent)}
"""The environment of a process whose Dagster polls often, and of the processes that it starts."""
