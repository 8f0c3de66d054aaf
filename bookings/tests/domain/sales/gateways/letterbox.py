"""Where the simulator's notifications arrive in tests: each is handed on to the site by the test, when it
likes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs

_SECONDS: Final = 10


class Letterbox(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Slot)
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def wait_for(self, token: str, count: int) -> list[bytes]:
        """The bodies that tell of this attempt, once there are so many."""
        deadline = time.monotonic() + _SECONDS
        while len(bodies := self._of(token)) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        assert len(bodies) == count, bodies
        return bodies

    def _of(self, token: str) -> list[bytes]:
        return [body for body in self.bodies if parse_qs(body.decode()).get("m_payment_id") == [token]]


class _Slot(BaseHTTPRequestHandler):
    server: Letterbox

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nobody reads it."""


@contextmanager
def open_letterbox() -> Iterator[Letterbox]:
    box = Letterbox()
    thread = threading.Thread(target=box.serve_forever, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        box.shutdown()
        box.server_close()
        thread.join()
