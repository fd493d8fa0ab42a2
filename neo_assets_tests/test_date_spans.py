from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from neo_assets.date_spans import expanded, spans, spans_by_reason

DAYS = st.dates(date(2024, 2, 20), date(2024, 3, 20))
A_DAY = timedelta(days=1)


@given(st.lists(DAYS), st.none() | st.integers(1, 9))
def test_they_cover_exactly_the_days_and_are_as_few_as_possible(
    days: list[date], longest: int | None
) -> None:
    found = spans(days, longest)
    assert list(expanded(found)) == sorted(set(days))
    lengths = [(last - first).days + 1 for first, last in found]
    assert longest is None or all(length <= longest for length in lengths)
    # A span ends at a gap, or because it is full.
    for (_, last), (first, _), length in zip(found, found[1:], lengths, strict=False):
        assert first - last > A_DAY or length == longest


@given(st.dictionaries(DAYS, st.sampled_from(["late", "held"])))
def test_each_span_has_the_reason_of_its_days(reasons: dict[date, str]) -> None:
    found = spans_by_reason(reasons)
    shared = {day: reason for *span, reason in found for day in expanded([(span[0], span[1])])}
    assert shared == reasons
    for (_, last, reason), (first, _, other) in pairwise(found):
        assert first - last > A_DAY or reason != other
