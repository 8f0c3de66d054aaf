"""The gateway's own side.

Its page and its notification are not the site's work, and stand beside the customer, who is not counted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

PAY: Final = "/pay/"
CONFIRM: Final = "/confirm/"
TRUE: Final = b"VALID"
_SECONDS: Final = 10


class _Cashier(BaseHTTPRequestHandler):
    """A page with a button, which tells the site and sends the browser back to it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, b"<!doctype html><h1>Pay</h1>")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == CONFIRM:
            return self._answer(200, TRUE)
        bill = dict(parse_qsl(urlsplit(self.path).query))
        with urlopen(bill["notify_url"], data=bill["notification"].encode(), timeout=_SECONDS) as heard:
            heard.read()
        return self._answer(302, b"", Location=bill["return_url"])

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nobody reads it."""


@contextmanager
def cashier() -> Iterator[str]:
    """Its address, while it is open."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Cashier)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
