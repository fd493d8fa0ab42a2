"""Days one after another against the tracked schema: what is reported, tracked and kept out."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from neo_assets.lakehouse.schema_tracking.comparison import Drift
from neo_assets.lakehouse.schema_tracking.evolution import Course, follow
from neo_assets.lakehouse.schema_tracking.observations import Observation, Sight
from neo_assets.lakehouse.schema_tracking.shapes import is_below
from neo_assets.lakehouse.schema_tracking.versions import Field, Fields, Schema

from .shapes import example_of, types, written

FIRST = date(2024, 3, 1)
NOTHING = Schema(0, {})

Objects = dict[str, Any]
"""The type of an object: types by the names of its fields."""
Day = Sequence[Sequence[Objects]]
"""The snapshots of a day, each with its objects."""

OBJECTS = st.dictionaries(
    st.sampled_from("ab"),
    types(("STRING", "BIGINT", "VOID"), st.sampled_from("xy"), 3),
    max_size=2,
)
DAYS: st.SearchStrategy[list[Day]] = st.lists(
    st.lists(st.lists(OBJECTS, max_size=3), min_size=1, max_size=2), min_size=1, max_size=5
)
BASELINES = st.lists(OBJECTS, min_size=1, max_size=3)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def observed(number: int, *snapshots: Sequence[Objects]) -> list[Observation]:
    return [
        Observation(
            Sight(str(day(number)), f"snapshot {index}", f"{day(number)}/{index}.json"),
            shape,
            sum(written(other) == shape for other in objects),
            next(json.dumps(example_of(other)) for other in objects if written(other) == shape),
        )
        for index, objects in enumerate(snapshots)
        for shape in sorted({written(other) for other in objects})
    ]


def observed_days(days: Sequence[Day], first: int = 0) -> list[Observation]:
    return [
        observation
        for number, snapshots in enumerate(days, first)
        for observation in observed(number, *snapshots)
    ]


def baseline_of(objects: Sequence[Objects]) -> Schema:
    return follow(NOTHING, observed(0, objects), evolves=True).schemas[-1]


def drift_by_day(course: Course) -> dict[int, list[tuple[str, str]]]:
    return {
        (on - FIRST).days: [(change["change"], change["field"]) for change in drift]
        for on, drift in course.drift.items()
    }


def numbers(course: Course) -> list[int]:
    return [schema.version for schema in course.schemas]


def test_the_first_batch_is_the_baseline() -> None:
    course = follow(
        NOTHING, [*observed(0, [{"a": "VOID"}]), *observed(1, [{"a": "STRING"}])], evolves=False
    )
    assert (numbers(course), course.drift, course.unfit) == ([0, 1], {}, {})
    since = Sight("2024-03-01", "snapshot 0", "2024-03-01/0.json")
    assert course.schemas[-1].fields == {"a": Field(("string",), True, '"text"', 1, since)}
    assert follow(NOTHING, [], evolves=True).schemas == [NOTHING]


def test_only_the_topmost_new_field_is_reported() -> None:
    tracked = baseline_of([{"a": "STRING"}])
    days = [*observed(1, [{"b": {"x": "STRING"}}]), *observed(2, [{"b": {"y": {"z": "STRING"}}}])]
    course = follow(tracked, days, evolves=True)
    assert drift_by_day(course) == {
        1: [("new", "b"), ("gone", "a")],
        2: [("new", "b.y"), ("gone", "b.x")],
    }
    assert numbers(course) == [1, 2]
    assert course.drift[day(2)][0] == {
        "change": "new",
        "field": "b.y",
        "type": "object",
        "tracked_type": "",
        "feed_date": "2024-03-03",
        "snapshot_id": "snapshot 0",
        "source_file": "2024-03-03/0.json",
        "example": '{"z": "text"}',
    }
    assert drift_by_day(follow(course.schemas[-1], days, evolves=True)) == drift_by_day(course)


def test_a_field_that_was_null_has_the_types_of_its_first_day_with_values() -> None:
    tracked = baseline_of([{"a": "VOID", "b": "VOID"}])
    course = follow(tracked, observed(1, [{"a": "STRING"}, {"a": "BIGINT"}]), evolves=True)
    assert drift_by_day(course) == {1: [("gone", "b")]}
    field = course.schemas[-1].fields["a"]
    assert (field.types, field.example) == (("number", "string"), "1")
    assert (field.version, field.since) == (1, tracked.fields["a"].since)
    course = follow(course.schemas[-1], observed(2, [{"a": "BOOLEAN"}]), evolves=True)
    assert drift_by_day(course) == {2: [("changed_type", "a")]}
    assert course.drift[day(2)][0]["tracked_type"] == "number/string"


def test_a_missing_field_is_reported_once_and_not_for_earlier_days() -> None:
    usual = [{"a": "STRING", "b": "STRING"}] * 9
    start = observed(0, [{"a": "STRING"}])
    came, without = observed(2, usual), observed(5, usual, [{"a": "STRING"}])
    tracked = follow(NOTHING, start, evolves=True).schemas[-1]
    course = follow(tracked, [*came, *without, *observed(6, [{"a": "STRING"}])], evolves=True)
    assert drift_by_day(course) == {2: [("new", "b")], 5: [("gone", "b")]}
    gone = course.schemas[-1].fields["b"].gone
    assert gone and (gone.feed_date, gone.snapshot_id) == ("2024-03-06", "snapshot 1")

    # Before it is missing, a day that arrives late does not report it either.
    tracked = follow(tracked, came, evolves=True).schemas[-1]
    late = follow(tracked, [*start, *observed(1, [{"a": "STRING"}])], evolves=True)
    assert (late.drift, numbers(late)) == ({}, [2])


def test_if_the_parent_of_a_field_changes_only_the_parent_is_reported() -> None:
    tracked = baseline_of([{"a": {"x": {"y": "STRING"}}}])
    of_day: dict[int, list[Objects]] = {
        1: [{"a": ("ARRAY", "STRING")}],
        2: [{"a": "VOID"}],
        3: [{"a": {}}],
        4: [{}],
    }
    observations = [
        seen for number, objects in of_day.items() for seen in observed(number, objects)
    ]
    assert drift_by_day(follow(tracked, observations, evolves=True)) == {
        1: [("changed_type", "a")],
        3: [("gone", "a.x")],
        4: [("gone", "a")],
    }


def test_a_field_that_nine_in_ten_objects_have_is_usual() -> None:
    one, both = {"a": "STRING"}, {"a": "STRING", "b": "STRING"}
    assert baseline_of([one, *[both] * 9]).fields["b"].is_usual
    assert not baseline_of([*[one] * 11, *[both] * 89]).fields["b"].is_usual
    # Of those that have what holds it.
    assert baseline_of([one, {**one, "c": {"x": "STRING"}}]).fields["c.x"].is_usual


def test_a_value_of_another_type_is_kept_out_with_all_that_is_in_it() -> None:
    tracked = baseline_of([{"a": "STRING"}])
    odd = {"a": {"x": "STRING"}}
    for evolves in (True, False):
        course = follow(tracked, observed(1, [odd, {"a": "VOID"}]), evolves=evolves)
        assert drift_by_day(course) == {1: [("changed_type", "a")]}
        assert course.unfit == {(day(1), written(odd)): ("a",)}
        assert course.schemas == [tracked]


@given(BASELINES, DAYS, st.booleans())
def test_days_compared_again_get_the_same_result_and_no_version(
    baseline: list[Objects], days: list[Day], evolves: bool
) -> None:
    observations = observed_days(days, 1)
    for start in (NOTHING, baseline_of(baseline)):
        first = follow(start, observations, evolves=evolves)
        again = follow(first.schemas[-1], observations, evolves=evolves)
        assert again.schemas == first.schemas[-1:]
        assert (drift_by_day(again), again.unfit) == (drift_by_day(first), first.unfit)


@given(BASELINES, DAYS, st.data())
def test_days_in_any_split_end_in_the_same_schema(
    baseline: list[Objects], days: list[Day], data: st.DataObject
) -> None:
    schema = baseline_of(baseline)
    at_once = follow(schema, observed_days(days, 1), evolves=True)
    cuts = data.draw(st.sets(st.integers(0, len(days))), "where the days are split")
    drift: dict[date, Sequence[Drift]] = {}
    for begin, end in pairwise(sorted({0, *cuts, len(days)})):
        run = follow(schema, observed_days(days[begin:end], 1 + begin), evolves=True)
        schema = run.schemas[-1]
        drift |= run.drift
    assert without_version(schema.fields) == without_version(at_once.schemas[-1].fields)
    assert drift == at_once.drift


@given(BASELINES, DAYS, st.booleans())
def test_every_field_is_tracked_or_kept_out(
    baseline: list[Objects], days: list[Day], evolves: bool
) -> None:
    start = baseline_of(baseline)
    observations = observed_days(days, 1)
    course = follow(start, observations, evolves=evolves)
    fields = course.schemas[-1].fields
    assert evolves or course.schemas == [start]
    for observation in observations:
        on = date.fromisoformat(observation.sight.feed_date)
        unfit = course.unfit.get((on, observation.shape), ())
        for path, type_name in observation.fields.items():
            is_kept_out = path in unfit or is_below(path, unfit)
            assert is_kept_out or fields[path].accepts(type_name)


def without_version(fields: Fields) -> Fields:
    return {path: replace(field, version=0) for path, field in fields.items()}
