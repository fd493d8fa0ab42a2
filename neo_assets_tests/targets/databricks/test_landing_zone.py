"""The landing zone in a volume."""

import json
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from neo_assets.sources.landing_zone import Landing, LandingError
from neo_assets.targets.databricks import repetition
from neo_assets.targets.databricks.landing_zone import VolumeLandingZone
from neo_assets.targets.databricks.unity_catalog import UnityCatalog
from neo_assets.targets.databricks.workspace import workspace_client
from neo_assets.targets.local.landing_zone import LocalLandingZone
from neo_assets_tests.faults import injected
from neo_assets_tests.targets.databricks.conftest import VOLUME
from neo_assets_tests.targets.databricks.fake_workspace import FakeWorkspace, Fault

DAY = date(2024, 3, 1)
NOON = datetime(2024, 3, 10, 12, tzinfo=timezone.utc)
CALLS = [("PUT", "directories"), ("PUT", "files"), ("GET", "directories"), ("GET", "files")]
OBJECTS: list[dict[str, Any]] = [{"id": "1", "name": "(2024 AB)"}, {"id": "2", "name": "Ångström"}]


@pytest.fixture
def zone(workspace: FakeWorkspace) -> VolumeLandingZone:
    return VolumeLandingZone(workspace_client().files, UnityCatalog(*VOLUME).landing)


def land(zone: VolumeLandingZone | LocalLandingZone, *names: str, hour: int = 0) -> Landing:
    objects = [{"name": name} for name in names] or OBJECTS
    return zone.land(DAY, objects, source="nasa", fetched_at=NOON + timedelta(hours=hour))


def test_it_lands_what_the_local_one_does(
    zone: VolumeLandingZone, workspace: FakeWorkspace, tmp_path: Any
) -> None:
    assert zone.days() == [] and zone.newest(DAY) is None and zone.damaged(DAY) == []
    local = LocalLandingZone(tmp_path / "local")
    for hour, names in enumerate([(), (), ("new",), ("new", "new"), (), ("last",)]):
        there, here = (land(each, *names, hour=hour) for each in (zone, local))
        assert there.file.name == here.file.name
        assert (there.is_new, there.repeated) == (here.is_new, here.repeated)
        assert zone.newest(DAY) == there.file
    folder = workspace.place(str(there.file.parent))
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert files == {file.name: file.read_bytes() for file in here.file.parent.glob("[!.]*")}
    # More than fits on a page of a listing.
    assert len(files) == 5 and zone.days() == [DAY]


def test_a_damaged_file_is_renamed(zone: VolumeLandingZone, workspace: FakeWorkspace) -> None:
    file = land(zone).file
    there = workspace.place(str(file))
    there.write_text(there.read_text()[:-20])
    injected("damaged event files")
    assert zone.damaged(DAY) == [file]
    again = land(zone, hour=1)
    assert again.is_new and zone.damaged(DAY) == []
    assert [place.name for place in again.set_aside] == [f".{file.name}.damaged"]
    assert workspace.place(str(again.set_aside[0])).exists() and not there.exists()


def test_event_files_are_listed_by_what_bronze_knows_them_by(
    zone: VolumeLandingZone, workspace: FakeWorkspace
) -> None:
    file = land(zone).file
    folder = workspace.place(str(file.parent))
    for name in (".a.json.damaged", "_a.json", "notes.txt", "copy.json"):
        (folder / name).write_text("{}")
    (folder / "empty.json").touch()
    found = {f"{file.parent.name}/{name}" for name in (file.name, "copy.json")}
    assert zone.event_files([DAY, DAY + timedelta(days=1)]) == found
    assert zone.folders() == [DAY] and zone.being_written(found) == set()


def test_folders_that_are_no_days_are_passed_over(
    zone: VolumeLandingZone, workspace: FakeWorkspace
) -> None:
    folder = workspace.place(str(land(zone).file.parent))
    for name in (f"{folder.name} (copy)", "feed_date=2024-02-30", "archive"):
        folder.with_name(name).mkdir()
    assert zone.days() == [DAY]


@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_files_outlast_a_workspace_that_fails(
    zone: VolumeLandingZone, workspace: FakeWorkspace, status: int
) -> None:
    workspace.faults = [
        # What was asked for is done, and the answer lost.
        Fault("DELETE .*/files/", status, carries_out=True),
        *(Fault(f"{method} .*/{kind}/", status) for method, kind in CALLS),
        Fault("GET .*/files/", 0, cuts_off=True),
    ]
    file = land(zone).file
    assert file == zone.newest(DAY) and zone.days() == [DAY]
    workspace.place(str(file)).write_text("{")
    assert zone.damaged(DAY) == [file]
    assert land(zone, hour=1).set_aside
    assert not any(fault.times for fault in workspace.faults)


def test_a_file_appears_whole_or_not_at_all(
    zone: VolumeLandingZone, workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repetition, "REPEAT_FOR_S", 0.1)
    workspace.faults = [Fault("PUT .*/files/.*json", 500, times=99, error_code="INTERNAL_ERROR")]
    with pytest.raises(LandingError, match="was not landed: the workspace has an internal error"):
        land(zone)
    assert zone.newest(DAY) is None
    # The answer to an upload that was carried out is lost, and it is sent again.
    workspace.faults = [Fault("PUT .*/files/.*json", 0, hangs_up=True)]
    landing = land(zone)
    content = workspace.place(str(landing.file)).read_text()
    assert [json.loads(line)["payload"] for line in content.splitlines()] == OBJECTS
    assert zone.newest(DAY) == landing.file


def test_a_folder_without_write_access_is_reported(
    zone: VolumeLandingZone, workspace: FakeWorkspace
) -> None:
    workspace.denied = {"WRITE_VOLUME"}
    with pytest.raises(LandingError, match=r"2024-03-01 was not landed: .* denied permission: "):
        land(zone)
