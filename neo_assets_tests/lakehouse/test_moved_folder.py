"""The same lakehouse at another place: nothing in its tables depends on where its folder is."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from neo_assets.lakehouse import quarantine
from neo_assets.lakehouse.maintenance import replay
from neo_assets.lakehouse.model.event_files import event_files, landed_days
from neo_assets.lakehouse.model.tables import (
    BRONZE_NEO_EVENTS,
    SILVER_NEO_QUARANTINE,
    TABLES,
    Table,
)
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store.backend import StreamSource
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, silver
from neo_assets.progress import discard_log
from neo_assets.sources.neows.dataset import NEO
from neo_assets.targets.local.backend import LocalBackend
from neo_assets_tests.faults import injected

from .feed_objects import feed_object, fetched, land, rows_of, tables_of, version_of

FIRST, SECOND, THIRD = DAYS = [date(2024, 3, number) for number in (1, 2, 3)]
BRONZE = BRONZE_NEO_EVENTS.name
NO_VELOCITY = feed_object(FIRST, "2024 AC", relative_velocity={})


@dataclass(frozen=True)
class WholeZoneBackend(LocalBackend):
    """A local lakehouse whose stream lists the whole landing zone, as Auto Loader does."""

    def stream_source(self, table: Table, landing: Path, folders: str) -> StreamSource:
        source = super().stream_source(table, landing, folders)
        return StreamSource(str(landing), source.format, source.options, lists_all_days=True)


def open_lakehouse(
    spark: SparkSession, root: Path, kind: type[LocalBackend] = LocalBackend, tables: str = "tables"
) -> Lakehouse:
    """The lakehouse in a folder, opened."""
    lakehouse = Lakehouse(spark, kind(root / "landing", root / "checkpoints", root / tables))
    lakehouse.ensure_tables()
    return lakehouse


def process(lakehouse: Lakehouse, run_id: str, *days: date) -> list[DayReport]:
    """Take these days from the landing zone to silver; gold has nothing from event files."""
    reports = bronze.ingest(lakehouse, NEO, days, run_id) + silver.refine(lakehouse, NEO, days)
    assert not any(report.rows_lost or report.rows_duplicated for report in reports)
    return reports


def versions(lakehouse: Lakehouse) -> dict[str, int]:
    return {table.name: version_of(lakehouse, table.name) for table in TABLES}


def all_rows(lakehouse: Lakehouse) -> dict[str, list[str]]:
    return {table.name: sorted(map(str, rows_of(lakehouse, table.name))) for table in TABLES}


def lines(lakehouse: Lakehouse) -> Counter[tuple[str, ...]]:
    """How often bronze has each line of each event file."""
    rows = lakehouse.read(BRONZE_NEO_EVENTS).selectExpr("source_file", "to_json(payload)")
    return Counter(tuple(row) for row in rows.collect())


def is_complete(lakehouse: Lakehouse) -> bool:
    """Whether bronze has all event files, each of their lines once, and nothing else."""
    found, landing = lines(lakehouse), lakehouse.landing(NEO)
    files = event_files(landing, landed_days(landing))
    return {file for file, _ in found} == files and set(found.values()) == {1}


def symlink(old: Path, new: Path) -> None:
    new.symlink_to(old, target_is_directory=True)


PLACES: dict[str, Callable[[Path, Path], Any]] = {
    "moved": Path.rename,
    "copied": shutil.copytree,
    "linked": symlink,
}


@pytest.mark.parametrize("kind", [LocalBackend, WholeZoneBackend])
def test_a_folder_at_another_place_changes_nothing(
    spark: SparkSession, empty: Path, tmp_path: Path, kind: type[LocalBackend]
) -> None:
    """One folder that is moved, copied and linked in turn, with a new snapshot at each place."""
    root = tmp_path / "data"
    shutil.copytree(empty, root)
    lakehouse = open_lakehouse(spark, root, kind)
    land(
        lakehouse,
        {FIRST: [(fetched(0), [feed_object(FIRST), NO_VELOCITY])], SECOND: [(fetched(0), [])]},
    )
    process(lakehouse, "before", FIRST, SECOND)
    assert str(root) not in str(all_rows(lakehouse))

    for number, (place, bring) in enumerate(PLACES.items(), start=1):
        before = versions(lakehouse)
        bring(root, tmp_path / place)
        injected("data folders at another place")
        root = tmp_path / place
        lakehouse = open_lakehouse(spark, root, kind)
        process(lakehouse, place, FIRST, SECOND)
        assert versions(lakehouse) == before, place
        # A new snapshot is ingested, and the known files of its day, listed with it, are not.
        land(lakehouse, {FIRST: [(fetched(number), [feed_object(FIRST, f"2024 B{number}")])]})
        process(lakehouse, place, FIRST)
        assert versions(lakehouse)[BRONZE] == before[BRONZE] + 1
        assert is_complete(lakehouse), place
    # Through the link and beside it in turn.
    before = versions(lakehouse)
    lakehouse = open_lakehouse(spark, tmp_path / "copied", kind)
    bronze.ingest(lakehouse, NEO, [FIRST], "beside the link")
    assert versions(lakehouse) == before

    replay.rebuild_bronze(lakehouse, NEO, "rebuild", discard_log)
    assert is_complete(lakehouse)
    (tmp_path / "copied").rename(tmp_path / "again")
    lakehouse = open_lakehouse(spark, tmp_path / "again", kind)
    before = versions(lakehouse)
    bronze.ingest(lakehouse, NEO, [FIRST, SECOND], "again")
    assert versions(lakehouse) == before and is_complete(lakehouse)


def undo_last_commit(lakehouse: Lakehouse) -> None:
    """Leave the lakehouse as a kill right before the last commit of bronze would have left it."""
    version = version_of(lakehouse, BRONZE)
    for file in (tables_of(lakehouse) / BRONZE / "_delta_log").glob(f"*{version:020}*"):
        file.unlink()
    commits = lakehouse.backend.checkpoints / BRONZE / "commits"
    last = max(int(file.name) for file in commits.glob("[0-9]*"))
    for file in (commits / f"{last}", commits / f".{last}.crc"):
        file.unlink()


@pytest.mark.parametrize(
    ("bring", "kind"),
    [("moved", LocalBackend), ("copied", LocalBackend), ("moved", WholeZoneBackend)],
)
def test_a_batch_that_was_cut_off_before_the_folder_was_moved(
    spark: SparkSession, empty: Path, tmp_path: Path, bring: str, kind: type[LocalBackend]
) -> None:
    """The checkpoint names the files of that batch by paths that may be gone, or of a copy."""
    old, new = tmp_path / "old", tmp_path / "new"
    shutil.copytree(empty, old)
    lakehouse = open_lakehouse(spark, old, kind)
    land(lakehouse, {FIRST: [(fetched(0), [feed_object(FIRST)])]})
    bronze.ingest(lakehouse, NEO, [FIRST], "first")
    land(lakehouse, {SECOND: [(fetched(0), [feed_object(SECOND)])]})
    bronze.ingest(lakehouse, NEO, [SECOND], "cut off")
    undo_last_commit(lakehouse)
    # Spark remembers the table at its old place with the commit that was undone.
    (old / "tables").rename(old / "cut_off")
    PLACES[bring](old, new)
    injected("data folders at another place")

    lakehouse = open_lakehouse(spark, new, kind, "cut_off")
    land(lakehouse, {THIRD: [(fetched(0), [feed_object(THIRD)])]})
    bronze.ingest(lakehouse, NEO, [THIRD], "elsewhere")
    assert set(lines(lakehouse).values()) == {1}
    if bring == "moved":
        # Back where the checkpoint has seen the files of the batch already.
        new.rename(old)
        lakehouse = open_lakehouse(spark, old, kind, "cut_off")
    bronze.ingest(lakehouse, NEO, DAYS, "all")
    assert is_complete(lakehouse)


def test_a_bronze_and_a_checkpoint_of_different_times(
    spark: SparkSession, empty: Path, tmp_path: Path
) -> None:
    """Whichever of the two is older, as in a backup made while a run was going on."""
    root, backup = tmp_path / "data", tmp_path / "backup"
    shutil.copytree(empty, root)
    lakehouse = open_lakehouse(spark, root)
    land(lakehouse, {FIRST: [(fetched(0), [feed_object(FIRST)])]})
    bronze.ingest(lakehouse, NEO, [FIRST], "first")
    shutil.copytree(root, backup)
    # Without objects, so that no row is missed; its only line must be in bronze nevertheless.
    land(lakehouse, {SECOND: [(fetched(0), [])]})
    bronze.ingest(lakehouse, NEO, [SECOND], "second")
    for part in ("tables", "checkpoints"):
        mixed = tmp_path / f"old {part}"
        shutil.copytree(root, mixed)
        shutil.rmtree(mixed / part)
        shutil.copytree(backup / part, mixed / part)
        injected("backups that do not fit together")
        lakehouse = open_lakehouse(spark, mixed)
        land(lakehouse, {THIRD: [(fetched(0), [feed_object(THIRD)])]})
        bronze.ingest(lakehouse, NEO, DAYS, "all")
        assert is_complete(lakehouse), part


def test_a_discarded_row_stays_discarded_after_a_move_and_a_full_replay(
    spark: SparkSession, empty: Path, tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    shutil.copytree(empty, old)
    lakehouse = open_lakehouse(spark, old)
    land(lakehouse, {FIRST: [(fetched(0), [feed_object(FIRST), NO_VELOCITY])]})
    process(lakehouse, "before", FIRST)
    chosen = quarantine.rows(old / "tables", quarantine.Selection())
    quarantine.discard(old / "tables", chosen, "known")
    old.rename(new)
    lakehouse = open_lakehouse(spark, new)
    replay.rebuild_bronze(lakehouse, NEO, "rebuild", discard_log)
    process(lakehouse, "after", FIRST)
    (row,) = rows_of(lakehouse, "silver_neo_quarantine")
    assert (row["status"], row["status_note"]) == ("discarded", "known")


def test_copies_within_the_landing_zone_are_no_event_files(
    spark: SparkSession, empty: Path, tmp_path: Path
) -> None:
    shutil.copytree(empty, tmp_path, dirs_exist_ok=True)
    for kind in (LocalBackend, WholeZoneBackend):
        lakehouse = open_lakehouse(spark, tmp_path, kind)
        day = FIRST if kind is LocalBackend else SECOND
        land(lakehouse, {day: [(fetched(0), [feed_object(day)])]})
        landing = lakehouse.landing(NEO)
        folder = landing / f"feed_date={day}"
        for copy in (
            landing / f"{folder.name} (copy)",
            landing / "feed_date=2024-02-30",
            landing / "archive" / folder.name,
            folder / "archive",
        ):
            shutil.copytree(folder, copy, dirs_exist_ok=True)
        # With the same last two folders as the original.
        shutil.copytree(landing / "archive" / folder.name, folder / folder.name)
        (report,) = bronze.ingest(lakehouse, NEO, [day], "a run")
        assert (report.rows_in, report.rows_lost, report.rows_duplicated) == (1, 0, 0)
        assert is_complete(lakehouse)
    replay.rebuild_bronze(lakehouse, NEO, "rebuild", discard_log)
    assert is_complete(lakehouse)


def as_before_294eff6(spark: SparkSession, lakehouse: Lakehouse, place: str) -> None:
    """Write absolute paths into all tables, as the version of that commit did."""
    for table in TABLES:
        if "source_file" in table.column_names:
            name = lakehouse.backend.identifier(table)
            spark.sql(f"ALTER TABLE {name} UNSET TBLPROPERTIES ('neo.source_file')")
            if table is BRONZE_NEO_EVENTS:
                spark.sql(f"ALTER TABLE {name} UNSET TBLPROPERTIES ('delta.appendOnly')")
            spark.sql(f"UPDATE {name} SET source_file = concat('file:{place}/', source_file)")


def test_absolute_paths_of_an_earlier_version_are_replaced_once(
    spark: SparkSession, empty: Path, tmp_path: Path
) -> None:
    """Also where the folder was moved before, so that the quarantine has a row twice."""
    shutil.copytree(empty, tmp_path, dirs_exist_ok=True)
    lakehouse = open_lakehouse(spark, tmp_path)
    land(lakehouse, {FIRST: [(fetched(0), [feed_object(FIRST), NO_VELOCITY])]})
    process(lakehouse, "before", FIRST)
    chosen = quarantine.rows(tmp_path / "tables", quarantine.Selection())
    quarantine.discard(tmp_path / "tables", chosen, "known")
    before = all_rows(lakehouse)
    as_before_294eff6(spark, lakehouse, "/somewhere/else")
    rows = lakehouse.read(SILVER_NEO_QUARANTINE)
    lakehouse.append(
        SILVER_NEO_QUARANTINE,
        rows.withColumns(
            {
                "status": F.lit("open"),
                "status_note": F.lit(None).cast("string"),
                "source_file": F.replace("source_file", F.lit("/else/"), F.lit("/new/")),
            }
        ),
    )
    assert len(rows_of(lakehouse, SILVER_NEO_QUARANTINE.name)) == 2

    lakehouse.ensure_tables()
    assert all_rows(lakehouse) == before
    assert lakehouse._properties(BRONZE_NEO_EVENTS)["delta.appendOnly"] == "true"
    after = versions(lakehouse)
    lakehouse.ensure_tables()
    process(lakehouse, "after", FIRST)
    assert versions(lakehouse) == after
