"""Rebuilding bronze, and files that do not fit together."""

import shutil
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from neo_assets.lakehouse.maintenance import replay
from neo_assets.lakehouse.model.tables import BRONZE_NEO_EVENTS
from neo_assets.lakehouse.store.storage import Lakehouse, LakehouseError
from neo_assets.lakehouse.transforms import bronze, gold, silver
from neo_assets.progress import discard_log
from neo_assets.sources.neows.dataset import NEO
from neo_assets.targets.local.backend import LocalBackend
from neo_assets_tests.faults import injected

from .feed_objects import feed_object, fetched, land, rows_of, tables_of
from .fixtures import copied_lakehouse

FIRST, SECOND = DAYS = date(2024, 3, 1), date(2024, 3, 2)
BRONZE = BRONZE_NEO_EVENTS.name


@pytest.fixture
def full(spark: SparkSession, empty: Path, tmp_path: Path) -> Lakehouse:
    """Bronze of two days, one of them revised: an approach is new, one is withdrawn."""
    lakehouse = copied_lakehouse(spark, empty, tmp_path)
    one, two, three = (feed_object(FIRST, f"2024 A{letter}") for letter in "ABC")
    land(lakehouse, {FIRST: [(fetched(0), [one, two])], SECOND: [(fetched(0), [])]})
    land(lakehouse, {FIRST: [(fetched(1), [one, three])]})
    bronze.ingest(lakehouse, NEO, DAYS, "first")
    return lakehouse


def publish(lakehouse: Lakehouse) -> list[dict[str, Any]]:
    silver.refine(lakehouse, NEO, [FIRST, SECOND])
    gold.publish(lakehouse, [FIRST, SECOND])
    return sorted(rows_of(lakehouse, "gold_neo_fact"), key=lambda row: row["neo_event_key"])


def bronze_of(lakehouse: Lakehouse) -> tuple[Counter[tuple[Any, ...]], set[str]]:
    """Its events, and the runs that brought them in."""
    rows = lakehouse.read(BRONZE_NEO_EVENTS).selectExpr("snapshot_id", "to_json(payload)", "run_id")
    found = [tuple(row) for row in rows.collect()]
    return Counter(row[:2] for row in found), {row[2] for row in found}


def is_append_only(lakehouse: Lakehouse) -> bool:
    return lakehouse._properties(BRONZE_NEO_EVENTS).get("delta.appendOnly") == "true"


def test_a_full_replay_changes_nothing_and_the_old_bronze_can_come_back(full: Lakehouse) -> None:
    identifier = full.backend.identifier(BRONZE_NEO_EVENTS)
    before, gold_before = bronze_of(full)[0], publish(full)
    comments = [field.metadata for field in full.read(BRONZE_NEO_EVENTS).schema]
    (old,) = full.spark.sql(f"DESCRIBE HISTORY {identifier} LIMIT 1").collect()

    said: list[str] = []
    assert replay.rebuild_bronze(full, NEO, "rebuild", said.append) == before.total()
    assert said == [
        "A new bronze reads 3 event files.",
        "Comparing it with them, line by line.",
        f"It has all of their {before.total()} lines, and is swapped in.",
    ]
    assert is_append_only(full)
    assert [field.metadata for field in full.read(BRONZE_NEO_EVENTS).schema] == comments
    bronze.ingest(full, NEO, DAYS, "second")
    assert bronze_of(full) == (before, {"rebuild"})
    assert publish(full) == gold_before
    # The new stream goes on where the rebuilding one ended.
    land(full, {SECOND: [(fetched(2), [feed_object(SECOND)])]})
    bronze.ingest(full, NEO, DAYS, "third")
    after = bronze_of(full)[0]
    assert after.total() == before.total() + 1

    # And so does the old one, when it is brought back.
    full.spark.sql(f"ALTER TABLE {identifier} UNSET TBLPROPERTIES ('delta.appendOnly')")
    full.spark.sql(f"RESTORE TABLE {identifier} TO VERSION AS OF {old.version}").collect()
    assert bronze_of(full) == (before, {"first"})
    bronze.ingest(full, NEO, DAYS, "fourth")
    assert bronze_of(full) == (after, {"first", "fourth"})
    assert is_append_only(full)


def test_killed_while_rebuilding(full: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    before, runs = bronze_of(full)

    swap_in = Lakehouse.swap_in

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    def killed_after_the_swap(*arguments: Any) -> None:
        swap_in(*arguments)
        raise KeyboardInterrupt

    for place, name, end in (
        (bronze, "ingest_all", killed),
        (replay, "_verified", killed),
        (Lakehouse, "swap_in", killed),
        (Lakehouse, "swap_in", killed_after_the_swap),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(place, name, end)
            injected("interrupted rebuilds")
            with pytest.raises(KeyboardInterrupt):
                replay.rebuild_bronze(full, NEO, "rebuild", discard_log)
        bronze.ingest(full, NEO, DAYS, "after")
        # Clearing up is all that comes after the swap.
        assert bronze_of(full) == (before, {"rebuild"} if end is killed_after_the_swap else runs)
    replay.rebuild_bronze(full, NEO, "again", discard_log)
    bronze.ingest(full, NEO, DAYS, "after")
    assert bronze_of(full) == (before, {"again"})
    assert is_append_only(full)


def test_killed_between_lifting_append_only_and_the_swap(full: Lakehouse) -> None:
    identifier = full.backend.identifier(BRONZE_NEO_EVENTS)
    full.spark.sql(f"ALTER TABLE {identifier} UNSET TBLPROPERTIES ('delta.appendOnly')")
    full.ensure_tables([BRONZE_NEO_EVENTS])
    assert is_append_only(full)


def test_a_new_bronze_that_lacks_lines_is_not_swapped_in(
    full: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bronze_of(full)
    monkeypatch.setattr(bronze, "ingest_all", lambda *_: None)
    with pytest.raises(LakehouseError, match="does not have the lines of 3 event files"):
        replay.rebuild_bronze(full, NEO, "rebuild", discard_log)
    shutil.rmtree(full.landing(NEO))
    with pytest.raises(LakehouseError, match="no event files"):
        replay.rebuild_bronze(full, NEO, "rebuild", discard_log)
    assert bronze_of(full) == before


def test_a_missing_checkpoint(full: Lakehouse, tmp_path: Path) -> None:
    """Bronze itself records which event files it has, so a new checkpoint does no harm."""
    checkpoint = full.backend.checkpoints / BRONZE
    for number, part in enumerate(("offsets", "metadata", "."), start=2):
        before, runs = bronze_of(full)
        (checkpoint / part).resolve().rename(tmp_path / f"gone {number}")
        injected("checkpoints gone")
        bronze.ingest(full, NEO, DAYS, part)
        assert bronze_of(full) == (before, runs)
        land(full, {SECOND: [(fetched(number), [feed_object(SECOND, f"2024 B{number}")])]})
        (report,) = bronze.ingest(full, NEO, [SECOND], part)
        after, _ = bronze_of(full)
        assert after.total() == before.total() + 1 and after > before
        assert (report.rows_lost, report.rows_duplicated) == (0, 0)


def test_killed_while_the_first_offset_was_written(full: Lakehouse, tmp_path: Path) -> None:
    unfinished = replace(
        full, backend=LocalBackend(full.backend.landing, tmp_path / "begun", tmp_path / "new")
    )
    unfinished.ensure_tables()
    begun = unfinished.backend.checkpoints / BRONZE
    shutil.copytree(full.backend.checkpoints / BRONZE, begun)
    shutil.rmtree(begun / "commits")
    (begun / "offsets" / "0").rename(begun / "offsets" / ".0.unfinished.tmp")
    for offset in (begun / "offsets").glob("[0-9]*"):
        offset.unlink()
    injected("unfinished checkpoints")
    bronze.ingest(unfinished, NEO, DAYS, "again")
    assert bronze_of(unfinished) == (bronze_of(full)[0], {"again"})


def test_a_missing_bronze_table(full: Lakehouse) -> None:
    before, _ = bronze_of(full)
    for _ in range(2):
        shutil.rmtree(tables_of(full) / BRONZE)
        injected("tables gone")
        with pytest.raises(LakehouseError, match="neo-assets replay --full"):
            full.ensure_tables()
        assert not full.has(BRONZE_NEO_EVENTS)
        replay.rebuild_bronze(full, NEO, "rebuild", discard_log)
        bronze.ingest(full, NEO, DAYS, "again")
        assert bronze_of(full) == (before, {"rebuild"})
    assert is_append_only(full)
