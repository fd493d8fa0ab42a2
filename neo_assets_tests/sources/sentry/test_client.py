"""What requesting Sentry results in, against a service that plays responses over real HTTP."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.settings import Settings
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot
from neo_assets.sources.errors import FeedError
from neo_assets.sources.jpl import JplResponse
from neo_assets.sources.sentry import SENTRY
from neo_assets.sources.sentry.client import together
from neo_assets_tests.real_data import SENTRY_LIST, needs_real_data
from neo_assets_tests.sources.agency_service import Reply, asked, serve

DAY = date(2024, 3, 1)
LISTED: list[dict[str, Any]] = [
    {"des": "2024 AA", "ip": "1e-5", "n_imp": 3},
    {"des": "2024 BB", "ip": "2e-5"},
]
REMOVED: list[dict[str, Any]] = [{"des": "2023 XX", "removed": "2024-01-05 13:12:11"}]


def body(objects: list[dict[str, Any]], version: str = "2.0", **more: Any) -> Reply:
    content = {"signature": {"version": version}, "count": len(objects), "data": objects, **more}
    return Reply(json.dumps(content).encode())


def fetched(*replies: Reply, retries: int = 0) -> tuple[DayOutcome, list[dict[str, str]]]:
    with serve(*replies) as service:
        settings = Settings(
            neo_source="nasa", jpl_base_url=service.address, neo_http_retries=retries
        )
        (outcome,) = SENTRY.fetch(settings, [DAY], lambda _: None, lambda _: None)
        assert all(request.path == "/sentry.api" for request in service.requests)
        return outcome, list(asked(service))


def test_the_list_and_the_removed_objects_are_one_snapshot() -> None:
    outcome, requests = fetched(body(LISTED), body(REMOVED, count="1"))
    assert isinstance(outcome, DaySnapshot)
    assert outcome.objects == (*LISTED, *REMOVED)
    assert (outcome.day, outcome.api_version, outcome.warnings) == (DAY, "2.0", ())
    assert requests == [{}, {"removed": "1"}]


def test_an_empty_list_has_no_data() -> None:
    empty = Reply(b'{"signature": {"version": "2.0"}, "count": "0"}')
    outcome, _ = fetched(empty)
    assert isinstance(outcome, DaySnapshot)
    assert outcome.objects == ()


def test_an_unknown_version_is_a_warning() -> None:
    outcome, _ = fetched(body(LISTED, "3.1"), body(REMOVED, "3.1"))
    assert isinstance(outcome, DaySnapshot)
    assert outcome.api_version == "3.1"
    (warning,) = outcome.warnings
    assert "3.1" in warning and "2.0" in warning


def test_a_service_that_knows_no_removals_answers_with_its_list() -> None:
    outcome, _ = fetched(body(LISTED))
    assert isinstance(outcome, DaySnapshot)
    assert outcome.objects == tuple(LISTED)
    (warning,) = outcome.warnings
    assert "removals" in warning


@pytest.mark.parametrize(
    "reply",
    [
        body(LISTED, count=3),
        body(LISTED, count=None),
        body([], data={"des": "2024 AA"}),
        Reply(b'{"error": "bad request"}'),
        Reply(b"<html>"),
        Reply(b'{"message":"one or more query parameter was not recognized"}', 400),
    ],
)
def test_a_response_that_cannot_be_used_fails_the_day(reply: Reply) -> None:
    outcome, _ = fetched(reply)
    assert isinstance(outcome, DayFailure)
    assert "Sentry's list" in outcome.reason
    outcome, _ = fetched(body(LISTED), reply)
    assert isinstance(outcome, DayFailure)
    assert "removed from Sentry's list" in outcome.reason


def test_a_service_that_recovers_is_requested_again() -> None:
    outcome, requests = fetched(
        Reply(b"down", 503), body(LISTED), Reply(b"{"), body(REMOVED), retries=2
    )
    assert isinstance(outcome, DaySnapshot)
    assert outcome.objects == (*LISTED, *REMOVED)
    assert requests == [{}, {}, {"removed": "1"}, {"removed": "1"}]


def test_an_incomplete_list_is_requested_again() -> None:
    outcome, requests = fetched(
        body(LISTED, count=3), body(LISTED), body(REMOVED, count=2), body(REMOVED), retries=1
    )
    assert isinstance(outcome, DaySnapshot)
    assert outcome.objects == (*LISTED, *REMOVED)
    assert requests == [{}, {}, {"removed": "1"}, {"removed": "1"}]


def test_a_service_that_is_down_ends_the_requests() -> None:
    with pytest.raises(FeedError, match="503"):
        fetched(Reply(b"down", 503))


OBJECTS = st.lists(
    st.dictionaries(st.sampled_from(["des", "ip", "removed", "h"]), st.text() | st.none())
)


@given(listed=OBJECTS, removed=OBJECTS)
def test_no_object_is_lost_or_made_up(
    listed: list[dict[str, Any]], removed: list[dict[str, Any]]
) -> None:
    found = together(JplResponse(listed, "2.0"), JplResponse(removed, "2.0"))
    if removed and not any("removed" in each for each in removed):
        assert found.objects == listed
        assert found.warnings
    else:
        assert found.objects == [*listed, *removed]
        assert not found.warnings


@needs_real_data
def test_the_real_list() -> None:
    outcome, _ = fetched(Reply(SENTRY_LIST.read_bytes()), body(REMOVED))
    assert isinstance(outcome, DaySnapshot)
    assert [each["des"] for each in outcome.objects] == ["1979 XB", "2000 SB45", "2023 XX"]
    assert [each.get("n_imp") for each in outcome.objects] == ["5", 227, None]
    assert outcome.warnings == ()
