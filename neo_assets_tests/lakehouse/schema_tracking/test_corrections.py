"""Corrections of a tracked schema, and the mode that refuses new fields, without Spark."""

import pytest

from neo_assets.lakehouse.request import StageError
from neo_assets.lakehouse.schema_tracking.tracking import _corrected, _refusal

from .test_evolution import NOTHING, baseline_of, observed


def test_the_fields_of_a_missing_object_are_missing_with_it() -> None:
    learned = baseline_of([{"a": {"x": "STRING"}, "b": "STRING"}])
    corrected = _corrected(learned, "a", ["number"])
    assert corrected.version == learned.version + 1
    assert {path: field.types for path, field in corrected.fields.items()} == {
        "a": ("number",),
        "b": ("string",),
    }
    both = _corrected(learned, "a", ["object", "number"])
    assert both.fields["a"].types == ("number", "object") and "a.x" in both.fields
    assert _corrected(corrected, "a", ["number"]) == corrected


@pytest.mark.parametrize(
    ("field", "types", "message"),
    [
        ("aa", ["number"], "no field 'aa'; similar are a"),
        ("a", ["double"], "double is no type of a field; the types are array, "),
        ("a", [], "None is no type of a field"),
    ],
)
def test_a_correction_that_means_nothing_is_refused(
    field: str, types: list[str], message: str
) -> None:
    with pytest.raises(StageError, match=message):
        _corrected(baseline_of([{"a": "STRING"}]), field, types)
    with pytest.raises(StageError, match="has no field"):
        _corrected(NOTHING, "a", ["string"])


def test_a_refusal_names_some_of_many_new_fields() -> None:
    tracked = baseline_of([{"a": "STRING"}])
    assert _refusal(tracked, observed(1, [{"a": "STRING"}])) == ""
    many = {f"`{'n' * 500}{number}`": "BIGINT" for number in range(100)}
    refusal = _refusal(tracked, observed(1, [{"a": "STRING"} | many]))
    assert "does not know `" in refusal and "and 90 more; set NEO_SCHEMA_EVOLUTION" in refusal
    assert len(refusal) < 5_000
