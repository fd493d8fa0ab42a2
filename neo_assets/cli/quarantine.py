"""`neo-assets quarantine`: what was dropped and why, and what to do with it."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from neo_assets.cli.console import (
    counted,
    finish,
    narration,
    plain_console,
    print_error,
    spinner,
    stoppable,
    table_of,
)
from neo_assets.external_text import printable, printable_lines
from neo_assets.instance import require_data_folder
from neo_assets.settings import Settings
from neo_assets.targets.registry import create_target
from neo_assets.user import user_name

if TYPE_CHECKING:
    from neo_assets.lakehouse.quarantine import Selection

HASH_SHOWN = 10

application = typer.Typer(
    help="List dropped rows, replay them after a rule has changed, or discard them.",
    no_args_is_help=True,
)

Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Day under which a row was listed."),
]
Rule = Annotated[str | None, typer.Option(metavar="NAME", help="A rule that the row breaks.")]
File = Annotated[
    str | None, typer.Option(metavar="TEXT", help="A part of the path of the row's event file.")
]
Status = Annotated[str, typer.Option(metavar="STATUS", help="open, replayed, discarded, or all.")]


@application.command("list")
def list_rows(
    day: Day = None, rule: Rule = None, file: File = None, status: Status = "open"
) -> None:
    """List the rows, the newest day first.

    Example: neo-assets quarantine list --rule invalid_velocity
    """
    table = table_of("row", "day", "status", "reasons", "event file", numbers=())
    for row in _rows(_selection(day, rule, file, status=status), Settings.from_environment()):
        table.add_row(
            row["content_hash"][:HASH_SHOWN],
            str(row["partition_date"]),
            row["status"],
            _cell(", ".join(row["reasons"])),
            _cell(row["source_file"].rpartition("/")[2]),
        )
    plain_console().print(table if table.row_count else "No such row is in quarantine.")


@application.command()
def show(row: Annotated[str, typer.Argument(help="The beginning of the row's hash.")]) -> None:
    """Show everything that is known about a row.

    Example: neo-assets quarantine show 3f29a1c0d4
    """
    found = _rows(_selection(row=row, status="all"), Settings.from_environment())
    if not found:
        print_error(f"No row in quarantine begins with {row}.")
        raise typer.Exit(1)
    for each in found:
        payload = each.pop("payload")
        for name, value in each.items():
            shown = ", ".join(value) if isinstance(value, list) else value
            typer.echo(f"{name:<16}{'' if shown is None else printable(str(shown))}")
        typer.echo(f"{'payload':<16}{_indented(payload)}\n")


@application.command()
@stoppable
def replay(day: Day = None, rule: Rule = None, file: File = None) -> None:
    """Apply the current rules to the open rows again; those that pass go to gold.

    Example: neo-assets quarantine replay --rule implausible_velocity
    """
    from neo_assets import backfill as running

    settings = Settings.from_environment()
    running.check_settings(settings)
    selection = _selection(day, rule, file)
    before = _rows(selection, settings)
    if not before:
        typer.echo("No such row is open, so there is nothing to replay.")
        return
    days = sorted({row["partition_date"] for row in before})
    with narration(2 * len(days), settings) as narrate:
        outcome = running.replay(days, settings, narrate)
    passed = len(before) - len(_rows(selection, settings))
    typer.echo(f"{passed} of {counted(len(before), 'row')} went through.")
    finish(outcome)


@application.command()
def discard(
    why: Annotated[str, typer.Option(help="What a colleague will want to know in a year.")],
    day: Day = None,
    rule: Rule = None,
    file: File = None,
    row: Annotated[str | None, typer.Option(help="The beginning of the row's hash.")] = None,
) -> None:
    """Close open rows for good, with a reason. At least one of the filters is needed.

    Example: neo-assets quarantine discard --day 2024-03-02 --why "listed under a wrong day"
    """
    if not (day or rule or file or row):
        raise typer.BadParameter("give --day, --rule, --file or --row: not everything at once.")
    note = f"by {user_name()}: {why}"
    settings = Settings.from_environment()
    require_data_folder(settings)
    number = create_target(settings).discard(_selection(day, rule, file, row), note, print_error)
    typer.echo(f"{counted(number, 'row')} discarded.")


def _selection(
    day: datetime | None = None,
    rule: str | None = None,
    file: str | None = None,
    row: str | None = None,
    status: str = "open",
) -> "Selection":
    from neo_assets.lakehouse.quarantine import Selection

    wanted = None if status == "all" else status
    return Selection(day.date() if day else None, rule, file, row, wanted)


def _rows(selection: "Selection", settings: Settings) -> list[dict[str, Any]]:
    require_data_folder(settings, to_write=False)
    with spinner():
        return create_target(settings).quarantined(selection)


def _cell(text: str) -> str:
    """Text for a cell of a table, in which nothing is taken for markup."""
    return escape(printable(text))


def _indented(payload: str) -> str:
    try:
        return printable_lines(json.dumps(json.loads(payload), indent=2, ensure_ascii=False))
    except (ValueError, RecursionError):
        # A line that could not be read may be nested deeper than Python can follow.
        return printable(payload)
