"""A data folder that was moved, damaged or made by an earlier version, through Dagster."""

import shutil
import tarfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from neo_assets.backfill import days_between, replay
from neo_assets.lakehouse.model.tables import TABLES
from neo_assets_tests.faults import injected
from neo_assets_tests.lakehouse.feed_objects import feed_object
from neo_assets_tests.test_cli import in_this_process
from neo_assets_tests.test_graph import Site, bare_site, site

__all__ = ["bare_site", "site"]

FIRST, LAST = date(2024, 3, 1), date(2024, 3, 2)
EARLIER_VERSION = Path(__file__).parent / "data_folders" / "294eff6.tar.xz"
"""What that commit made: three days of two snapshots each, and 2024-03-04, which is held back.

Of the latter's two rows without a velocity one is discarded, the other one open.
"""
HELD = date(2024, 3, 4)


def moved(site: Site, name: str) -> Site:
    """The site with its data folder at another place."""
    new = replace(site, root=site.root / name)
    new.root.mkdir()
    (site.root / "data").rename(new.root / "data")
    site.environment.setenv("NEO_DATA_DIR", str(new.root / "data"))
    injected("data folders at another place")
    return new


def versions(site: Site) -> dict[str, int]:
    tables = site.root / "data" / "tables"
    return {table.name: DeltaTable(tables / table.name).version() for table in TABLES}


def stable_rows(site: Site) -> dict[str, list[str]]:
    """What a user relies on in each table: keys, values, history and the class of each row."""
    columns = {
        "bronze_neo_events": ["feed_date", "snapshot_id", "source_file", "run_id", "ingested_at"],
        "silver_neo_versions": ["partition_date", "source_file", "content_hash", "classification"],
        "silver_neo_events": ["designation", "close_approach_date", "source_file"],
        "silver_neo_quarantine": [
            "content_hash",
            "source_file",
            "reasons",
            "status",
            "status_note",
        ],
        "gold_neo_fact": ["neo_event_key", "neo_key", "first_seen_at", "last_changed_at"],
        "gold_neo_revision": ["neo_event_key", "revision", "seen_at", "moved_from", "moved_to"],
    }

    def value(row: dict[str, Any], column: str) -> Any:
        is_path = column == "source_file"
        return "/".join(row[column].split("/")[-2:]) if is_path else row[column]

    return {
        table: sorted(str([value(row, column) for column in names]) for row in site.rows(table))
        for table, names in columns.items()
    }


def test_a_folder_that_was_moved_and_whose_checkpoints_were_cut_off(site: Site) -> None:
    objects = {
        str(day): [feed_object(day, f"2024 {letter}A") for letter in "ABC"] for day in (FIRST, LAST)
    }
    site.replay("recorded", objects)
    assert site.backfill(FIRST, LAST).is_good
    rows, before = stable_rows(site), versions(site)
    site = moved(site, "elsewhere")
    for table in TABLES:
        folder = site.root / "data" / "tables" / table.name
        DeltaTable(folder).create_checkpoint()
        (file,) = (folder / "_delta_log").glob("*.checkpoint.parquet")
        file.write_bytes(file.read_bytes()[:-100])
        injected("damaged checkpoints of Delta")
    outcome = site.backfill(FIRST, LAST)
    assert outcome.is_good, outcome.failures
    assert versions(site) == before and stable_rows(site) == rows
    assert in_this_process("status").exit_code == 0


def test_a_folder_of_an_earlier_version_at_a_new_place(bare_site: Site) -> None:
    with tarfile.open(EARLIER_VERSION) as archive:
        archive.extractall(bare_site.root, filter="data")
    (bare_site.root / "neo").rename(bare_site.root / "data")
    bare_site.environment.setenv("NEO_SIMULATOR_TODAY", "2024-03-10")
    rows, gold_version = stable_rows(bare_site), versions(bare_site)["gold_neo_fact"]
    absolute = str(bare_site.rows("bronze_neo_events"))
    assert "file:/data/neo/landing" in absolute

    assert bare_site.backfill(FIRST, date(2024, 3, 3)).is_good
    assert stable_rows(bare_site) == rows
    migrated = versions(bare_site)
    # It gains the columns that it lacks, in a commit that writes no row.
    gold = DeltaTable(bare_site.root / "data" / "tables" / "gold_neo_fact")
    assert [commit["operation"] for commit in gold.history(1)] == ["ADD COLUMNS"]
    assert migrated["gold_neo_fact"] == gold_version + 1
    days = days_between(FIRST, HELD, bare_site.settings())
    for full in (False, True):
        outcome = replay(days, bare_site.settings(), full=full)
        assert set(outcome.failures) == {(days[0], days[-1])} and str(HELD) in str(outcome.failures)
        found = stable_rows(bare_site)
        # The rebuilt bronze comes from another run; which rows there are is the same.
        assert {**found, "bronze_neo_events": []} == {**rows, "bronze_neo_events": []}
        assert len(found["bronze_neo_events"]) == len(rows["bronze_neo_events"])
        if not full:
            replayed = versions(bare_site)
            # Its rows have the version of the rules that dropped them, which is a newer one.
            assert (
                replayed.pop("silver_neo_quarantine") == migrated.pop("silver_neo_quarantine") + 1
            )
            assert replayed == migrated
    for table in TABLES:
        assert "/data/neo" not in str(bare_site.rows(table.name)), table.name


def test_a_folder_whose_name_has_every_character_that_is_not_refused(bare_site: Site) -> None:
    """With a Spark of its own, whose files are in the folder too."""
    bare_site.environment.delenv("NEO_SPARK_REMOTE")
    (bare_site.root / "data").mkdir()
    site = moved(bare_site, "a é☄ \"b\" 'c' `d` #%&+,;=@!~$()<>_-.e")
    no_velocity = feed_object(FIRST, "2024 AC", relative_velocity={})
    objects = [*(feed_object(FIRST, f"2024 {letter}A") for letter in "ABCDE"), no_velocity]
    site.replay("recorded", {str(FIRST): objects})
    outcome = site.backfill(FIRST, FIRST)
    assert outcome.is_good and not outcome.errors, outcome.failures
    assert [len(site.rows(name)) for name in ("gold_neo_fact", "silver_neo_quarantine")] == [5, 1]
    assert "2024 AC" in in_this_process("quarantine", "show", "").stdout
    assert in_this_process("status").exit_code == 0
    assert sorted(path.name for path in bare_site.root.iterdir()) == [site.root.name]
    shutil.rmtree(site.root)
