"""The entry point inside a Databricks job: runs one stage in the session of the job.

This module is the entry point of the wheel that `wheel.py` makes.  Dagster asks for a stage and is
answered through Pipes, whose context and messages are files in the volume; a job of the workspace's
own asks on the command line, and is answered in its log.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from importlib.metadata import metadata
from typing import TYPE_CHECKING

from dagster_pipes import (
    PipesCliArgsParamsLoader,
    PipesUnityCatalogVolumesContextLoader,
    PipesUnityCatalogVolumesMessageWriter,
    open_dagster_pipes,
)

from neo_assets.lakehouse.request import Request, Result, StageError
from neo_assets.progress import LogFunction, track_progress
from neo_assets.sources import included_sources
from neo_assets.targets.databricks.unity_catalog import UnityCatalog

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PACKAGE = "neo-assets-stages"
"""The name under which this code is installed."""
REQUEST, CATALOG, VERSION, RESULT = "request", "unity_catalog", "version", "result"
"""The names of what the two sides pass to each other."""


def main() -> None:
    """Run what is requested, by either caller."""
    loader = PipesCliArgsParamsLoader()  # type: ignore[no-untyped-call]
    of_pipes, others = loader.parser.parse_known_args()
    # The saved job has the arguments of Pipes always, empty where Dagster did not start it.
    if of_pipes.dagster_pipes_context:
        _answer_dagster(loader)
    else:
        _answer_the_command_line(others)


def run(catalog: UnityCatalog, request: Request, log: LogFunction) -> Result:
    """Run a stage, and log its progress; a refusal is a result too."""
    from neo_assets.lakehouse import stages
    from neo_assets.lakehouse.model.tables import DQ_METRICS
    from neo_assets.lakehouse.store.storage import Lakehouse
    from neo_assets.sources.registry import Included
    from neo_assets.targets.databricks.backend import UnityCatalogBackend

    lakehouse = Lakehouse(_session(), UnityCatalogBackend.of(catalog))
    try:
        if request.needs_tables:
            # A foreign key refers to a table that exists.
            tables = sorted(
                (*Included(request.sources).tables_of(request.stage), DQ_METRICS),
                key=lambda table: len(table.references),
            )
            for table in track_progress(tables, len(tables), "tables prepared", log):
                lakehouse.ensure_tables([table])
        return stages.run(lakehouse, request, log)
    except StageError as error:
        return Result(refusal=str(error))


def _session() -> SparkSession:
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    # Times of the feed have no zone, and everything here is UTC.
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    return spark


def _answer_dagster(loader: PipesCliArgsParamsLoader) -> None:
    with open_dagster_pipes(
        params_loader=loader,
        context_loader=PipesUnityCatalogVolumesContextLoader(),
        message_writer=PipesUnityCatalogVolumesMessageWriter(),
    ) as pipes:
        version, installed = pipes.get_extra(VERSION), metadata(PACKAGE)["Summary"]
        if version in installed:
            request = Request.from_json(pipes.get_extra(REQUEST))
            catalog = UnityCatalog(**pipes.get_extra(CATALOG))
            result = run(catalog, request, pipes.log.info)
        else:
            result = Result(
                refusal=f"The job in the workspace has other code ({installed}) than this machine "
                f"({version}): run databricks bundle deploy, and then the days again."
            )
        pipes.report_custom_message({RESULT: result.to_json()})


def _answer_the_command_line(arguments: Sequence[str]) -> None:
    """Run the stage over a window of days; what went wrong fails the task, in a sentence."""
    parser = argparse.ArgumentParser(description="Run one stage over the days around today (UTC).")
    parser.add_argument("stage", help="bronze_neo_events, silver_neo_events, …")
    for place in ("catalog", "schema", "volume"):
        parser.add_argument(f"--{place}", required=True)
    parser.add_argument("--run-id", default="by hand")
    parser.add_argument("--days-back", type=int, default=0)
    parser.add_argument("--days-ahead", type=int, default=0)
    parser.add_argument("--sources", help="Those that are included, as in NEO_SOURCES.")
    asked = parser.parse_args(arguments)
    catalog = UnityCatalog(asked.catalog, asked.schema, asked.volume)
    today = datetime.now(timezone.utc).date()
    window = range(-asked.days_back, asked.days_ahead + 1)
    days = [today + timedelta(days=number) for number in window]
    sources = included_sources(asked.sources)
    result = run(catalog, Request(asked.stage, asked.run_id, days, sources=sources), print)
    for report in result.reports:
        print(report.day, " ".join(f"{name}={count}" for name, count in report.classes.items()))
    failed = "; ".join(f"{day}: {reason}" for day, reason in sorted(result.failed.items()))
    if result.refusal or failed:
        sys.exit(result.refusal or failed)
