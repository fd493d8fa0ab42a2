"""What a SQL warehouse is asked for, and its answers."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from neo_assets.lakehouse.model.tables import GOLD_DIM_NEO, GOLD_NEO_FACT
from neo_assets.lakehouse.quarantine import Selection
from neo_assets.progress import discard_log
from neo_assets.settings import Settings, SettingsError
from neo_assets.sources.neows import NEOWS
from neo_assets.targets.base import Target
from neo_assets.targets.databricks import warehouse
from neo_assets.targets.databricks.workspace_error import WorkspaceError
from neo_assets.targets.registry import create_target
from neo_assets_tests.targets.databricks.fake_workspace import WAREHOUSE, FakeWorkspace, Fault

ALL = Selection()
QUARANTINE = "`spark_catalog`.`neo`.`silver_neo_quarantine`"


@dataclass
class Said:
    """What the warehouse answers from now on, and the statements that it was sent."""

    answer: list[list[str]] | str = ""
    statements: list[dict[str, Any]] = field(default_factory=list)
    open_rows: list[int] = field(default_factory=list)
    """What the next counts of rows are."""


@pytest.fixture
def message(workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.setenv("NEO_DATABRICKS_WAREHOUSE_ID", WAREHOUSE)
    monkeypatch.setattr(warehouse, "POLL_INTERVAL_S", 0.01)
    message = Said()

    def ask(statement: dict[str, Any]) -> list[list[str]] | str:
        message.statements.append(statement)
        if "count(*)" in statement["statement"] and message.open_rows:
            return [[json.dumps({"rows": message.open_rows.pop(0)})]]
        return message.answer

    monkeypatch.setattr(workspace, "ask", ask)
    return message


def place() -> Target:
    return create_target(Settings.from_environment())


def test_no_value_gets_into_a_statement(message: Said) -> None:
    row = {"partition_date": "2024-03-01", "content_hash": "ab", "status_note": None}
    # More than one chunk of them.
    message.answer = [[json.dumps(row)]] * 7
    nasty = "'; DROP TABLE x --"
    selection = Selection(date(2024, 3, 1), nasty, "a file", "3f29")
    found = place().quarantined(selection)
    assert found == [{**row, "partition_date": date(2024, 3, 1)}] * 7
    message.answer = [["7"]]
    message.open_rows = [7, 0]
    assert place().discard(Selection(rule=nasty), "it's known", discard_log) == 7
    looked, _, changed, _ = message.statements
    conditions = (
        "status = :status AND partition_date = CAST(:day AS DATE) AND array_contains(reasons, "
        ":rule) AND contains(source_file, :file) AND startswith(content_hash, :row)"
    )
    assert f"FROM {QUARANTINE} WHERE {conditions})" in looked["statement"]
    assert [each["value"] for each in looked["parameters"]] == [
        *("open", "2024-03-01", nasty, "a file", "3f29")
    ]
    assert changed["statement"] == (
        f"UPDATE {QUARANTINE} SET status = 'discarded', status_note = :note "
        "WHERE status = :status AND array_contains(reasons, :rule)"
    )


def test_tables_that_are_there_and_that_are_not(message: Said) -> None:
    message.answer = [[json.dumps({"rows": 5, "newest": "2024-03-04"})]]
    assert place().content(GOLD_NEO_FACT) == (5, date(2024, 3, 4))
    message.answer = [[json.dumps({"rows": 5, "newest": None})]]
    assert place().content(GOLD_DIM_NEO) == (5, None)
    message.answer = "[TABLE_OR_VIEW_NOT_FOUND] The table or view cannot be found."
    assert place().content(GOLD_NEO_FACT) == (0, None)
    assert place().quarantined(Selection()) == []
    message.answer = "[INSUFFICIENT_PERMISSIONS] User does not have SELECT."
    with pytest.raises(WorkspaceError, match=r"could not answer: .*does not have SELECT"):
        place().quarantined(Selection())
    assert len(message.statements) == 5


def test_rows_come_newest_first_whatever_the_order_of_the_answer(message: Said) -> None:
    days = ["2024-03-02", "2024-03-01", "2024-03-03"]
    message.answer = [
        [json.dumps({"partition_date": day, "content_hash": digest})]
        for day in days
        for digest in ("b", "a")
    ]
    found = [(str(row["partition_date"]), row["content_hash"]) for row in place().quarantined(ALL)]
    assert found == [(day, digest) for day in sorted(days, reverse=True) for digest in ("b", "a")]


def test_an_update_that_is_sent_twice_is_counted_once(
    message: Said, workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    message.open_rows, message.answer = [7, 0], [["0"]]
    lost = Fault("POST .*/sql/statements", 0, hangs_up=True)
    answer = workspace.ask

    def ask(statement: dict[str, Any]) -> list[list[str]] | str:
        # After the first count: the UPDATE is carried out, and its answer is lost.
        workspace.faults = workspace.faults or [lost]
        return answer(statement)

    monkeypatch.setattr(workspace, "ask", ask)
    assert place().discard(ALL, "known", discard_log) == 7
    assert not lost.times and len(message.statements) == 4


def test_an_update_is_sent_again_after_a_conflict(message: Said) -> None:
    message.open_rows = [7, 0]
    message.answer = "[DELTA_CONCURRENT_APPEND] Files were added by a concurrent update."
    with pytest.raises(WorkspaceError, match="DELTA_CONCURRENT_APPEND"):
        place().discard(ALL, "known", discard_log)
    assert len(message.statements) == 1 + 3


def test_an_answer_that_is_too_large_is_refused(message: Said) -> None:
    message.answer = [[json.dumps({"partition_date": "2024-03-02", "payload": "x" * 2**20})]] * 11
    with pytest.raises(WorkspaceError, match="more than 10 MiB: choose fewer rows, with --day"):
        place().quarantined(ALL)


def test_which_event_files_bronze_has_read(message: Said) -> None:
    files = ["feed_date=2024-03-01/a.json", "feed_date=2024-03-02/b.json"]
    message.answer = [[json.dumps({"source_file": file})] for file in files]
    assert place().event_files_read(NEOWS.dataset) == set(files)
    message.answer = "[TABLE_OR_VIEW_NOT_FOUND] The table or view cannot be found."
    assert place().event_files_read(NEOWS.dataset) == set()
    # No query is spent on whether bronze has changed.
    assert place().version(NEOWS.dataset.tables.bronze) == ""
    assert len(message.statements) == 2


def test_it_must_be_named(workspace: FakeWorkspace) -> None:
    with pytest.raises(SettingsError, match="NEO_DATABRICKS_WAREHOUSE_ID is not set"):
        place().content(GOLD_NEO_FACT)
    assert not workspace.asked
