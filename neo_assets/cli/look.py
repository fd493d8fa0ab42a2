"""The commands that change nothing."""

import typer

from neo_assets.cli.console import (
    COUNTS,
    attention_of,
    by_column,
    plain_console,
    print_error,
    spinner,
    table_of,
)
from neo_assets.settings import Settings


def status() -> None:
    """Show the rows, newest partition and last checks of every table, and what needs attention.

    Example: neo-assets status
    """
    with spinner():
        from neo_assets.status import status

        state = status(Settings.from_environment())
    table = table_of(
        "table", "rows", "newest", *COUNTS, "other checks", "in quarantine", numbers=(1, 6)
    )
    for each in state.tables:
        table.add_row(
            each.table,
            f"{each.rows:,}",
            str(each.newest_partition or "none"),
            *by_column(each.checks, ""),
            "" if each.open_quarantine_rows is None else f"{each.open_quarantine_rows:,}",
        )
    console = plain_console()
    console.print(table)
    console.print(attention_of(state.attention))


def alert_test() -> None:
    """Send a test message to each service of NEO_ALERT_URLS, and report which accepted it.

    Example: neo-assets alert-test
    """
    from neo_assets.automation.delivery import DeliveryError, services

    settings = Settings.from_environment()
    failures = []
    for service in services(settings):
        try:
            service.send("neo_assets: a test", f"Alerts arrive here.\n{settings.neo_ui_url}")
            plain_console().print(f"{service.name} accepted the message.", highlight=False)
        except DeliveryError as error:
            failures.append(str(error))
    if settings.neo_alert_urls is None:
        failures.append("NEO_ALERT_URLS is not set, so no alerts are sent.")
    for failure in failures:
        print_error(failure)
    if failures:
        raise typer.Exit(1)
