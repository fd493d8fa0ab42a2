"""The services over real HTTP on the loopback interface: NASA's envelope, errors and limits."""

import json
import re
import sys
import time
from collections import defaultdict, deque
from collections.abc import Container, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Lock, Thread
from typing import Any, Protocol
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from neo_assets.date_spans import expanded

from .agencies import Answer, BadRequest, Documents
from .listing import JsonObject

NEOWS_PATH = "/neo/rest/v1"
"""Where NeoWs is below the root of the simulator."""

LONGEST_SPAN = timedelta(days=7)
"""From first to last date of a call. NeoWs says "7 days" and answers with up to eight dates."""

_HOUR = 3600.0


class Sky(Protocol):
    """Anything that knows the feed's objects of a day."""

    def feed(self, day: date, today: date) -> list[JsonObject]:
        """The objects that the service lists for `day` when asked on `today`."""
        ...


class SimulatorServer:
    """A running simulator.

    `today` may be set to a later day: the next call is answered as on that day.
    """

    def __init__(
        self,
        sky: Sky,
        *,
        today: date,
        port: int,
        calls_per_hour: int | None,
        valid_keys: Container[str] | None,
        documents: Documents,
    ) -> None:
        """Take the port; `serve` is what starts answering."""
        self.today = today
        self._sky = sky
        self._calls_per_hour = calls_per_hour
        self._valid_keys = valid_keys
        self._documents = documents
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self._requests = 0
        self._lock = Lock()
        self._listener = _Listener(self, port)

    @property
    def root_url(self) -> str:
        """The address that replaces those of agencies whose services have no path."""
        return f"http://127.0.0.1:{self._listener.server_address[1]}"

    @property
    def base_url(self) -> str:
        """The address that replaces `https://api.nasa.gov/neo/rest/v1`."""
        return f"{self.root_url}{NEOWS_PATH}"

    @property
    def requests(self) -> int:
        """Requests answered so far, refusals included."""
        return self._requests

    @contextmanager
    def _running(self) -> Iterator[None]:
        thread = Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            self._listener.shutdown()
            self._listener.server_close()
            thread.join()

    def _answer(self, target: str, header_key: str | None) -> Answer:
        address = urlsplit(target)
        path = address.path.rstrip("/")
        document = self._documents.get(path)
        if document is None and path != f"{NEOWS_PATH}/feed":
            return Answer(404, _gateway_error("NOT_FOUND", "The simulator has no such service."))
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        with self._lock:
            self._requests += 1
        if document:
            return document(query, self.today)
        key = header_key or query.pop("api_key", "")
        if not key or (self._valid_keys is not None and key not in self._valid_keys):
            code, state = ("INVALID", "An invalid") if key else ("MISSING", "No")
            return Answer(
                403,
                _gateway_error(
                    f"API_KEY_{code}",
                    f"{state} api_key was supplied. Get one at https://api.nasa.gov:443",
                ),
            )
        headers, wait = self._spend_call(key)
        if wait is not None:
            return Answer(
                429,
                _gateway_error(
                    "OVER_RATE_LIMIT",
                    "You have exceeded your rate limit. Try again later or contact us at "
                    "https://api.nasa.gov:443/contact/ for assistance",
                ),
                # A real one was labelled so although its body is JSON.
                content_type="text/html",
                headers=headers | {"Retry-After": str(wait)},
            )
        try:
            first, last = _dates(query)
        except BadRequest:
            return Answer(
                400,
                json.dumps(
                    {
                        "code": 400,
                        "http_error": "BAD_REQUEST",
                        "error_message": "Date Format Exception - Expected format (yyyy-mm-dd) - "
                        "The Feed date limit is only 7 Days",
                        "request": f"http://www.neowsapp.com/rest/v1/feed?{_without_key(address.query)}",
                    }
                ),
                headers=headers,
            )
        return Answer(200, self._envelope(first, last, key), headers=headers)

    def _spend_call(self, key: str) -> tuple[dict[str, str], int | None]:
        """Rate limit headers, and the seconds to wait where the limit is reached."""
        if self._calls_per_hour is None:
            return {}, None
        with self._lock:
            now, calls = time.monotonic(), self._calls[key]
            while calls and calls[0] <= now - _HOUR:
                calls.popleft()
            refused = len(calls) >= self._calls_per_hour
            if not refused:
                calls.append(now)
            headers = {
                "X-RateLimit-Limit": str(self._calls_per_hour),
                "X-RateLimit-Remaining": str(self._calls_per_hour - len(calls)),
            }
            wait = calls[0] + _HOUR - now if calls else _HOUR
        return headers, int(wait) + 1 if refused else None

    def _envelope(self, first: date, last: date, key: str) -> str:
        today = self.today
        days = list(expanded([(first, last)]))
        # NASA's keys come in no order; a client that counts on one should notice.
        objects = {day.isoformat(): self._sky.feed(day, today) for day in [days[-1], *days[:-1]]}
        span = last - first
        step = span or timedelta(days=1)
        answer = {
            "links": {
                "next": self._link(first, step, span),
                "previous": self._link(first, -step, span),
                "self": self._link(first, timedelta(), span),
            },
            "element_count": sum(map(len, objects.values())),
            "near_earth_objects": objects,
        }
        # Links all over the answer carry the caller's key, as NASA's do.
        return re.sub(
            r"api_key=[^&\"]*", lambda _: f"api_key={quote(key, safe='')}", json.dumps(answer)
        )

    def _link(self, first: date, step: timedelta, span: timedelta) -> str:
        try:
            dates = {"start_date": first + step, "end_date": first + step + span}
        except OverflowError:
            dates = {"start_date": first, "end_date": first + span}
        return f"{self.base_url}/feed?{urlencode(dates)}&detailed=false&api_key="


@contextmanager
def serve(
    sky: Sky,
    *,
    today: date,
    port: int = 0,
    calls_per_hour: int | None = None,
    valid_keys: Container[str] | None = None,
    documents: Documents | None = None,
) -> Iterator[SimulatorServer]:
    """Serve a sky on 127.0.0.1 for as long as the context lasts.

    Args:
        sky: what the feed lists.
        today: the simulated today.
        port: 0 takes a free one.
        calls_per_hour: limit for each key in any sixty minutes; None: no limit, and no headers
            that tell of one. `DEMO_KEY` has 30.
        valid_keys: keys that are let in; None: any key, but not none at all.
        documents: what other agencies publish, by path.
    """
    server = SimulatorServer(
        sky,
        today=today,
        port=port,
        calls_per_hour=calls_per_hour,
        valid_keys=valid_keys,
        documents=documents or {},
    )
    with server._running():
        yield server


class _Listener(ThreadingTCPServer):
    # Not http.server's own server: that one looks up the machine's name, which can take seconds.
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, simulator: SimulatorServer, port: int) -> None:
        self.simulator = simulator
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that hang up early; any other error is a bug of the simulator."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    timeout = 30

    def do_GET(self) -> None:
        answer = self.server.simulator._answer(self.path, self.headers.get("X-Api-Key"))
        body = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Write no log: request lines carry keys."""


def _dates(query: dict[str, str]) -> tuple[date, date]:
    first = _date(query.get("start_date"))
    try:
        last = _date(query["end_date"]) if "end_date" in query else first + LONGEST_SPAN
    except OverflowError:
        raise BadRequest from None
    first, last = min(first, last), max(first, last)
    if last - first > LONGEST_SPAN:
        raise BadRequest
    return first, last


def _date(text: str | None) -> date:
    if text is None or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise BadRequest
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRequest from None


def _without_key(query: str) -> str:
    return "&".join(part for part in query.split("&") if not part.startswith("api_key="))


def _gateway_error(code: str, message: str) -> str:
    return json.dumps({"error": {"code": code, "message": message}})
