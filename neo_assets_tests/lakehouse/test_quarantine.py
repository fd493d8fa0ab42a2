"""A dropped row is found, held, brought through or discarded, and never duplicated."""

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from neo_assets.lakehouse import quarantine
from neo_assets.lakehouse.model.rules import RuleSet
from neo_assets.lakehouse.quarantine import Selection
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, silver
from neo_assets.sources.neows.dataset import NEO

from .feed_objects import FeedObject, feed_object, fetched, land, rows_of, tables_of, version_of

FIRST = date(2024, 3, 1)
SECOND = FIRST + timedelta(days=1)
LENIENT = RuleSet(
    tuple(
        replace(rule, action="warn") if rule.name == "invalid_velocity" else rule
        for rule in NEO.rules
    )
)


def without_velocity(day: date, designation: str) -> FeedObject:
    return feed_object(day, designation, relative_velocity=None)


def refine(lakehouse: Lakehouse, days: list[date]) -> None:
    bronze.ingest(lakehouse, NEO, days, "a run")
    silver.refine(lakehouse, NEO, days)


@pytest.fixture
def dirty(lakehouse: Lakehouse) -> Lakehouse:
    """Two days with four dropped rows: one of them twice in a snapshot, one in two snapshots."""
    twice, lasting = without_velocity(FIRST, "2024 AA1"), without_velocity(FIRST, "2024 AB2")
    sound = feed_object(FIRST, "2024 AC3")
    misplaced = feed_object(SECOND, "2024 AD4", close_approach_date="2024-03-09")
    land(
        lakehouse, {FIRST: [(fetched(0), [twice, twice, lasting]), (fetched(1), [lasting, sound])]}
    )
    land(lakehouse, {SECOND: [(fetched(0), [misplaced])]})
    refine(lakehouse, [FIRST, SECOND])
    return lakehouse


def rows(lakehouse: Lakehouse, **selection: Any) -> list[dict[str, Any]]:
    return quarantine.rows(tables_of(lakehouse), Selection(**selection))


def quarantine_of(number: int) -> pa.Table:
    """So many open rows of a hundred days, each row twice in its event file."""
    order = range(number)
    return pa.table(
        {
            "partition_date": [FIRST + timedelta(days=n % 100) for n in order],
            "source_file": [f"feed_date={FIRST}/{n // 50}.json" for n in order],
            "content_hash": [hashlib.sha256(str(n // 2).encode()).hexdigest() for n in order],
            "repeat": pa.array([1 + n % 2 for n in order], pa.int32()),
            "status": ["open"] * number,
            "status_note": pa.nulls(number, pa.string()),
            "reasons": [["invalid_velocity"]] * number,
            "payload": [f"{{{n}}}" for n in order],
        }
    )


def statuses(lakehouse: Lakehouse) -> Counter[str]:
    return Counter(row["status"] for row in rows(lakehouse, status=None))


def test_every_dropped_row_is_there_once_with_all_that_is_known(dirty: Lakehouse) -> None:
    found = rows(dirty)
    assert len(found) == 5
    assert {row["rule_set"] for row in found} == {NEO.rule_set.version}
    twice = [row for row in found if "2024 AA1" in row["payload"]]
    assert sorted(row["repeat"] for row in twice) == [1, 2]
    lasting = [row for row in found if "2024 AB2" in row["payload"]]
    assert len({row["source_file"] for row in lasting}) == 2
    for row in lasting:
        assert row["findings"] == ["invalid_velocity: relative_velocity_km_s = missing"]
        assert (row["first_seen_at"], row["last_seen_at"]) == (fetched(0), fetched(1))
    for row in twice:
        assert (row["first_seen_at"], row["last_seen_at"]) == (fetched(0), fetched(0))


def test_a_rerun_writes_nothing(dirty: Lakehouse) -> None:
    before = version_of(dirty, "silver_neo_quarantine")
    refine(dirty, [FIRST, SECOND])
    assert version_of(dirty, "silver_neo_quarantine") == before


def test_rows_are_chosen_by_day_rule_file_and_hash(dirty: Lakehouse) -> None:
    assert len(rows(dirty, day=SECOND)) == 1
    assert len(rows(dirty, rule="invalid_velocity")) == 4
    assert rows(dirty, rule="no_such_rule") == []
    (misplaced,) = rows(dirty, rule="date_mismatch")
    assert rows(dirty, row=misplaced["content_hash"][:8]) == [misplaced]
    assert rows(dirty, file=misplaced["source_file"].rpartition("/")[2]) == [misplaced]
    assert rows(dirty)[0]["partition_date"] == SECOND
    assert quarantine.rows(tables_of(dirty) / "nowhere", Selection()) == []


def test_a_changed_rule_brings_rows_through_and_closes_them(dirty: Lakehouse) -> None:
    kept = {row["designation"] for row in rows_of(dirty, "silver_neo_events")}
    assert kept == {"2024 AC3"}
    report, _ = silver.refine(dirty, NEO, [FIRST, SECOND], LENIENT)
    assert (report.dropped, report.details["in_quarantine"]) == (0, 0)
    assert report.unaccounted == report.rows_lost == report.rows_duplicated == 0
    kept = {row["designation"] for row in rows_of(dirty, "silver_neo_events")}
    assert kept == {"2024 AB2", "2024 AC3"}
    assert statuses(dirty) == {"replayed": 4, "open": 1}
    version = version_of(dirty, "silver_neo_quarantine")
    silver.refine(dirty, NEO, [FIRST, SECOND], LENIENT)
    assert version_of(dirty, "silver_neo_quarantine") == version

    # The rule is strict again: they are open again, and none is there twice.
    silver.refine(dirty, NEO, [FIRST, SECOND])
    assert statuses(dirty) == {"open": 5}


def test_a_discarded_row_stays_discarded_while_it_is_dropped(dirty: Lakehouse) -> None:
    quarantine.discard(tables_of(dirty), rows(dirty, rule="date_mismatch"), "by ada: it's wrong")
    assert statuses(dirty) == {"open": 4, "discarded": 1}
    report = silver.refine(dirty, NEO, [FIRST, SECOND])[1]
    assert (report.dropped, report.rows_lost, report.rows_duplicated) == (1, 0, 0)
    (row,) = rows(dirty, status="discarded")
    assert row["status_note"] == "by ada: it's wrong"
    quarantine.discard(tables_of(dirty), [], "nothing to do")
    silver.refine(dirty, NEO, [FIRST, SECOND], LENIENT)
    assert statuses(dirty) == {"replayed": 4, "discarded": 1}


def test_a_discarded_row_that_a_relaxed_rule_lets_through_counts_once(dirty: Lakehouse) -> None:
    quarantine.discard(tables_of(dirty), rows(dirty, rule="invalid_velocity"), "by ada: unusable")
    assert statuses(dirty) == {"open": 1, "discarded": 4}
    relaxed = silver.refine(dirty, NEO, [FIRST], LENIENT)[0]
    assert (relaxed.dropped, relaxed.rows_lost, relaxed.rows_duplicated) == (0, 0, 0)
    assert statuses(dirty) == {"open": 1, "replayed": 4}

    # The decision is kept, for when the rule drops the rows again.
    strict = silver.refine(dirty, NEO, [FIRST])[0]
    assert (strict.dropped, strict.rows_lost, strict.rows_duplicated) == (4, 0, 0)
    assert statuses(dirty) == {"open": 1, "discarded": 4}
    assert {row["status_note"] for row in rows(dirty, status="discarded")} == {"by ada: unusable"}


def test_a_hundred_thousand_rows_are_discarded_at_once(tmp_path: Path) -> None:
    number = 100_000
    table = quarantine_of(number)
    write_deltalake(tmp_path / "silver_neo_quarantine", table)
    chosen = quarantine.rows(tmp_path, Selection())
    spared = chosen.pop(number // 2)
    quarantine.discard(tmp_path, chosen, 'by ada: it\'s "all" of them')
    assert quarantine.rows(tmp_path, Selection()) == [spared]
    discarded = quarantine.rows(tmp_path, Selection(status="discarded"))
    assert len(discarded) == number - 1
    assert {row["status_note"] for row in discarded} == {'by ada: it\'s "all" of them'}
    assert [row["payload"] for row in discarded] == [row["payload"] for row in chosen]


def test_new_drops_of_a_day_keep_the_notes_on_the_old_ones(dirty: Lakehouse) -> None:
    quarantine.discard(tables_of(dirty), rows(dirty, day=FIRST), "by ada: known")
    land(dirty, {FIRST: [(fetched(2), [without_velocity(FIRST, "2024 AE5")])]})
    refine(dirty, [FIRST])
    assert statuses(dirty) == {"discarded": 4, "open": 2}
