"""The exception that Dagster's Pipes clients raise when the external process fails."""

from dagster._core.errors import DagsterPipesExecutionError as DagsterPipesExecutionError
