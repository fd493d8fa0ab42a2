"""The command line of the project in a data folder of its own, and what it left behind."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
from deltalake import DeltaTable

from neo_assets.instance import prepare_instance
from neo_assets.settings import Settings


class Evaluation(NamedTuple):
    """The newest evaluation of a check for a day; `outcome` is `passed` or the severity."""

    outcome: str
    numbers: dict[str, Any]
    description: str


@dataclass
class Project:
    """Runs commands; the environment of this process must have the same data folder."""

    data: Path
    environment: dict[str, str]
    command: Sequence[str] = (str(Path(sys.executable).with_name("neo-assets")),)

    def __call__(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self.command, *arguments],
            env={**os.environ, "NEO_DATA_DIR": str(self.data), **self.environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table."""
        found: list[dict[str, Any]] = (
            DeltaTable(self.data / "tables" / table).to_pyarrow_table().to_pylist()
        )
        return found

    def evaluations(self, asset: str, check: str) -> dict[str | None, Evaluation]:
        """The newest evaluation of each day."""
        key = dg.AssetCheckKey(dg.AssetKey(asset), check)
        home = prepare_instance(Settings.from_environment())
        with dg.DagsterInstance.from_config(str(home)) as instance:
            found = {}
            records = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
            for record in reversed(records):
                event = record.event.dagster_event if record.event else None
                if event and event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
                    evaluation = event.asset_check_evaluation_data
                    found[evaluation.partition] = Evaluation(
                        "passed" if evaluation.passed else evaluation.severity.value,
                        {name: value.value for name, value in evaluation.metadata.items()},
                        evaluation.description or "",
                    )
            return found
