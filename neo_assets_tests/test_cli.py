"""The command line as scripts use it: what it prints where, and how it exits."""

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
import typer
from deltalake import write_deltalake
from typer.testing import CliRunner, Result

from neo_assets.backfill import Outcome
from neo_assets.cli import application
from neo_assets.cli.console import finish
from neo_assets_tests.automation.endpoints import SECRETS, Endpoint, endpoint, unused_port
from neo_assets_tests.lakehouse.feed_objects import feed_object
from neo_assets_tests.test_graph import Site, bare_site, site

__all__ = ["bare_site", "site"]

ROOT = Path(__file__).parents[1]
NEO_ASSETS = Path(sys.executable).with_name("neo-assets")


def neo_assets(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [NEO_ASSETS, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


def in_this_process(*arguments: str, **environment: str) -> Result:
    """The same, without the process: to start it takes longer than what most commands do."""
    return CliRunner().invoke(application, arguments, env=environment)


def test_help_has_examples_for_every_command() -> None:
    assert "Exit codes: 0 success" in neo_assets("--help").stdout
    for command in ("demo", "backfill", "replay", "status", "alert-test", "ui", "code-server"):
        result = in_this_process(command, "--help")
        assert result.exit_code == 0
        assert f"Example: neo-assets {command}" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("--start", "2024-03-02", "--end", "2024-03-01"), "--end 2024-03-01 comes before"),
        (("--start", "2010-01-01", "--end", "2024-03-01"), "2010-01-01 is not a partition"),
        (("--start", "yesterday", "--end", "2024-03-01"), "yesterday"),
        (("--start", "2024-03-01", "--end", "2024-03-01", "--select", "nothing"), "selects no"),
    ],
)
def test_wrong_usage_is_explained_and_exits_with_2(
    bare_site: Site, arguments: tuple[str, ...], printed: str
) -> None:
    result = neo_assets("backfill", *arguments, COLUMNS="200")
    assert result.returncode == 2
    assert printed in result.stderr and "Traceback" not in result.stderr
    assert not (bare_site.root / "data" / "tables").exists()


def test_a_bad_variable_is_one_sentence(bare_site: Site) -> None:
    result = neo_assets("status", NEO_DAYS_AHEAD="many")
    assert result.returncode == 1
    assert result.stderr.startswith("NEO_DAYS_AHEAD: ") and result.stderr.count("\n") == 1


def test_status_of_nothing(bare_site: Site) -> None:
    result = neo_assets("status")
    assert result.returncode == 0
    assert next(line.split()[:3] for line in result.stdout.splitlines() if "_neo_" in line) == [
        "bronze_neo_events",
        "0",
        "none",
    ]


def test_backfill_and_status(bare_site: Site) -> None:
    days = ("2024-03-01", "2024-03-02")
    result = neo_assets("backfill", "--start", days[0], "--end", days[1])
    assert (result.returncode, result.stdout) == (0, "")
    starting, *lines = result.stderr.splitlines()
    assert starting == "starting: 0 of 8 asset partitions."
    finished = [line for line in lines if line.startswith("Finished execution of step")]
    counts = re.compile(" ([0-9]) of 8 asset partitions")
    assert [(line.split('"')[1], *counts.findall(line)) for line in finished] == [
        ("raw_feed_files", "2"),
        ("bronze_neo_events", "4"),
        ("silver_neo_events", "6"),
        ("gold_neo_fact", "8"),
    ], result.stderr
    assert "gold_neo_fact: 0 of 2 days done." in lines
    rows = len(bare_site.rows("gold_neo_fact"))
    assert re.fullmatch(
        rf"gold_neo_fact: 2 of 2 days done in [0-9.]+ s, [0-9.]+ a second, {rows} rows[.]",
        lines[-2],
    ), result.stderr
    shown = {
        line.split()[0]: line for line in neo_assets("status").stdout.splitlines() if "_" in line
    }
    for table in ("silver_neo_events", "gold_neo_fact"):
        assert shown[table].split()[1:3] == [str(len(bare_site.rows(table))), days[1]]
        assert "passed (2024-03-0" in shown[table]
    _a_changed_rule_is_planned_and_applied(bare_site, days)


def _a_changed_rule_is_planned_and_applied(site: Site, days: tuple[str, str]) -> None:
    file = site.root / "quality.yaml"
    file.write_text(
        "rules:\n  - {name: near, demand: is near, condition: miss_distance_lunar < 20,\n"
        "     column: miss_distance_lunar, action: drop}\n"
        "tolerances:\n  - {asset: silver_neo_events, share: 0.01}\n"
    )
    stricter = {"NEO_QUALITY_FILE": str(file)}
    before = {row["designation"]: row for row in site.rows("silver_neo_events")}
    planned = neo_assets("quality", "plan", **stricter)
    assert planned.returncode == 0, planned.stderr
    assert site.rows("silver_neo_events") == list(before.values())
    far = [row for row in before.values() if row["miss_distance_lunar"] >= 20]
    dropped = [line.split() for line in planned.stdout.splitlines() if "breaks near" in line]
    from_kept = [int(line[1]) for line in dropped if line[2:4] == ["kept", "dropped"]]
    assert sum(from_kept) == len(far) > 0
    held = [line[:10] for line in planned.stdout.splitlines() if "would be held: " in line]
    span = ("--start", days[0], "--end", days[1])
    assert f"neo-assets replay {' '.join(span)}" in planned.stdout
    applied = neo_assets("replay", *span, **stricter)
    assert applied.returncode == 1
    kept = {row["designation"] for row in site.rows("silver_neo_events")}
    assert kept == before.keys() - {row["designation"] for row in far}
    attention = neo_assets("status", **stricter).stdout
    assert held == [day for day in days if f"neo-assets release {day}" in attention] == [*days]


def test_each_reason_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    def evaluation(asset: str, day: date, printed: str) -> dg.AssetCheckEvaluation:
        return dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(asset),
            check_name="drop_count",
            passed=False,
            metadata={},
            description=printed,
            partition=str(day),
        )

    first, second = date(2024, 3, 1), date(2024, 3, 2)
    held = "3 of 8 rows dropped, so the day is held back"
    outcome = Outcome(
        checks={
            ("silver_neo_events", first): {
                "drop_count": evaluation("silver_neo_events", first, f"{held}.")
            },
            ("silver_neo_events", second): {
                "drop_count": evaluation("silver_neo_events", second, "4 of 8 rows dropped.")
            },
            ("gold_neo_fact", first): {
                "drop_count": evaluation("gold_neo_fact", first, f"Not done: held back, {held}.")
            },
        },
        failures={(first, first): f"{first}: held back, silver_neo_events drop_count: {held}."},
    )
    with pytest.raises(typer.Exit) as ended:
        finish(outcome)
    assert ended.value.exit_code == 1
    reason, other, hint = capsys.readouterr().err.splitlines()
    assert reason == f"2024-03-01: held back, silver_neo_events drop_count: {held}."
    assert other == "silver_neo_events 2024-03-02 drop_count: 4 of 8 rows dropped."
    assert hint.endswith("neo-assets status")


def test_a_day_that_fails_exits_with_1_and_says_why(bare_site: Site) -> None:
    dead = {
        "NEO_SOURCE": "nasa",
        "NEOWS_BASE_URL": "http://127.0.0.1:9/neo/rest/v1",
        "NEO_HTTP_RETRIES": "0",
    }
    result = neo_assets("backfill", "--start", "2024-03-01", "--end", "2024-03-01", **dead)
    assert result.returncode == 1
    assert "2024-03-01: NeoWs could not be reached for 2024-03-01" in result.stderr
    assert "Traceback" not in result.stderr


def test_alert_test_names_the_service_that_accepted_the_message() -> None:
    down = Endpoint(unused_port())
    with endpoint() as service:
        result = neo_assets("alert-test", NEO_ALERT_URLS=f"{service.address} {down.address}")
    assert result.returncode == 1
    assert result.stdout == "JSON (address 1 of NEO_ALERT_URLS) accepted the message.\n"
    assert result.stderr.startswith("JSON (address 2 of NEO_ALERT_URLS) did not accept the message")
    assert result.stderr.count("\n") == 1
    assert [message.title for message in service.messages] == ["neo_assets: a test"]
    assert not [secret for secret in SECRETS if secret in result.stdout + result.stderr]


@pytest.mark.parametrize(
    ("addresses", "printed"),
    [("", "NEO_ALERT_URLS is not set"), (f"json://{SECRETS[0]}:x:y", "NEO_ALERT_URLS: address 1")],
)
def test_alert_test_of_no_service(addresses: str, printed: str) -> None:
    result = neo_assets("alert-test", NEO_ALERT_URLS=addresses)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(printed) and result.stderr.count("\n") == 1
    assert SECRETS[0] not in result.stderr


def test_quarantine_shows_what_was_sent_and_interprets_none_of_it(tmp_path: Path) -> None:
    hostile = "\x1b[2J\x9b31m\u202e [red]not markup"
    row = {
        "partition_date": date(2024, 3, 1),
        "content_hash": "3f29a1c0d4",
        "status": "open",
        "reasons": ["a [bold]rule[/bold]"],
        "source_file": f"feed_date=2024-03-01/{hostile}.json",
        "payload": json.dumps({"name": hostile}),
        "repeat": 1,
    }
    write_deltalake(tmp_path / "tables" / "silver_neo_quarantine", pa.Table.from_pylist([row]))
    for arguments in (("list",), ("show", "3f29")):
        result = in_this_process("quarantine", *arguments, NEO_DATA_DIR=str(tmp_path))
        assert result.exit_code == 0, result.output
        assert all(line.isprintable() for line in result.stdout.splitlines())
        assert r"\x1b[2J\x9b31m\u202e [red]not markup" in result.stdout
        assert "a [bold]rule[/bold]" in result.stdout


def test_quarantine_shows_a_line_that_python_cannot_read(tmp_path: Path) -> None:
    line = '{"payload": ' + "[" * 100_000
    row = {
        "partition_date": date(2024, 3, 1),
        "content_hash": "3f29a1c0d4",
        "status": "open",
        "reasons": ["unreadable_line"],
        "source_file": "feed_date=2024-03-01/20240401T120000000000Z-0123456789abcdef.json",
        "payload": line,
        "repeat": 1,
    }
    write_deltalake(tmp_path / "tables" / "silver_neo_quarantine", pa.Table.from_pylist([row]))
    result = in_this_process("quarantine", "show", "3f29", NEO_DATA_DIR=str(tmp_path))
    assert result.exit_code == 0, result.output
    assert line in result.stdout


def test_dagsters_own_command_line(site: Site) -> None:
    day = "2024-03-01"
    site.replay("one", {day: [feed_object(date(2024, 3, 1))]})
    (site.root / "data" / "dagster").mkdir(parents=True)
    result = subprocess.run(
        [
            *(sys.executable, "-m", "dagster", "asset", "materialize"),
            *("-m", "neo_assets.definitions", "--select", "*", "--partition", day),
        ],
        cwd=ROOT,
        env=os.environ | {"DAGSTER_HOME": str(site.root / "data" / "dagster")},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert [row["designation"] for row in site.rows("gold_neo_fact")] == ["2024 AA1"]
