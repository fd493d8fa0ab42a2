"""Dagster's pauses, cut short in processes that tests start."""

from pathlib import Path

IMPATIENT = {"PYTHONPATH": str(Path(__file__).parent)}
"""The environment of a process in which no Dagster pauses for long, nor in those that it starts."""
