"""The tracked versions on disk."""

from pathlib import Path

import pytest

from neo_assets.lakehouse.schema_tracking.observations import Sight
from neo_assets.lakehouse.schema_tracking.versions import Field, Schema, TrackedSchemas
from neo_assets_tests.faults import injected

SIGHT = Sight(
    "2024-03-01", "20240401T120000000000Z-0123456789abcdef", "feed_date=2024-03-01/☄.json"
)
FIRST = Schema(
    1,
    {
        "name": Field(("string",), True, '"Ceres ☄"', 1, SIGHT),
        "name.a": Field((), False, "null", 1, SIGHT, gone=SIGHT),
    },
)


def test_a_version_is_read_as_it_was_written(tmp_path: Path) -> None:
    schemas = TrackedSchemas(tmp_path / "schemas")
    assert schemas.newest() == Schema(0, {})
    schemas.publish(FIRST, "a run")
    assert schemas.newest() == FIRST
    schemas.publish(Schema(2, {}), "a run")
    assert schemas.newest() == Schema(2, {})


def test_absolute_paths_that_an_earlier_version_wrote_are_read_as_identities(
    tmp_path: Path,
) -> None:
    schemas = TrackedSchemas(tmp_path / "schemas")
    schemas.publish(FIRST, "a run")
    file = schemas.directory / "000001.json"
    text = file.read_text()
    file.write_text(text.replace("feed_date=", "file:/data/neo/landing/neo_feed/feed_date="))
    assert file.read_text() != text and schemas.newest() == FIRST


def test_a_version_is_never_changed(tmp_path: Path) -> None:
    schemas = TrackedSchemas(tmp_path / "schemas")
    schemas.publish(FIRST, "a run")
    with pytest.raises(FileExistsError, match="never changed"):
        schemas.publish(Schema(1, {}), "another")
    assert schemas.newest() == FIRST
    assert [file.name for file in schemas.directory.iterdir()] == ["000001.json"]


def test_a_version_that_was_cut_off_is_none_and_is_written_again(tmp_path: Path) -> None:
    schemas = TrackedSchemas(tmp_path / "schemas")
    schemas.publish(FIRST, "a run")
    file = schemas.directory / "000001.json"
    whole = file.read_bytes()
    (schemas.directory / "000002.json").touch()
    assert schemas.newest() == FIRST
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        injected("tracked schemas cut off")
        assert schemas.newest() == Schema(0, {})
    schemas.publish(FIRST, "a run")
    schemas.publish(Schema(2, {}), "a run")
    assert schemas.newest() == Schema(2, {})
    # What was left by a process that an earlier version ran, killed while it wrote.
    (schemas.directory / ".000003.json.unfinished").write_text('{"version": 3, "fie')
    assert schemas.newest() == Schema(2, {})
