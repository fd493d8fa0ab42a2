"""What requesting Scout results in, against a service that plays responses over real HTTP."""

import json
import re
from datetime import date
from typing import Any

import pytest

from neo_assets.settings import Settings
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot
from neo_assets.sources.errors import FeedError
from neo_assets.sources.scout import SCOUT
from neo_assets_tests.sources.agency_service import Reply, serve
from neo_assets_tests.sources.jpl_rows import unconfirmed

DAY = date(2024, 3, 1)
LISTED = [unconfirmed(), unconfirmed("ZTF10En", rating=None, caDist=None, vInf=None)]


def body(version: str = "1.3", **more: Any) -> Reply:
    signature = {"version": version, "source": "NASA/JPL Scout API"}
    content = {"signature": signature, "count": str(len(LISTED)), "data": LISTED, **more}
    return Reply(json.dumps(content).encode())


def fetched(*replies: Reply, retries: int = 0) -> tuple[DayOutcome, int]:
    """What the day results in, and the number of requests that it took."""
    with serve(*replies) as service:
        settings = Settings(
            neo_source="nasa", jpl_base_url=service.address, neo_http_retries=retries
        )
        (outcome,) = SCOUT.fetch(settings, [DAY], lambda _: None, lambda _: None)
        assert {(each.path, *each.parameters) for each in service.requests} == {("/scout.api",)}
        return outcome, len(service.requests)


@pytest.mark.parametrize("count", ["2", 2])
def test_a_list_is_a_snapshot_of_the_day(count: str | int) -> None:
    outcome, requests = fetched(body(count=count))
    assert isinstance(outcome, DaySnapshot)
    assert outcome.objects == tuple(LISTED)
    assert (outcome.day, outcome.api_version, outcome.warnings) == (DAY, "1.3", ())
    assert requests == 1


def test_a_day_without_unconfirmed_objects_is_a_snapshot_too() -> None:
    outcome, _ = fetched(Reply(b'{"signature": {"version": "1.3"}, "count": "0"}'))
    assert isinstance(outcome, DaySnapshot)
    assert (outcome.objects, outcome.warnings) == ((), ())


def test_an_unknown_version_is_a_warning() -> None:
    outcome, _ = fetched(body("1.4"))
    assert isinstance(outcome, DaySnapshot)
    assert (outcome.objects, outcome.api_version) == (tuple(LISTED), "1.4")
    (warning,) = outcome.warnings
    assert "scout.api" in warning and "1.4" in warning and "1.3" in warning


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (body(count="3"), "announced 3 rows for Scout's list .* and sent 2"),
        (body(count=None), "Scout's list .* without a count"),
        (body(data=["P12o4vk", "ZTF10En"]), "Scout's list .* without the names of its fields"),
        (Reply(b'{"error": "service unavailable; try again"}'), "service unavailable"),
        (Reply(b"[]"), "Scout's list .* without an object"),
        (Reply(b"<html>"), "Scout's list"),
        (Reply(b'{"message": "query parameter was not recognized"}', 400), "not recognized"),
    ],
)
def test_a_response_that_cannot_be_used_fails_the_day(reply: Reply, reason: str) -> None:
    outcome, _ = fetched(reply)
    assert isinstance(outcome, DayFailure)
    assert outcome.day == DAY
    assert re.search(reason, outcome.reason), outcome.reason


def test_an_incomplete_list_is_requested_again() -> None:
    outcome, requests = fetched(Reply(b"down", 503), body(count=3), body(), retries=2)
    assert isinstance(outcome, DaySnapshot)
    assert (outcome.objects, requests) == (tuple(LISTED), 3)


def test_a_service_that_is_down_ends_the_requests() -> None:
    with pytest.raises(FeedError, match="503"):
        fetched(Reply(b"down", 503))
