"""The commands that only look."""

from neo_assets.cli.console import COUNTS, by_column, plain_console, table_of


def status() -> None:
    """Show every table: its rows, newest partition, last checks, and what is in quarantine.

    Example: neo-assets status
    """
    from neo_assets.status import table_states

    table = table_of(
        "table", "rows", "newest", *COUNTS, "other checks", "in quarantine", numbers=(1, 6)
    )
    for state in table_states():
        table.add_row(
            state.table,
            f"{state.rows:,}",
            str(state.newest_partition or "none"),
            *by_column(state.checks, ""),
            "" if state.open_quarantine_rows is None else f"{state.open_quarantine_rows:,}",
        )
    plain_console().print(table)
