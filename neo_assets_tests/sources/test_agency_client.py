"""The client of the agencies' services, over HTTP against good and bad responses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from neo_assets.settings import Settings
from neo_assets.sources.agency_client import AgencyClient
from neo_assets.sources.errors import BadResponseError, FeedError, RefusedDatesError
from neo_assets_tests.sources.agency_service import AgencyService, Reply, serve

GOOD = Reply(b'{"count": 0}')
BUSY = Reply(b"<html>busy</html>", 503, {"Retry-After": "7"})
BROKEN_OFF = Reply(b'{"cou', announced=100)
NO_JSON = Reply(b"<html>maintenance</html>")
REFUSED = Reply(b'{"message":"one or more query parameter was not recognized","code":"400"}', 400)
MOVED = Reply(b"", 301, {"Location": "https://elsewhere.example/cad.api"})
ENDLESS = Reply(b'{"count": NaN, "count": 1}')


@dataclass
class Talk:
    """A client with the service it talks to, what it logged and how long it slept."""

    client: AgencyClient
    service: AgencyService
    message: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def json(self) -> object:
        return self.client.json("cad.api", {"body": "Earth"}, "2024-03-01", lambda found: found)


@contextmanager
def talk(*replies: Reply, **settings: object) -> Iterator[Talk]:
    message: list[str] = []
    slept: list[float] = []
    values = Settings.model_validate({"neo_http_retries": 3, "neo_http_timeout_s": 5, **settings})
    with (
        serve(*replies) as service,
        AgencyClient(
            "JPL", service.address, "JPL_BASE_URL", values, message.append, slept.append
        ) as client,
    ):
        yield Talk(client, service, message, slept)


def test_a_document_is_requested_once_under_the_name_of_the_project() -> None:
    with talk(GOOD) as conversation:
        assert conversation.json() == {"count": 0}
    (request,) = conversation.service.requests
    assert (request.path, request.parameters) == ("/cad.api", {"body": "Earth"})
    assert request.user_agent.startswith("neo-assets/")


@pytest.mark.parametrize("fault", [BUSY, BROKEN_OFF, NO_JSON, ENDLESS])
def test_a_transient_fault_is_retried(fault: Reply) -> None:
    with talk(fault, fault, GOOD) as conversation:
        assert conversation.json() == {"count": 0}
    assert len(conversation.service.requests) == 3
    assert len(conversation.message) == len(conversation.slept) == 2
    assert all(sentence.startswith("JPL ") for sentence in conversation.message)
    if fault is BUSY:
        assert min(conversation.slept) >= 7


@pytest.mark.parametrize("fault", [BUSY, BROKEN_OFF, NO_JSON])
def test_a_persistent_fault_ends_the_requests(fault: Reply) -> None:
    with talk(fault) as conversation, pytest.raises(FeedError, match="2024-03-01"):
        conversation.json()
    assert len(conversation.service.requests) == 4


def test_a_refusal_is_quoted_and_not_requested_again() -> None:
    with talk(REFUSED) as conversation, pytest.raises(RefusedDatesError) as refused:
        conversation.json()
    assert "query parameter was not recognized" in str(refused.value)
    assert "JPL_BASE_URL" in str(refused.value)
    assert len(conversation.service.requests) == 1


def test_a_redirect_is_named_and_not_followed() -> None:
    with (
        talk(MOVED) as conversation,
        pytest.raises(FeedError, match=r"https://elsewhere[.]example"),
    ):
        conversation.json()
    assert len(conversation.service.requests) == 1


def test_a_service_that_is_not_there() -> None:
    with talk(GOOD, neo_http_retries=0) as conversation:
        pass
    with pytest.raises(FeedError, match=r"JPL could not be reached for 2024-03-01 .*JPL_BASE_URL"):
        conversation.json()


def test_text_comes_as_it_is() -> None:
    with talk(Reply("Größe\r\n".encode())) as conversation:
        assert conversation.client.text("list", {}, "today", str) == "Größe\r\n"
    no_text = Reply(b"\xff\xfe")
    with talk(no_text, neo_http_retries=0) as conversation, pytest.raises(BadResponseError):
        conversation.client.text("list", {}, "today", str)
