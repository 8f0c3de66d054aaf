"""A payment gateway outside of the site: its pages and its work are another company's, as in production, so they are not counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import urlopen

from django.conf import settings
from django.urls import reverse

from bookings.domain.sales.gateways import Told
from bookings.domain.sales.gateways.demo import PAID, DemoGateway, notification_body
from bookings.models import PaymentAttempt

_TRUE: Final = b"VALID"
_SECONDS: Final = 10


class OutsideGateway(DemoGateway):
    """Our side of it: where to send the browser, what to believe, and a question over HTTP whether it is true."""

    name = "outside"

    def payment_address(self, attempt: PaymentAttempt) -> str:
        back, tell = reverse("passenger:order_status", args=[attempt.order.token]), reverse("passenger:notify", args=[self.name])
        bill = {"pk": attempt.pk, "token": attempt.token, "amount": attempt.amount}
        bill |= {"return_url": f"{settings.SITE_URL}{back}", "notify_url": f"{settings.SITE_URL}{tell}"}
        return f"{settings.OUTSIDE_GATEWAY_URL}/pay/?{urlencode(bill)}"

    def confirms(self, told: Told) -> bool:
        asked = urlencode({"payment": told.external_id}).encode()
        with urlopen(f"{settings.OUTSIDE_GATEWAY_URL}/confirm/", data=asked, timeout=_SECONDS) as answer:
            return answer.read(100) == _TRUE


class _Page(BaseHTTPRequestHandler):
    """The other side: a page with a button, which tells the site and sends the browser back to it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, b"<!doctype html><h1>Pay</h1>")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/confirm/"):
            return self._answer(200, _TRUE)
        bill = dict(parse_qsl(urlsplit(self.path).query))
        attempt = PaymentAttempt(pk=int(bill["pk"]), token=bill["token"], amount=Decimal(bill["amount"]))
        with urlopen(bill["notify_url"], data=notification_body(attempt, PAID), timeout=_SECONDS) as told:
            told.read()
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
def outside_gateway() -> Iterator[str]:
    """Its address, while it is open."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
