"""A partner's server of our own, with TLS and moods."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme

from bookings.domain.messaging.webhooks.http import Poster

HOST = "hooks.partner.test"


@cache
def authority() -> trustme.CA:
    return trustme.CA()


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.text)


@dataclass
class Receiver:
    """`status` is what it answers, `pause` how long it thinks, `drip` how slowly it sends its answer,
    `location` where it leads to.
    """

    port: int = 0
    got: list[Received] = field(default_factory=list)
    status: int = 204
    pause: float = 0
    drip: float = 0
    location: str = ""
    asked: list[str] = field(default_factory=list)  # the names that were resolved

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/hooks?from=falcon"

    def events(self) -> list[str]:
        return [each.body["type"] for each in self.got]

    def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return ["127.0.0.1"]

    def poster(self, **changes: Any) -> Poster:
        """Leads to this server, under its name; everything else is as in earnest."""
        tls = ssl.create_default_context()
        authority().configure_trust(tls)
        return Poster(
            **(
                {"resolve": self.resolve, "allowed": lambda address: address == "127.0.0.1", "tls": tls}
                | changes
            )
        )


@contextmanager
def receiver(name: str = HOST, *, tls: bool = True) -> Iterator[Receiver]:
    mood = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            mood.got.append(
                Received(self.path, {key.lower(): value for key, value in self.headers.items()}, text)
            )
            time.sleep(mood.pause)
            if mood.drip:
                self._drip()
                return
            self.send_response(mood.status)
            if mood.location:
                self.send_header("Location", mood.location)
            self.end_headers()

        def _drip(self) -> None:
            for _number in range(200):
                self.wfile.write(b"H")
                time.sleep(mood.drip)

        def log_message(self, *_words: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_request: object) -> None:
            """Who is cut off says nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority().issue_cert(name).configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    mood.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield mood
    finally:
        server.shutdown()
        server.server_close()
