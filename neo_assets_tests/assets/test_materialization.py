"""How failed days are reported."""

from datetime import date, timedelta

from neo_assets.assets.materialization import _by_span, _share


def test_each_reason_is_printed_once_for_consecutive_days() -> None:
    first = date(2024, 3, 1)
    days = [first + timedelta(days=number) for number in range(6)]
    failed = {days[0]: "a", days[1]: "a", days[2]: "b", days[4]: "b", days[5]: "b"}
    assert _by_span(failed) == "2024-03-01…2024-03-02: a; 2024-03-03: b; 2024-03-05…2024-03-06: b"


def test_others_are_only_mentioned_where_there_are_others() -> None:
    assert _share(1, 1) == "The day failed."
    assert _share(3, 3) == "All 3 days failed."
    assert _share(1, 3) == "1 of 3 days failed, the others are done."
