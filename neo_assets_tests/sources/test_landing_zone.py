"""Event files on a real disk, written by several processes, some of which are killed."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from neo_assets.sources import landing_zone
from neo_assets.sources.landing_zone import Landing, LandingError, LandingZone
from neo_assets.targets.local import landing_zone as local_landing_zone
from neo_assets.targets.local.landing_zone import LocalLandingZone
from neo_assets_tests.faults import injected

DAY = date(2024, 3, 1)
NOON = datetime(2024, 3, 10, 12, tzinfo=timezone.utc)
OBJECTS: list[dict[str, Any]] = [
    {"id": "1", "name": "(2024 AB)", "h": 20.1},
    {"id": "2", "name": "Ångström"},
]


@pytest.fixture
def zone(tmp_path: Path) -> LandingZone:
    return LocalLandingZone(tmp_path / "landing/neo_feed")


def land(
    zone: LandingZone, objects: Sequence[dict[str, Any]] = OBJECTS, at: datetime = NOON
) -> Landing:
    return zone.land(DAY, objects, source="nasa", fetched_at=at)


def events(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def files(zone: LandingZone) -> list[str]:
    """What Spark would find: everything but names that begin with a dot or an underscore."""
    return sorted(
        path.relative_to(zone.root).as_posix()
        for path in zone.root.rglob("*")
        if path.is_file() and not path.name.startswith((".", "_"))
    )


def unfinished(zone: LandingZone) -> list[Path]:
    return sorted(zone.root.rglob("*unfinished*"))


def test_a_snapshot_is_a_file_and_an_object_a_line(zone: LandingZone) -> None:
    landing = land(zone)
    assert (landing.day, landing.is_new, landing.objects, landing.repeated) == (DAY, True, 2, 0)
    assert files(zone) == [f"feed_date=2024-03-01/{landing.file.name}"]
    assert events(landing.file) == [
        {
            "feed_date": "2024-03-01",
            "source": "nasa",
            "fetched_at": "2024-03-10T12:00:00.000000Z",
            "snapshot_id": landing.file.stem,
            "payload": item,
        }
        for item in OBJECTS
    ]
    assert landing.file.stem.startswith("20240310T120000000000Z-")
    assert zone.newest(DAY) == landing.file


def test_the_version_of_the_interface_is_kept_and_is_no_content(zone: LandingZone) -> None:
    landing = zone.land(DAY, OBJECTS, source="nasa", fetched_at=NOON, api_version="1.5")
    assert [event["api_version"] for event in events(landing.file)] == ["1.5", "1.5"]
    assert [list(event)[-1] for event in events(landing.file)] == ["payload", "payload"]
    assert not zone.damaged(DAY)
    again = zone.land(DAY, OBJECTS, source="nasa", fetched_at=NOON, api_version="1.6")
    assert not again.is_new


def test_a_day_without_objects_differs_from_a_day_never_fetched(zone: LandingZone) -> None:
    assert zone.newest(DAY) is None
    landing = land(zone, [])
    assert (landing.is_new, landing.objects) == (True, 0)
    (event,) = events(landing.file)
    assert "payload" not in event
    assert not land(zone, [], NOON + timedelta(hours=1)).is_new
    assert zone.newest(DAY - timedelta(days=1)) is None


def test_identical_content_is_not_landed_twice(zone: LandingZone) -> None:
    first = land(zone)
    turned = [dict(reversed(item.items())) for item in reversed(OBJECTS)]
    again = land(zone, turned, NOON + timedelta(hours=1))
    assert (again.is_new, again.file, again.objects) == (False, first.file, 2)
    assert len(files(zone)) == 1


@pytest.mark.parametrize(
    "other",
    [
        [],
        OBJECTS[:1],
        [*OBJECTS, OBJECTS[0]],
        [{**OBJECTS[0], "h": 20.2}, OBJECTS[1]],
        [{**OBJECTS[0], "h": "20.1"}, OBJECTS[1]],
        [{**OBJECTS[0], "new": None}, OBJECTS[1]],
    ],
)
def test_other_content_is_a_new_snapshot(zone: LandingZone, other: list[dict[str, Any]]) -> None:
    first = land(zone)
    second = land(zone, other, NOON + timedelta(hours=1))
    third = land(zone, OBJECTS, NOON + timedelta(hours=2))
    assert second.is_new and third.is_new
    assert [first.file, second.file, third.file] == sorted(first.file.parent.glob("*.json"))
    assert zone.newest(DAY) == third.file


CHANGES: dict[str, Callable[[str], str]] = {
    "cut off": lambda text: text[: len(text) // 2],
    "a line less": lambda text: text.partition("\n")[2],
    "a value edited": lambda text: text.replace("20.1", "20.2"),
    "empty": lambda _: "",
    "nested too deeply": lambda _: '{"payload": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "no text": lambda _: "\ud83d\x00",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_damaged_file_is_found_and_the_next_answer_takes_its_place(
    zone: LandingZone, change: str
) -> None:
    whole = land(zone, OBJECTS[:1])
    file = land(zone, at=NOON + timedelta(hours=1)).file
    assert zone.damaged(DAY) == []
    text = file.read_text()
    file.write_bytes(CHANGES[change](text).encode("utf-8", "surrogatepass"))
    injected("damaged event files")
    assert zone.damaged(DAY) == [file]
    assert f"{DAY}" in landing_zone.damage([file]) and file.name in landing_zone.damage([file])

    again = land(zone, at=NOON + timedelta(hours=2))
    assert again.is_new and len(events(again.file)) == 2
    assert [renamed.name for renamed in again.set_aside] == [f".{file.name}.damaged"]
    assert files(zone) == sorted(
        f"{DAY:feed_date=%Y-%m-%d}/{f.name}" for f in (whole.file, again.file)
    )
    assert zone.damaged(DAY) == []


def test_differences_that_are_no_damage(zone: LandingZone) -> None:
    file = land(zone).file
    first, second = file.read_text().splitlines()
    file.write_text(f"{second}\nnot JSON\n{first}\n")
    file.with_name("by hand.json").write_text("not JSON")
    empty = zone.land(DAY - timedelta(days=1), [], source="nasa", fetched_at=NOON)
    assert zone.damaged(DAY) == zone.damaged(DAY - timedelta(days=1)) == []
    assert not land(zone).is_new and not empty.set_aside
    assert zone.damaged(DAY + timedelta(days=1)) == []


@pytest.mark.parametrize("left", [0, 1, 40, -2])
def test_a_cut_off_file_of_a_day_without_objects_is_damaged(zone: LandingZone, left: int) -> None:
    """The digest of nothing is right for any file without objects: the event itself must be there.

    `left` is how much of the file is left; -2 cuts off the closing brace and the end of the line.
    """
    file = land(zone, []).file
    file.write_bytes(file.read_bytes()[:left])
    injected("damaged event files")
    assert zone.damaged(DAY) == [file]
    again = land(zone, [], NOON + timedelta(hours=1))
    assert again.is_new and [renamed.name for renamed in again.set_aside] == [
        f".{file.name}.damaged"
    ]
    assert zone.damaged(DAY) == [] and len(events(again.file)) == 1


def test_folders_that_are_no_days_are_passed_over(zone: LandingZone) -> None:
    file = land(zone).file
    names = (f"feed_date={DAY} (copy)", "feed_date=2024-02-30", "feed_date=2024-3-1", "feed_date=")
    for name in (*names, "2024-03-05", f"old feed_date={DAY}"):
        shutil.copytree(file.parent, zone.root / name)
    assert zone.days() == [DAY]


def test_objects_listed_twice_are_counted_and_kept(zone: LandingZone) -> None:
    landing = land(zone, [OBJECTS[0], OBJECTS[1], OBJECTS[0], {**OBJECTS[0], "h": 1}])
    assert (landing.objects, landing.repeated) == (4, 1)
    assert len(events(landing.file)) == 4


@pytest.mark.parametrize("step", [timedelta(0), timedelta(hours=-5), timedelta(days=-4000)])
def test_clock_that_goes_back(zone: LandingZone, step: timedelta) -> None:
    first = land(zone)
    second = land(zone, OBJECTS[:1], NOON + step)
    assert second.is_new
    assert zone.newest(DAY) == second.file > first.file
    assert events(second.file)[0]["fetched_at"] == "2024-03-10T12:00:00.000001Z"
    assert events(second.file)[0]["snapshot_id"] == second.file.stem


def test_times_of_other_zones_are_landed_as_utc(zone: LandingZone) -> None:
    landing = land(zone, at=NOON.astimezone(timezone(timedelta(hours=9))))
    assert events(landing.file)[0]["fetched_at"] == "2024-03-10T12:00:00.000000Z"


def test_other_files_of_a_day_are_no_snapshots(zone: LandingZone) -> None:
    landing = land(zone)
    (landing.file.parent / "notes.json").write_text("{}")
    (landing.file.parent / ".hidden.json").write_text("{}")
    assert zone.newest(DAY) == landing.file
    assert not land(zone).is_new


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Half surrogate pairs as well, which JSON can write and UTF-8 cannot.
    | st.text(st.characters(exclude_categories=()), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


# How long a disk takes for it is irrelevant.
@settings(deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=8), JSON, max_size=4), max_size=4), st.randoms())
def test_whatever_json_can_hold_is_landed_unchanged(
    objects: list[dict[str, Any]], chance: random.Random
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        zone = LocalLandingZone(Path(folder))
        landing = land(zone, objects)
        content = landing.file.read_bytes()
        assert content.isascii() and content.endswith(b"\n")
        assert content.count(b"\n") == max(1, len(objects))
        payloads = [event["payload"] for event in events(landing.file) if objects]
        assert [repr(payload) for payload in payloads] == [repr(item) for item in objects]
        shuffled = chance.sample(objects, len(objects))
        assert not land(zone, shuffled, NOON + timedelta(hours=1)).is_new


def test_file_and_names_are_on_the_disk_before_it_counts(
    zone: LandingZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, rename = os.fsync, Path.rename

    def name_of(descriptor: int) -> str:
        return Path(f"/proc/self/fd/{descriptor}").readlink().name

    def syncing(descriptor: int) -> None:
        steps.append(f"sync {name_of(descriptor)}")
        sync(descriptor)

    def renaming(self: Path, target: Path) -> Path:
        steps.append(f"{self.name} -> {target.name}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(Path, "rename", renaming)
    if not Path("/proc/self/fd").exists():
        pytest.skip("the names of open files are not to be had here")
    name = land(zone).file.name
    assert steps == [
        f"sync .{name}.unfinished",
        f".{name}.unfinished -> {name}",
        "sync feed_date=2024-03-01",
        "sync neo_feed",
    ]


# What goes wrong on the way.


def test_leftovers_of_a_killed_process_are_harmless_and_cleared(zone: LandingZone) -> None:
    landing = land(zone)
    leftover = landing.file.with_name(".20990101T000000000000Z-0123456789abcdef.json.unfinished")
    leftover.write_text('{"feed_date": "2024-0')
    assert files(zone) == [f"feed_date=2024-03-01/{landing.file.name}"]
    assert zone.newest(DAY) == landing.file
    assert not land(zone).is_new
    assert unfinished(zone) == []


def run(program: str, *arguments: object) -> "subprocess.Popen[str]":
    """A process of its own that knows `zone`, `DAY`, `NOON` and `OBJECTS`."""
    opening = f"""
        import sys
        from pathlib import Path
        from {__name__} import DAY, NOON, OBJECTS, land
        from neo_assets.sources.landing_zone import LandingError, LandingZone
        from neo_assets.targets.local.landing_zone import LocalLandingZone
        zone = LocalLandingZone(Path(sys.argv[1]))
    """
    return subprocess.Popen(
        [sys.executable, "-c", dedent(opening) + dedent(program), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


KILLED_IN_THE_MIDDLE = """
    import os, signal

    steps = int(sys.argv[2])

    def step(frame, event, argument):
        global steps
        steps -= 1
        if not steps:
            os.kill(os.getpid(), signal.SIGKILL)
        return step

    def begin(frame, event, argument):
        place = frame.f_code
        if not place.co_filename.endswith("/landing_zone.py"):
            return None
        return step if place.co_name in ("land", "_clear", "_publish", "_sync") else None

    sys.settrace(begin)
    land(zone, OBJECTS * 1000)
    sys.settrace(None)
    print(steps)
"""
"""Is killed after a number of lines of the landing zone."""


def test_kill_in_the_middle_of_landing(tmp_path: Path) -> None:
    enough = 1_000_000
    with run(KILLED_IN_THE_MIDDLE, tmp_path / "whole", enough) as process:
        taken = enough - int(process.communicate()[0])
    assert 30 < taken < 100
    content = land(LocalLandingZone(tmp_path / "reference"), OBJECTS * 1000).file.read_bytes()

    found = {"nothing": 0, "unfinished": 0, "whole": 0}
    # Close enough together to hit the lines between the first byte and the last.
    for moment in range(1, taken, 3):
        zone = LocalLandingZone(tmp_path / str(moment))
        with run(KILLED_IN_THE_MIDDLE, zone.root, moment) as process:
            process.wait()
        assert process.returncode == -signal.SIGKILL, f"step {moment} of {taken}"
        injected("kills while landing")
        for file in files(zone):
            assert (zone.root / file).read_bytes() == content
        found["unfinished" if unfinished(zone) else "whole" if files(zone) else "nothing"] += 1
        landing = land(zone, OBJECTS * 1000)
        assert landing.file.read_bytes() == content
        assert len(files(zone)) == 1 and unfinished(zone) == []
    # Otherwise no process was killed where it matters.
    assert all(found.values()), found


def test_several_processes_land_the_same_day_at_once(zone: LandingZone) -> None:
    rounds, writers = 20, 3
    program = f"""
        print("ready", flush=True)
        sys.stdin.read()
        for number in range({rounds}):
            # Every process has the same things to land, each in an order of its own.
            landing = land(zone, [{{"round": number}}, *OBJECTS][:: int(sys.argv[2])])
            print(landing.file.name, landing.is_new)
    """
    processes = [run(program, zone.root, 1 if number % 2 else -1) for number in range(writers)]
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.close()
    lines: list[str] = []
    for process in processes:
        with process:
            assert process.stdout
            lines += process.stdout.read().splitlines()
        assert process.returncode == 0
    assert len(lines) == rounds * writers
    landed = [line.split()[0] for line in lines if line.endswith("True")]
    # Each new snapshot was landed by exactly one of them, and nothing is lost or half there.
    assert sorted(f"feed_date=2024-03-01/{name}" for name in landed) == files(zone)
    for file in files(zone):
        numbers = [event["payload"].get("round") for event in events(zone.root / file)]
        assert len(numbers) == 3 and len(set(numbers) - {None}) == 1
    assert unfinished(zone) == []


def test_disk_full(zone: LandingZone) -> None:
    before = land(zone, OBJECTS).file
    program = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        try:
            land(zone, OBJECTS * 1000)
        except LandingError as error:
            print(error)
    """
    with run(program, zone.root) as process:
        message, _ = process.communicate()
    assert message == (
        f"2024-03-01 could not be landed in {before.parent} (File too large) and nothing of it was "
        "kept; see that there is room and that it may be written, and run the day again.\n"
    )
    assert zone.newest(DAY) == before
    assert files(zone) == [f"feed_date=2024-03-01/{before.name}"] and unfinished(zone) == []


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "landing").write_text("a file where a folder should be")
    with pytest.raises(
        LandingError, match=r"^2024-03-01 could not be landed in .*directory\) and "
    ):
        land(LocalLandingZone(tmp_path / "landing"))


def test_interrupted_landing_leaves_nothing(
    zone: LandingZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            land(zone)
    assert files(zone) == [] and unfinished(zone) == []
    assert land(zone).is_new


def test_landing_that_never_ends_elsewhere(
    zone: LandingZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = land(zone).file.parent
    monkeypatch.setattr(local_landing_zone, "LONGEST_LOCK_S", 0.2)
    sentence = r"^2024-03-01 .* another process .* day again\.$"
    with FileLock(directory / ".landing.lock"), pytest.raises(LandingError, match=sentence):
        land(zone, [])


def test_a_copy_under_another_name_is_a_snapshot_if_it_holds_events(zone: LandingZone) -> None:
    landing = land(zone)
    copy = landing.file.with_name("restored.json")
    copy.write_text(landing.file.read_text().splitlines()[0] + "\n")
    newest, objects = zone.landed(DAY)
    assert (newest.file, newest.objects, list(objects)) == (copy, 1, OBJECTS[:1])
    for content in ("no event\n", "7\n"):
        copy.write_text(content)
        with pytest.raises(
            LandingError, match=r"feed_date=2024-03-01/restored.json is no event file"
        ):
            zone.landed(DAY)
    # An empty one is none.
    copy.write_text("")
    assert zone.landed(DAY)[0].file == landing.file
