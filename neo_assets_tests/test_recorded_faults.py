"""Small responses that once failed, taken to gold: those of ../shared/faults, where it is."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from neo_assets_tests.test_graph import Site, bare_site, site
from neo_assets_tests.test_moved_data_folder import moved, stable_rows, versions

__all__ = ["bare_site", "site"]

FAULTS = Path(__file__).parents[2] / "shared" / "faults"

pytestmark = pytest.mark.skipif(not FAULTS.is_dir(), reason="no ../shared/faults here")


def record(site: Site, name: str) -> None:
    """Make the simulator replay one of the files."""
    folder = site.root / name
    folder.mkdir()
    shutil.copy(FAULTS / f"{name}.json", folder)
    site.environment.setenv("NEO_SIMULATOR_RECORDINGS", str(folder))


def designations(site: Site, table: str) -> list[str]:
    return sorted(row["designation"] for row in site.rows(table))


def test_comets_of_one_discoverer(site: Site) -> None:
    record(site, "comets_same_parentheses")
    day = date(2024, 3, 5)
    outcome = site.backfill(day, day)
    assert outcome.is_good, outcome.failures
    expected = ["C/2014 S2", "C/2015 ER61", "P/2001 YX127"]
    for table in ("silver_neo_events", "gold_neo_fact"):
        assert designations(site, table) == expected


def test_a_designation_that_changes(site: Site) -> None:
    day = date(2025, 1, 8)
    for name in ("redesignated_first_answer", "redesignated_second_answer"):
        record(site, name)
        outcome = site.backfill(day, day)
        assert outcome.is_good, outcome.failures
    facts = {row["designation"]: row for row in site.rows("gold_neo_fact")}
    assert {name: row["is_withdrawn"] for name, row in facts.items()} == {
        "1918 DB": True,
        "A918 AA": False,
    }
    old, new = (facts[name]["neo_event_key"] for name in ("1918 DB", "A918 AA"))
    links = {
        (row["neo_event_key"], row["moved_from"], row["moved_to"])
        for row in site.rows("gold_neo_revision")
    }
    assert {(old, None, new), (new, old, None)} <= links
    current = [
        row["designation"]
        for row in site.rows("gold_dim_neo")
        if row["is_current"] and row["neo_id"] == "2000887"
    ]
    assert current == ["A918 AA"]


def test_several_approaches_in_one_object(site: Site) -> None:
    record(site, "several_approaches_in_one_object")
    day = date(2024, 3, 5)
    outcome = site.backfill(day, day)
    assert not outcome.failures and not outcome.errors, outcome.failures
    facts = [(row["designation"], row["orbiting_body"]) for row in site.rows("gold_neo_fact")]
    assert len(facts) == len(set(facts)) == 23
    assert {("2024 AM", "Earth"), ("2024 AM", "Moon"), ("2024 AN", "Earth")} < set(facts)
    # Those of which `close_approach_data` is empty, null or no list.
    assert len(site.rows("silver_neo_quarantine")) == 3
    assert outcome.reports["silver_neo_events", day].warnings == {
        "approaches_of_other_days": 1,
        # The approach to the Moon has a distance in km that is not the one in au.
        "disagreeing_distances": 1,
    }


def test_a_number_of_2000_digits(site: Site) -> None:
    record(site, "number_of_2000_digits")
    day = date(2024, 3, 9)
    outcome = site.backfill(day, day)
    assert not outcome.failures and not outcome.errors, outcome.failures
    assert len(site.rows("gold_neo_fact")) == 10
    (dropped,) = site.rows("silver_neo_quarantine")
    assert dropped["reasons"] == ["unreadable_line"] and "2024 FA" in dropped["payload"]
    reconciliation = outcome.checks["bronze_neo_events", day]["reconciliation"]
    assert reconciliation.passed


def test_a_folder_that_is_moved(site: Site) -> None:
    record(site, "moved_folder_days")
    first, last = date(2024, 3, 1), date(2024, 3, 2)
    assert site.backfill(first, last).is_good
    rows, before = stable_rows(site), versions(site)
    assert len(rows["bronze_neo_events"]) == 24
    new = moved(site, "elsewhere")
    outcome = new.backfill(first, last)
    assert outcome.is_good, outcome.failures
    assert (stable_rows(new), versions(new)) == (rows, before)
