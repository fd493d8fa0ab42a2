"""The commands about Databricks."""

from pathlib import Path
from typing import Annotated

import typer

from neo_assets.cli.console import complain


def databricks_check() -> None:
    """Try a real workspace step by step, and say what is missing; a job in it takes minutes.

    Example: neo-assets databricks-check
    """
    from neo_assets.databricks.check import steps
    from neo_assets.resources.databricks import unity_catalog
    from neo_assets.settings import Settings

    settings = Settings.from_environment()
    for step in steps(unity_catalog(settings), settings.neo_databricks_cluster_id):
        typer.echo(f"{'missing' if step.problem else 'works':<9}{step.what}")
        if step.problem:
            complain(step.problem)
            raise typer.Exit(1)
    typer.echo("All is there for NEO_TARGET=databricks.")


def databricks_wheel(
    folder: Annotated[Path, typer.Argument(help="Where the wheel is written.")],
) -> None:
    """Make the wheel that jobs run, for the bundle; Dagster uploads it by itself.

    Example: neo-assets databricks-wheel dist
    """
    from shutil import copy
    from tempfile import TemporaryDirectory

    from neo_assets.databricks.wheel import Wheel

    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as work:
        typer.echo(copy(Wheel().make(Path(work)), folder))
