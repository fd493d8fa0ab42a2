"""The tracked schema in runs of bronze: what each mode does, and what is left on disk."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from neo_assets.checks.definitions import CheckInput, evaluate_drift
from neo_assets.lakehouse import schema_tracking, stages
from neo_assets.lakehouse.model.tables import BRONZE_NEO_EVENTS, BRONZE_RESCUED_DATA
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import CORRECT_SCHEMA, Request, StageError
from neo_assets.lakehouse.schema_tracking import Evolution
from neo_assets.lakehouse.schema_tracking.tracking import tracked_schemas
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze
from neo_assets.progress import discard_log
from neo_assets.sources.neows.dataset import NEO
from neo_assets_tests.lakehouse.feed_objects import (
    FeedObject,
    feed_object,
    fetched,
    land,
    rows_of,
)
from neo_assets_tests.real_data import CAPTURES, needs_real_data

FIRST = date(2024, 3, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def objects_of(on: date, **changes: Any) -> list[FeedObject]:
    """Two objects of a day, the second with changes."""
    return [feed_object(on, "2024 AA1"), feed_object(on, "2024 AB2", id="3000002", **changes)]


def drift_of(report: DayReport) -> list[tuple[str, str, str]]:
    return [(change["change"], change["field"], change["type"]) for change in report.drift]


def ingest(
    lakehouse: Lakehouse,
    on: date,
    objects: Sequence[FeedObject],
    evolution: Evolution = "addNewColumns",
    number: int = 0,
) -> DayReport:
    land(lakehouse, {on: [(fetched(number), objects)]})
    return bronze.ingest(lakehouse, NEO, [on], "a run", evolution)[0]


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def files_of(lakehouse: Lakehouse) -> dict[str, str]:
    directory = tracked_schemas(lakehouse, NEO).directory
    return {file.name: file.read_text() for file in sorted(directory.iterdir())}


def test_new_missing_and_changed_fields_make_a_version_and_are_reported_once(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline = ingest(lakehouse, day(0), objects_of(day(0), absolute_magnitude_h=None))
    assert (drift_of(baseline), baseline.details["schema_version"]) == ([], 1)
    assert list(files_of(lakehouse)) == ["000001.json"]

    # An unusual field may be missing, and null and another precision are no news.
    plain = objects_of(day(1), absolute_magnitude_h=21)
    plain[0]["name"] = None
    del plain[1]["id"]
    assert drift_of(ingest(lakehouse, day(1), plain)) == []
    assert list(files_of(lakehouse)) == ["000001.json"]

    changed = objects_of(day(3), moons=[{"name": "a", "mass": {"kg": 1}}], absolute_magnitude_h="x")
    changed[1]["close_approach_data"][0]['body\'s "speed"'] = 7
    for item in changed:
        del item["neo_reference_id"]
    # Killed after the append and before the tracking, a run is made up for by the next one.
    land(lakehouse, {day(3): [(fetched(0), changed)]})
    with monkeypatch.context() as killing:
        killing.setattr(schema_tracking, "track", killed)
        with pytest.raises(KeyboardInterrupt):
            bronze.ingest(lakehouse, NEO, [day(3)], "a run")
    before = files_of(lakehouse)
    report = bronze.ingest(lakehouse, NEO, [day(3)], "a run")[0]
    expected = [
        ("new", 'close_approach_data[].`body\'s "speed"`', "number"),
        ("new", "moons", "array"),
        ("gone", "neo_reference_id", "string"),
        ("changed_type", "absolute_magnitude_h", "string"),
    ]
    assert drift_of(report) == expected
    after = files_of(lakehouse)
    assert list(after) == ["000001.json", "000002.json"] and before.items() <= after.items()
    fields = json.loads(after["000002.json"])["fields"]
    moons = fields["moons"]
    assert (moons["types"], moons["is_usual"]) == (["array"], False)
    assert moons["since"]["feed_date"] == "2024-03-04" and moons["example"].startswith('[{"')
    assert fields["moons[].mass.kg"]["example"] == "1"
    assert fields["neo_reference_id"]["gone"]["feed_date"] == "2024-03-04"
    assert fields["absolute_magnitude_h"]["types"] == ["number"]

    outcome = evaluate_drift(CheckInput(report))
    assert not outcome.passed and outcome.severity == "WARN"
    assert (outcome.numbers["fields_new"], outcome.numbers["fields_gone"]) == (2, 1)
    assert "new: moons (array, such as [{" in outcome.description
    assert "gone: neo_reference_id (was string, such as" in outcome.description
    assert "changed in type: absolute_magnitude_h (was number, now string, such as " in (
        outcome.description
    )
    (rescued,) = rows_of(lakehouse, "bronze_rescued_data")
    assert json.loads(rescued["rescued_data"]) == {"absolute_magnitude_h": "x"}
    assert rescued["snapshot_id"] in rescued["source_file"]

    # Again, and a day between that arrives late: the same outcome, no version, no duplicates.
    again = bronze.ingest(lakehouse, NEO, [day(3)], "again")[0]
    assert drift_of(again) == expected
    late = ingest(lakehouse, day(2), objects_of(day(2), moons=[]))
    assert drift_of(late) == []
    assert files_of(lakehouse) == after
    assert len(rows_of(lakehouse, "bronze_rescued_data")) == 1


def test_days_in_one_run_are_as_days_one_by_one(lakehouse: Lakehouse) -> None:
    ingest(lakehouse, day(0), objects_of(day(0)))
    # The later day first.
    second = ingest(lakehouse, day(2), objects_of(day(2), later=1))
    assert drift_of(second) == [("new", "later", "number")]
    land(lakehouse, {day(1): [(fetched(0), objects_of(day(1), later="1", earlier=True))]})
    reports = bronze.ingest(lakehouse, NEO, [day(2), day(1), day(0)], "a run")
    assert [drift_of(report) for report in reports] == [
        [],
        [("new", "earlier", "boolean"), ("changed_type", "later", "string")],
        [("new", "later", "number")],
    ]
    assert reports[0].details["schema_version"] == 3


def test_the_modes_that_do_not_evolve(lakehouse: Lakehouse) -> None:
    assert drift_of(ingest(lakehouse, day(0), objects_of(day(0)), "none")) == []
    assert not tracked_schemas(lakehouse, NEO).directory.exists()
    ingest(lakehouse, day(0), objects_of(day(0)), "rescue")
    baseline = files_of(lakehouse)
    assert list(baseline) == ["000001.json"]

    strange = objects_of(day(1), unheard_of={"by": ["this", None]}, name=5)
    strange[1]["close_approach_data"].append({"orbiting_body": 3, "place": "x"})
    report = ingest(lakehouse, day(1), strange, "rescue")
    assert drift_of(report) == [
        ("new", "close_approach_data[].place", "string"),
        ("new", "unheard_of", "object"),
        ("changed_type", "close_approach_data[].orbiting_body", "mixed"),
        ("changed_type", "name", "number"),
    ]
    (row,) = lakehouse.read(BRONZE_RESCUED_DATA).collect()
    assert json.loads(row.rescued_data) == {
        "close_approach_data[].orbiting_body": ["Earth", 3],
        "close_approach_data[].place": [None, "x"],
        "name": 5,
        "unheard_of": {"by": ["this", None]},
    }
    assert row.rescued_fields == sorted(json.loads(row.rescued_data))

    # What is not taken into the schema is drift on later days too, since the first.
    later = ingest(lakehouse, day(5), objects_of(day(5), name=6), "rescue")
    assert [
        (change["field"], change["feed_date"], change["example"]) for change in later.drift
    ] == [("name", "2024-03-02", "6")]

    assert drift_of(ingest(lakehouse, day(2), objects_of(day(2), ignored=1), "none")) == []
    assert len(rows_of(lakehouse, "bronze_rescued_data")) == 2

    # A new field fails its own day alone, before anything of it is ingested.
    land(lakehouse, {day(3): [(fetched(0), objects_of(day(3), forbidden=1))]})
    land(lakehouse, {day(6): [(fetched(0), objects_of(day(6)))]})
    refusing = Request(BRONZE_NEO_EVENTS.name, "a run", [day(3), day(6)], (), "failOnNewColumns")
    for _ in range(2):
        result = stages.run(lakehouse, refusing, discard_log)
        assert list(result.failed) == [day(3)]
        assert "`forbidden` (number, such as 1, first in" in result.failed[day(3)]
        assert [(done.day, done.rows_out) for done in result.reports] == [(day(6), 2)]
        assert lakehouse.read_days(BRONZE_NEO_EVENTS, [day(3)]).isEmpty()
    assert files_of(lakehouse) == baseline
    report = bronze.ingest(lakehouse, NEO, [day(3)], "a run", "addNewColumns")[0]
    assert (report.rows_in, report.rows_out, drift_of(report)) == (
        2,
        2,
        [("new", "forbidden", "number")],
    )
    fine = ingest(lakehouse, day(4), objects_of(day(4), forbidden=2), "failOnNewColumns")
    assert (fine.rows_out, drift_of(fine)) == (2, [])
    # The day that introduced the field still reports it, and is not refused for it.
    assert bronze.days_that_fail(lakehouse, NEO, [day(3)], "failOnNewColumns") == {}
    same = bronze.ingest(lakehouse, NEO, [day(3)], "a run", "failOnNewColumns")[0]
    assert drift_of(same) == drift_of(report)

    # Whatever the mode, bronze has every object whole.
    rows = lakehouse.read_days(BRONZE_NEO_EVENTS, [day(1)]).selectExpr("to_json(payload) AS text")
    assert sorted(in_order(json.loads(row.text)) for row in rows.collect()) == sorted(
        map(in_order, strange)
    )


def test_a_type_learned_from_a_bad_answer_is_corrected(lakehouse: Lakehouse) -> None:
    bad = [feed_object(day(0), absolute_magnitude_h={"value": "21.3"})]
    assert drift_of(ingest(lakehouse, day(0), bad)) == []
    for number in (1, 2):
        report = ingest(lakehouse, day(number), [feed_object(day(number))])
        assert drift_of(report) == [("changed_type", "absolute_magnitude_h", "number")]
    before = files_of(lakehouse)

    def correct(field: str, *types: str) -> str:
        request = Request(CORRECT_SCHEMA, "by ada", field=field, types=types)
        return stages.run(lakehouse, request, discard_log).summary

    with pytest.raises(StageError, match=r"no field 'absolute_magnitude'; similar are absolute_m"):
        correct("absolute_magnitude", "number")
    with pytest.raises(StageError, match="double is no type of a field; the types are array, "):
        correct("absolute_magnitude_h", "number", "double")
    assert files_of(lakehouse) == before

    assert "(version 2) has absolute_magnitude_h as number" in correct(
        "absolute_magnitude_h", "number"
    )
    assert before.items() < files_of(lakehouse).items()
    fields = json.loads(files_of(lakehouse)["000002.json"])["fields"]
    assert fields["absolute_magnitude_h"]["types"] == ["number"]
    assert "absolute_magnitude_h.value" not in fields
    # Now the bad value is the one that is rescued, and no correct one is, on any day.
    (row,) = rows_of(lakehouse, "bronze_rescued_data")
    assert row["feed_date"] == day(0)
    assert json.loads(row["rescued_data"]) == {"absolute_magnitude_h": {"value": "21.3"}}
    assert drift_of(bronze.ingest(lakehouse, NEO, [day(1)], "again")[0]) == []
    assert drift_of(ingest(lakehouse, day(3), [feed_object(day(3))])) == []
    assert len(rows_of(lakehouse, "bronze_rescued_data")) == 1
    # Corrected again, nothing is written.
    after = files_of(lakehouse)
    correct("absolute_magnitude_h", "number")
    assert files_of(lakehouse) == after


def in_order(item: FeedObject) -> str:
    """An object as text, whatever the order of its fields."""
    return json.dumps(item, sort_keys=True)


@needs_real_data
def test_how_the_api_really_changed(lakehouse: Lakehouse) -> None:
    def answers(name: str) -> dict[date, list[FeedObject]]:
        days = json.loads((CAPTURES / name).read_text())["near_earth_objects"]
        return {date.fromisoformat(on): objects for on, objects in days.items()}

    def changes(name: str, number: int) -> dict[date, list[tuple[str, str]]]:
        days = answers(name)
        land(lakehouse, {on: [(fetched(number), objects)] for on, objects in days.items()})
        reports = bronze.ingest(lakehouse, NEO, list(days), "a run")
        return {
            report.day: [(change["change"], change["field"]) for change in report.drift]
            for report in reports
            if report.drift
        }

    assert changes("feed_2016-11-19_2016-11-20.json", 0) == {}
    assert changes("feed_2017-07-31_2017-08-07.json", 1) == {}
    assert changes("feed_2018-09-05.json", 2) == {}
    # By 2022 three fields had come, all on the first day that is looked at, and stayed.
    assert changes("feed_2022-07-27_2022-08-02.json", 3) == {
        date(2022, 7, 27): [
            ("new", "close_approach_data[].close_approach_date_full"),
            ("new", "id"),
            ("new", "is_sentry_object"),
        ]
    }
    assert changes("feed_2022-09-18_2022-09-25.json", 4) == {}
    # Asked for with details, an answer has the orbit; the full date had not come by 2015.
    assert changes("feed_2015-09-07_2015-09-10_detailed.json", 5) == {
        date(2015, 9, 7): [("new", "orbital_data")]
    }
    assert sorted(files_of(lakehouse)) == ["000001.json", "000002.json", "000003.json"]
    days = [on for file in CAPTURES.glob("feed_*.json") for on in answers(file.name)]
    landed = sum(
        len(objects) for file in CAPTURES.glob("*.json") for objects in answers(file.name).values()
    )
    assert lakehouse.read_days(BRONZE_NEO_EVENTS, days).count() == landed
