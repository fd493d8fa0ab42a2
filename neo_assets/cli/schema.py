"""`neo-assets schema`: the tracked schema of the feed."""

from typing import Annotated

import typer

from neo_assets.cli.console import narration, print_error, stoppable
from neo_assets.settings import Settings

application = typer.Typer(
    help="The tracked schema of the feed; values that do not fit it go to bronze_rescued_data.",
    no_args_is_help=True,
)


@application.callback()
def _schema() -> None:
    """Keep `correct` a command of its own, the only one there is."""


@application.command()
@stoppable
def correct(
    field: Annotated[
        str, typer.Argument(metavar="FIELD", help="Path of the field as schema_drift names it.")
    ],
    types: Annotated[
        list[str],
        typer.Argument(
            metavar="TYPE", help="array, boolean, mixed, number, object or string; one or more."
        ),
    ],
) -> None:
    """Correct the type of a tracked field that was learned from a bad response.

    This creates the next version of the schema and updates bronze_rescued_data for all days:
    values of the right type are no longer in it.

    Example: neo-assets schema correct absolute_magnitude_h number
    """
    from neo_assets import backfill as running

    settings = Settings.from_environment()
    running.check_settings(settings)
    with narration(1, settings) as narrate:
        failure = running.correct_tracked_type(field, types, settings, narrate)
    if failure:
        print_error(failure)
        raise typer.Exit(1)
