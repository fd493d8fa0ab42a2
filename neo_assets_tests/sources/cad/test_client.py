"""How JPL's close approaches are requested, and which day each belongs to."""

import gzip
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from neo_assets.settings import Settings
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot
from neo_assets.sources.cad import CAD
from neo_assets.sources.cad.client import approach_day
from neo_assets.sources.errors import FeedError
from neo_assets_tests.real_data import CLOSE_APPROACHES_2020, needs_real_data
from neo_assets_tests.sources.agency_service import AgencyService, Reply, asked, serve
from neo_assets_tests.sources.jpl_rows import approach, reply

FIRST = date(2024, 2, 28)
DAYS = [FIRST + timedelta(days=number) for number in range(3)]


def fetch(service: AgencyService, days: Sequence[date] = DAYS) -> list[DayOutcome]:
    settings = Settings.model_validate(
        {"neo_source": "nasa", "jpl_base_url": service.address, "neo_http_retries": 1}
    )
    return list(CAD.fetch(settings, days, lambda _: None, lambda _: None))


def snapshots(outcomes: Sequence[DayOutcome]) -> list[DaySnapshot]:
    assert all(isinstance(outcome, DaySnapshot) for outcome in outcomes)
    return [outcome for outcome in outcomes if isinstance(outcome, DaySnapshot)]


def test_one_call_covers_all_days_and_each_has_its_own_rows() -> None:
    rows = [approach(DAYS[0]), approach(DAYS[2], "433"), approach(DAYS[2], "2024 CD")]
    with serve(reply(rows, "1.5")) as service:
        found = snapshots(fetch(service))
    assert asked(service) == [
        {
            "date-min": "2024-02-28",
            "date-max": "2024-03-02",
            "dist-max": "0.5",
            "body": "Earth",
            "fullname": "true",
            "diameter": "true",
        }
    ]
    assert [request.path for request in service.requests] == ["/cad.api"]
    assert [(each.day, list(each.objects)) for each in found] == [
        (DAYS[0], rows[:1]),
        (DAYS[1], []),
        (DAYS[2], rows[1:]),
    ]
    assert {each.api_version for each in found} == {"1.5"}
    assert {each.warnings for each in found} == {()}


def test_days_that_are_apart_take_a_call_each() -> None:
    with serve(reply([], "1.5")) as service:
        found = snapshots(fetch(service, [date(2024, 1, 1), date(2024, 6, 1)]))
    assert [call["date-min"] for call in asked(service)] == ["2024-01-01", "2024-06-01"]
    assert [list(each.objects) for each in found] == [[], []]
    assert CAD.calls(DAYS) == 1


def test_the_day_after_the_last_is_not_taken() -> None:
    rows = [approach(DAYS[2]), approach(DAYS[2] + timedelta(days=1), "2024 CD")]
    with serve(reply(rows, "1.5")) as service:
        assert [len(each.objects) for each in snapshots(fetch(service))] == [0, 0, 1]


def test_a_row_without_a_readable_day_is_counted_where_it_was_listed() -> None:
    unreadable = approach(DAYS[0], "2024 CD", cd=None)
    with serve(reply([approach(DAYS[1]), unreadable, approach(DAYS[2])], "1.5")) as service:
        found = snapshots(fetch(service))
    assert [len(each.objects) for each in found] == [0, 2, 1]
    assert found[1].objects[1] == unreadable


def test_another_version_is_warned_of() -> None:
    with serve(reply([], "1.6")) as service:
        found = snapshots(fetch(service))
    assert {each.warnings for each in found} == {
        ("cad.api has version 1.6 where 1.5 is known, so compare its documentation",)
    }
    assert {each.api_version for each in found} == {"1.6"}


def test_a_response_about_other_days_is_requested_again_and_fails_its_days() -> None:
    with serve(reply([approach(date(2023, 1, 1))], "1.5")) as service:
        outcomes = fetch(service)
    assert len(service.requests) == 2
    assert [type(outcome) for outcome in outcomes] == [DayFailure] * 3
    assert "answered for 2023-01-01" in str(outcomes[0])


def test_a_service_that_is_down_ends_the_run() -> None:
    with serve(Reply(b"", 503)) as service, pytest.raises(FeedError, match="JPL answered 503"):
        fetch(service)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-Feb-29 23:59", date(2024, 2, 29)),
        (" 2024-Feb-29 23:59", date(2024, 2, 29)),
        ("2024-Feb-29", date(2024, 2, 29)),
        ("2023-Feb-29 10:00", None),
        ("2024-Foo-01 10:00", None),
        ("2024-02-29 10:00", None),
        ("2024-Feb-291", None),
        ("", None),
        (None, None),
        (2460370.5, None),
    ],
)
def test_the_day_of_an_approach(written: object, day: date | None) -> None:
    assert approach_day({"cd": written}) == day


@needs_real_data
def test_the_real_approaches_of_a_year() -> None:
    body = gzip.decompress(CLOSE_APPROACHES_2020.read_bytes())
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(366)]
    with serve(Reply(body)) as service:
        found = snapshots(fetch(service, days))
    assert [each.day for each in found] == days
    assert sum(len(each.objects) for each in found) == 4700
    assert min(len(each.objects) for each in found) > 0
    assert all(approach_day(item) == each.day for each in found for item in each.objects)
    designations = Counter(item["des"] for each in found for item in each.objects)
    assert len(designations) > 4000
    assert "version 1.1" in found[0].warnings[0]
