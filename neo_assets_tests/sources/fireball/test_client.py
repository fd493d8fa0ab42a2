"""How JPL's fireballs are requested, and how those of one second are distinguished."""

import gzip
import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.settings import Settings
from neo_assets.sources.base import DaySnapshot
from neo_assets.sources.fireball import FIREBALL
from neo_assets.sources.fireball.client import event_day, numbered
from neo_assets_tests.real_data import FIREBALLS, needs_real_data
from neo_assets_tests.sources.agency_service import AgencyService, Reply, asked, serve
from neo_assets_tests.sources.jpl_rows import fireball, reply

DAY = date(2024, 3, 1)
DAYS = [DAY + timedelta(days=number) for number in range(3)]


def fetch(service: AgencyService, days: Sequence[date] = DAYS) -> list[DaySnapshot]:
    settings = Settings.model_validate({"neo_source": "nasa", "jpl_base_url": service.address})
    outcomes = list(FIREBALL.fetch(settings, days, lambda _: None, lambda _: None))
    assert all(isinstance(outcome, DaySnapshot) for outcome in outcomes)
    return [outcome for outcome in outcomes if isinstance(outcome, DaySnapshot)]


def test_one_call_covers_all_days_and_most_have_no_event() -> None:
    rows = [fireball(DAYS[1]), fireball(DAYS[1], "23:59:59")]
    with serve(reply(rows, "1.2")) as service:
        found = fetch(service)
    assert asked(service) == [{"date-min": "2024-03-01", "date-max": "2024-03-04"}]
    assert [list(each.objects) for each in found] == [[], rows, []]
    assert {(each.api_version, each.warnings) for each in found} == {("1.2", ())}


def test_two_events_of_one_second_have_numbers_and_a_repeat_has_none() -> None:
    north, south = fireball(DAY, **{"lat-dir": "N"}), fireball(DAY, **{"lat-dir": "S"})
    other = fireball(DAY, "03:51:48")
    expected = [{**south, "occurrence": 2}, north, north, other]
    assert list(numbered([south, north, north, other])) == expected
    assert list(numbered([north, other, south, north])) == [
        north,
        other,
        {**south, "occurrence": 2},
        north,
    ]


rows = st.lists(
    st.builds(
        lambda second, energy, place: fireball(
            DAY, f"00:00:0{second}", energy=energy, **({"lat": place, "lon": place})
        ),
        st.integers(0, 2),
        st.sampled_from(["2.0", "3.1", "40"]),
        st.sampled_from([None, "10.5", "80.0"]),
    ),
    max_size=8,
)


@given(rows, st.randoms(use_true_random=False))
def test_numbers_do_not_depend_on_the_order_of_a_response(
    events: list[dict[str, Any]], chance: Any
) -> None:
    def identities(events: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps(event, sort_keys=True) for event in numbered(events))

    shuffled = list(events)
    chance.shuffle(shuffled)
    assert identities(shuffled) == identities(events)
    keys = {(event["date"], event.get("occurrence", 1)) for event in numbered(events)}
    assert len(keys) == len(set(identities(events)))


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-02-29 23:59:59", date(2024, 2, 29)),
        ("2024-02-29", date(2024, 2, 29)),
        ("2023-02-29 00:00:00", None),
        ("2024-Feb-29 23:59:59", None),
        (None, None),
        ("", None),
    ],
)
def test_the_day_of_an_event(written: object, day: date | None) -> None:
    assert event_day({"date": written}) == day


@needs_real_data
def test_the_real_fireballs_share_no_second() -> None:
    body = gzip.decompress(FIREBALLS.read_bytes())
    first, last = date(1988, 4, 15), date(2026, 5, 31)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    with serve(Reply(body)) as service:
        found = fetch(service, days)
    assert sum(len(each.objects) for each in found) == 1060
    assert not any("occurrence" in item for each in found for item in each.objects)
    assert found[0].warnings == ()
