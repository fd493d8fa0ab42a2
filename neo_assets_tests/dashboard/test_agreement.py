"""What is shown of approaches that two sources list."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.dashboard.agreement import OUTCOMES, agreement_shown
from neo_assets.dashboard.data import dashboard_data
from neo_assets.dashboard.formatting import reason
from neo_assets.dashboard.published import ApproachComparison, Published
from neo_assets.dashboard.tables import read_tables
from neo_assets.sources.neows.agreement import GOLD_CLOSE_APPROACH_AGREEMENT
from neo_assets_tests.dashboard.lakehouses import TODAY, write

TITLES = {"neows": "NASA's NeoWs feed", "cad": "JPL's close-approach data"}
MEANINGS = GOLD_CLOSE_APPROACH_AGREEMENT.meanings("reason")
LAST = TODAY + timedelta(7)


@given(st.lists(st.tuples(st.integers(-70, 20), st.sampled_from([*MEANINGS, "another"]))))
def test_every_approach_is_counted_once(rows: list[tuple[int, str]]) -> None:
    approaches = tuple(
        ApproachComparison(str(number), TODAY + timedelta(days), None, name)
        for number, (days, name) in enumerate(rows)
    )
    shown = agreement_shown(Published("", TITLES, approaches, MEANINGS), TODAY, LAST)
    assert {it.name: it.approaches for it in shown.reasons} == Counter(name for _, name in rows)
    assert shown.approaches == len(rows)
    assert Counter(
        {(it.day, outcome): count for it in shown.days for outcome, count in it.outcomes.items()}
    ) == Counter(
        (
            TODAY + timedelta(days),
            name if name in ("agree", "unexplained") else "explained",
        )
        for days, name in rows
        if -60 < days <= 7
    )
    assert all({*it.outcomes} <= {*OUTCOMES} for it in shown.days)
    assert len(shown.unexplained) == sum(name == "unexplained" for _, name in rows)


def test_the_worst_is_named_first() -> None:
    approaches = tuple(
        ApproachComparison(name, TODAY, difference, "unexplained")
        for name, difference in (("A", 1e-5), ("B", None), ("C", -1e-3))
    )
    shown = agreement_shown(Published("", TITLES, approaches, MEANINGS), TODAY, LAST)
    assert [it.designation for it in shown.unexplained] == ["C", "A", "B"]


@pytest.mark.parametrize(("sources", "is_shown"), [(["neows", "cad"], True), (["neows"], False)])
def test_it_is_read_where_both_are_included(
    tmp_path: Path, sources: list[str], is_shown: bool
) -> None:
    row = {"designation": "A", "close_approach_date": TODAY, "reason": "only_cad"}
    write(tmp_path, GOLD_CLOSE_APPROACH_AGREEMENT, [row])
    shown = dashboard_data(read_tables(tmp_path, sources), TODAY).agreement
    assert (shown is not None) == is_shown
    if shown:
        assert shown.titles == TITLES
        assert [(it.name, it.meaning) for it in shown.reasons] == [
            ("only_cad", "only CAD lists the approach")
        ]


def test_reasons_in_words() -> None:
    assert reason("only_cad", TITLES) == "only JPL's close-approach data"
    assert reason("older_orbit", TITLES) == "older orbit"
    assert reason("cad", TITLES) == "cad"
