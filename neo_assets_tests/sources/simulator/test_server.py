"""The simulator over real HTTP, asked as NASA is asked."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import requests

from neo_assets.sources.simulator import SimulatedSky, SimulatorServer, serve

from .rows import approach, designation

TODAY = date(2024, 3, 10)
KEY = "a-key+of/the caller"


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with serve(SimulatedSky(), today=TODAY) as running:
        yield running


def ask(server: SimulatorServer, **query: str) -> requests.Response:
    return requests.get(f"{server.base_url}/feed", params={"api_key": KEY} | query, timeout=10)


def test_envelope(server: SimulatorServer) -> None:
    response = ask(server, start_date="2024-03-01", end_date="2024-03-07")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    answer = response.json()
    days = answer["near_earth_objects"]
    assert answer["element_count"] == sum(map(len, days.values())) > 70
    assert sorted(days) == [f"2024-03-0{number}" for number in range(1, 8)] != list(days)
    first = date(2024, 3, 1)
    # Nothing is lost on the way, but for the key in the links.
    sent = json.loads(response.text.replace("a-key%2Bof%2Fthe%20caller", "DEMO_KEY"))
    assert sent["near_earth_objects"]["2024-03-01"] == SimulatedSky().feed(first, TODAY)


def test_links_carry_the_callers_key(server: SimulatorServer) -> None:
    answer = ask(server, start_date="2024-03-01", end_date="2024-03-07").json()
    links = [
        *answer["links"].values(),
        *(row["links"]["self"] for rows in answer["near_earth_objects"].values() for row in rows),
    ]
    assert len(links) == 3 + answer["element_count"]
    assert all(link.endswith("api_key=a-key%2Bof%2Fthe%20caller") for link in links)
    assert requests.get(answer["links"]["self"], timeout=10).json() == answer
    following = requests.get(answer["links"]["next"], timeout=10).json()
    assert sorted(following["near_earth_objects"])[0] == "2024-03-07"


def test_sentry_data_carries_the_callers_key(server: SimulatorServer) -> None:
    found = [
        row["sentry_data"]
        for week in range(12)
        for rows in ask(server, start_date=str(date(2024, 1, 1) + timedelta(weeks=week)))
        .json()["near_earth_objects"]
        .values()
        for row in rows
        if row["is_sentry_object"]
    ]
    assert found and all(link.endswith("a-key%2Bof%2Fthe%20caller") for link in found)


def test_missing_end_is_seven_days_later(server: SimulatorServer) -> None:
    days = ask(server, start_date="2024-03-01").json()["near_earth_objects"]
    assert (min(days), max(days), len(days)) == ("2024-03-01", "2024-03-08", 8)


def test_reversed_dates_are_swapped(server: SimulatorServer) -> None:
    straight = ask(server, start_date="2024-03-01", end_date="2024-03-03")
    swapped = ask(server, start_date="2024-03-03", end_date="2024-03-01")
    assert swapped.status_code == 200
    assert swapped.json() == straight.json()


@pytest.mark.parametrize(
    "query",
    [
        {"start_date": "2024-03-01", "end_date": "2024-03-09"},
        {"start_date": "2024-03-09", "end_date": "2024-03-01"},
        {"start_date": "2024-02-30"},
        {"start_date": "20240301"},
        {"start_date": "2024-03-01", "end_date": "soon"},
        {"start_date": "9999-12-31"},
        {"end_date": "2024-03-01"},
        {},
    ],
)
def test_bad_dates(server: SimulatorServer, query: dict[str, str]) -> None:
    response = ask(server, **query)
    assert response.status_code == 400
    error = response.json()
    assert (error["code"], error["http_error"]) == (400, "BAD_REQUEST")
    assert error["error_message"].startswith("Date Format Exception")
    assert "caller" not in response.text


def test_missing_key(server: SimulatorServer) -> None:
    response = requests.get(f"{server.base_url}/feed?start_date=2024-03-01", timeout=10)
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "API_KEY_MISSING"


def test_invalid_key() -> None:
    with serve(SimulatedSky(), today=TODAY, valid_keys={"good"}) as server:
        refused = ask(server, start_date="2024-03-01", api_key="bad")
        assert refused.status_code == 403
        assert refused.json()["error"]["code"] == "API_KEY_INVALID"
        assert "bad" not in refused.text
        assert ask(server, start_date="2024-03-01", api_key="good").status_code == 200


def test_key_in_the_header(server: SimulatorServer) -> None:
    response = requests.get(
        f"{server.base_url}/feed?start_date=2024-03-01", headers={"X-Api-Key": "mine"}, timeout=10
    )
    assert response.status_code == 200
    assert response.json()["links"]["self"].endswith("api_key=mine")


def test_limit_of_calls() -> None:
    with serve(SimulatedSky(), today=TODAY, calls_per_hour=2) as server:
        remaining = []
        for _ in range(2):
            response = ask(server, start_date="2024-03-01", end_date="2024-03-01")
            assert response.status_code == 200
            assert response.headers["X-RateLimit-Limit"] == "2"
            remaining.append(response.headers["X-RateLimit-Remaining"])
        assert remaining == ["1", "0"]
        refused = ask(server, start_date="2024-03-01", end_date="2024-03-01")
        assert refused.status_code == 429
        assert refused.headers["Content-Type"] == "text/html"
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert 3500 < int(refused.headers["Retry-After"]) <= 3600
        assert refused.json()["error"]["code"] == "OVER_RATE_LIMIT"
        assert ask(server, start_date="2024-03-01", api_key="another").status_code == 200
        assert server.requests == 4


def test_no_limit_by_default(server: SimulatorServer) -> None:
    headers = ask(server, start_date="2024-03-01").headers
    assert not any(name.startswith("X-RateLimit") for name in headers)


def test_other_paths(server: SimulatorServer) -> None:
    assert requests.get(f"{server.base_url}/neo/2021277?api_key=x", timeout=10).status_code == 404
    assert server.requests == 0


def test_the_same_day_is_reported_again_later(server: SimulatorServer) -> None:
    def week() -> dict[tuple[str, str], list[str]]:
        content: dict[tuple[str, str], list[str]] = {}
        answer = ask(server, start_date="2024-03-03", end_date="2024-03-09").json()
        for day, rows in answer["near_earth_objects"].items():
            for row in rows:
                content.setdefault((day, designation(row)), []).append(json.dumps(approach(row)))
        return {key: sorted(rows) for key, rows in content.items()}

    before = week()
    assert week() == before
    server.today += timedelta(days=30)
    after = week()
    assert after.keys() - before.keys()
    assert any(after.get(key, rows) != rows for key, rows in before.items())


def test_a_restarted_service_gives_the_same_responses() -> None:
    answers = []
    for _ in range(2):
        with serve(SimulatedSky(), today=TODAY) as server:
            answers.append(ask(server, start_date="2024-03-01").json()["near_earth_objects"])
    assert answers[0] == answers[1]


def test_many_callers_at_once(server: SimulatorServer) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda _: ask(server, start_date="2024-03-01").text, range(48))
        assert len(set(answers)) == 1
    assert server.requests == 48


def test_it_is_quiet_and_leaves_nothing_behind(capfd: pytest.CaptureFixture[str]) -> None:
    threads = threading.active_count()
    with serve(SimulatedSky(), today=TODAY) as server:
        host, port = server.base_url.split("/")[2].split(":")
        assert host == "127.0.0.1"
        ask(server, start_date="2024-03-01")
        ask(server, start_date="never")
        with socket.create_connection((host, int(port))) as hasty:
            hasty.sendall(
                b"GET /neo/rest/v1/feed?api_key=secret&start_date=2024-03-01 HTTP/1.0\r\n"
            )
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))
    with serve(SimulatedSky(), today=TODAY, port=int(port)) as again:
        assert ask(again, start_date="2024-03-01").status_code == 200
    assert capfd.readouterr() == ("", "")
    assert threading.active_count() <= threads + 1
