"""The last 60 days of an asset for people to read: a picture and a table."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import date, timedelta

from neo_assets.checks.plot import plot_of
from neo_assets.external_text import markdown
from neo_assets.lakehouse.report import DayReport

RECENT_DAYS = 60

_HEAD = (
    "| day | rows in | kept | dropped | duplicates | withdrawn | main reason |",
    "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
)


def markdown_of(reports: Iterable[DayReport], last: date) -> str:
    """The 60 days up to `last`, out of reports of any days: a plot, and a table, newest day first.

    Days without a report are left out of the table.
    """
    first = last - timedelta(days=RECENT_DAYS - 1)
    shown = sorted(
        (report for report in reports if first <= report.day <= last),
        key=lambda report: report.day,
        reverse=True,
    )
    picture = b64encode(plot_of(shown, first, last)).decode()
    return "\n".join(
        [
            f"![Rows of each day from {first} to {last}](data:image/png;base64,{picture})",
            "",
            *_HEAD,
            *(_line(report) for report in shown),
        ]
    )


def _line(report: DayReport) -> str:
    cells = (
        report.day,
        report.rows_in,
        report.kept,
        report.dropped,
        report.duplicates,
        report.withdrawn,
        markdown(_main_reason(report)),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _main_reason(report: DayReport) -> str:
    """The rule that most rows broke, the first by name of several; empty without drops."""
    return min(report.reasons, key=lambda name: (-report.reasons[name], name), default="")
