"""Schema tracking: what is new, gone or changed in type, and what each mode does about it."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.checks.verdicts import Evidence, judge_drift
from neo_assets.lakehouse import bronze, schema_tracking
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.schema_tracking import (
    Evolution,
    SchemaChangedError,
    TrackedSchemas,
    fields_of,
    parent_of,
    steps_of,
    tracked_schemas,
)
from neo_assets.lakehouse.storage import Lakehouse
from neo_assets.lakehouse.tables import BRONZE_NEO_EVENTS, BRONZE_RESCUED_DATA
from neo_assets_tests.real_data import CAPTURES, needs_real_data

from .feed_objects import FeedObject, feed_object, fetched, land, rows_of

FIRST = date(2024, 3, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def objects_of(on: date, **changes: Any) -> list[FeedObject]:
    """Two objects of a day, the second with changes."""
    return [feed_object(on, "2024 AA1"), feed_object(on, "2024 AB2", id="3000002", **changes)]


def told(report: DayReport) -> list[tuple[str, str, str]]:
    return [(change["change"], change["field"], change["type"]) for change in report.drift]


def ingest(
    lakehouse: Lakehouse,
    on: date,
    objects: Sequence[FeedObject],
    evolution: Evolution = "addNewColumns",
    number: int = 0,
) -> DayReport:
    land(lakehouse, {on: [(fetched(number), objects)]})
    return bronze.ingest(lakehouse, [on], "a run", evolution)[0]


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def files_of(lakehouse: Lakehouse) -> dict[str, str]:
    directory = tracked_schemas(lakehouse).directory
    return {file.name: file.read_text() for file in sorted(directory.iterdir())}


# What a shape says; the words are those of Spark 4.2.


def test_the_fields_of_a_shape() -> None:
    shape = (
        "OBJECT<``: BIGINT, `1a`: NUMBER, `<:>`: ARRAY<DECIMAL(21,1)>, BIGINT: STRING, "
        "`a b.c`: BIGINT, e: ARRAY<VOID>, emp: OBJECT<>, mix: ARRAY<VARIANT>, n: VOID, "
        "o: ARRAY<OBJECT<k: VARIANT, m: ARRAY<OBJECT<q: BOOLEAN>>, z: BIGINT>>, `x``y`: DOUBLE>"
    )
    assert fields_of(shape) == {
        "``": "number",
        "`1a`": "number",
        "`<:>`": "array",
        "`<:>`[]": "number",
        "BIGINT": "string",
        "`a b.c`": "number",
        "e": "array",
        "e[]": "null",
        "emp": "object",
        "mix": "array",
        "mix[]": "mixed",
        "n": "null",
        "o": "array",
        "o[]": "object",
        "o[].k": "mixed",
        "o[].m": "array",
        "o[].m[]": "object",
        "o[].m[].q": "boolean",
        "o[].z": "number",
        "`x``y`": "number",
    }
    assert [fields_of(shape) for shape in ("VOID", "STRING", "OBJECT<>")] == [{}, {}, {}]


TYPES = st.recursive(
    st.sampled_from(["STRING", "BIGINT", "DECIMAL(4,2)", "DOUBLE", "BOOLEAN", "VOID", "VARIANT"]),
    lambda inner: st.one_of(
        st.tuples(st.just("ARRAY"), inner),
        st.dictionaries(st.text(max_size=6), inner, max_size=4),
    ),
    max_leaves=12,
)
WORDS = {
    "STRING": "string",
    "BOOLEAN": "boolean",
    "VOID": "null",
    "VARIANT": "mixed",
}


def written(value: Any) -> str:
    if isinstance(value, dict):
        return f"OBJECT<{', '.join(f'{quoted(k)}: {written(v)}' for k, v in value.items())}>"
    return f"ARRAY<{written(value[1])}>" if isinstance(value, tuple) else str(value)


def quoted(name: str) -> str:
    is_bare = name.isascii() and name.isidentifier()
    return name if is_bare else "`" + name.replace("`", "``") + "`"


def read_plainly(value: Any, steps: tuple[str | None, ...] = ()) -> dict[Any, str]:
    here = {steps: WORDS.get(str(value), "number")}
    if isinstance(value, tuple):
        return {steps: "array", **read_plainly(value[1], (*steps, None))}
    if isinstance(value, dict):
        found = {steps: "object"}
        for name, inner in value.items():
            found |= read_plainly(inner, (*steps, name))
        return found
    return here


@given(TYPES)
def test_any_shape_is_read_back(value: Any) -> None:
    plain = read_plainly(value)
    del plain[()]
    fields = fields_of(written(value))
    assert {tuple(steps_of(path)): type_name for path, type_name in fields.items()} == plain
    for path in fields:
        assert tuple(steps_of(parent_of(path))) == tuple(steps_of(path))[:-1]


def test_a_version_is_never_changed(tmp_path: Path) -> None:
    schemas = TrackedSchemas(tmp_path / "schemas")
    assert schemas.newest() == (0, {})
    schemas.publish(1, {}, "a run")
    with pytest.raises(FileExistsError, match="never changed"):
        schemas.publish(1, {}, "another")
    assert [file.name for file in schemas.directory.iterdir()] == ["000001.json"]


def test_what_is_new_gone_and_changed_becomes_a_version_and_is_told_once(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline = ingest(lakehouse, day(0), objects_of(day(0), absolute_magnitude_h=None))
    assert (told(baseline), baseline.details["schema_version"]) == ([], 1)
    assert list(files_of(lakehouse)) == ["000001.json"]

    # An unusual field may be missing, and null and another precision are no news.
    plain = objects_of(day(1), absolute_magnitude_h=21)
    plain[0]["name"] = None
    del plain[1]["id"]
    assert told(ingest(lakehouse, day(1), plain)) == []
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
            bronze.ingest(lakehouse, [day(3)], "a run")
    before = files_of(lakehouse)
    report = bronze.ingest(lakehouse, [day(3)], "a run")[0]
    expected = [
        ("new", 'close_approach_data[].`body\'s "speed"`', "number"),
        ("new", "moons", "array"),
        ("gone", "neo_reference_id", "string"),
        ("changed_type", "absolute_magnitude_h", "string"),
    ]
    assert told(report) == expected
    after = files_of(lakehouse)
    assert list(after) == ["000001.json", "000002.json"] and before.items() <= after.items()
    fields = json.loads(after["000002.json"])["fields"]
    moons = fields["moons"]
    assert (moons["types"], moons["is_usual"]) == (["array"], False)
    assert moons["since"]["feed_date"] == "2024-03-04" and moons["example"].startswith('[{"')
    assert fields["moons[].mass.kg"]["example"] == "1"
    assert fields["neo_reference_id"]["gone"]["feed_date"] == "2024-03-04"
    assert fields["absolute_magnitude_h"]["types"] == ["number"]

    verdict = judge_drift(Evidence(report))
    assert not verdict.passed and verdict.severity == "WARN"
    assert (verdict.numbers["fields_new"], verdict.numbers["fields_gone"]) == (2, 1)
    assert "new: moons (array, such as [{" in verdict.description
    assert "gone: neo_reference_id (was string, such as" in verdict.description
    assert "changed in type: absolute_magnitude_h (was number, now string, such as " in (
        verdict.description
    )
    (rescued,) = rows_of(lakehouse, "bronze_rescued_data")
    assert json.loads(rescued["rescued_data"]) == {"absolute_magnitude_h": "x"}
    assert rescued["snapshot_id"] in rescued["source_file"]

    # Again, and a day between that arrives late: the same verdict, no version, nothing doubled.
    again = bronze.ingest(lakehouse, [day(3)], "again")[0]
    assert told(again) == expected
    late = ingest(lakehouse, day(2), objects_of(day(2), moons=[]))
    assert told(late) == []
    assert files_of(lakehouse) == after
    assert len(rows_of(lakehouse, "bronze_rescued_data")) == 1


def test_days_in_one_run_are_as_days_one_by_one(lakehouse: Lakehouse) -> None:
    ingest(lakehouse, day(0), objects_of(day(0)))
    # The later day first.
    second = ingest(lakehouse, day(2), objects_of(day(2), later=1))
    assert told(second) == [("new", "later", "number")]
    land(lakehouse, {day(1): [(fetched(0), objects_of(day(1), later="1", earlier=True))]})
    reports = bronze.ingest(lakehouse, [day(2), day(1), day(0)], "a run")
    assert [told(report) for report in reports] == [
        [],
        [("new", "earlier", "boolean"), ("changed_type", "later", "string")],
        [("new", "later", "number")],
    ]
    assert reports[0].details["schema_version"] == 3


def test_the_modes_that_do_not_evolve(lakehouse: Lakehouse) -> None:
    assert told(ingest(lakehouse, day(0), objects_of(day(0)), "none")) == []
    assert not tracked_schemas(lakehouse).directory.exists()
    ingest(lakehouse, day(0), objects_of(day(0)), "rescue")
    baseline = files_of(lakehouse)
    assert list(baseline) == ["000001.json"]

    strange = objects_of(day(1), unheard_of={"by": ["this", None]}, name=5)
    strange[1]["close_approach_data"].append({"orbiting_body": 3, "place": "x"})
    report = ingest(lakehouse, day(1), strange, "rescue")
    assert told(report) == [
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

    assert told(ingest(lakehouse, day(2), objects_of(day(2), ignored=1), "none")) == []
    assert len(rows_of(lakehouse, "bronze_rescued_data")) == 2

    land(lakehouse, {day(3): [(fetched(0), objects_of(day(3), forbidden=1))]})
    for _ in range(2):
        with pytest.raises(SchemaChangedError, match=r"`forbidden` \(number, such as 1, first in"):
            bronze.ingest(lakehouse, [day(3)], "a run", "failOnNewColumns")
        assert lakehouse.read_days(BRONZE_NEO_EVENTS, [day(3)]).isEmpty()
    assert files_of(lakehouse) == baseline
    report = bronze.ingest(lakehouse, [day(3)], "a run", "addNewColumns")[0]
    assert (report.rows_in, report.rows_out, told(report)) == (
        2,
        2,
        [("new", "forbidden", "number")],
    )
    fine = ingest(lakehouse, day(4), objects_of(day(4), forbidden=2), "failOnNewColumns")
    assert (fine.rows_out, told(fine)) == (2, [])
    # The day that brought the field in still says so, and is not refused for it.
    same = bronze.ingest(lakehouse, [day(3)], "a run", "failOnNewColumns")[0]
    assert told(same) == told(report)

    # Whatever the mode, bronze has every object whole.
    rows = lakehouse.read_days(BRONZE_NEO_EVENTS, [day(1)]).selectExpr("to_json(payload) AS text")
    assert sorted(in_order(json.loads(row.text)) for row in rows.collect()) == sorted(
        map(in_order, strange)
    )


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
        reports = bronze.ingest(lakehouse, list(days), "a run")
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
    # Asked for with details, an answer has the orbit; kept from an older form, no full date.
    assert changes("feed_2015-09-07_2015-09-10_detailed.json", 5) == {
        date(2015, 9, 7): [
            ("new", "orbital_data"),
            ("gone", "close_approach_data[].close_approach_date_full"),
        ]
    }
    assert sorted(files_of(lakehouse)) == ["000001.json", "000002.json", "000003.json"]
    days = [on for file in CAPTURES.glob("feed_*.json") for on in answers(file.name)]
    landed = sum(
        len(objects) for file in CAPTURES.glob("*.json") for objects in answers(file.name).values()
    )
    assert lakehouse.read_days(BRONZE_NEO_EVENTS, days).count() == landed
