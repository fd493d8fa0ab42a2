"""Types as Spark writes them, read into paths."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from neo_assets.lakehouse.schema_tracking.shapes import (
    fields_of,
    holder_of,
    is_below,
    parent_of,
    steps_of,
)

from .shapes import LEAVES, types, written

WORDS = {"STRING": "string", "BOOLEAN": "boolean", "VOID": "null", "VARIANT": "mixed"}


def test_the_fields_of_a_shape() -> None:
    # The type names are those of Spark 4.2.
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


def read_plainly(value: Any, steps: tuple[str | None, ...] = ()) -> dict[Any, str]:
    if isinstance(value, tuple):
        return {steps: "array", **read_plainly(value[1], (*steps, None))}
    if isinstance(value, dict):
        found = {steps: "object"}
        for name, inner in value.items():
            found |= read_plainly(inner, (*steps, name))
        return found
    return {steps: WORDS.get(value, "number")}


@given(types(LEAVES, st.text(max_size=6), max_leaves=12))
def test_any_shape_is_read_back(value: Any) -> None:
    plain = read_plainly(value)
    root = plain.pop(())
    fields = fields_of(written(value))
    steps = {path: tuple(steps_of(path)) for path in fields}
    assert {steps[path]: type_name for path, type_name in fields.items()} == plain
    for path in fields:
        assert tuple(steps_of(parent_of(path))) == steps[path][:-1]
        assert fields.get(parent_of(path), root) == holder_of(path)
        for place in fields:
            is_inside = steps[place] == steps[path][: len(steps[place])] and place != path
            assert is_below(path, [place]) == is_inside
