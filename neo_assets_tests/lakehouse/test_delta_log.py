"""Checkpoints of Delta's log that were cut off, as delta-rs meets them."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from neo_assets.lakehouse.store.delta_files import dataset, open_table
from neo_assets.lakehouse.store.delta_log import DamagedTableError, set_aside_damaged_checkpoints
from neo_assets_tests.faults import injected


def table_with_checkpoints(folder: Path, *checkpoints: int, commits: int = 6) -> Path:
    """A table with a row for each commit, and with checkpoints of these versions."""
    for number in range(commits):
        write_deltalake(folder, pa.table({"number": [number]}), mode="append")
        if number in checkpoints:
            DeltaTable(folder).create_checkpoint()
    return folder


def log_file(table: Path, version: int, kind: str) -> Path:
    return table / "_delta_log" / f"{version:020}.{kind}"


def cut_off(file: Path, left: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * left)])
    injected("damaged checkpoints of Delta")


@pytest.mark.parametrize("left", [0, 0.001, 0.5, 0.999])
@pytest.mark.parametrize("pointer", [0, 0.5, 1])
def test_a_table_is_read_without_a_checkpoint_that_was_cut_off(
    tmp_path: Path, left: float, pointer: float
) -> None:
    table = table_with_checkpoints(tmp_path / "a table", 3)
    checkpoint = log_file(table, 3, "checkpoint.parquet")
    cut_off(checkpoint, left)
    cut_off(table / "_delta_log" / "_last_checkpoint", pointer)
    delta = open_table(table)
    assert delta and sorted(dataset(delta).to_table()["number"].to_pylist()) == [*range(6)]
    if not checkpoint.exists():
        assert checkpoint.with_name(f".{checkpoint.name}.damaged").exists()
    assert set_aside_damaged_checkpoints(table) in ([], [checkpoint])
    write_deltalake(table, pa.table({"number": [6]}), mode="append")
    assert DeltaTable(table).version() == 6


def test_an_older_checkpoint_replaces_missing_commits(tmp_path: Path) -> None:
    table = table_with_checkpoints(tmp_path / "table", 1, 4)
    for version in (0, 1):
        log_file(table, version, "json").unlink()
    cut_off(log_file(table, 4, "checkpoint.parquet"), 0.5)
    delta = open_table(table)
    assert delta and dataset(delta).count_rows() == 6


def test_a_table_that_cannot_be_read_without_it_is_left_as_it_is(tmp_path: Path) -> None:
    table = table_with_checkpoints(tmp_path / "table", 3)
    checkpoint = log_file(table, 3, "checkpoint.parquet")
    log_file(table, 2, "json").unlink()
    whole = checkpoint.read_bytes()
    cut_off(checkpoint, 0.5)
    with pytest.raises(DamagedTableError, match="put back a copy of the file, or delete") as raised:
        open_table(table)
    assert str(checkpoint) in str(raised.value)
    checkpoint.write_bytes(whole)
    assert open_table(table) is not None


def test_whole_checkpoints_are_left_as_they_are(tmp_path: Path) -> None:
    table = table_with_checkpoints(tmp_path / "table", 1, 4)
    before = sorted(file.name for file in (table / "_delta_log").iterdir())
    assert set_aside_damaged_checkpoints(table) == []
    assert sorted(file.name for file in (table / "_delta_log").iterdir()) == before
    assert open_table(tmp_path / "none") is None


@pytest.mark.parametrize("name", ["a b", "☄ é", "a\"b'c", "a%b#c&d+e", "a<b>c;d=e,f@g", "~$x`"])
def test_a_table_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    table = table_with_checkpoints(tmp_path / name / "table", commits=1)
    delta = open_table(table)
    assert delta and dataset(delta).to_table().num_rows == 1


def test_a_table_is_read_whose_newest_checkpoint_is_missing(tmp_path: Path) -> None:
    table = table_with_checkpoints(tmp_path / "table", 1, 4)
    log_file(table, 4, "checkpoint.parquet").unlink()
    pointer = table / "_delta_log" / "_last_checkpoint"
    delta = open_table(table)
    assert delta and sorted(dataset(delta).to_table()["number"].to_pylist()) == [*range(6)]
    assert pointer.with_name("._last_checkpoint.damaged").exists()
    assert set_aside_damaged_checkpoints(table) == []


def test_a_missing_checkpoint_whose_commits_are_missing(tmp_path: Path) -> None:
    table = table_with_checkpoints(tmp_path / "table", 3)
    log_file(table, 3, "checkpoint.parquet").unlink()
    log_file(table, 2, "json").unlink()
    with pytest.raises(DamagedTableError, match="_last_checkpoint names a checkpoint that"):
        open_table(table)
    assert (table / "_delta_log" / "_last_checkpoint").exists()


def test_a_checkpoint_damaged_within_is_renamed_too(tmp_path: Path) -> None:
    table = table_with_checkpoints(tmp_path / "table", 3)
    checkpoint = log_file(table, 3, "checkpoint.parquet")
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(b"PAR1" + bytes(len(content) - 8) + b"PAR1")
    delta = open_table(table)
    assert delta and dataset(delta).count_rows() == 6
    assert not checkpoint.exists()


@pytest.mark.parametrize("left", [0, 0.5, 0.99])
def test_a_commit_that_was_cut_off_is_named(tmp_path: Path, left: float) -> None:
    table = table_with_checkpoints(tmp_path / "table", 1)
    commit = log_file(table, 5, "json")
    cut_off(commit, left)
    with pytest.raises(DamagedTableError, match="is cut off, so the table cannot be read") as error:
        open_table(table)
    assert str(commit) in str(error.value)


def test_a_damaged_commit_before_a_checkpoint_is_not_needed(tmp_path: Path) -> None:
    table = table_with_checkpoints(tmp_path / "table", 3)
    cut_off(log_file(table, 2, "json"), 0.5)
    delta = open_table(table)
    assert delta and dataset(delta).count_rows() == 6


@pytest.mark.parametrize("missing", [2, 4])
def test_a_commit_that_is_missing_is_named(tmp_path: Path, missing: int) -> None:
    table = table_with_checkpoints(tmp_path / "table", 1)
    commit = log_file(table, missing, "json")
    commit.unlink()
    with pytest.raises(DamagedTableError, match="is missing, so the table cannot be read") as error:
        open_table(table)
    assert str(commit) in str(error.value)


def test_commits_that_a_checkpoint_includes_may_be_missing(tmp_path: Path) -> None:
    table = table_with_checkpoints(tmp_path / "table", 3)
    for version in range(4):
        log_file(table, version, "json").unlink()
    delta = open_table(table)
    assert delta and dataset(delta).count_rows() == 6
