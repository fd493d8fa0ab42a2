"""What a job does by itself in a mounted volume, which cannot do all that a disk can."""

import os
from datetime import date
from pathlib import Path

import pytest

from neo_assets.lakehouse.model.event_files import event_files
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.schema_tracking.versions import Schema, TrackedSchemas
from neo_assets.lakehouse.store.metrics import RunMetrics
from neo_assets.targets.databricks import unity_catalog
from neo_assets.targets.databricks.backend import UnityCatalogBackend
from neo_assets.targets.databricks.unity_catalog import UnityCatalog
from neo_assets_tests.targets.databricks.launcher import refuse_what_a_mount_does


def test_a_schema_version_is_published_without_rename(tmp_path: Path) -> None:
    mount = tmp_path / "Volumes"
    refuse_what_a_mount_does(str(mount))
    schemas = TrackedSchemas(mount / "schemas")
    for version in (1, 2):
        schemas.publish(Schema(version, {}), "a run")
        assert schemas.newest().version == version
    with pytest.raises(OSError, match="Function not implemented"):
        (schemas.directory / "000001.json").rename(schemas.directory / "another")
    with pytest.raises(OSError, match="not supported"):
        (schemas.directory / "000001.json").open("a")


def test_metrics_that_are_not_whole_yet_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unity_catalog, "VOLUMES", tmp_path)
    catalog = UnityCatalog("a", "b", "c")
    catalog.metrics.mkdir(parents=True)
    measured = RunMetrics("a run", "raw_feed_files", [DayReport(date(2024, 3, 1), rows_in=3)])
    whole, cut = catalog.metrics / "1.json", catalog.metrics / "2.json"
    whole.write_text(measured.to_json())
    cut.write_text(measured.to_json()[:-9])
    read = RunMetrics.from_json(whole.read_text())
    assert UnityCatalogBackend.of(catalog).waiting_metrics() == {whole: read}


def test_the_size_of_a_known_event_file_is_not_requested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = date(2024, 3, 1)
    folder = tmp_path / f"feed_date={day}"
    folder.mkdir()
    for name, content in (("known", "{}"), ("new", "{}"), ("empty", "")):
        (folder / f"{name}.json").write_text(content)
    stat, asked = Path.stat, set[str]()

    def counted(path: Path, **options: bool) -> os.stat_result:
        asked.add(path.name)
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", counted)
    new = event_files(tmp_path, [day], known={f"{folder.name}/known.json"})
    assert new == {f"{folder.name}/new.json"}
    assert "known.json" not in asked
