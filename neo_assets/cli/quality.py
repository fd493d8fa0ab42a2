"""`neo-assets quality`: what the rules in force would change."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from neo_assets.cli.console import counted, plain_console, print_error, spinner, table_of
from neo_assets.date_spans import span
from neo_assets.external_text import printable
from neo_assets.settings import Settings

if TYPE_CHECKING:
    from neo_assets.lakehouse.request import RowChange
    from neo_assets.rule_plan import RulePlan

application = typer.Typer(
    help="Rules and tolerances, and what a change of them would do.", no_args_is_help=True
)

Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="All unless given.")
]


@application.callback()
def _quality() -> None:
    """Keep `plan` a command of its own, the only one there is."""


@application.command()
def plan(start: Day = None, end: Day = None) -> None:
    """Show which rows would change class, and which days would be held, by the rules in force.

    The rules are those of the project with what NEO_QUALITY_FILE changes. Nothing is written:
    neo-assets replay applies them.

    Example: NEO_QUALITY_FILE=stricter.yaml neo-assets quality plan --start 2024-03-01
    """
    import dagster as dg

    from neo_assets.rule_plan import rule_plans

    first, last = start.date() if start else date.min, end.date() if end else date.max
    try:
        with spinner():
            plans = list(rule_plans(Settings.from_environment(), first, last))
    except dg.Failure as failure:
        print_error(failure.description or str(failure))
        raise typer.Exit(1) from None
    for each in plans:
        _print(each)
    days = [day for each in plans for day in each.days if each.changes]
    if not plans:
        typer.echo("Silver has no such day, so no rule changes anything.")
    elif days:
        apply = f"neo-assets replay --start {min(days)} --end {max(days)}"
        typer.echo(f"Nothing was written. To apply the rules: {apply}")


def _print(plan: "RulePlan") -> None:
    console = plain_console()
    rows = sum(change.rows for change in plan.changes)
    console.print(
        f"{plan.table}, {span(plan.days[0], plan.days[-1])}: "
        f"{counted(rows, 'row')} of {counted(len({each.day for each in plan.changes}), 'day')} "
        f"would change."
    )
    if plan.changes:
        table = table_of("day", "rows", "from", "to", "rules", "objects", numbers=(1,))
        for change in plan.changes:
            table.add_row(
                str(change.day),
                f"{change.rows:,}",
                change.before,
                change.after,
                _rules(change),
                printable(_named(change.names, change.rows)),
            )
        console.print(table)
    for day, why in plan.held.items():
        console.print(f"{day} would be held: {why}.")
    for day in plan.no_longer_held:
        console.print(f"{day} is held, and would not be.")


def _rules(change: "RowChange") -> str:
    """`breaks faint, obeys invalid_velocity`."""
    both = (("breaks", change.breaks), ("obeys", change.obeys))
    return ", ".join(f"{verb} {', '.join(rules)}" for verb, rules in both if rules)


def _named(names: Sequence[str], rows: int) -> str:
    more = f" and {rows - len(names):,} more" if rows > len(names) else ""
    return f"{', '.join(names)}{more}"
