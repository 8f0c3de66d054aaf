"""Where the simulator's notifications arrive in tests: each is handed on to the site by the test, when it
likes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from django.test import Client

_SECONDS: Final = 10


@dataclass(frozen=True)
class Letter:
    path: str
    headers: dict[str, str]
    body: bytes

    def hand_on(self) -> int:
        """Let it reach the site; its answer."""
        signed = ("webhook-", "x-hub-", "authorization")
        own = {name: value for name, value in self.headers.items() if name.startswith(signed)}
        client, kind = Client(REMOTE_ADDR="127.0.0.1"), self.headers["content-type"]
        return client.post(self.path, self.body, content_type=kind, headers=own).status_code


class Letterbox(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Slot)
        self.letters: list[Letter] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def wait_for(self, name: str, count: int) -> list[Letter]:
        """Those that name this attempt, once there are so many."""
        deadline = time.monotonic() + _SECONDS
        while len(letters := self._naming(name)) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        assert len(letters) == count, letters
        return letters

    def _naming(self, name: str) -> list[Letter]:
        return [letter for letter in self.letters if name.encode() in letter.body]


class _Slot(BaseHTTPRequestHandler):
    server: Letterbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.letters.append(
            Letter(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        )
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
