"""`neo-assets`: the command line, which does what the UI does."""

import sys

import typer

from neo_assets.cli import look, quality, quarantine, run, schema, ui, workspace
from neo_assets.cli.console import print_error, stoppable
from neo_assets.settings import SettingsError

application = typer.Typer(
    help="NASA's feed of asteroids passing Earth, from raw responses to a star schema.",
    epilog="Exit codes: 0 success, 1 a day failed or a check ended in ERROR, 2 wrong usage, "
    "130 or 143 stopped by Ctrl-C or SIGTERM.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (run.demo, run.backfill, run.replay, run.release):
    application.command()(stoppable(command))
for command in (look.status, ui.ui, ui.code_server):
    application.command()(command)
application.command("alert-test")(look.alert_test)
application.command("databricks-check")(workspace.databricks_check)
application.command("databricks-wheel")(workspace.databricks_wheel)
application.add_typer(quality.application, name="quality")
application.add_typer(quarantine.application, name="quarantine")
application.add_typer(schema.application, name="schema")


def main() -> None:
    """Run the command line; an error that has a remedy is one sentence, without a traceback."""
    from neo_assets.lakehouse.store.delta_log import DamagedTableError
    from neo_assets.spark_server.delta_jars import DeltaJarsError
    from neo_assets.spark_server.java import JavaError
    from neo_assets.spark_server.server import SparkServerError
    from neo_assets.targets.databricks.workspace_error import WorkspaceError

    try:
        application()
    except (
        DamagedTableError,
        DeltaJarsError,
        JavaError,
        SettingsError,
        SparkServerError,
        WorkspaceError,
    ) as error:
        print_error(str(error))
        sys.exit(1)
    except PermissionError as error:
        # A file deeper in the data folder than what is looked at before a command begins.
        print_error(f"{error.filename}: {error.strerror}; change its owner or its access rights")
        sys.exit(1)
