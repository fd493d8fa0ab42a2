"""An agency's service that plays prepared responses over real HTTP and remembers the requests."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

from neo_assets_tests.faults import injected


@dataclass(frozen=True)
class Reply:
    """One response; `announced` is the length that its header claims, if it is another one."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None


@dataclass(frozen=True)
class Request:
    """What was requested."""

    path: str
    parameters: dict[str, str]
    user_agent: str


@dataclass
class AgencyService:
    """Plays its replies one after the other, the last one for ever."""

    replies: list[Reply]
    requests: list[Request] = field(default_factory=list)
    address: str = ""


@contextmanager
def serve(*replies: Reply) -> Iterator[AgencyService]:
    """The service at a port of its own."""
    service = AgencyService(list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = urlsplit(self.path)
            agent = self.headers.get("User-Agent", "")
            service.requests.append(Request(target.path, dict(parse_qsl(target.query)), agent))
            reply = service.replies[min(len(service.requests), len(service.replies)) - 1]
            if reply.status != 200 or reply.announced:
                injected("responses as a service should not give them")
            self.send_response(reply.status)
            length = len(reply.body) if reply.announced is None else reply.announced
            for name, value in {**reply.headers, "Content-Length": str(length)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Write no log."""

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        service.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield service
        server.shutdown()
        thread.join()


def asked(service: AgencyService) -> Sequence[dict[str, str]]:
    """The parameters of each request."""
    return [request.parameters for request in service.requests]
