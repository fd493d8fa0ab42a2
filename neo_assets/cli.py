"""`neo-assets`: what the UI does, without it."""

import sys
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from neo_assets.settings import SettingsError

if TYPE_CHECKING:
    import dagster as dg

    from neo_assets.backfill import Outcome

DEMO_DAYS = 14
WIDTH_OF_PLAIN_OUTPUT = 120

application = typer.Typer(
    help="NASA's feed of asteroids passing Earth, from raw answers to a star schema.",
    epilog="Exit codes: 0 all is well, 1 a day failed or a check ended in ERROR, 2 wrong usage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE")]
OptionalDay = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE")]


def main() -> None:
    """Run the command line; trouble that has a remedy is one sentence, without a traceback."""
    from neo_assets.spark_server.delta_jars import DeltaJarsError
    from neo_assets.spark_server.java import JavaError
    from neo_assets.spark_server.server import SparkServerError

    try:
        application()
    except (SettingsError, JavaError, DeltaJarsError, SparkServerError) as error:
        _complain(str(error))
        sys.exit(1)


@application.command()
def demo() -> None:
    """Materialize the last two weeks, raw to gold, and print what became of every day.

    Example: neo-assets demo
    """
    today = datetime.now(timezone.utc).date()
    outcome = _backfill(today - timedelta(days=DEMO_DAYS - 1), today, "*")
    console = _console()
    console.print(_account_of(outcome))
    _finish(outcome)
    console.print(
        "All of it is in the UI too, with the history of every check: [bold]make ui[/bold]"
    )


@application.command()
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
    _finish(_backfill(start.date(), end.date(), select))


@application.command()
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
    try:
        if start and end:
            days = running.days_between(start.date(), end.date())
        else:
            days = running.landed_days()
    except running.BackfillError as error:
        raise typer.BadParameter(str(error)) from None
    steps = len(running.replayed_assets(full=full)) * len(days)
    with _narration(steps) as narrate:
        outcome = running.replay(days, narrate, full=full)
    _finish(outcome)


@application.command()
def status() -> None:
    """Show every table: its rows, newest partition, last checks, and what is in quarantine.

    Example: neo-assets status
    """
    from neo_assets.checks.evaluations import CHECKS
    from neo_assets.status import table_states

    table = _table("table", "rows", "newest", *CHECKS, "in quarantine", numbers=(1, 5))
    for state in table_states():
        table.add_row(
            state.table,
            f"{state.rows:,}",
            str(state.newest_partition or "none"),
            *(state.checks.get(name, "") for name in CHECKS),
            "" if state.open_quarantine_rows is None else f"{state.open_quarantine_rows:,}",
        )
    _console().print(table)


@application.command("alert-test")
def alert_test() -> None:
    """Send a message to each service of NEO_ALERT_URLS, and say which of them took it.

    Example: neo-assets alert-test
    """
    from neo_assets.automation.delivery import DeliveryError, services
    from neo_assets.settings import Settings

    settings = Settings.from_environment()
    failures = []
    for service in services(settings):
        try:
            service.send("neo_assets: a test", f"Alerts arrive here.\n{settings.neo_ui_url}")
            _console().print(f"{service.name} took the message.", highlight=False)
        except DeliveryError as error:
            failures.append(str(error))
    if settings.neo_alert_urls is None:
        failures.append("NEO_ALERT_URLS is not set, so nobody is told of anything.")
    for failure in failures:
        _complain(failure)
    if failures:
        raise typer.Exit(1)


def _backfill(start: date, end: date, selection: str) -> "Outcome":
    from neo_assets.backfill import BackfillError, backfill, days_between, selected_assets

    try:
        assets, days = selected_assets(selection), days_between(start, end)
    except BackfillError as error:
        raise typer.BadParameter(str(error)) from None
    with _narration(len(assets) * len(days)) as narrate:
        return backfill(assets, days, narrate)


@contextmanager
def _narration(steps: int) -> "Iterator[Callable[[dg.DagsterEvent], None]]":
    """What tells of a backfill as it goes on, over so many days of assets."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description:<40}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        yield _narrator(progress, progress.add_task("starting Spark", total=steps), console)


def _narrator(
    progress: Progress, task: TaskID, console: Console
) -> "Callable[[dg.DagsterEvent], None]":
    """What moves the bar on a terminal, and writes one line a finished asset elsewhere."""
    import dagster as dg

    def narrate(event: "dg.DagsterEvent") -> None:
        if event.event_type is dg.DagsterEventType.STEP_START:
            progress.update(task, description=str(event.step_key))
        elif event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
            progress.advance(task)
        elif (
            event.is_step_success
            and progress.disable
            and not str(event.step_key).endswith("_counts")
        ):
            console.print(event.message, highlight=False, soft_wrap=True)

    return narrate


def _finish(outcome: "Outcome") -> None:
    """Say what went wrong, and exit with 1 where something did."""
    for (first, last), failure in outcome.failures.items():
        _complain(f"{first}…{last}: {failure}")
    for evaluation in outcome.errors:
        _complain(
            f"{evaluation.asset_key.to_user_string()} {evaluation.partition} "
            f"{evaluation.check_name}: {evaluation.description}"
        )
    if not outcome.is_good:
        raise typer.Exit(1)


def _complain(sentence: str) -> None:
    Console(stderr=True).print(sentence, markup=False, highlight=False, soft_wrap=True)


def _account_of(outcome: "Outcome") -> Table:
    from neo_assets.checks.evaluations import CHECKS, outcome_of

    table = _table(
        "asset", "day", "rows in", "rows out", "dropped", "duplicates", *CHECKS, numbers=range(2, 6)
    )
    for (asset, day), report in outcome.reports.items():
        checks = outcome.checks.get((asset, day), {})
        table.add_row(
            asset,
            str(day),
            f"{report.rows_in:,}",
            f"{report.rows_out:,}",
            f"{report.dropped:,}",
            f"{report.duplicates:,}",
            *(outcome_of(checks[name]) if name in checks else "none" for name in CHECKS),
        )
    return table


def _table(*headers: str, numbers: Container[int]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for position, header in enumerate(headers):
        table.add_column(header, justify="right" if position in numbers else "left", no_wrap=True)
    return table


def _console() -> Console:
    # What is not a terminal has no width; what reads it wants whole lines.
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_OF_PLAIN_OUTPUT)
