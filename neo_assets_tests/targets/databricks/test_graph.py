"""The whole graph on the fake workspace, row for row the same as on this machine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from neo_assets.cli.console import counted
from neo_assets.lakehouse.model.tables import BRONZE_NEO_EVENTS, DQ_METRICS, TABLES, Table
from neo_assets_tests.fast_daemon import FAST_DAEMON
from neo_assets_tests.targets.databricks.conftest import SCHEMA, VOLUME, deploy_job
from neo_assets_tests.targets.databricks.fake_workspace import WAREHOUSE, FakeWorkspace

FIRST, LAST = date(2024, 3, 2), date(2024, 3, 4)
"""Days with a row that is dropped, and with revisions."""
ONLY_OF_ONE_RUN = {"run_id", "ingested_at", "measured_at"}


def command(
    *arguments: str, program: str = "neo-assets", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command line, as people call it."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        env={**os.environ, **FAST_DAEMON, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done


def rows_of(rows: DataFrame, table: Table) -> list[tuple[Any, ...]]:
    columns = [
        f"to_json({column.name})"
        if column.type == "VARIANT"
        else f"regexp_substr({column.name}, 'feed_date=.*')"
        if column.name == "source_file"
        else column.name
        for column in table.columns
        if column.name not in ONLY_OF_ONE_RUN
    ]
    return sorted((tuple(row) for row in rows.selectExpr(*columns).collect()), key=repr)


def replay_here(
    workspace: FakeWorkspace, here: Path, days: Sequence[str], spark_address: str
) -> None:
    """Bring what has landed in the workspace to gold on this machine."""
    shutil.copytree(workspace.volume(*VOLUME) / "landing", here / "landing")
    command(
        *(*days, "--select", "bronze_neo_events++"),
        NEO_TARGET="local",
        NEO_DATA_DIR=str(here),
        NEO_SPARK_REMOTE=spark_address,
    )


def assert_same_tables(catalog: SparkSession, here: Path) -> None:
    for table in TABLES:
        there = rows_of(catalog.table(f"{SCHEMA}.{table.name}"), table)
        local = catalog.read.format("delta").load(str(here / "tables" / table.name))
        assert there == rows_of(local, table), table.name
        # Only what does not fit the schema is rescued, and in these days everything does.
        assert there or table.name in ("bronze_rescued_data", "silver_neo_quarantine")


def test_the_same_rows_as_on_this_machine(
    workspace: FakeWorkspace,
    catalog: SparkSession,
    spark_address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days = ("backfill", "--start", str(FIRST), "--end", str(LAST))
    # NASA's first response, and its present one.
    command(*days, NEO_SIMULATOR_TODAY="2024-02-20")
    # First by submitted runs, then by the saved job.
    job_id = str(deploy_job(workspace))
    command(*days, NEO_SIMULATOR_TODAY="2024-04-20", NEO_DATABRICKS_JOB_ID=job_id)
    names = ["bronze_neo_events", "silver_neo_events", "gold_neo_fact"]
    submitted, saved = list(workspace.runs.values())[:3], list(workspace.runs.values())[3:]
    assert [run.specification["run_name"].split()[1] for run in submitted] == names
    assert [run.parameters["stage"] for run in saved] == names

    here = tmp_path / "here"
    replay_here(workspace, here, days, spark_address)
    assert_same_tables(catalog, here)

    measured = catalog.table(f"{SCHEMA}.{DQ_METRICS.name}")
    (newest,) = measured.orderBy("measured_at", ascending=False).limit(1).collect()
    of_run = measured.where(measured.run_id == newest.run_id)
    assets = {row.asset for row in of_run.select("asset").distinct().collect()}
    assert assets == {"raw_feed_files", *names}
    assert not list((workspace.volume(*VOLUME) / "metrics").iterdir())
    local_rows = DeltaTable(here / "tables" / DQ_METRICS.name).to_pyarrow_table().num_rows
    assert of_run.where("asset <> 'raw_feed_files'").count() == local_rows

    # People look at the tables, and close what was dropped.
    monkeypatch.setenv("NEO_DATABRICKS_WAREHOUSE_ID", WAREHOUSE)
    status = command("status").stdout.splitlines()
    (gold,) = (line.split() for line in status if line.split()[:1] == ["gold_neo_fact"])
    assert gold[1:3] == [str(catalog.table(f"{SCHEMA}.gold_neo_fact").count()), str(LAST)]
    quarantined = catalog.table(f"{SCHEMA}.silver_neo_quarantine").count()
    listed = command("quarantine", "list", "--status", "all").stdout
    assert listed.count(".json") == quarantined
    assert command("quarantine", "discard", "--file", ".json", "--why", "it's known").stdout == (
        f"{counted(quarantined, 'row')} discarded.\n"
    )

    # Bronze is rebuilt, and the stream continues where that ended.
    before = rows_of(catalog.table(f"{SCHEMA}.bronze_neo_events"), BRONZE_NEO_EVENTS)
    job = ("-m", "neo_assets.definitions", "-j", "reset_streaming_checkpoints")
    command("job", "execute", *job, program="dagster", DAGSTER_HOME=str(tmp_path / "data/dagster"))
    assert rows_of(catalog.table(f"{SCHEMA}.bronze_neo_events"), BRONZE_NEO_EVENTS) == before
    output = command(*days, "--select", "bronze_neo_events").stderr
    assert "bronze_neo_events: 3 of 3 days done in " in output
    assert rows_of(catalog.table(f"{SCHEMA}.bronze_neo_events"), BRONZE_NEO_EVENTS) == before
    tables = {row.tableName for row in catalog.sql(f"SHOW TABLES IN {SCHEMA}").collect()}
    # Nothing of the sources that are not included.
    assert tables == {table.name for table in (*TABLES, DQ_METRICS)}
