"""What Dagster's Pipes clients raise when the process outside fails."""

from dagster._core.errors import DagsterPipesExecutionError as DagsterPipesExecutionError
