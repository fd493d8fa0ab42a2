"""Delta tables as the Parquet files that Power BI Desktop reads."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from neo_assets.lakehouse.export import EXPORTED, ExportedFile, export
from neo_assets.lakehouse.model.tables import GOLD_NEO_PREDICTION, GOLD_NEO_REVISION, Column, Table

TABLE = Table(
    "things",
    "One row is one thing.",
    "day",
    (
        Column("key", "BIGINT", ""),
        Column("number", "INT", ""),
        Column("day", "DATE", ""),
        Column("seen_at", "TIMESTAMP", ""),
        Column("size", "DOUBLE", ""),
        Column("is_known", "BOOLEAN", ""),
        Column("reasons", "ARRAY<STRING>", ""),
        Column("name", "STRING", ""),
    ),
    partitioned_by=("number",),
)
DELTA = pa.schema(
    [
        ("key", pa.int64()),
        ("number", pa.int32()),
        ("day", pa.date32()),
        ("seen_at", pa.timestamp("us", tz="UTC")),
        ("size", pa.float64()),
        ("is_known", pa.bool_()),
        ("reasons", pa.list_(pa.string())),
        ("name", pa.string()),
    ]
)
DELTA_REVISION = pa.schema(
    [
        ("neo_event_key", pa.int64()),
        ("revision", pa.int32()),
        ("what", pa.string()),
        ("days_ahead", pa.int32()),
        ("moved_to", pa.int64()),
        ("close_approach_date", pa.date32()),
        ("close_approach_at", pa.timestamp("us", tz="UTC")),
        ("miss_distance_km", pa.float64()),
    ]
)
THING = {
    "key": 2**60 - 1,
    "number": 3,
    "day": date(2024, 3, 1),
    "seen_at": datetime(2024, 3, 1, 12, 30, tzinfo=timezone.utc),
    "size": 0.1,
    "is_known": True,
    "reasons": ["no_name", "invalid_velocity"],
    "name": "2024 AA1",
}


class Place:
    """A folder of tables, and the one they are exported to."""

    def __init__(self, root: Path) -> None:
        self.tables, self.folder = root / "tables", root / "export"

    def write(self, *rows: dict[str, Any], table: Table = TABLE, schema: pa.Schema = DELTA) -> None:
        write_deltalake(
            self.tables / table.name,
            pa.Table.from_pylist(list(rows), schema=schema),
            mode="append",
            partition_by=list(table.partitioned_by),
        )

    def export(self, table: Table = TABLE) -> ExportedFile:
        (file,) = export(self.tables, self.folder, [table])
        return file

    def rows(self, table: Table = TABLE) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.file(table)).to_pylist()
        return rows

    def file(self, table: Table = TABLE) -> Path:
        return self.folder / f"{table.name}.parquet"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """How a row of Delta reads in the file."""
    return row | {
        "seen_at": row["seen_at"] and row["seen_at"].replace(tzinfo=None),
        "reasons": None if row["reasons"] is None else ", ".join(row["reasons"]),
    }


def values(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in TABLE.column_names)


def test_a_row_has_plain_values_and_the_columns_their_order(place: Place) -> None:
    place.write(THING)
    exported = place.export()
    assert place.rows() == [plain(THING)]
    assert place.rows()[0]["reasons"] == "no_name, invalid_velocity"
    assert tuple(pq.read_schema(place.file()).names) == TABLE.column_names
    assert exported == ExportedFile("things", 1, place.file().stat().st_size, is_new=True)


words = st.text("aé,☄ ", max_size=5)
things = st.fixed_dictionaries(
    {
        "key": st.none() | st.integers(-(2**63), 2**63 - 1),
        "number": st.integers(1, 3),
        "day": st.none() | st.dates(date(1900, 1, 1), date(2200, 1, 1)),
        "seen_at": st.none()
        | st.datetimes(
            datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(ZoneInfo("UTC"))
        ),
        "size": st.none() | st.floats(allow_nan=False),
        "is_known": st.none() | st.booleans(),
        "reasons": st.none() | st.lists(words, max_size=3),
        "name": st.none() | words,
    }
)


@settings(max_examples=30, deadline=None)  # each example writes up to three tables
@given(writes=st.lists(st.lists(things, min_size=1, max_size=4), max_size=3))
def test_every_row_of_the_table_is_in_the_file_once(
    writes: list[list[dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = Place(tmp_path_factory.mktemp("lakehouse"))
    for rows in writes:
        place.write(*rows)
        place.export()
    exported = place.export()
    expected = Counter(values(plain(row)) for rows in writes for row in rows)
    assert Counter(map(values, place.rows())) == expected
    assert exported.rows == expected.total()


def test_a_table_that_did_not_change_is_not_written_again(place: Place) -> None:
    place.write(THING)
    assert place.export().is_new
    written = place.file().stat().st_ino
    assert not place.export().is_new
    assert place.file().stat().st_ino == written

    place.write(THING | {"key": 2})
    assert place.export().is_new
    assert len(place.rows()) == 2


def test_a_recreated_table_is_another_one(place: Place) -> None:
    place.write(THING)
    place.export()
    version = DeltaTable(place.tables / "things").version()
    place.tables.rename(place.tables.with_name("before"))
    place.write(THING | {"name": "2024 BB2"})
    assert DeltaTable(place.tables / "things").version() == version
    assert place.export().is_new
    assert place.rows()[0]["name"] == "2024 BB2"


def test_a_table_that_is_not_there_has_a_file_without_rows(place: Place) -> None:
    exported = place.export()
    assert (exported.rows, exported.is_new) == (0, True)
    assert tuple(pq.read_schema(place.file()).names) == TABLE.column_names
    assert not place.export().is_new
    place.write(THING)
    assert place.export().rows == 1


def test_a_table_that_is_left_without_rows_has_them_when_it_no_longer_is(place: Place) -> None:
    place.write(THING)
    for without_rows, rows in (([TABLE], 0), ([], 1), ([TABLE], 0)):
        (file,) = export(place.tables, place.folder, [TABLE], without_rows)
        assert (file.rows, file.is_new) == (rows, True)
        assert len(place.rows()) == rows
    (file,) = export(place.tables, place.folder, [TABLE], [TABLE])
    assert not file.is_new


def test_a_column_that_the_table_does_not_have_yet_is_empty(place: Place) -> None:
    place.write(THING)
    place.export()
    wider = replace(TABLE, columns=(*TABLE.columns, Column("note", "STRING", "")))
    # The table has the version it had; what a file is to hold has changed.
    assert place.export(wider).is_new
    assert place.rows(wider) == [plain(THING) | {"note": None}]


def test_a_reader_sees_the_old_file_or_the_new_one(place: Place) -> None:
    place.write(THING)
    place.export()
    with pq.ParquetFile(place.file()) as opened:
        place.write(THING | {"key": 2})
        place.export()
        assert opened.read().num_rows == 1
    assert len(place.rows()) == 2


def test_an_export_that_fails_leaves_the_old_file(place: Place) -> None:
    place.write(THING)
    place.export()
    before = place.rows()
    place.write(*({**THING, "key": key} for key in range(5)))
    for data in data_files(place.tables / "things"):
        data.unlink()
    with pytest.raises(FileNotFoundError):
        place.export()
    assert place.rows() == before


def test_what_is_exported_is_made_of_types_that_can_be(place: Place) -> None:
    files = export(place.tables, place.folder)
    assert [file.table for file in files] == [table.name for table in EXPORTED]
    for table in EXPORTED:
        assert tuple(pq.read_schema(place.file(table)).names) == table.column_names


def test_predictions_are_computed_again_when_the_revisions_change(place: Place) -> None:
    week_before = {
        "neo_event_key": 1,
        "revision": 1,
        "what": "first",
        "days_ahead": 7,
        "close_approach_date": date(2024, 3, 8),
        "miss_distance_km": 100.0,
    }
    afterwards = week_before | {
        "revision": 2,
        "what": "changed",
        "days_ahead": -1,
        "miss_distance_km": 130.0,
    }
    for row, error in ((week_before, 0.0), (afterwards, 30.0)):
        place.write(row, table=GOLD_NEO_REVISION, schema=DELTA_REVISION)
        assert place.export(GOLD_NEO_PREDICTION).is_new
        assert not place.export(GOLD_NEO_PREDICTION).is_new
        found = {
            row["days_before"]: row["distance_error_km"] for row in place.rows(GOLD_NEO_PREDICTION)
        }
        assert found == dict.fromkeys((7, 5, 3, 2, 1), error)


def data_files(table: Path) -> Iterator[Path]:
    return table.rglob("*.parquet")
