"""The commands for Databricks workspaces."""

from pathlib import Path
from typing import Annotated

import typer

from neo_assets.cli.console import print_error


def databricks_check() -> None:
    """Test a workspace step by step and report what is missing; the job it runs takes minutes.

    Example: neo-assets databricks-check
    """
    from neo_assets.settings import Settings
    from neo_assets.targets.databricks.check import steps

    for step in steps(Settings.from_environment(), lambda state: _begin(f"{state}, ")):
        _begin(f"{step.what}: ")
        problem = step.problem()
        typer.echo("missing" if problem else "works")
        if problem:
            print_error(problem)
            raise typer.Exit(1)
    typer.echo("The workspace is ready for NEO_TARGET=databricks.")


def databricks_wheel(
    folder: Annotated[Path, typer.Argument(help="Where the wheels are written.")],
) -> None:
    """Build the wheels that jobs run, for the bundle; Dagster uploads them automatically.

    Example: neo-assets databricks-wheel dist
    """
    from shutil import copy
    from tempfile import TemporaryDirectory

    from neo_assets.targets.databricks.wheel import FILE_NAMES, Wheel

    folder.mkdir(parents=True, exist_ok=True)
    # The bundle takes all wheels of the folder, and two versions cannot be installed.
    for old in (file for names in FILE_NAMES for file in folder.glob(names)):
        old.unlink()
    with TemporaryDirectory() as work:
        for wheel in Wheel().make(Path(work)):
            typer.echo(copy(wheel, folder))


def _begin(line: str) -> None:
    """Print progress while the caller waits for the result."""
    typer.echo(line, nl=False)
