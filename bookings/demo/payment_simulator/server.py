"""A Payfast in miniature, to be paid with on this very machine: its page, its notifications, its API, and a
button for each way in which they can go wrong.
"""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

from bookings.demo.payment_simulator.account import SAST, Form, Merchant, SimulatedAccount, SimulatedPayment
from bookings.demo.payment_simulator.signatures import php, sign_call, sign_form, sign_notification

_MOST_BYTES: Final = 20_000
_RETRIES: Final = 5
_SECONDS: Final = 10
# What the page offers: the notifications that are sent, each with its delay in units of --pace
CHOICES: Final = {
    "pay": "Pay",
    "cancel": "Cancel",
    "fail": "Let the bank refuse",
    "pending": "Pending, then complete",
    "pending_only": "Pending, and nothing more",
    "lose": "Pay, but lose the notification",
    "duplicate": "Pay, and tell three times",
    "reorder": "Pending and complete in the wrong order",
    "wrong_amount": "Tell a wrong amount",
    "wrong_signature": "Sign wrongly",
    "foreign": "Tell of a payment that Payfast does not know",
    "late": "Pay, and tell late",
}
_CANCELS: Final = ("cancel",)
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Payment simulator</title>
</head>
<body>
<main>
<h1>Payment simulator</h1>
<p>{item}: R{amount}. No money moves.</p>
<form method="post" action="/pay/{id}">
<p><label>Paid by
<select name="way"><option value="cc">card</option><option value="ef">instant EFT</option></select>
</label></p>
{buttons}
</form>
</main>
</body>
</html>"""


@dataclass(frozen=True)
class Pace:
    """Seconds between what follows by itself, and until what comes late."""

    step: float = 3
    late: float = 60


class Simulator(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], merchant: Merchant, pace: Pace) -> None:
        super().__init__(address, _Handler)
        self.account = SimulatedAccount(merchant)
        self.pace = pace

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_port}"

    def decide(self, payment: SimulatedPayment, choice: str) -> None:
        """Let the customer's choice happen, and tell of it as the choice says."""
        complete = self.account.notification(payment, "COMPLETE")
        pending = self.account.notification(payment, "PENDING")
        if choice not in ("cancel", "fail", "pending_only", "foreign", "wrong_amount"):
            self.account.settle(payment)
        step, late = self.pace.step, self.pace.late
        plans: dict[str, list[tuple[float, Form]]] = {
            "pay": [(0, complete)],
            "cancel": [(0, self.account.notification(payment, "CANCELLED"))],
            "fail": [(0, self.account.notification(payment, "FAILED"))],
            "pending": [(0, pending), (step, complete)],
            "pending_only": [(0, pending)],
            "lose": [],
            "duplicate": [(0, complete)] * 3,
            "reorder": [(0, complete), (0, pending)],
            "late": [(late, complete)],
        }
        if choice == "wrong_amount":  # less was paid than was asked
            less = payment.amount - 1
            payment.form["amount"] = f"{less:.2f}"
            self.account.settle(payment)
            plans[choice] = [(0, self.account.notification(payment, "COMPLETE"))]
        if choice in ("wrong_signature", "foreign"):
            return self._tell_wrongly(payment, complete, choice)
        for _delay, form in plans[choice]:
            payment.sent.append(_text(form))
        threading.Thread(target=self._tell_each, args=(payment, plans[choice]), daemon=True).start()
        return None

    def _tell_wrongly(self, payment: SimulatedPayment, form: Form, choice: str) -> None:
        passphrase = self.account.merchant.passphrase
        signature = sign_notification(form, passphrase)
        if choice == "wrong_signature":
            signature = signature[::-1]
            payment.sent.append(_text(form))
        self._tell(payment, f"{_text(form)}&signature={signature}")

    def _tell_each(self, payment: SimulatedPayment, plan: list[tuple[float, Form]]) -> None:
        for delay, form in plan:
            time.sleep(delay)
            signature = sign_notification(form, self.account.merchant.passphrase)
            for again in range(_RETRIES):
                if self._tell(payment, f"{_text(form)}&signature={signature}"):
                    break
                time.sleep(self.pace.step * 2**again)

    def _tell(self, payment: SimulatedPayment, body: str) -> bool:
        request = Request(
            payment.form["notify_url"],
            data=body.encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        try:
            with urlopen(request, timeout=_SECONDS) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


def _text(form: Form) -> str:
    return "&".join(f"{name}={php(value)}" for name, value in form)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Simulator

    def do_GET(self) -> None:
        self._route("GET")

    def do_POST(self) -> None:
        self._route("POST")

    def log_message(self, *_args: object) -> None:
        """The site's own log says enough."""

    def _route(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, _MOST_BYTES))
        url = urlsplit(self.path)
        parts = [part for part in url.path.split("/") if part]
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        match (method, *parts):
            case ("POST", "eng", "process"):
                self._take(body)
            case ("POST", "pay", payment_id):
                self._decide(payment_id, dict(parse_qsl(body.decode())))
            case ("POST", "eng", "query", "validate"):
                self._validate(body.decode())
            case ("POST", "moods"):
                with self.server.account.lock:
                    self.server.account.moods = [mood for _name, mood in parse_qsl(body.decode())]
                self._send(200, b"ok", "text/plain")
            case (_, "ping" | "refunds" | "transactions", *_rest):
                self._api(method, parts, query, body)
            case _:
                self._send(404, b"not found", "text/plain")

    # The page

    def _take(self, body: bytes) -> None:
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        fields, merchant = dict(form), self.server.account.merchant
        own_key = fields.get("merchant_id"), fields.get("merchant_key")
        wrong = [
            text
            for text, is_wrong in {
                "merchant": own_key != (merchant.id, merchant.key),
                "signature": fields.get("signature") != sign_form(form, merchant.passphrase),
                "amount": not _is_amount(fields.get("amount", "")),
                "item_name": not fields.get("item_name"),
                "notify_url": not fields.get("notify_url", "").startswith("http"),
            }.items()
            if is_wrong
        ]
        if wrong:
            self._send(400, f"400 Bad Request: {', '.join(wrong)}".encode(), "text/plain")
            return
        payment = self.server.account.take(form)
        page = _PAGE.format(
            item=escape(fields["item_name"]),
            amount=escape(fields["amount"]),
            id=payment.id,
            buttons="\n".join(
                f'<p><button name="choice" value="{name}">{escape(text)}</button></p>'
                for name, text in CHOICES.items()
            ),
        )
        self._send(200, page.encode(), "text/html; charset=utf-8")

    def _decide(self, payment_id: str, form: dict[str, str]) -> None:
        payment, choice = self.server.account.payments.get(payment_id), form.get("choice", "")
        if payment is None or choice not in CHOICES:
            self._send(404, b"no such payment or choice", "text/plain")
            return
        payment.way = form.get("way", "cc")
        self.server.decide(payment, choice)
        back = payment.form["cancel_url" if choice in _CANCELS else "return_url"]
        self._send(303, b"", "text/plain", location=back)

    def _validate(self, text: str) -> None:
        fields = dict(parse_qsl(text, keep_blank_values=True))
        payment = self.server.account.payments.get(fields.get("pf_payment_id", ""))
        is_ours = payment is not None and text in payment.sent
        self._send(200, b"VALID" if is_ours else b"INVALID", "text/plain")

    # The API

    def _api(self, method: str, parts: list[str], query: dict[str, str], body: bytes) -> None:
        merchant = self.server.account.merchant
        try:
            sent = {name: str(value) for name, value in json.loads(body or b"{}").items()}
        except (ValueError, AttributeError):
            self._json(400, {"message": "malformed"})
            return
        signed = {name: self.headers.get(name, "") for name in ("merchant-id", "version", "timestamp")}
        signed |= {name: value for name, value in query.items() if name != "testing"} | sent
        is_known = bool(merchant.passphrase) and signed["merchant-id"] == merchant.id
        if not is_known or self.headers.get("signature") != sign_call(signed, merchant.passphrase):
            self._json(401, {"message": "Merchant authorization failed."})
            return
        match (method, *parts):
            case ("GET", "ping"):
                self._send(200, b'"API V1"', "application/json")
            case ("GET", "transactions", "history"):
                self._history(query)
            case ("GET", "refunds", "query", payment_id):
                self._with(payment_id, self._options)
            case ("GET", "refunds", payment_id):
                self._with(payment_id, self._refunds)
            case ("POST", "refunds", payment_id):
                self._with(payment_id, lambda payment: self._refund(payment, sent))
            case _:
                self._json(404, {"message": "not found"})

    def _with(self, payment_id: str, act: Any) -> None:
        payment = self.server.account.payments.get(payment_id)
        if payment is None or not payment.is_paid:
            self._json(404, {"message": "Payment not found"})
        else:
            act(payment)

    def _options(self, payment: SimulatedPayment) -> None:
        way = {"cc": "PAYMENT_SOURCE", "ef": "BANK_PAYOUT"}.get(payment.way, "NOT_AVAILABLE")
        left = payment.left
        self._send_json(
            {
                "token": payment.id,
                "funding_type": payment.way,
                "amount_original": _cents(payment.amount),
                "amount_available_for_refund": _cents(left),
                "status": "REFUNDABLE" if left > 0 else "COMPLETED",
                "errors": [],
                "refund_full": {"method": way if left == payment.amount else "NOT_AVAILABLE"},
                "refund_partial": {"method": way if left > 0 else "NOT_AVAILABLE"},
                "bank_names": [],
            }
        )

    def _refunds(self, payment: SimulatedPayment) -> None:
        back = [move for move in payment.moves if move.gross < 0]
        if not back:
            self._json(404, {"message": "No refunds"})
            return
        self._send_json(
            {
                "available_balance": _cents(payment.left),
                "transactions": [
                    {
                        "amount": _cents(move.gross),
                        "date": move.at.strftime("%Y-%m-%d"),
                        "type": "Funds Received (Refund)",
                    }
                    for move in back
                ],
            }
        )

    def _refund(self, payment: SimulatedPayment, sent: dict[str, str]) -> None:
        mood = self.server.account.mood()
        if mood == "lost_before":  # it never arrived
            self._hang_up()
            return
        if mood == "busy":
            self._json(429, {"message": "Signature rate limit reached"})
            return
        with self.server.account.lock:
            amount = Decimal(sent["amount"]) / 100 if sent.get("amount", "").isdecimal() else Decimal(0)
            wrong = not 3 <= len(sent.get("reason", "")) <= 255 or payment.way != "cc"
            if mood == "refused" or wrong or not 0 < amount <= payment.left:
                self._json(400, {"message": "The refund is not possible."})
                return
            self.server.account.move(payment, -amount)
        if mood == "lost":  # it was paid, and the answer does not come
            self._hang_up()
            return
        self._send_json({"code": 200, "status": "success", "data": {"response": True, "message": "Success"}})

    def _history(self, query: dict[str, str]) -> None:
        try:
            first, last = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
            offset, limit = int(query.get("offset", "0")), min(int(query.get("limit", "1000")), 1000)
        except (KeyError, ValueError):
            self._json(400, {"message": "malformed"})
            return
        file, balance = io.StringIO(newline=""), Decimal(0)
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        with self.server.account.lock:
            moves = list(self.server.account.moves)
        rows = []
        for move in moves:
            balance += move.net
            if first <= move.at.astimezone(SAST).date() <= last:
                form, is_in = move.payment.form, move.gross > 0
                rows.append(
                    [
                        move.at.strftime("%Y-%m-%d %H:%M:%S"),
                        "FUNDS_RECEIVED" if is_in else "FUNDS_REFUNDED",
                        "CREDIT" if is_in else "DEBIT",
                        form.get("email_address", ""),
                        form.get("item_name", ""),
                        form.get("item_description", ""),
                        "ZAR",
                        move.payment.way,
                        *(
                            f"{amount:,.2f}"
                            for amount in (move.gross, move.fee, move.gross + move.fee, balance)
                        ),
                        form.get("m_payment_id", "") if is_in else "",
                        move.payment.id,
                    ]
                )
        writer.writerows(rows[offset : offset + limit])
        self._send(200, file.getvalue().encode(), "text/csv")

    # Answers

    def _json(self, status: int, data: dict[str, Any]) -> None:
        state = "success" if status < 300 else "failed"
        answer = {"code": status, "status": state, "data": {"response": status < 300, **data}}
        self._send(status, json.dumps(answer).encode(), "application/json")

    def _send_json(self, value: dict[str, Any]) -> None:
        self._send(200, json.dumps(value).encode(), "application/json")

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _send(self, status: int, body: bytes, kind: str, *, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)


_COLUMNS: Final = (
    "Date", "Type", "Sign", "Party", "Name", "Description", "Currency", "Funding Type", "Gross", "Fee", "Net",
    "Balance", "M Payment ID", "PF Payment ID",
)  # fmt: skip


def _is_amount(text: str) -> bool:
    try:
        return Decimal(text) > 0 and len(text.partition(".")[2]) == 2
    except InvalidOperation:
        return False


def _cents(amount: Decimal) -> int:
    return int(amount * 100)
