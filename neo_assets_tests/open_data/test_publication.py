"""What is published of which rows, and that nothing is written that has not changed."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import feedparser
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT, GOLD_NEO_REVISION
from neo_assets.open_data import approaches, publication
from neo_assets.open_data.publication import MissingTableError, Publication, publish
from neo_assets.sources.fireball.dataset import GOLD_FIREBALL
from neo_assets_tests.dashboard.agencies import event
from neo_assets_tests.dashboard.lakehouses import write
from neo_assets_tests.lakehouse.plain_reading import Row
from neo_assets_tests.open_data.rows import HOSTILE, KEYS, SEEN_AT, TODAY, fact, revision


class Place:
    """A folder of tables, and the one that is published."""

    def __init__(self, root: Path) -> None:
        self.tables, self.root = root / "tables", root / "open_data"

    def publish(self, *facts: Row, today: date = TODAY) -> Publication:
        write(self.tables, GOLD_NEO_FACT, facts)
        return publish(self.tables, self.root, today, ("neows",))

    def files(self) -> dict[str, tuple[int, int]]:
        """Each file, and what is another number when it has been replaced."""
        return {
            file.relative_to(self.root).as_posix(): (file.stat().st_ino, file.stat().st_mtime_ns)
            for file in self.root.rglob("*")
            if file.is_file()
        }

    def json(self, path: str) -> Any:
        return json.loads((self.root / path).read_text(encoding="utf-8"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    return {path for path in {*before, *after} if before.get(path) != after.get(path)}


@settings(max_examples=10, deadline=None)  # each example writes a table and its files
@given(
    listed=st.lists(st.tuples(st.sampled_from([*KEYS]), st.integers(0, 3)), unique=True, max_size=8)
)
def test_every_row_is_in_the_file_of_its_day_and_of_its_object_once(
    listed: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = Place(tmp_path_factory.mktemp("open_data"))
    rows = [fact(designation, TODAY + timedelta(days)) for designation, days in listed]
    place.publish(*rows)
    for folder, column in (("days", "close_approach_date"), ("objects", "neo_key")):
        expected = Counter((str(row[column]), row["neo_event_id"]) for row in rows)
        files = list((place.root / folder).glob("*.json"))
        read = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
        assert Counter((k, row["neo_event_id"]) for k, it in read.items() for row in it) == expected
        tables = {file: pq.read_table(file.with_suffix(".parquet")).to_pylist() for file in files}
        assert (
            Counter((file.stem, row["neo_event_id"]) for file, it in tables.items() for row in it)
            == expected
        )


def test_a_value_says_in_which_time_scale_it_is_and_keeps_every_digit(place: Place) -> None:
    place.publish(fact(miss_distance_km=0.1 + 0.2, relative_velocity_km_s=float("nan")))
    (row,) = place.json(f"days/{TODAY}.json")
    assert tuple(row) == GOLD_NEO_FACT.column_names
    assert row["neo_key"] == str(2**60 - 1)
    assert row["close_approach_at"] == "2024-05-20T14:32:00.000000"
    assert row["first_seen_at"] == "2024-05-13T06:30:00.000000Z"
    assert row["miss_distance_km"] == 0.1 + 0.2 and row["relative_velocity_km_s"] is None
    schema = pq.read_schema(place.root / f"days/{TODAY}.parquet")
    assert schema.field("close_approach_at").type.tz is None
    assert schema.field("first_seen_at").type.tz == "UTC"


def test_a_second_run_writes_nothing(place: Place) -> None:
    first = place.publish(fact(), fact("C/2014 S2"))
    files = place.files()
    assert first.written == len(files) == first.files + 1
    # The table has another version, with the same rows.
    second = place.publish(fact("C/2014 S2"), fact())
    assert second == Publication(rows=2, files=first.files, written=0)
    assert place.files() == files


def test_only_what_changed_is_written(place: Place) -> None:
    tomorrow = TODAY + timedelta(1)
    place.publish(fact(), fact("C/2014 S2", tomorrow))
    before = place.files()
    published = place.publish(fact(), fact("C/2014 S2", tomorrow, miss_distance_lunar=3.0))
    files = changed(before, place.files())
    assert files == {
        f"days/{tomorrow}.json",
        f"days/{tomorrow}.parquet",
        "objects/7.json",
        "objects/7.parquet",
        "tables/gold_neo_fact.parquet",
        "approaches.ics",
        "SHA256SUMS",
    }
    assert published.written == len(files)


def test_a_file_whose_rows_are_gone_stays_without_rows(place: Place) -> None:
    place.publish(fact(), fact("C/2014 S2", TODAY + timedelta(1)))
    before = place.files()
    for _ in range(2):
        place.publish(fact())
        assert place.files().keys() == before.keys()
        assert place.json("objects/7.json") == []
        assert pq.read_table(place.root / "objects/7.parquet").num_rows == 0
        assert [*place.json("index.json")["days"]] == [str(TODAY)]
    place.publish(fact(), fact("C/2014 S2", TODAY + timedelta(1)))
    assert len(place.json("objects/7.json")) == 1


def test_an_interrupted_run_is_made_up_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.publish(fact())
    with monkeypatch.context() as patched:
        patched.setattr(publication, "feed", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            place.publish(fact(miss_distance_lunar=3.0))
    place.publish(fact(miss_distance_lunar=3.0))
    complete = Place(place.root.parent / "complete")
    complete.publish(fact(miss_distance_lunar=3.0))
    for path in complete.files().keys() | place.files().keys():
        assert (place.root / path).read_bytes() == (complete.root / path).read_bytes()


def test_a_file_that_somebody_deleted_is_written_again(place: Place) -> None:
    place.publish(fact())
    for path in ("days/2024-05-20.parquet", "index.json", "SHA256SUMS"):
        (place.root / path).unlink()
        place.publish(fact())
        assert (place.root / path).exists()


def test_parquet_is_made_again_when_the_contract_changes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.publish(fact())
    before = place.files()
    monkeypatch.setattr(approaches, "small_parquet", lambda _: b"with another type")
    assert place.publish(fact()).written == 0
    monkeypatch.setattr(publication, "contract", lambda _: b"another one")
    place.publish(fact())
    assert changed(before, place.files()) == {
        f"days/{TODAY}.parquet",
        f"objects/{2**60 - 1}.parquet",
        "contract.odcs.yaml",
        "SHA256SUMS",
    }


def test_without_approaches_there_is_a_catalogue(place: Place) -> None:
    place.publish()
    assert place.json("index.json")["days"] == {} and place.json("objects.json") == []
    before = place.files()
    assert place.publish().written == 0
    assert place.files() == before


def test_a_table_that_is_missing_changes_nothing(place: Place) -> None:
    place.publish(fact())
    before = place.files()
    place.tables.rename(place.tables.with_name("elsewhere"))
    with pytest.raises(MissingTableError, match="Nothing was changed"):
        publish(place.tables, place.root, TODAY)
    assert place.files() == before


def test_a_table_of_a_source_that_is_left_out_stays_as_it_was(place: Place) -> None:
    place.publish()
    write(place.tables, GOLD_FIREBALL, [event()])
    publish(place.tables, place.root, TODAY)
    file = "tables/gold_fireball.parquet"
    before = place.files()[file]
    assert pq.read_table(place.root / file).num_rows == 1
    place.publish()
    assert place.files()[file] == before
    assert file in (place.root / "SHA256SUMS").read_text()
    assert file not in {table["path"] for table in place.json("index.json")["tables"]}


def test_the_feed_has_an_entry_for_each_day_that_a_snapshot_changed(place: Place) -> None:
    later = SEEN_AT + timedelta(1)
    write(
        place.tables,
        GOLD_NEO_REVISION,
        [
            revision(),
            revision("C/2014 S2"),
            revision(revision=2, what="changed", changed_columns=["name"], seen_at=later),
        ],
    )
    place.publish(fact())
    read = feedparser.parse(place.root / "changes.atom")
    assert [(entry.title, entry.summary) for entry in read.entries] == [
        ("2024-05-20: 1 changed", "2024 AA1 changed (name)"),
        ("2024-05-20: 2 first seen", "2024 AA1 first seen; C/2014 S2 first seen"),
    ]


def test_a_name_is_text_and_nothing_else(place: Place) -> None:
    write(place.tables, GOLD_NEO_REVISION, [revision(HOSTILE)])
    place.publish(fact(HOSTILE))
    (entry,) = feedparser.parse(place.root / "changes.atom").entries
    assert entry.summary == "&lt;b&gt;;\\x07&amp; first seen"
    (event,) = Calendar.from_ical((place.root / "approaches.ics").read_bytes()).events
    assert str(event["summary"]) == "<b>;\\x07& passes Earth at 10.0 lunar distances"
    assert place.json("objects.json")[0]["designation"] == HOSTILE


def test_the_calendar_has_the_last_and_the_next_days(place: Place) -> None:
    days = [TODAY - timedelta(31), TODAY - timedelta(30), TODAY, TODAY + timedelta(7)]
    place.publish(
        *(fact(day=day) for day in days),
        fact("C/2014 S2", is_withdrawn=True, close_approach_at=None, miss_distance_lunar=None),
    )
    read = Calendar.from_ical((place.root / "approaches.ics").read_bytes())
    events = sorted(read.events, key=lambda event: str(event["uid"]))
    assert [(str(event["uid"]), event.start, str(event["status"])) for event in events] == [
        ("2024-04-20|Earth|2024 AA1@neo_assets", at(2024, 4, 20), "CONFIRMED"),
        ("2024-05-20|Earth|2024 AA1@neo_assets", at(2024, 5, 20), "CONFIRMED"),
        ("2024-05-20|Earth|C/2014 S2@neo_assets", TODAY, "CANCELLED"),
        ("2024-05-27|Earth|2024 AA1@neo_assets", at(2024, 5, 27), "CONFIRMED"),
    ]
    assert str(events[2]["summary"]) == "C/2014 S2 passes Earth"


def at(year: int, month: int, day: int) -> datetime:
    """14:32 TDB of a day in UTC."""
    return datetime(year, month, day, 14, 30, 51, tzinfo=timezone.utc)
