"""What the commands print: tables, progress and errors."""

import logging
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.status import Status
from rich.table import Column, Table
from rich.text import Text

from neo_assets import interruption
from neo_assets.date_spans import span
from neo_assets.external_text import printable_lines
from neo_assets.progress import LogFunction, ProgressMeter, discard_log
from neo_assets.settings import Settings
from neo_assets.targets.registry import create_target

if TYPE_CHECKING:
    import dagster as dg

    from neo_assets.attention import Finding
    from neo_assets.backfill import Outcome

_Arguments = ParamSpec("_Arguments")

SAME_COMMAND = "the same command"
WIDTH_OF_PLAIN_OUTPUT = 400
COUNTS = ("drop_count", "duplicate_count")
"""The checks that have their own column; the results of the others share one."""
NO_NEWS = "did not yield or return expected outputs"
"""Dagster's warning about every check whose evaluations are recorded day by day."""


@contextmanager
def narration(steps: int, settings: Settings) -> "Iterator[Callable[[dg.EventLogEntry], None]]":
    """Show the progress of a backfill of `steps` asset partitions, by the entries of its event log.

    The messages of the runs are printed; on a terminal, a progress bar is below them. Elsewhere a
    line gives the progress whenever an asset is done, and in between if that takes long.
    """
    console = Console(stderr=True)
    has_bar = console.is_terminal

    def log(sentence: str) -> None:
        console.print(printable_lines(sentence), markup=False, highlight=False, soft_wrap=True)

    meter = ProgressMeter(steps, "asset partitions", discard_log if has_bar else log)
    starts_spark = create_target(settings).starts_spark
    starting = "starting Spark" if starts_spark else "starting"
    if not has_bar:
        meter.report(f"{starting}: {meter}.")
    with Progress(
        # These two share what is left beside the last, which says most.
        TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True)),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        TextColumn("{task.fields[meter]}"),
        console=console,
        expand=True,
        disable=not has_bar,
    ) as bar:
        task = bar.add_task(starting, total=steps, meter=meter)
        yield _narrator(bar, task, meter, log if has_bar else meter.report)


def _narrator(
    bar: Progress, task: TaskID, meter: ProgressMeter, log: LogFunction
) -> "Callable[[dg.EventLogEntry], None]":
    """Return what moves the bar on a terminal, and elsewhere writes one line per finished asset."""
    import dagster as dg

    def narrate(entry: "dg.EventLogEntry") -> None:
        event = entry.dagster_event
        if event is None:
            # Failures are printed at the end.
            is_news = logging.INFO <= int(entry.level) < logging.ERROR
            if is_news and NO_NEWS not in entry.user_message:
                log(f"{entry.step_key}: {entry.user_message}")
        elif event.event_type is dg.DagsterEventType.STEP_START:
            bar.update(task, description=str(event.step_key))
        elif event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
            meter.advance()
            bar.update(task, completed=meter.done)
        elif event.is_step_success and bar.disable and not str(event.step_key).endswith("_checks"):
            log(f"{event.message} {meter}.")

    return narrate


def spinner() -> Status:
    """Show on a terminal that the tables are being read, which may take a while."""
    return Console(stderr=True).status("reading the tables")


def stoppable(command: Callable[_Arguments, None]) -> Callable[_Arguments, None]:
    """The command, which a signal stops within seconds, with an exit code of 130 or 143."""

    @wraps(command)
    def run(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> None:
        with interruption.stop_on_signals():
            try:
                command(*arguments, **options)
            except interruption.Stopped as stopped:
                print_error(
                    f"Stopped by {stopped}. Nothing is half done: run the same command again."
                )
                raise typer.Exit(interruption.exit_code(stopped.signal_number)) from None

    return run


def finish(
    outcome: "Outcome", continuation: Callable[[Sequence[date]], str] = lambda left: SAME_COMMAND
) -> None:
    """Print each reason of a failure once, and exit with 1 if there is any.

    If a signal stopped the backfill, `continuation` gives the command for the remaining days.
    """
    from neo_assets.checks.unmaterialized import Unmaterialized

    if outcome.is_good:
        return
    for (first, last), failure in outcome.failures.items():
        # The reasons of days begin with the days.
        print_error(
            failure if failure.startswith(f"{first}") else f"{span(first, last)}: {failure}"
        )
    reasons = " ".join(outcome.failures.values())
    for evaluation in outcome.errors:
        description = (evaluation.description or "").rstrip(".")
        if Unmaterialized.stored_in(evaluation) is None and description not in reasons:
            print_error(
                f"{evaluation.asset_key.to_user_string()} {evaluation.partition} "
                f"{evaluation.check_name}: {description}."
            )
    if outcome.stopped:
        print_error(
            f"Stopped by {outcome.stopped}. The run in progress is canceled and nothing is half "
            f"done. Continue with: {continuation(outcome.days_left)}"
            if outcome.days_left
            else f"Stopped by {outcome.stopped}, when all days were done."
        )
        raise typer.Exit(interruption.exit_code(outcome.stopped.signal_number))
    print_error("See what needs attention, and the command for each day, with: neo-assets status")
    raise typer.Exit(1)


def counted(number: int, thing: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def print_error(sentence: str) -> None:
    """Print a sentence on standard error."""
    Console(stderr=True).print(
        printable_lines(sentence), markup=False, highlight=False, soft_wrap=True
    )


def summary_of(outcome: "Outcome") -> Table:
    """Return the results of a backfill over all days, one row per asset."""
    from neo_assets.sources.registry import Included

    headers = ("asset", "days", "rows in", "rows out", "dropped", "duplicates", "checks")
    table = table_of(*headers, numbers=range(1, 6))
    known = {asset for asset, _ in (*outcome.reports, *outcome.checks)}
    for asset in (name for name in Included().assets if name in known):
        reports = [report for (of, _), report in outcome.reports.items() if of == asset]
        counts = (
            len(reports),
            sum(report.rows_in for report in reports),
            sum(report.rows_out for report in reports),
            sum(report.dropped for report in reports),
            sum(report.duplicates for report in reports),
        )
        table.add_row(asset, *(f"{count:,}" for count in counts), _checks_of(outcome, asset))
    return table


def _checks_of(outcome: "Outcome", asset: str) -> str:
    """`26 passed, drop_count WARN on 2 days, the last 2024-03-09`."""
    from neo_assets.checks.evaluations import outcome_of

    days: dict[tuple[str, str], list[date]] = {}
    for (of, day), evaluations in sorted(outcome.checks.items()):
        if of == asset:
            for name, evaluation in evaluations.items():
                days.setdefault((name, outcome_of(evaluation)), []).append(day)
    passed = sum(len(found) for (_, result), found in days.items() if result == "passed")
    others = (
        f"{name} {result} on "
        + (f"{len(found)} days, the last {found[-1]}" if len(found) > 1 else str(found[0]))
        for (name, result), found in days.items()
        if result != "passed"
    )
    return ", ".join([f"{passed:,} passed", *others])


def attention_of(findings: "Sequence[Finding]") -> Table | str:
    """Return what needs attention, with the command for each, or a sentence if nothing does."""
    if not findings:
        return "Nothing needs attention."
    table = table_of("needs attention", "table", "days", "why", "what to do", numbers=())
    for each in findings:
        # Reasons quote what the feed sent, which may look like markup.
        cells = (each.kind, each.table, each.shown_days, each.reason, each.command)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def by_column(checks: Mapping[str, str], nothing: str) -> list[str]:
    """Return the check results by column; the last column has what is not `passed`."""
    others = {name: result for name, result in checks.items() if name not in COUNTS}
    remarkable = [
        f"{name} {result}" for name, result in others.items() if not result.startswith("passed")
    ]
    reasons = ", ".join(remarkable or sorted(set(others.values()))[-1:])
    return [*(checks.get(name, nothing) for name in COUNTS), reasons or nothing]


def table_of(*headers: str, numbers: Container[int]) -> Table:
    """A table without rows; the columns at these positions hold numbers."""
    table = Table(box=SIMPLE_HEAD)
    for position, header in enumerate(headers):
        table.add_column(
            header, justify="right" if position in numbers else "left", overflow="fold"
        )
    return table


def plain_console() -> Console:
    """Standard output, for people and for what reads it instead of them."""
    # What is not a terminal has no width; what reads it wants whole lines.
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_OF_PLAIN_OUTPUT)
