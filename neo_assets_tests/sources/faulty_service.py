"""A fake NeoWs over real HTTP that misbehaves, call by call, as a test asks it to."""

import gzip
import json
import socket
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from neo_assets_tests.faults import injected

JsonObject = dict[str, Any]

PAGE_OF_HEROKU = (
    b"<!DOCTYPE html>\n<html>\n  <head>\n    <title>Application Error</title>\n  </head>\n"
    b'  <body>\n    <iframe src="//www.herokucdn.com/error-pages/application-error.html">'
    b"</iframe>\n  </body>\n</html>"
)


@dataclass(frozen=True)
class Call:
    """What was asked, and the connection that wants an answer."""

    days: tuple[date, ...]
    key: str
    headers: frozenset[str]
    """Names of headers, in lower case."""
    connection: socket.socket
    is_over: Event

    def send(self, *parts: bytes) -> None:
        # Callers hang up when they have waited long enough.
        with suppress(ConnectionError):
            for part in parts:
                self.connection.sendall(part)


Act = Callable[[Call], None]
"""How one call is answered."""


@dataclass
class FaultyService:
    """Plays `acts` one call after the other, then `finally_` for ever; remembers the calls."""

    acts: list[Act]
    finally_: Act
    calls: list[Call] = field(default_factory=list)
    base_url: str = ""
    is_over: Event = field(default_factory=Event)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """First and last date of each call."""
        return [(call.days[0].isoformat(), call.days[-1].isoformat()) for call in self.calls]


@contextmanager
def serve(*acts: Act, finally_: Act | None = None) -> Iterator[FaultyService]:
    """A service at a port of its own; after the acts it is honest by default."""
    service = FaultyService(list(acts), finally_ or honest())

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):
                target = self.rfile.readline().split()[1].decode()
                headers = set()
                while line := self.rfile.readline().strip():
                    headers.add(line.partition(b":")[0].decode().lower())
                query = parse_qs(urlsplit(target).query)
                first, last = (
                    date.fromisoformat(query[name][0]) for name in ("start_date", "end_date")
                )
                days = tuple(first + timedelta(n) for n in range((last - first).days + 1))
                call = Call(
                    days,
                    query["api_key"][0],
                    frozenset(headers),
                    self.connection,
                    service.is_over,
                )
                service.calls.append(call)
                if service.acts:
                    injected("answers as a service should not give them")
                act = service.acts.pop(0) if service.acts else service.finally_
                act(call)

    class Listener(ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Listener(("127.0.0.1", 0), Handler) as listener:
        service.base_url = f"http://127.0.0.1:{listener.server_address[1]}/neo/rest/v1"
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield service
        finally:
            service.is_over.set()
            listener.shutdown()
            thread.join()


def neo(day: date, number: int = 1, key: str = "", **others: Any) -> JsonObject:
    """An object as the feed lists it, without what is not read here."""
    return {
        "links": {"self": f"http://api.nasa.gov/neo/rest/v1/neo/{number}?api_key={quote(key)}"},
        "id": str(number),
        "name": f"({day.year} AB{number})",
        "absolute_magnitude_h": 20.1,
        "close_approach_data": [{"close_approach_date": day.isoformat()}],
        **others,
    }


def listing(call: Call) -> JsonObject:
    """What the service lists for a call."""
    return listing_of(call.days, call.key)


def listing_of(days: Sequence[date], key: str = "") -> JsonObject:
    """Two objects on every day, but none on a Sunday; keys where NASA's answers have them."""
    objects = {
        day.isoformat(): []
        if day.isoweekday() == 7
        else [neo(day, number, key) for number in (1, 2)]
        for day in days[::-1]
    }
    return {
        "links": {"self": f"http://api.nasa.gov/neo/rest/v1/feed?api_key={quote(key)}&x=1"},
        "element_count": sum(map(len, objects.values())),
        "near_earth_objects": objects,
    }


def message(
    status: str, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole HTTP answer, with the length that it has."""
    lines = {"Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}Connection: close\r\n\r\n".encode() + body


def says(
    status: str,
    body: bytes | str = b"",
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Act:
    """The same answer whatever is asked."""
    content = body.encode() if isinstance(body, str) else body
    return lambda call: call.send(message(status, content, content_type, headers))


def honest(**headers: str) -> Act:
    """What was asked for; `calls_left="7"` and the like set the headers."""
    return lists(lambda answer, call: None, headers=headers)


def lists(
    change: Callable[[JsonObject, Call], Any], headers: Mapping[str, str] | None = None
) -> Act:
    """An honest listing with a change made to it."""

    def act(call: Call) -> None:
        answer = listing(call)
        change(answer, call)
        names = {"calls_left": "X-RateLimit-Remaining"}
        call.send(
            message(
                "200 OK",
                json.dumps(answer).encode(),
                "application/json;charset=UTF-8",
                {names.get(name, name): value for name, value in (headers or {}).items()},
            )
        )

    return act


def lists_text(text: Callable[[Call], str | bytes]) -> Act:
    """An answer with status 200 and any text."""

    def act(call: Call) -> None:
        body = text(call)
        content = body.encode() if isinstance(body, str) else body
        call.send(message("200 OK", content, "application/json"))

    return act


def compressed(call: Call) -> None:
    body = gzip.compress(json.dumps(listing(call)).encode())
    call.send(message("200 OK", body, "application/json", {"Content-Encoding": "gzip"}))


def _chunks(call: Call) -> list[bytes]:
    body = json.dumps(listing(call)).encode()
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    parts = [body[start : start + 100] for start in range(0, len(body), 100)]
    return [head, *(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)]


def chunked(call: Call) -> None:
    call.send(*_chunks(call), b"0\r\n\r\n")


def chunked_without_end(call: Call) -> None:
    call.send(*_chunks(call)[:-1])


def resets(call: Call) -> None:
    """Half the body, then a connection reset."""
    whole = message("200 OK", json.dumps(listing(call)).encode(), "application/json")
    call.send(whole[: len(whole) // 2])
    call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    call.connection.close()


def resets_at_once(call: Call) -> None:
    call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    call.connection.close()


def ends_early(call: Call) -> None:
    """Half the body, then an orderly end."""
    whole = message("200 OK", json.dumps(listing(call)).encode(), "application/json")
    call.send(whole[: len(whole) // 2])


def truncated(call: Call) -> None:
    """Half the JSON, as the whole of the body."""
    body = json.dumps(listing(call)).encode()
    call.send(message("200 OK", body[: len(body) // 2], "application/json"))


def hangs(call: Call) -> None:
    call.is_over.wait(60)


def hangs_in_body(call: Call) -> None:
    whole = message("200 OK", json.dumps(listing(call)).encode(), "application/json")
    call.send(whole[: len(whole) // 2])
    call.is_over.wait(60)


def drips(call: Call) -> None:
    """The head at once, then a byte now and then: no single read is ever late."""
    whole = message("200 OK", json.dumps(listing(call)).encode(), "application/json")
    start = whole.index(b"\r\n\r\n") + 4
    call.send(whole[:start])
    _drip(call, whole[start:])


def drips_from_the_first_byte(call: Call) -> None:
    _drip(call, message("200 OK", json.dumps(listing(call)).encode(), "application/json"))


def _drip(call: Call, content: bytes) -> None:
    with suppress(OSError):
        for position in range(len(content)):
            call.connection.sendall(content[position : position + 1])
            if call.is_over.wait(0.05):
                return


def speaks_no_http(call: Call) -> None:
    call.send(b"220 mail.example.org ESMTP\r\n")
