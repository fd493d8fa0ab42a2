"""The client against a service that misbehaves over real HTTP."""

import gzip
import json
import logging
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neo_assets.sources import http_service
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot
from neo_assets.sources.errors import FeedError
from neo_assets.sources.neows import client as neows_client
from neo_assets.sources.neows.client import NeoWsClient
from neo_assets.sources.neows.windows import windows
from neo_assets.sources.redaction import scrub
from neo_assets_tests.real_data import CAPTURES, needs_real_data

from . import faulty_service as faulty
from .faulty_service import Act, Call, JsonObject, neo, serve

KEY = "k3y+of/the caller0000000000000000000000"
WEEK = [date(2024, 3, 1) + timedelta(days=number) for number in range(7)]
"""2024-03-03 is a Sunday, on which the service lists nothing."""
DATES = "2024-03-01…2024-03-07"
TWO_WEEKS = [WEEK[0] + timedelta(days=number) for number in range(14)]


class Talk:
    """A client for tests, with what it logged and how long it would have slept."""

    def __init__(self, base_url: str, **options: Any) -> None:
        self.logged: list[str] = []
        self.slept: list[float] = []
        defaults: dict[str, Any] = {"timeout_s": 5, "retries": 2, "sleep": self.slept.append}
        self.client = NeoWsClient(base_url, KEY, log=self.logged.append, **defaults | options)

    def outcomes(self, days: list[date] | None = None) -> list[DayOutcome]:
        with self.client:
            outcomes = list(self.client.fetch(WEEK if days is None else days))
        for outcome in outcomes:
            if isinstance(outcome, DayFailure):
                assert_is_a_sentence(outcome.reason)
        for sentence in self.logged:
            assert_without_key(sentence)
        return outcomes

    def fetch(self, days: list[date] | None = None) -> list[DaySnapshot]:
        outcomes = self.outcomes(days)
        answers = [outcome for outcome in outcomes if isinstance(outcome, DaySnapshot)]
        assert answers == outcomes
        return answers

    def unusable(self, days: list[date] | None = None) -> list[DayFailure]:
        outcomes = self.outcomes(days)
        failures = [outcome for outcome in outcomes if isinstance(outcome, DayFailure)]
        assert failures == outcomes
        return failures

    def failure(self, days: list[date] | None = None) -> FeedError:
        with pytest.raises(FeedError) as raised:
            self.fetch(days)
        assert_fit_to_print(raised.value)
        for sentence in self.logged:
            assert_without_key(sentence)
        return raised.value


def assert_fit_to_print(error: FeedError) -> None:
    """One sentence for people, and no key wherever an exception keeps things."""
    assert_is_a_sentence(str(error))
    links: list[BaseException | None] = [error]
    for link in links:
        if link is not None:
            links += [link.__cause__, link.__context__]
            assert_without_key(f"{link!r} {link} {link.args} {vars(link)}")
    assert_without_key("".join(traceback.format_exception(error)))


def assert_is_a_sentence(text: str) -> None:
    assert re.fullmatch(r"\S[^\n]{20,500}; \S[^\n]*\w\.", text)
    outside_quotes = re.sub(r'"[^"]*"|\([^)]*\)', "", text)
    assert not re.search(r"[.!?] ", outside_quotes)
    assert_without_key(text)


def assert_without_key(text: str) -> None:
    for form in (KEY, quote(KEY), quote_plus(KEY), quote(KEY, safe=""), "k3y"):
        assert form not in text


def assert_whole_week(answers: list[DaySnapshot]) -> None:
    assert [answer.day for answer in answers] == WEEK
    assert [len(answer.objects) for answer in answers] == [2, 2, 0, 2, 2, 2, 2]
    assert_without_key(repr(answers))


def shorter(answer: JsonObject, _: Call) -> None:
    answer["element_count"] += 1


def fewer_dates(answer: JsonObject, _: Call) -> None:
    for day in list(answer["near_earth_objects"])[:3]:
        del answer["near_earth_objects"][day]


def other_dates(answer: JsonObject, _: Call) -> None:
    days = answer["near_earth_objects"]
    answer["near_earth_objects"] = {f"1999{day[4:]}": listed for day, listed in days.items()}


def no_list(answer: JsonObject, call: Call) -> None:
    answer["near_earth_objects"][call.days[0].isoformat()] = None


def no_object(answer: JsonObject, call: Call) -> None:
    answer["near_earth_objects"][call.days[0].isoformat()] = ["(2024 AB1)"]


def more_dates(answer: JsonObject, _: Call) -> None:
    answer["near_earth_objects"]["2024-03-08"] = []


def without_any_date(answer: JsonObject, _: Call) -> None:
    answer["near_earth_objects"].clear()
    answer["element_count"] += 1


def named_twice(call: Call) -> str:
    text = json.dumps(faulty.listing(call))
    return text.replace('"element_count"', '"near_earth_objects": {}, "element_count"')


GATEWAY = '{{"error": {{"code": "{code}", "message": "{text}"}}}}'.format
OVER_LIMIT = GATEWAY(
    code="OVER_RATE_LIMIT", text="You have exceeded your rate limit. Try again later."
)

LIMIT = faulty.says("429 Too Many Requests", OVER_LIMIT, "text/html", {"Retry-After": "2870"})

PASSING: dict[str, tuple[Act, str]] = {
    "reset at once": (faulty.resets_at_once, "could not be reached .*Connection reset by peer"),
    "no HTTP": (faulty.speaks_no_http, "could not be reached .*ConnectionError"),
    "502": (faulty.says("502 Bad Gateway", "<html>", "text/html"), 'answered 502 .*"Bad Gateway"'),
    "503 with Heroku's page": (
        faulty.says("503 Service Unavailable", faulty.PAGE_OF_HEROKU, "text/html"),
        'answered 503 .*"Service Unavailable"; it seems to be down: run these days again later',
    ),
    "504": (faulty.says("504 Gateway Timeout"), 'answered 504 .*"Gateway Timeout"'),
    "an unknown 5xx": (faulty.says("599 Whatever"), "answered 599"),
    "429 of a short burst": (
        faulty.says("429 Too Many Requests", OVER_LIMIT, headers={"Retry-After": "2"}),
        'answered 429 .*"You have exceeded your rate limit. Try again later"; run these days again',
    ),
}
"""Faults that concern every call and may be gone at the next try."""

UNUSABLE: dict[str, tuple[Act, str]] = {
    "reset in mid-body": (faulty.resets, "broke off its response .*Connection reset by peer"),
    "early end": (faulty.ends_early, "broke off its response .*ProtocolError"),
    "no last chunk": (faulty.chunked_without_end, "broke off its response .*ProtocolError"),
    "truncated JSON": (faulty.truncated, r"invalid JSON \(application/json, \d+ bytes: "),
    "HTML with status 200": (
        faulty.says("200 OK", faulty.PAGE_OF_HEROKU, "text/html; charset=utf-8"),
        r"invalid JSON \(text/html; charset=utf-8, 188 bytes: Expecting value",
    ),
    "empty body": (faulty.says("200 OK"), r"invalid JSON \(application/json, nothing at all: "),
    "not UTF-8": (
        faulty.says("200 OK", b'{"name": "\xff"}'),
        "invalid JSON .*codec can't decode",
    ),
    "a bomb of brackets": (faulty.says("200 OK", "[" * 100_000), "invalid JSON .*recursion"),
    "deep nesting": (
        faulty.lists_text(
            lambda call: (
                json.dumps(faulty.listing(call))[:-1] + ', "deep": ' + "[" * 990 + "]" * 990 + "}"
            )
        ),
        "invalid JSON .*recursion",
    ),
    "a field twice": (faulty.lists_text(named_twice), "invalid JSON .*names a field twice"),
    "JSON of another kind": (faulty.says("200 OK", "[]"), "without a list of objects for each"),
    "no list for a date": (faulty.lists(no_list), "without a list of objects for each date"),
    "no object in a list": (faulty.lists(no_object), "without a list of objects for each date"),
    "500": (faulty.says("500 Internal Server Error"), 'answered 500 .*"Internal Server Error"'),
    "other dates": (faulty.lists(other_dates), r"answered for 1999-03-0[1-7]"),
    "more dates": (faulty.lists(more_dates), "answered for 2024-03-08"),
    "an element_count that disagrees": (
        faulty.lists(shorter),
        r"announced (1|3|13) objects for .* and sent (0|2|12);",
    ),
    "all dates left out": (
        faulty.lists(without_any_date),
        r"announced (1|3|13) objects for .* and sent 0 and left out 2024-03-0[1-7]",
    ),
    "no element_count": (
        faulty.lists(lambda answer, _: answer.pop("element_count")),
        "announced no number of objects",
    ),
}
"""Responses that cannot be used, and concern the days of their call alone."""

REFUSED: dict[str, tuple[Act, str]] = {
    "400": (
        faulty.says(
            "400 Bad Request",
            '{"code": 400, "http_error": "BAD_REQUEST", "error_message": "Date Format Exception - '
            'Expected format (yyyy-mm-dd) - The Feed date limit is only 7 Days"}',
        ),
        'answered 400 .*"Date Format Exception - .*only 7 Days"; check NEOWS_BASE_URL and the',
    ),
    "204": (faulty.says("204 No Content"), 'answered 204 .*"No Content"; check NEOWS_BASE_URL'),
}
"""Unusable responses that would be the same at the next try."""

LASTING: dict[str, tuple[Act, str]] = {
    "403, an invalid key": (
        faulty.says(
            "403 Forbidden",
            GATEWAY(
                code="API_KEY_INVALID",
                text="An invalid api_key was supplied. Get one at https://api.nasa.gov:443",
            ),
        ),
        'answered 403 .*"An invalid api_key was supplied. .*"; set NASA_API_KEY to a valid key',
    ),
    "403, no key": (
        faulty.says(
            "403 Forbidden",
            GATEWAY(
                code="API_KEY_MISSING",
                text="No api_key was supplied. Get one at https://api.nasa.gov:443",
            ),
        ),
        'answered 403 .*"No api_key was supplied. .*"; set NASA_API_KEY to a valid key',
    ),
    "403 in NeoWs' own shape": (
        faulty.says(
            "403 Forbidden",
            '{"code": 403, "http_error": "FORBIDDEN", "error_message": "Not for you", '
            '"request": "http://www.neowsapp.com/rest/v1/feed?start_date=2024-03-01"}',
        ),
        'answered 403 .*"Not for you"; set NASA_API_KEY to a valid key',
    ),
    "403 as a page": (faulty.says("403 Forbidden", "<html>", "text/html"), '403 .*"Forbidden"'),
    "401": (faulty.says("401 Unauthorized"), '401 .*"Unauthorized"; set NASA_API_KEY'),
    "404": (faulty.says("404 Not Found", "[1]"), 'answered 404 .*"Not Found"; check NEOWS_BASE'),
    "an error of another shape": (
        faulty.says("418 Tea", '{"error": "short and stout"}'),
        "answered 418 .*; check NEOWS_BASE_URL",
    ),
    "an error that shows the key": (
        lambda call: call.send(
            faulty.message(
                "403 Forbidden",
                GATEWAY(
                    code="?", text=f"{call.key} {quote(call.key)} is\\nno \\ud800 key."
                ).encode(),
                "application/json",
            )
        ),
        'answered 403 .*"REDACTED REDACTED is no key"; set NASA_API_KEY',
    ),
    "429 for nearly an hour": (
        # As a real one came: labelled as a page, although it is JSON.
        faulty.says("429 Too Many Requests", OVER_LIMIT, "text/html", {"Retry-After": "2870"}),
        r'answered 429 .*"; run these days again after \d{4}-\d\d-\d\d \d\d:\d\d UTC, or set NEO_R',
    ),
    "503 for hours": (
        faulty.says("503 Service Unavailable", headers={"Retry-After": "7200"}),
        r"answered 503 .*run these days again after \d{4}-\d\d-\d\d \d\d:\d\d UTC",
    ),
}


def faults(cases: dict[str, tuple[Act, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("act", "sentence"), cases.values(), ids=cases.keys())


@faults(PASSING)
def test_passing_fault_is_survived(act: Act, sentence: str) -> None:
    with serve(act, act) as service:
        talk = Talk(service.base_url)
        assert_whole_week(talk.fetch())
    assert service.asked == [("2024-03-01", "2024-03-07")] * 3
    for logged in talk.logged:
        assert re.search(sentence.partition(";")[0], logged), logged
        assert re.search(r"; trying again in \d+\.\d seconds\.$", logged)
        assert DATES in logged
        assert_without_key(logged)


@faults(PASSING)
def test_passing_fault_without_end(act: Act, sentence: str) -> None:
    with serve(finally_=act) as service:
        talk = Talk(service.base_url)
        error = talk.failure()
    assert re.search(sentence, str(error)), str(error)
    assert DATES in str(error)
    assert "again" in str(error)
    assert len(service.calls) == 3
    assert len(talk.logged) == len(talk.slept) == 2


@faults(LASTING)
def test_lasting_fault_is_not_asked_for_again(act: Act, sentence: str) -> None:
    with serve(finally_=act) as service:
        talk = Talk(service.base_url)
        error = talk.failure()
    assert re.search(sentence, str(error)), str(error)
    assert DATES in str(error)
    assert len(service.calls) == 1
    assert talk.slept == []


DAY_BY_DAY = [(day.isoformat(), day.isoformat()) for day in WEEK]


@faults(UNUSABLE)
def test_days_of_an_unusable_response_are_requested_one_by_one(act: Act, sentence: str) -> None:
    with serve(act, act) as service:
        talk = Talk(service.base_url)
        assert_whole_week(talk.fetch())
    # The first day alone got another unusable response, and was tried again.
    assert service.asked == [("2024-03-01", "2024-03-07"), DAY_BY_DAY[0], *DAY_BY_DAY]
    first, second = talk.logged
    assert re.search(sentence.partition(";")[0], first) and DATES in first
    assert first.endswith("; requesting these days one by one.")
    assert re.search(r"for 2024-03-01|2024-03-01 ", second) and "; trying again in " in second


@faults(UNUSABLE | REFUSED)
def test_an_unusable_response_fails_its_own_days_and_no_others(act: Act, sentence: str) -> None:
    bad = WEEK[3]

    def about_one_day(call: Call) -> None:
        (act if bad in call.days else faulty.honest())(call)

    with serve(finally_=about_one_day) as service:
        talk = Talk(service.base_url, retries=1)
        outcomes = talk.outcomes(TWO_WEEKS)
    assert [outcome.day for outcome in outcomes] == TWO_WEEKS
    (failure,) = (outcome for outcome in outcomes if isinstance(outcome, DayFailure))
    assert failure.day == bad
    assert re.search(sentence, failure.reason), failure.reason
    assert "2024-03-04" in failure.reason and "2024-03-04…" not in failure.reason
    again = [] if act in [refused for refused, _ in REFUSED.values()] else [DAY_BY_DAY[3]]
    assert service.asked == [
        ("2024-03-01", "2024-03-07"),
        *DAY_BY_DAY[:4],
        *again,
        *DAY_BY_DAY[4:],
        ("2024-03-08", "2024-03-14"),
    ]


@faults({name: fault for name, fault in UNUSABLE.items() if name != "500"})
def test_unusable_responses_without_end_cost_no_calls_without_end(act: Act, sentence: str) -> None:
    month = [WEEK[0] + timedelta(days=number) for number in range(31)]
    with serve(finally_=act) as service:
        talk = Talk(service.base_url, retries=3)
        failures = talk.unusable(month)
    assert [failure.day for failure in failures] == month
    assert len(service.calls) == 5 + 31 + 2 * 3
    assert len(talk.slept) == 2 * 3


def test_a_service_that_fails_over_every_day_of_a_call_is_down() -> None:
    with serve(finally_=faulty.says("500 Internal Server Error")) as service:
        talk = Talk(service.base_url, retries=0)
        got: list[DayOutcome] = []
        with pytest.raises(FeedError, match="answered 500 for 2024-03-07") as raised, talk.client:
            got.extend(talk.client.fetch(TWO_WEEKS))
    assert_fit_to_print(raised.value)
    assert service.asked == [("2024-03-01", "2024-03-07"), *DAY_BY_DAY]


def test_slow_unusable_responses_are_given_up_in_all() -> None:
    def slow(call: Call) -> None:
        call.is_over.wait(0.2)
        faulty.truncated(call)

    with serve(finally_=slow) as service:
        talk = Talk(service.base_url, retries=0, deadline_s=0.7)
        error = talk.failure(TWO_WEEKS)
    assert "sent unusable responses for" in str(error)
    # Without a deadline there would be a call for each day.
    assert 1 < len(service.calls) <= 5


def test_an_unusable_response_that_uses_up_the_budget_ends_the_requests() -> None:
    empty = faulty.says("200 OK", headers={"X-RateLimit-Remaining": "0"})
    with serve(empty) as service:
        error = Talk(service.base_url).failure()
    assert "used up before 2024-03-01 could be asked for" in str(error)
    assert len(service.calls) == 1


def test_the_limit_ends_the_requests_one_by_one_as_well() -> None:
    with serve(faulty.truncated, faulty.honest(), LIMIT) as service:
        talk = Talk(service.base_url)
        got: list[DayOutcome] = []
        with pytest.raises(FeedError, match="answered 429 for 2024-03-02"), talk.client:
            got.extend(talk.client.fetch(WEEK))
    assert [outcome.day for outcome in got] == WEEK[:1]
    assert len(service.calls) == 3


def test_a_date_omitted_by_a_complete_response_is_a_day_without_objects() -> None:
    def omit(answer: JsonObject, _: Call) -> None:
        answer["element_count"] -= len(answer["near_earth_objects"].pop("2024-03-02", ()))

    with serve(finally_=faulty.lists(omit)) as service:
        answers = Talk(service.base_url).fetch()
    assert len(service.calls) == 1
    assert [(len(answer.objects), answer.is_omitted) for answer in answers] == [
        (2, False),
        (0, True),
        (0, False),  # a Sunday, listed without objects
        *[(2, False)] * 4,
    ]


def test_a_date_omitted_by_an_incomplete_response_is_requested_alone() -> None:
    with serve(faulty.lists(fewer_dates)) as service:
        talk = Talk(service.base_url)
        assert_whole_week(talk.fetch())
    assert service.asked == [("2024-03-01", "2024-03-07"), *DAY_BY_DAY]
    (logged,) = talk.logged
    assert (
        "announced 12 objects" in logged and "left out 2024-03-05, 2024-03-06, 2024-03-07" in logged
    )


def test_connection_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    talk = Talk(f"http://127.0.0.1:{port}/neo/rest/v1")
    assert str(talk.failure()) == (
        f"NeoWs could not be reached for {DATES} (Connection refused); run these days again later, "
        "or check NEOWS_BASE_URL and the network."
    )
    assert len(talk.slept) == 2


@pytest.mark.parametrize(
    "base_url",
    ["http://no-such-host.invalid/neo", "http://" + "a" * 70 + ".invalid", "nothing", "http://["],
)
def test_address_that_leads_nowhere(base_url: str) -> None:
    error = Talk(base_url, retries=0).failure()
    assert re.search(r"could not be reached .*check NEOWS_BASE_URL", str(error))


@pytest.mark.parametrize(
    "act",
    [faulty.hangs, faulty.hangs_in_body, faulty.drips, faulty.drips_from_the_first_byte],
    ids=["hangs", "hangs in body", "drips", "drips from the first byte"],
)
def test_slow_service(act: Act) -> None:
    with serve(act, act) as service:
        started = time.monotonic()
        talk = Talk(service.base_url, timeout_s=0.4)
        assert_whole_week(talk.fetch())
        assert time.monotonic() - started < 3
    assert talk.logged[0].startswith(
        f"NeoWs did not finish its response for {DATES} within 0.4 seconds; "
    )
    with serve(finally_=act) as service:
        talk = Talk(service.base_url, timeout_s=0.3)
        assert str(talk.failure()) == (
            f"NeoWs did not finish its response for {DATES} within 0.3 seconds; run these days "
            "again later, or with a longer NEO_HTTP_TIMEOUT_S."
        )


@pytest.mark.parametrize("act", [faulty.hangs, faulty.drips_from_the_first_byte])
def test_fault_without_end_is_given_up_however_long_the_timeout(act: Act) -> None:
    with serve(finally_=act) as service:
        started = time.monotonic()
        Talk(service.base_url, timeout_s=3600, retries=20, deadline_s=1.2).failure()
        assert time.monotonic() - started < 3
    assert http_service.RETRY_DEADLINE_S < 600


def test_fault_without_end_is_given_up_however_many_the_retries() -> None:
    with serve(finally_=faulty.says("503 Service Unavailable")) as service:
        started = time.monotonic()
        Talk(service.base_url, retries=20, deadline_s=1.2, sleep=time.sleep).failure()
        assert time.monotonic() - started < 3
    assert 2 <= len(service.calls) <= 4


def test_abandoned_requests_do_not_keep_the_process() -> None:
    before = set(threading.enumerate())
    with serve(finally_=faulty.hangs) as service:
        Talk(service.base_url, timeout_s=0.2, retries=0).failure()
        assert all(thread.daemon for thread in set(threading.enumerate()) - before)


def test_pauses_grow_and_differ() -> None:
    with serve(finally_=faulty.says("503 Service Unavailable")) as service:
        talks = [Talk(service.base_url, retries=5) for _ in range(3)]
        for talk in talks:
            talk.failure()
    for talk in talks:
        assert len(talk.slept) == 5
        assert all(
            lowest <= slept <= lowest + 0.5
            for lowest, slept in zip((0.5, 1, 2, 4, 8), talk.slept, strict=True)
        )
    assert len({talk.slept[0] for talk in talks}) > 1


def test_answer_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    # Between the length of a day and that of a week.
    monkeypatch.setattr(neows_client, "LARGEST_RESPONSE", 1500)
    with serve() as service:
        talk = Talk(service.base_url)
        assert_whole_week(talk.fetch())
    assert len(service.calls) == 8
    assert "more than 1,500 bytes for" in talk.logged[0]


MEASURED = """
import resource, sys
from datetime import date
from neo_assets.sources.neows.client import NeoWsClient

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for outcome in NeoWsClient(sys.argv[1], "k", retries=0).fetch([date(2024, 3, 1)]):
    print(type(outcome).__name__)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
"""Prints the outcome of a day, and by how many megabytes memory has grown."""

HUGE = {
    "60 MB of empty lists": lambda: b"[" + b"[]," * 20_000_000 + b"[]]",
    "8 MB of empty lists": lambda: b"[" + b"[]," * 2_700_000 + b"[]]",
    "16 MB of objects": lambda: b"[" + b'{"":{}},' * 2_000_000 + b"{}]",
    "16 MB of keys": lambda: b"{" + b",".join(b'"%d":0' % n for n in range(1_600_000)) + b"}",
    "empty lists of a day": lambda: (
        b'{"element_count":5000000,"near_earth_objects":{"2024-03-01":['
        + b"[]," * 4_999_999
        + b"[]]}}"
    ),
    "a long name": lambda: (
        b'{"element_count":1,"near_earth_objects":{"2024-03-01":[{"name":"\xf0\x9f\x9a\x80'
        + b"a" * 16_000_000
        + b'"}]}}'
    ),
    "compressed twice": lambda: gzip.compress(gzip.compress(b"[" + b"[]," * 20_000_000)),
}


@pytest.mark.parametrize("body", HUGE.values(), ids=HUGE.keys())
def test_a_huge_response_takes_little_memory(body: Callable[[], bytes]) -> None:
    content = body()
    is_compressed = content.startswith(b"\x1f\x8b")
    head = {"Content-Encoding": "gzip, gzip"} if is_compressed else None
    with serve(finally_=faulty.says("200 OK", content, headers=head)) as service:
        measured = subprocess.run(
            [sys.executable, "-c", MEASURED, service.base_url],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    outcome, megabytes = measured.stdout.split()
    assert outcome == ("DaySnapshot" if b'"name"' in content[:100] else "DayFailure")
    assert int(megabytes) < 300


@pytest.mark.parametrize("act", [faulty.compressed, faulty.chunked])
def test_other_encodings_of_an_answer(act: Act) -> None:
    with serve(finally_=act) as service:
        assert_whole_week(Talk(service.base_url, retries=0).fetch())


def test_names_that_are_no_dates_are_fit_to_print() -> None:
    def change(answer: JsonObject, _: Call) -> None:
        answer["near_earth_objects"] |= {f"{n}\n\ud800\x1b[31m {'x' * 500}": [] for n in range(99)}

    with serve(finally_=faulty.lists(change)) as service:
        (failure,) = Talk(service.base_url, retries=0).unusable(WEEK[:1])
    assert "and 92 more; run" in failure.reason


def test_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serve() as service:
        assert_whole_week(Talk(service.base_url, retries=0).fetch())
        elsewhere = Talk("http://api.nasa.invalid/neo", retries=0).failure()
    assert "(Connection refused)" in str(elsewhere)


def test_passwords_of_netrc_are_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password of-another-service\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("no_proxy", "0.0.0.0")
    with serve() as service:
        # An address of this machine that is not taken for one: the environment applies.
        Talk(service.base_url.replace("127.0.0.1", "0.0.0.0"), retries=0).fetch()
        (call,) = service.calls
    assert "user-agent" in call.headers
    assert "authorization" not in call.headers


# What looks like a fault and is none.


def test_object_under_the_wrong_date_is_a_row_like_others() -> None:
    def change(answer: JsonObject, call: Call) -> None:
        answer["near_earth_objects"]["2024-03-02"][0] = neo(date(2021, 1, 1), 9)

    with serve(faulty.lists(change)) as service:
        answers = Talk(service.base_url).fetch()
    assert answers[1].day == date(2024, 3, 2)
    assert [item["id"] for item in answers[1].objects] == ["9", "2"]


def test_an_object_listed_twice_stays_so() -> None:
    def change(answer: JsonObject, call: Call) -> None:
        answer["near_earth_objects"]["2024-03-02"].append(neo(date(2024, 3, 2), 1))
        answer["element_count"] += 1

    with serve(faulty.lists(change)) as service:
        answers = Talk(service.base_url).fetch()
    assert [item["id"] for item in answers[1].objects] == ["1", "2", "1"]


def test_numbers_and_names_come_as_they_were_sent() -> None:
    sent = (
        '{"integer": 123456789012345678901234567890, "smallest": 5e-324, "largest": '
        '1.7976931348623157e308, "float": 0.1, "whole": 3.0, "text": "45290438.204452618", '
        '"name": "(2024 Ångström) \\u2604 \\ud83d\\ude80 \\ud800", "none": null, "is": true}'
    )
    odd = '"nan": NaN, "infinite": -Infinity, "beyond": 1e999, "below": -1E+400'
    long = "-" + "7" * 5000

    def text(call: Call) -> str:
        listed = f'[{sent}, {{{odd}, "long": {long}}}]'
        return f'{{"element_count": 2, "near_earth_objects": {{"2024-03-01": {listed}}}}}'

    with serve(faulty.lists_text(text)) as service:
        (answer,) = Talk(service.base_url).fetch(WEEK[:1])
    assert answer.objects[0] == json.loads(sent)
    assert isinstance(answer.objects[0]["whole"], float)
    # What JSON cannot hold keeps its letters, so that everything can be written and read again.
    assert answer.objects[1] == {
        "nan": "NaN",
        "infinite": "-Infinity",
        "beyond": "1e999",
        "below": "-1E+400",
        "long": long,
    }


@needs_real_data
def test_real_answers_list_every_date_that_was_asked_for() -> None:
    for capture in sorted(CAPTURES.glob("*.json")):
        body = capture.read_text()
        listed = sorted(json.loads(body)["near_earth_objects"])
        days = [date.fromisoformat(day) for day in listed]
        assert days == [days[0] + timedelta(number) for number in range(len(days))]
        # Two of them are of eight dates, which the client never asks for.
        if len(days) <= 7:
            with serve(faulty.says("200 OK", body)) as service:
                answers = Talk(service.base_url).fetch(days)
            assert [answer.day for answer in answers] == days


# Any plan of faults.

DAY_FAULTS = (
    faulty.truncated,
    faulty.ends_early,
    faulty.says("200 OK", "[]"),
    faulty.says("400 Bad Request"),
    faulty.lists(shorter),
    faulty.lists(no_object),
    faulty.lists_text(named_twice),
)


@settings(deadline=None, max_examples=60)
@given(
    offsets=st.sets(st.integers(0, 40), min_size=1, max_size=25),
    bad=st.dictionaries(st.integers(0, 40), st.sampled_from(DAY_FAULTS), max_size=4),
    omitted=st.sets(st.integers(0, 40), max_size=6),
    retries=st.integers(0, 2),
)
def test_every_day_has_one_outcome_and_only_bad_days_fail(
    offsets: set[int], bad: dict[int, Act], omitted: set[int], retries: int
) -> None:
    days = [WEEK[0] + timedelta(days=number) for number in sorted(offsets)]
    bad_days = {WEEK[0] + timedelta(days=number): act for number, act in bad.items()}
    omitted_days = {WEEK[0] + timedelta(days=number) for number in omitted}

    def omit(answer: JsonObject, call: Call) -> None:
        for day in omitted_days & set(call.days):
            answer["element_count"] -= len(answer["near_earth_objects"].pop(day.isoformat()))

    def service_as_planned(call: Call) -> None:
        acts = [act for day, act in bad_days.items() if day in call.days]
        (acts or [faulty.lists(omit)])[0](call)

    with serve(finally_=service_as_planned) as service:
        outcomes = Talk(service.base_url, retries=retries).outcomes(days)
    assert [outcome.day for outcome in outcomes] == days
    failures = [outcome for outcome in outcomes if isinstance(outcome, DayFailure)]
    assert {failure.day for failure in failures} == bad_days.keys() & set(days)
    assert all(failure.day.isoformat() in failure.reason for failure in failures)
    for answer in outcomes:
        if isinstance(answer, DaySnapshot):
            assert answer.is_omitted == (answer.day in omitted_days)
            is_empty = answer.is_omitted or answer.day.isoweekday() == 7
            assert len(answer.objects) == (0 if is_empty else 2)
    in_bad_calls = sum(
        (last - first).days + 1
        for first, last in windows(days)
        if first < last and any(first <= day <= last for day in bad_days)
    )
    assert len(service.calls) <= len(list(windows(days))) + in_bad_calls + 2 * retries


# The hourly limit.


def named_minutes(sentence: str) -> list[datetime]:
    found = re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d(?= UTC)", sentence)
    return [
        datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=timezone.utc) for text in found
    ]


def assert_minute_in(seconds: float, sentence: str) -> None:
    (minute,) = named_minutes(sentence)
    expected = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    assert timedelta(seconds=-5) <= minute - expected <= timedelta(seconds=60)


def test_limit_stops_and_names_the_minute() -> None:
    with serve(faulty.honest(), LIMIT) as service:
        talk = Talk(service.base_url)
        got: list[DayOutcome] = []
        with pytest.raises(FeedError) as raised, talk.client:
            got.extend(talk.client.fetch(TWO_WEEKS))
        assert_fit_to_print(raised.value)
        assert "2024-03-08…2024-03-14" in str(raised.value)
        assert_minute_in(2870, str(raised.value))
        assert talk.slept == []
        # Only what was not answered is asked for when it goes on.
        done = {answer.day for answer in got}
        assert_whole_week([answer for answer in got if isinstance(answer, DaySnapshot)])
        Talk(service.base_url).fetch([day for day in TWO_WEEKS if day not in done])
    assert service.asked == [
        ("2024-03-01", "2024-03-07"),
        ("2024-03-08", "2024-03-14"),
        ("2024-03-08", "2024-03-14"),
    ]


def test_limit_is_waited_for_by_choice() -> None:
    with serve(faulty.honest(), LIMIT) as service:
        talk = Talk(service.base_url, waits_for_limit=True, deadline_s=60)
        answers = talk.fetch(TWO_WEEKS)
    assert [answer.day for answer in answers] == TWO_WEEKS
    assert talk.slept == [2870]
    (logged,) = talk.logged
    assert "; waiting until 20" in logged
    assert_minute_in(2870, logged)
    assert service.asked == [
        ("2024-03-01", "2024-03-07"),
        ("2024-03-08", "2024-03-14"),
        ("2024-03-08", "2024-03-14"),
    ]


def test_limit_that_does_not_end_is_not_waited_for_without_end() -> None:
    with serve(finally_=LIMIT) as service:
        talk = Talk(service.base_url, waits_for_limit=True)
        error = talk.failure()
    assert talk.slept == [2870]
    assert len(service.calls) == 2
    assert "NEO_RATE_LIMIT" not in str(error)
    assert_minute_in(2870, str(error))


def test_limit_that_always_ends_soon_is_not_waited_for_without_end() -> None:
    refusal = faulty.says("429 Too Many Requests", OVER_LIMIT, headers={"Retry-After": "1"})
    with serve(finally_=refusal) as service:
        talk = Talk(service.base_url, waits_for_limit=True, retries=0)
        talk.failure()
    assert talk.slept == [1] * 6


def test_limit_of_a_day_is_not_waited_for() -> None:
    refusal = faulty.says("429 Too Many Requests", OVER_LIMIT, headers={"Retry-After": "80000"})
    with serve(finally_=refusal) as service:
        talk = Talk(service.base_url, waits_for_limit=True)
        assert_minute_in(80000, str(talk.failure()))
    assert talk.slept == []


def test_a_rate_limit_of_unknown_length() -> None:
    refusal = faulty.says("429 Too Many Requests", OVER_LIMIT)
    with serve(finally_=refusal) as service:
        error = Talk(service.base_url).failure()
    assert " at the latest" in str(error)
    assert_minute_in(3600, str(error))
    with serve(*[refusal] * 3) as service:
        talk = Talk(service.base_url, waits_for_limit=True)
        assert_whole_week(talk.fetch())
    assert talk.slept[-1] == 600
    assert len(service.calls) == 4


def test_limit_until_a_date() -> None:
    then = datetime.now(timezone.utc) + timedelta(seconds=1000)
    for value in (format_datetime(then, usegmt=True), format_datetime(then)):
        refusal = faulty.says("429 Too Many Requests", headers={"Retry-After": value})
        with serve(finally_=refusal) as service:
            assert_minute_in(1000, str(Talk(service.base_url).failure()))


ABSURD = (
    *("soon", "-5", "1e9", "\xb2", "9" * 5000, "", "Mon, 99 Foo", "nan", "inf", "-inf", "0x10"),
    *("99999999", "999999999999999", "1" * 15 + ".5", "0", "0.0", "1.2.3", "\u0665"),
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Fri, 31 Dec 99999 23:59:59 GMT",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Mon, 01 Jan 1990 00:00:00 GMT",
    "Wed, 21 Oct 2026 07:28:00 +99999999999999999999",
    "Wed, 21 Oct 2026 99999999999999999999:28:00 GMT",
)


@pytest.mark.parametrize("value", ABSURD)
def test_limit_until_who_knows_when(value: str) -> None:
    head = {"Retry-After": value.encode().decode("latin-1")}
    refusal = faulty.says("429 Too Many Requests", headers=head)
    with serve(faulty.honest(), refusal) as service:
        talk = Talk(service.base_url, retries=0)
        got: list[DayOutcome] = []
        with pytest.raises(FeedError, match=" at the latest") as raised, talk.client:
            got.extend(talk.client.fetch(TWO_WEEKS))
    assert_fit_to_print(raised.value)
    assert_whole_week([answer for answer in got if isinstance(answer, DaySnapshot)])


@pytest.mark.parametrize("value", ABSURD)
def test_an_absurd_wait_is_neither_slept_nor_named(value: str) -> None:
    head = {"Retry-After": value.encode().decode("latin-1")}
    with serve(finally_=faulty.says("503 Service Unavailable", headers=head)) as service:
        talk = Talk(service.base_url, retries=2)
        assert "run these days again later" in str(talk.failure())
    assert len(talk.slept) == 2 and sum(talk.slept) < 10
    refusal = faulty.says("429 Too Many Requests", headers=head)
    with serve(refusal) as service:
        talk = Talk(service.base_url, retries=0, waits_for_limit=True)
        assert_whole_week(talk.fetch())
    assert talk.slept == [neows_client.DEFAULT_RATE_LIMIT_WAIT_S]


HEADERS = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
    st.integers().map(str),
    st.floats().map(str),
    st.builds(
        "{}, {} {} {} {}:{}:{} {}".format,
        st.sampled_from(["Mon", "Fri", "Foo", ""]),
        st.integers(-9, 99),
        st.sampled_from(["Jan", "Feb", "Dec", "Foo", "13"]),
        st.integers(-99, 10**6),
        st.integers(-9, 99),
        st.integers(0, 10**12),
        st.integers(0, 99),
        st.sampled_from(["GMT", "-0000", "+2359", "-2359", "+9999", "EST", "", "+" + "9" * 30]),
    ),
)


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["Retry-After", "X-RateLimit-Remaining", "X-RateLimit-Limit", "Date"]),
        HEADERS,
    ),
    st.sampled_from(
        ["200 OK", "429 Too Many Requests", "503 Service Unavailable", "403 Forbidden"]
    ),
)
def test_the_days_before_are_kept_with_any_headers(head: dict[str, str], status: str) -> None:
    body = json.dumps(faulty.listing_of(TWO_WEEKS[7:])).encode()
    with serve(faulty.honest(), faulty.says(status, body, headers=head)) as service:
        talk = Talk(service.base_url, retries=0)
        got: list[DayOutcome] = []
        try:
            got.extend(talk.client.fetch(TWO_WEEKS))
        except FeedError as error:
            assert_fit_to_print(error)
    expected = 14 if status == "200 OK" else 7
    assert [outcome.day for outcome in got] == TWO_WEEKS[:expected]
    assert all(isinstance(outcome, DaySnapshot) for outcome in got)
    assert all(0 < seconds <= neows_client.LONGEST_WAIT_S for seconds in talk.slept)


@pytest.mark.parametrize("value", ["90", "90.0", " 90 "])
def test_short_limit_is_respected(value: str) -> None:
    refusal = faulty.says("429 Too Many Requests", headers={"Retry-After": value})
    with serve(refusal) as service:
        talk = Talk(service.base_url)
        assert_whole_week(talk.fetch())
    assert talk.slept == [90]
    assert talk.logged[0].endswith("; trying again in 90.0 seconds.")


def test_waiting_can_be_interrupted() -> None:
    with serve(finally_=LIMIT) as service:
        talk = Talk(service.base_url, waits_for_limit=True, sleep=time.sleep)
        with interrupt_after(0.3), pytest.raises(KeyboardInterrupt):
            talk.fetch()
    assert len(talk.logged) == 1


def test_a_request_can_be_interrupted() -> None:
    drips = faulty.drips_from_the_first_byte
    with serve(finally_=drips) as service, interrupt_after(0.3), pytest.raises(KeyboardInterrupt):
        Talk(service.base_url).fetch()


@contextmanager
def interrupt_after(seconds: float) -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before)


def test_budget_used_up() -> None:
    with serve(faulty.honest(calls_left="0")) as service:
        talk = Talk(service.base_url)
        error = talk.failure(TWO_WEEKS)
    assert len(service.calls) == 1
    assert "used up before 2024-03-08…2024-03-14 could be asked for" in str(error)
    assert_minute_in(3600, str(error))


def test_budget_used_up_by_the_last_call_is_no_failure() -> None:
    with serve(faulty.honest(calls_left="1"), faulty.honest(calls_left="0")) as service:
        answers = Talk(service.base_url).fetch(TWO_WEEKS)
    assert [answer.calls_left for answer in answers] == [1] * 7 + [0] * 7


def test_budget_used_up_is_waited_for_by_choice() -> None:
    with serve(faulty.honest(calls_left="0"), LIMIT) as service:
        talk = Talk(service.base_url, waits_for_limit=True)
        assert len(talk.fetch(TWO_WEEKS)) == 14
    assert talk.slept == [2870]


@pytest.mark.parametrize("value", ["", "many", "\xb2", "-1", "9" * 5000, "0, 0"])
def test_budget_that_cannot_be_read_is_not_known(value: str) -> None:
    with serve(finally_=faulty.honest(calls_left=value)) as service:
        answers = Talk(service.base_url).fetch(TWO_WEEKS)
    assert {answer.calls_left for answer in answers} == {None}


# Keys.


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 T", "308 P"])
def test_redirect_does_not_take_the_key_along(status: str) -> None:
    def act(call: Call) -> None:
        target = f"{other.base_url}/feed?start_date=2024-03-01&end_date=2024-03-07&api_key="
        call.send(faulty.message(status, b"", "text/html", {"Location": target + quote(call.key)}))

    with serve() as other, serve(finally_=act) as service:
        error = Talk(service.base_url).failure()
    assert other.calls == [] and len(service.calls) == 1
    assert str(error) == (
        f"NeoWs answered {status[:3]} for {DATES}, pointing to http://127.0.0.1, which was not "
        "followed, for the key would have gone there too; set NEOWS_BASE_URL to where the service "
        "is now."
    )


@pytest.mark.parametrize("target", ["", "/feed", "http://[", "x:", "//?api_key=" + quote(KEY)])
def test_redirect_to_nowhere(target: str) -> None:
    act = faulty.says("302 Found", headers={"Location": target})
    with serve(finally_=act) as service:
        assert "answered 302 for" in str(Talk(service.base_url).failure())
    assert len(service.calls) == 1


def test_log_lines_hold_no_key(caplog: pytest.LogCaptureFixture) -> None:
    def mangled(call: Call) -> None:
        body = json.dumps(faulty.listing(call)).encode()
        call.send(faulty.message("200 OK", body, "text/html", {"X": "y\r\nno header at all"}))

    # As when debugging: everything, down to the last detail.
    for name in (
        "",
        "urllib3",
        "urllib3.connection",
        "urllib3.connectionpool",
        "urllib3.util.retry",
    ):
        caplog.set_level(logging.DEBUG, logger=name or None)
    with serve(mangled, faulty.resets) as service:
        assert len(Talk(service.base_url).fetch(TWO_WEEKS)) == 14
        Talk("http://127.0.0.1:1/neo", retries=0).failure()
    logged = [record.getMessage() for record in caplog.records]
    shown = 'feed?start_date=2024-03-01&end_date=2024-03-07&api_key=REDACTED HTTP/1.1" 200'
    assert any(shown in line for line in logged)
    assert "Failed to parse headers" in caplog.text
    assert_without_key(caplog.text)
    for record in caplog.records:
        assert_without_key(repr(vars(record)))


def test_keys_are_taken_out_of_everything() -> None:
    answer = {
        "links": {"self": f"http://x/feed?a=1&api_key={quote(KEY)}&b=2", "odd": f"/?api_key={KEY}"},
        "html": "<a href='?api_key=other-key'>",
        "list": [[f"{KEY} and {quote_plus(KEY)}", 1, 2.5, None, True]],
        KEY: "",
    }
    assert scrub(answer, KEY) == {
        "links": {
            "self": "http://x/feed?a=1&api_key=REDACTED&b=2",
            "odd": "/?api_key=REDACTED",
        },
        "html": "<a href='?api_key=REDACTED'>",
        "list": [["REDACTED and REDACTED", 1, 2.5, None, True]],
        "REDACTED": "",
    }


KEYS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/ %", min_size=8)
# Of these, no text can hold a key with a Z in it.
TEXTS = st.text(st.characters(exclude_characters="Z="), max_size=20)


def values(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        of | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
        max_leaves=12,
    )


@settings(deadline=None)
@given(values(TEXTS), KEYS)
def test_scrubbing_changes_nothing_but_keys(value: Any, key: str) -> None:
    assert scrub(value, f"Z{key}") == value


def test_a_key_that_begins_with_a_space_is_taken_out_once() -> None:
    assert scrub("api_key= 0000000", " 0000000") == "api_key=REDACTED"


@settings(deadline=None)
@given(st.data(), KEYS)
def test_scrubbing_leaves_no_key(data: st.DataObject, key: str) -> None:
    forms = st.sampled_from([key, quote(key), quote(key, safe=""), quote_plus(key)])
    texts = st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "http://x/?", "&amp;"]),
        st.sampled_from(["", "api_key=", "API_KEY="]),
        forms,
        st.sampled_from(["", "&x=1", '"', "#"]),
    )
    scrubbed = scrub(data.draw(values(texts)), key)
    assert key not in json.dumps(scrubbed, ensure_ascii=False)
    assert scrub(scrubbed, key) == scrubbed


# Windows.


@settings(deadline=None)
@given(st.lists(st.dates(), max_size=40) | st.lists(st.dates(date(9999, 12, 1)), max_size=40))
def test_windows_cover_exactly_the_days(days: list[date]) -> None:
    found = list(windows(days))
    covered = [
        first + timedelta(days=number)
        for first, last in found
        for number in range((last - first).days + 1)
    ]
    assert covered == sorted(set(days))
    assert all((last - first).days < 7 for first, last in found)


@settings(deadline=None)
@given(st.dates(max_value=date(9990, 1, 1)), st.integers(1, 100), st.randoms())
def test_windows_are_as_few_as_can_be(first: date, count: int, chance: random.Random) -> None:
    days = [first + timedelta(days=number) for number in range(count)]
    chance.shuffle(days)
    assert len(list(windows(days))) == -(-count // 7)


def test_nothing_is_asked_for_nothing() -> None:
    with serve() as service:
        assert Talk(service.base_url).fetch([]) == []
    assert service.calls == []


def test_days_apart_are_asked_for_apart() -> None:
    with serve() as service:
        answers = Talk(service.base_url).fetch([WEEK[5], WEEK[0], WEEK[1], WEEK[0]])
    assert [answer.day for answer in answers] == [WEEK[0], WEEK[1], WEEK[5]]
    assert service.asked == [("2024-03-01", "2024-03-02"), ("2024-03-06", "2024-03-06")]
