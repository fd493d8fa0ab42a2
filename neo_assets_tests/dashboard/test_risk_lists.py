"""What is shown of published odds."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.dashboard.data import dashboard_data
from neo_assets.dashboard.formatting import one_in
from neo_assets.dashboard.published import OddsComparison, OddsRevision, Published, Said
from neo_assets.dashboard.risk_lists import (
    ENTERED,
    FELL,
    FIRST_SNAPSHOT,
    KINDS,
    LEFT,
    ROSE,
    SMALLER,
    object_name,
    odds_differences,
    odds_history,
)
from neo_assets.dashboard.tables import read_tables
from neo_assets.sources.impact_risk import GOLD_IMPACT_RISK, RISK_AGREEMENT
from neo_assets_tests.dashboard.agencies import at, odds, side_by_side
from neo_assets_tests.dashboard.lakehouses import TODAY, write

TITLES = {"sentry": "JPL's Sentry list", "esa_risk": "ESA's risk list"}
FIRST, SECOND, THIRD = (at(TODAY - timedelta(ago)) for ago in (30, 20, 10))


def revisions(*rows: Mapping[str, object]) -> Published[OddsRevision]:
    names = OddsRevision.__dataclass_fields__
    said = tuple(OddsRevision(**{name: odds(**row)[name] for name in names}) for row in rows)
    return Published("Odds of an impact", TITLES, said, {})


def test_each_change_is_of_one_kind() -> None:
    shown = odds_history(
        revisions(
            {"designation": "A", "seen_at": FIRST, "seen_until": SECOND},
            {"designation": "A", "seen_at": SECOND, "revision_type": "removed"},
            {"designation": "B", "seen_at": FIRST, "revision_type": "removed"},
            {"designation": "B", "seen_at": THIRD, "revision_type": "relisted"},
            {"designation": "C", "seen_at": SECOND},
            *(
                {
                    "designation": str(factor),
                    "seen_at": THIRD,
                    "revision_type": "revised",
                    "odds_factor": factor,
                }
                for factor in (0.0, 0.1, 0.11, 1.0, 9.9, 10.0, 1234.5, None)
            ),
            # The first snapshot of the other list is a later one.
            {"designation": "A", "source": "esa_risk", "seen_at": THIRD},
        )
    )
    assert shown.kinds == {FIRST_SNAPSHOT: 3, LEFT: 1, ENTERED: 2, FELL: 2, ROSE: 2, SMALLER: 4}
    assert [(it.revision.designation, it.what) for it in shown.changes] == [
        ("B", "entered again"),
        ("1234.5", "odds 1,234 times as high"),
        ("10.0", "odds 10 times as high"),
        ("0.1", "odds 1/10 as high"),
        ("0.0", "odds fell to zero"),
        ("C", "entered"),
        ("A", "left"),
    ]
    assert shown.first_seen_at == FIRST


ROWS = st.lists(
    st.tuples(
        st.sampled_from(list(TITLES)),
        st.sampled_from("ABC"),
        st.integers(0, 40),
        st.sampled_from(["listed", "revised", "removed", "relisted"]),
        st.none() | st.floats(0, 1000),
    ),
    unique_by=lambda row: row[:3],
)


@given(ROWS)
def test_every_revision_is_counted_once(
    rows: list[tuple[str, str, int, str, float | None]],
) -> None:
    published = revisions(
        *(
            {
                "source": source,
                "designation": designation,
                "seen_at": at(TODAY - timedelta(ago)),
                "revision_type": revision_type,
                "odds_factor": factor if revision_type == "revised" else None,
            }
            for source, designation, ago, revision_type, factor in rows
        )
    )
    shown = odds_history(published)
    assert sum(shown.kinds.values()) == len(rows) and {*shown.kinds} <= {*KINDS}
    listed = Counter(it.revision for it in shown.changes)
    assert not listed - Counter(published.rows)
    assert listed.total() == len(rows) - sum(
        shown.kinds.get(kind, 0) for kind in (SMALLER, FIRST_SNAPSHOT)
    )


def test_the_worst_objects_are_those_that_are_listed_now() -> None:
    shown = odds_history(
        revisions(
            *(
                {"designation": name, "palermo_cumulative": float(-place)}
                for place, name in enumerate("ABCDEFGH", start=1)
            ),
            {"designation": "Z", "palermo_cumulative": 0.0, "seen_until": THIRD},
            {"designation": "Z", "seen_at": THIRD, "revision_type": "removed"},
            {"designation": "H", "source": "esa_risk", "palermo_cumulative": -0.5},
            {"designation": "Y", "palermo_cumulative": None},
        )
    )
    assert [it.designation for it in shown.worst] == ["H", "A", "B", "C", "D", "E"]
    assert shown.listed == {"sentry": 9, "esa_risk": 1}
    assert [it.source for it in shown.worst[0].revisions] == ["esa_risk", "sentry"]


def test_designations_of_one_object_are_one_object() -> None:
    shown = odds_history(
        revisions(
            {"designation": "1999 RQ36", "name": "101955 Bennu (1999 RQ36)", "number": "101955"},
            {"designation": "101955", "source": "esa_risk", "name": "Bennu", "number": "101955"},
            {"designation": "1999 RQ36", "seen_at": at(TODAY - timedelta(40)), "name": None},
        )
    )
    (bennu,) = shown.worst
    assert (bennu.name, bennu.designation) == ("101955 Bennu (1999 RQ36)", "101955")
    assert len(bennu.revisions) == 3


@pytest.mark.parametrize(
    ("number", "name", "expected"),
    [
        (None, "2023OW4", "2023 OW4"),
        ("101955", "Bennu", "101955 Bennu"),
        ("29075", "29075 (1950 DA)", "29075 (1950 DA)"),
        ("29075", None, "2023 OW4"),
    ],
)
def test_names(number: str | None, name: str | None, expected: str) -> None:
    assert object_name(number, name, "2023 OW4") == expected


def compared(identity: str, reason: str, palermo: float | None, worst: float) -> OddsComparison:
    said = Said(1e-5, worst, 2110)
    both = {"sentry": said, "esa_risk": said} if palermo is not None else {"sentry": said}
    return OddsComparison(identity, None, both, 1.0, palermo, reason)


MEANINGS = RISK_AGREEMENT.meanings("reason")


@given(st.lists(st.sampled_from([*MEANINGS, "another"])))
def test_every_object_has_one_reason(reasons: list[str]) -> None:
    rows = tuple(compared(str(place), name, 1.0, -3.0) for place, name in enumerate(reasons))
    shown = odds_differences(Published("", TITLES, rows, MEANINGS))
    found = Counter(it for reason in shown.reasons for it in [it.object for it in reason.objects])
    assert found == Counter(it.object for it in rows)
    assert {it.name: len(it.objects) for it in shown.reasons} == Counter(reasons)
    assert {it.object for it in shown.largest} == {it.object for it in rows if it.reason != "agree"}
    assert shown.objects == len(rows)


def test_the_worst_are_named_first() -> None:
    rows = (
        compared("A", "horizon", 0.6, -3.0),
        compared("B", "horizon", -2.0, -5.0),
        compared("C", "only_sentry", None, -4.0),
        compared("D", "only_sentry", None, -2.0),
        compared("E", "agree", 0.1, -1.0),
    )
    shown = odds_differences(Published("", TITLES, rows, MEANINGS))
    assert [(it.name, [each.object for each in it.objects]) for it in shown.reasons] == [
        ("agree", ["E"]),
        ("horizon", ["B", "A"]),
        ("only_sentry", ["D", "C"]),
    ]
    assert [it.object for it in shown.largest] == ["B", "A"]


@pytest.mark.parametrize(
    ("sources", "has_history", "has_differences"),
    [("sentry,esa_risk", 2, True), ("sentry", 1, False), ("neows", None, False)],
)
def test_only_what_is_included_is_shown(
    tmp_path: Path,
    sources: str,
    has_history: int | None,
    has_differences: bool,
) -> None:
    rows = [odds(), odds(source="esa_risk", name="2024AA1")]
    write(tmp_path, GOLD_IMPACT_RISK, rows)
    write(tmp_path, RISK_AGREEMENT, side_by_side(rows))
    shown = dashboard_data(read_tables(tmp_path, sources.split(",")), TODAY)
    assert (shown.odds and sum(shown.odds.kinds.values())) == has_history
    assert (shown.differences is not None) == has_differences
    assert shown.includes_approaches == (sources == "neows")


def test_a_table_without_rows_and_no_table(tmp_path: Path) -> None:
    shown = dashboard_data(read_tables(tmp_path), TODAY)
    assert shown.odds is None and shown.differences is None
    write(tmp_path, GOLD_IMPACT_RISK, [])
    write(tmp_path, RISK_AGREEMENT, [])
    shown = dashboard_data(read_tables(tmp_path), TODAY)
    assert shown.odds and not shown.odds.kinds and not shown.odds.worst
    assert shown.differences and not shown.differences.objects


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (None, "-"),
        (0.0, "0"),
        (1.0, "1 in 1.0"),
        (0.3, "1 in 3.3"),
        (3.7e-4, "1 in 2,700"),
        (1.1e-10, "1 in 9,100,000,000"),
    ],
)
def test_odds_in_words(probability: float | None, expected: str) -> None:
    assert one_in(probability) == expected
