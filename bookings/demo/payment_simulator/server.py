"""A payment gateway in miniature, to be paid with on this very machine: its page, notifications and API, and
a button for each way in which they can go wrong.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from bookings.demo.payment_simulator.account import Merchant
from bookings.demo.payment_simulator.answers import SimulatedAnswer, SimulatedRequest, text_answer
from bookings.demo.payment_simulator.payfast import PayfastFace
from bookings.demo.payment_simulator.sender import Pace

_MOST_BYTES: Final = 20_000


class Simulator(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], merchant: Merchant, pace: Pace) -> None:
        super().__init__(address, _Handler)
        self.payfast = PayfastFace(merchant, pace)

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_port}"

    def answer(self, request: SimulatedRequest) -> SimulatedAnswer:
        if (request.method, *request.parts) == ("POST", "moods"):
            with self.payfast.account.lock:
                self.payfast.account.moods = [mood for _name, mood in parse_qsl(request.body.decode())]
            return text_answer("ok")
        return self.payfast.answer(request) or text_answer("not found", 404)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Simulator

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, *_args: object) -> None:
        """The site's own log says enough."""

    def _answer(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        url = urlsplit(self.path)
        request = SimulatedRequest(
            method=method,
            parts=tuple(part for part in url.path.split("/") if part),
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers=self.headers,  # type: ignore[arg-type]  # a mapping that knows no case
            body=self.rfile.read(min(length, _MOST_BYTES)),
        )
        answer = self.server.answer(request)
        if answer.is_lost:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.location:
            self.send_header("Location", answer.location)
        self.end_headers()
        self.wfile.write(answer.body)
