"""What runs inside a Databricks job: one stage, asked for and answered through Dagster Pipes.

This module is the entry point of the wheel that `wheel.py` makes.  Context and messages are files
in the volume.
"""

from dagster_pipes import (
    PipesCliArgsParamsLoader,
    PipesEnvVarParamsLoader,
    PipesParamsLoader,
    PipesUnityCatalogVolumesContextLoader,
    PipesUnityCatalogVolumesMessageWriter,
    open_dagster_pipes,
)

from neo_assets.lakehouse.request import Request, Result, StageError
from neo_assets.lakehouse.unity_catalog import UnityCatalog

REQUEST, CATALOG, RESULT = "request", "unity_catalog", "result"
"""The names under which the two sides hand things to each other."""


def main() -> None:
    """Run the stage that the context asks for, and report its result."""
    with open_dagster_pipes(
        params_loader=_params_loader(),
        context_loader=PipesUnityCatalogVolumesContextLoader(),
        message_writer=PipesUnityCatalogVolumesMessageWriter(),
    ) as pipes:
        request = Request.from_json(pipes.get_extra(REQUEST))
        result = run(UnityCatalog(**pipes.get_extra(CATALOG)), request)
        pipes.report_custom_message({RESULT: result.to_json()})


def run(catalog: UnityCatalog, request: Request) -> Result:
    """Run a stage in the session that the job has; what it refuses is a result too."""
    from pyspark.sql import SparkSession

    from neo_assets.lakehouse import stages
    from neo_assets.lakehouse.storage import Lakehouse
    from neo_assets.lakehouse.tables import DQ_METRICS, TABLES
    from neo_assets.lakehouse.unity_catalog_layout import UnityCatalogLayout

    spark = SparkSession.builder.getOrCreate()
    # Times of the feed have no zone, and everything here is UTC.
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    lakehouse = Lakehouse(spark, UnityCatalogLayout.of(catalog))
    try:
        if request.needs_tables:
            lakehouse.ensure_tables((*TABLES, DQ_METRICS))
        return stages.run(lakehouse, request)
    except StageError as error:
        return Result(refusal=str(error))


def _params_loader() -> PipesParamsLoader:
    """The command line has the parameters on serverless compute and on clusters that are there."""
    command_line = PipesCliArgsParamsLoader()  # type: ignore[no-untyped-call]
    if command_line.is_dagster_pipes_process():
        return command_line
    return PipesEnvVarParamsLoader()  # type: ignore[no-untyped-call]
