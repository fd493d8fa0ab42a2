"""Services that messages arrive at: an HTTP endpoint and a mail server, both real."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PASSWORD = "pAssw0rd-f0r-the-endp0int"
PATH = "h00k-t0ken-000000000000000000"
SECRETS = (PASSWORD, PATH)


@dataclass(frozen=True)
class Message:
    """What a service was sent."""

    title: str
    body: str


@dataclass
class Endpoint:
    """Takes what is posted, or answers with another status; keeps what it took.

    `takes` is how many further messages it takes before it answers with `status`.
    """

    port: int
    messages: list[Message] = field(default_factory=list)
    status: int = 200
    takes: int = 0

    @property
    def address(self) -> str:
        """In Apprise's notation, with a secret in the password and one in the path."""
        return f"json://alerts:{PASSWORD}@127.0.0.1:{self.port}/{PATH}"

    @contextmanager
    def up(self) -> Iterator[None]:
        """Listen at the port, until the end of the block."""
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = 200 if endpoint.takes > 0 else endpoint.status
                endpoint.takes -= 1
                if status == 200:
                    endpoint.messages.append(Message(sent["title"], sent["message"]))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", self.port), Handler) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()


@dataclass
class Mailbox:
    """A mail server that wants a password, and what it was sent."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list)

    @property
    def address(self) -> str:
        """In Apprise's notation."""
        return (
            f"mailto://alerts:{PASSWORD}@127.0.0.1:{self.port}"
            "?from=neo@example.org&to=people@example.org"
        )

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"


def unused_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """An HTTP endpoint that is up."""
    found = Endpoint(unused_port())
    with found.up():
        yield found


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server that is up."""

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        is_known = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
        return AuthResult(success=is_known, handled=False)

    found = Mailbox(unused_port())
    controller = Controller(
        found,
        hostname="127.0.0.1",
        port=found.port,
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield found
    finally:
        controller.stop()
