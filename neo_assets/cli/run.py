"""The commands that materialize assets: backfill, replay and demo."""

import shlex
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Annotated

import typer

from neo_assets.cli.console import attention_of, finish, narration, plain_console, summary_of
from neo_assets.settings import Settings

if TYPE_CHECKING:
    from neo_assets.backfill import Outcome

DEMO_DAYS = 14

Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE")]
OptionalDay = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE")]


def demo() -> None:
    """Materialize the last two weeks, raw to gold; print what needs attention.

    Example: neo-assets demo
    """
    from neo_assets.status import attention

    today = datetime.now(timezone.utc).date()
    days = [today - timedelta(days=number) for number in reversed(range(DEMO_DAYS))]
    settings = Settings.from_environment()
    outcome = _backfill(days[0], days[-1], "*", settings)
    console = plain_console()
    if not outcome.stopped:
        console.print(summary_of(outcome))
        console.print(attention_of(attention(days, settings)))
    finish(outcome, lambda left: "neo-assets demo")
    console.print(
        "The UI shows the same, with the history of every check: [bold]neo-assets ui[/bold]"
    )


def backfill(
    start: Day,
    end: Day,
    select: Annotated[
        str, typer.Option(metavar="SELECTION", help="Assets, in Dagster's selection syntax.")
    ] = "*",
) -> None:
    """Materialize an inclusive range of days, in runs of NEO_PARTITIONS_PER_RUN days.

    Example: neo-assets backfill --start 2024-03-01 --end 2024-03-31

    Example: neo-assets backfill --start 2024-03-01 --end 2024-03-31 --select 'silver_neo_events+'
    """
    outcome = _backfill(start.date(), end.date(), select, Settings.from_environment())
    finish(outcome, lambda left: _command(left, select))


def replay(
    start: OptionalDay = None,
    end: OptionalDay = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Rebuild bronze first, from the landing zone and with a new checkpoint; it is "
            "swapped in only when it is complete. Without --start and --end, all landed days.",
        ),
    ] = False,
) -> None:
    """Rebuild silver and gold for an inclusive range of days from bronze alone, without the API.

    Example: neo-assets replay --start 2024-03-01 --end 2024-03-31

    Example: neo-assets replay --full
    """
    from neo_assets import backfill as running

    if (start is None) != (end is None) or (start is None and not full):
        raise typer.BadParameter("--start and --end are both needed, unless --full is given.")
    settings = Settings.from_environment()
    try:
        if start and end:
            days = running.days_between(start.date(), end.date(), settings)
        else:
            days = running.landed_days(settings)
    except running.BackfillError as error:
        raise typer.BadParameter(str(error)) from None
    running.check_settings(settings)
    steps = len(running.replayed_assets(settings, full=full)) * len(days)
    with narration(steps, settings) as narrate:
        outcome = running.replay(days, settings, narrate, full=full)
    finish(outcome, lambda left: f"neo-assets replay {'--full' if full else _span(left)}")


def release(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="DAY")],
    why: Annotated[str, typer.Option(help="What a colleague will want to know in a year.")],
) -> None:
    """Let a held day through, store the reason, and update the layers below.

    Example: neo-assets release 2024-03-02 --why "NASA really lists these without velocity"
    """
    from neo_assets import backfill as running

    settings = Settings.from_environment()
    running.check_settings(settings)
    try:
        assets = running.release(day.date(), why, settings)
    except running.BackfillError as error:
        raise typer.BadParameter(str(error)) from None
    if assets:
        with narration(len(assets), settings) as narrate:
            outcome = running.backfill(assets, [day.date()], settings, narrate)
        # The release itself is stored already.
        finish(outcome, lambda left: _command(left, f"{assets[0].to_user_string()}+"))


def _command(days: Sequence[date], selection: str) -> str:
    """The backfill of these days."""
    select = "" if selection == "*" else f" --select {shlex.quote(selection)}"
    return f"neo-assets backfill {_span(days)}{select}"


def _span(days: Sequence[date]) -> str:
    return f"--start {days[0]} --end {days[-1]}"


def _backfill(start: date, end: date, selection: str, settings: Settings) -> "Outcome":
    from neo_assets.backfill import (
        BackfillError,
        backfill,
        check_settings,
        days_between,
        selected_assets,
    )

    try:
        assets = selected_assets(selection, settings)
        days = days_between(start, end, settings)
    except BackfillError as error:
        raise typer.BadParameter(str(error)) from None
    check_settings(settings)
    with narration(len(assets) * len(days), settings) as narrate:
        return backfill(assets, days, settings, narrate)
