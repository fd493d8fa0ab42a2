"""The commands for Databricks workspaces."""

from pathlib import Path
from typing import Annotated

import typer

from neo_assets.cli.console import print_error


def databricks_check() -> None:
    """Test a workspace step by step and report what is missing; its jobs take minutes.

    Example: neo-assets databricks-check
    """
    from neo_assets.settings import Settings
    from neo_assets.targets.databricks.check import report, steps

    settings = Settings.from_environment()
    tried, clean_up = steps(settings)
    results: dict[str, str] = {}
    try:
        for step in tried:
            typer.echo(f"{step.what}: ", nl=False)
            results[step.what] = step.problem()
            typer.echo("missing" if results[step.what] else "works")
            if results[step.what]:
                break
    finally:
        results[clean_up.what] = clean_up.problem()
    typer.echo(f"\nTo paste into an issue:\n\n{report(results, settings)}\n")
    problems = [problem for problem in results.values() if problem]
    for problem in problems:
        print_error(problem)
    if problems:
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
