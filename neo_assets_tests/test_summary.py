"""What `make demo` prints of a backfill."""

from datetime import date, timedelta

import dagster as dg
from rich.console import Console

from neo_assets.backfill import Outcome
from neo_assets.checks.definitions import checks_of
from neo_assets.cli.console import summary_of
from neo_assets.lakehouse.report import DayReport
from neo_assets.pipeline import LAYERS

DAYS = [date(2024, 3, 1) + timedelta(days=number) for number in range(14)]


def evaluation(asset: str, day: date, check: str, failed: str = "") -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(asset),
        check_name=check,
        passed=not failed,
        severity=dg.AssetCheckSeverity[failed or "WARN"],
        metadata={},
        partition=day.isoformat(),
    )


def outcome() -> Outcome:
    """Two weeks of all assets: silver drops two rows on each of three days, one is an ERROR."""
    found = Outcome()
    for asset in LAYERS:
        for number, day in enumerate(DAYS):
            dropped = 2 if asset == "silver_neo_events" and number in (3, 5, 8) else 0
            found.reports[asset, day] = DayReport(
                day, rows_in=100, kept=97 - dropped, dropped=dropped, superseded=3, rows_out=98
            )
            found.checks[asset, day] = {
                check.name: evaluation(asset, day, check.name)
                for check in checks_of(asset, ["neows"])
            }
            if dropped:
                severity = "ERROR" if number == 5 else "WARN"
                found.checks[asset, day]["drop_count"] = evaluation(
                    asset, day, "drop_count", severity
                )
    return found


def printed(found: Outcome) -> list[list[str]]:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(summary_of(found))
    lines = [line.split() for line in capture.get().splitlines()]
    return [line for line in lines if line and line[0] in LAYERS]


def test_the_summary_has_one_line_for_each_asset() -> None:
    lines = {line[0]: line[1:] for line in printed(outcome())}
    assert list(lines) == list(LAYERS)
    assert lines["gold_neo_fact"] == ["14", "1,400", "1,372", "0", "42", "56", "passed"]
    *numbers, checks = lines["silver_neo_events"][:5], " ".join(lines["silver_neo_events"][5:])
    assert numbers == [["14", "1,400", "1,372", "6", "42"]]
    assert checks == (
        "39 passed, drop_count WARN on 2 days, the last 2024-03-09, drop_count ERROR on 2024-03-06"
    )


def test_an_asset_that_did_no_day_is_in_the_summary() -> None:
    found = outcome()
    for day in DAYS:
        del found.reports["raw_feed_files", day]
    (line,) = (line for line in printed(found) if line[0] == "raw_feed_files")
    assert line[1:4] == ["0", "0", "0"]
