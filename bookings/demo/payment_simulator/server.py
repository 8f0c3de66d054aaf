"""Payment gateways in miniature, to be paid with on this very machine: their pages, notifications and
interfaces, and a button for each way in which they can go wrong.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from bookings.demo.payment_simulator.account import Merchant
from bookings.demo.payment_simulator.answers import (
    SimulatedAnswer,
    SimulatedRequest,
    json_answer,
    redirect_answer,
    text_answer,
)
from bookings.demo.payment_simulator.moods import Moods
from bookings.demo.payment_simulator.page import PaymentRow, home_page
from bookings.demo.payment_simulator.payfast import PayfastFace
from bookings.demo.payment_simulator.sender import Pace
from bookings.demo.payment_simulator.yoco import YocoFace, YocoKeys

_MOST_BYTES: Final = 20_000


class Simulator(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], merchant: Merchant, keys: YocoKeys, pace: Pace) -> None:
        super().__init__(address, _Handler)
        self.moods = Moods()
        self.payfast = PayfastFace(merchant, pace, self.moods)
        self.yoco = YocoFace(self.url, keys, pace, self.moods)

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_port}"

    def answer(self, request: SimulatedRequest) -> SimulatedAnswer:
        match (request.method, *request.parts):
            case ("GET",):
                return home_page(self.rows(), self.moods.waiting("refund"))
            case ("GET", "book"):  # what each payment took and gave back
                return json_answer({row.id: [row.taken, *row.given_back] for row in self.rows()})
            case ("POST", "moods", kind):
                self.moods.set(kind, [mood for _name, mood in parse_qsl(request.body.decode())])
                return redirect_answer("/")
        answer = self.payfast.answer(request) or self.yoco.answer(request)
        return answer or text_answer("not found", 404)

    def rows(self) -> list[PaymentRow]:
        """All payments of both, in cents."""
        rows = []
        for payment in list(self.payfast.account.payments.values()):
            moves = [int(move.gross * 100) for move in payment.moves]
            back = [-move for move in moves if move < 0]
            rows.append(PaymentRow("Payfast", payment.id, sum(moves) + sum(back), tuple(back)))
        for checkout in list(self.yoco.checkouts.values()):
            taken = checkout.amount if checkout.status == "completed" else 0
            back = [refund.amount for refund in checkout.refunds.values() if refund.status == "succeeded"]
            rows.append(PaymentRow("Yoco", checkout.payment_id, taken, tuple(back)))
        return rows


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
