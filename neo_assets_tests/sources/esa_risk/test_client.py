"""What requesting ESA's list results in, against a service that plays responses over real HTTP."""

from datetime import date

import pytest

from neo_assets.settings import Settings
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot
from neo_assets.sources.errors import FeedError
from neo_assets.sources.esa_risk import ESA_RISK
from neo_assets.sources.esa_risk.response import objects
from neo_assets_tests.sources.agency_service import Reply, serve

from .test_response import LIST

DAY = date(2024, 3, 1)
WHOLE = Reply(LIST.encode())


def fetched(*replies: Reply, retries: int = 0) -> tuple[DayOutcome, int]:
    """What the day results in, and the number of requests that it took."""
    with serve(*replies) as service:
        settings = Settings(
            neo_source="nasa", neocc_base_url=service.address, neo_http_retries=retries
        )
        (outcome,) = ESA_RISK.fetch(settings, [DAY], lambda _: None, lambda _: None)
        assert {request.path for request in service.requests} == {"/PSDB-portlet/download"}
        return outcome, len(service.requests)


def test_the_list_is_a_snapshot_of_the_day() -> None:
    outcome, requests = fetched(WHOLE)
    assert isinstance(outcome, DaySnapshot)
    assert (outcome.day, outcome.objects, requests) == (DAY, tuple(objects(LIST)), 1)


@pytest.mark.parametrize(
    "fault",
    [
        Reply(b"down", 503),
        Reply(LIST[:-60].encode()),
        Reply(b"<html>Down for maintenance</html>"),
        Reply(b"\xff\xfe"),
    ],
)
def test_a_list_that_cannot_be_used_is_requested_again(fault: Reply) -> None:
    outcome, requests = fetched(fault, WHOLE, retries=1)
    assert isinstance(outcome, DaySnapshot)
    assert (outcome.objects, requests) == (tuple(objects(LIST)), 2)


def test_a_list_that_stays_unusable_fails_the_day() -> None:
    outcome, requests = fetched(Reply(LIST.replace("UTC", "CET").encode()), retries=2)
    assert isinstance(outcome, DayFailure)
    assert "line 1 is" in outcome.reason and requests == 3


def test_a_service_that_is_down_ends_the_requests() -> None:
    with pytest.raises(FeedError, match="503"):
        fetched(Reply(b"down", 503))
