"""Checkpoints and tables that a disk or a person has changed: bronze itself says what it has.

Streams of Spark stop at such checkpoints, or skip files silently (SPARK-38033,
delta-io/delta#1813).
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from neo_assets.lakehouse.model.tables import BRONZE_NEO_EVENTS
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze
from neo_assets.sources.neows.dataset import NEO
from neo_assets_tests.faults import injected

from .feed_objects import feed_object, fetched, land, version_of
from .test_moved_folder import is_complete

DAY, OTHER_DAY = DAYS = date(2024, 3, 1), date(2024, 3, 2)
BRONZE = BRONZE_NEO_EVENTS.name
BATCHES = 4


def ingest(lakehouse: Lakehouse, number: int) -> list[DayReport]:
    """Land one more snapshot and take both days in."""
    land(lakehouse, {DAYS[number % 2]: [(fetched(number), [feed_object(DAY, f"2024 A{number}")])]})
    return bronze.ingest(lakehouse, NEO, DAYS, f"run {number}")


@pytest.fixture
def filled(lakehouse: Lakehouse) -> Lakehouse:
    """Bronze after four batches."""
    for number in range(BATCHES):
        ingest(lakehouse, number)
    return lakehouse


def assert_goes_on(lakehouse: Lakehouse) -> None:
    """What has landed already and what lands next is in bronze once, and stays so."""
    for number in (BATCHES, BATCHES + 1):
        reports = ingest(lakehouse, number)
        assert [report.rows_out for report in reports] == [number // 2 + 1, (number + 1) // 2]
        assert not any(report.rows_lost or report.rows_duplicated for report in reports)
        assert is_complete(lakehouse)
    before = version_of(lakehouse, BRONZE)
    bronze.ingest(lakehouse, NEO, DAYS, "again")
    assert version_of(lakehouse, BRONZE) == before


def log_file(log: str, batch: int) -> Callable[[Path], list[Path]]:
    """The file of a batch in a log of the checkpoint, with its checksum."""

    def files(checkpoint: Path) -> list[Path]:
        folder = checkpoint / log
        return [folder / f"{batch}", folder / f".{batch}.crc"]

    return files


def gone(*logs: str, batch: int = BATCHES - 1) -> Callable[[Path], None]:
    """Damage: these logs have no file of a batch."""

    def damage(checkpoint: Path) -> None:
        for log in logs:
            for file in log_file(log, batch)(checkpoint):
                file.unlink()

    return damage


def cut_off(log: str, length: int = 0) -> Callable[[Path], None]:
    """Damage: the newest file of a log was cut off, and its checksum is not there."""

    def damage(checkpoint: Path) -> None:
        file, checksum = log_file(log, BATCHES - 1)(checkpoint)
        file.write_bytes(file.read_bytes()[:length])
        checksum.unlink()

    return damage


def checksum_differs(checkpoint: Path) -> None:
    """Damage: a file was changed, and its checksum was not."""
    file, _ = log_file("offsets", BATCHES - 1)(checkpoint)
    file.write_bytes(b"")


def metadata_empty(checkpoint: Path) -> None:
    """Damage: the file with the identifier of the stream is empty."""
    (checkpoint / "metadata").write_bytes(b"")
    (checkpoint / ".metadata.crc").unlink()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "newest offset gone": gone("offsets"),
    "newest commit gone": gone("commits"),
    "both gone": gone("offsets", "commits"),
    "files of the newest batch gone": gone("sources/0"),
    "offset before the newest gone": gone("offsets", batch=BATCHES - 2),
    "commit before the newest gone": gone("commits", batch=BATCHES - 2),
    "files of a batch before gone": gone("sources/0", batch=BATCHES - 2),
    "newest offset empty": cut_off("offsets"),
    "newest offset cut off": cut_off("offsets", 10),
    "newest commit empty": cut_off("commits"),
    "files of the newest batch cut off": cut_off("sources/0", 10),
    "checksum differs": checksum_differs,
    "metadata empty": metadata_empty,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_checkpoint_that_was_damaged(filled: Lakehouse, damage: Callable[[Path], None]) -> None:
    damage(filled.backend.checkpoints / BRONZE)
    injected("damaged checkpoints of Spark")
    assert_goes_on(filled)


def test_a_restored_bronze(filled: Lakehouse) -> None:
    """The checkpoint and Delta's own log of batches count what the table no longer has."""
    identifier = filled.backend.identifier(BRONZE_NEO_EVENTS)
    old = version_of(filled, BRONZE) - 2
    filled.spark.sql(f"ALTER TABLE {identifier} UNSET TBLPROPERTIES ('delta.appendOnly')")
    filled.spark.sql(f"RESTORE TABLE {identifier} TO VERSION AS OF {old}").collect()
    assert filled.read(BRONZE_NEO_EVENTS).count() == BATCHES - 2
    injected("restored tables")
    assert_goes_on(filled)
