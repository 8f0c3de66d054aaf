"""The simulator's Payfast: its page, its notifications, its API."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

from bookings.demo.payment_simulator.account import (
    SAST,
    Form,
    Merchant,
    Movement,
    SimulatedAccount,
    SimulatedPayment,
)
from bookings.demo.payment_simulator.answers import (
    LOST,
    SimulatedAnswer,
    SimulatedRequest,
    json_answer,
    redirect_answer,
    text_answer,
)
from bookings.demo.payment_simulator.moods import Moods
from bookings.demo.payment_simulator.page import CHOICES, pay_page
from bookings.demo.payment_simulator.sender import Pace, Plan, SimulatedNotification, send, send_plan
from bookings.demo.payment_simulator.signatures import php, sign_call, sign_form, sign_notification

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_WAYS: Final = {"cc": "card", "ef": "instant EFT"}
_UNPAID: Final = ("cancel", "fail", "pending_only", "foreign", "wrong_amount")
_COLUMNS: Final = (
    "Date", "Type", "Sign", "Party", "Name", "Description", "Currency", "Funding Type", "Gross", "Fee", "Net",
    "Balance", "M Payment ID", "PF Payment ID",
)  # fmt: skip


class PayfastFace:
    def __init__(self, merchant: Merchant, pace: Pace, moods: Moods) -> None:
        self.account = SimulatedAccount(merchant)
        self.pace, self.moods = pace, moods

    def answer(self, request: SimulatedRequest) -> SimulatedAnswer | None:
        """None: this is none of its addresses."""
        match (request.method, *request.parts):
            case ("POST", "eng", "process"):
                return self._take(request.body)
            case ("POST", "eng", "query", "validate"):
                return self._validate(request.body.decode())
            case ("POST", "pay", payment_id):
                return self._decide(payment_id, dict(parse_qsl(request.body.decode())))
            case ("POST", "payouts"):  # what Payfast does by itself once a day
                return text_answer(f"{self.account.pay_out():.2f}")
            case ("POST", "chargebacks", payment_id):  # what the customer's bank does
                return self._with(payment_id, self._charge_back)
            case (_, "ping" | "refunds" | "transactions", *_rest):
                return self._call(request)
        return None

    # The page

    def _take(self, body: bytes) -> SimulatedAnswer:
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        fields, merchant = dict(form), self.account.merchant
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
            return text_answer(f"400 Bad Request: {', '.join(wrong)}", 400)
        payment = self.account.take(form)
        return pay_page(
            "Payfast", fields["item_name"], _cents(payment.amount), action=f"/pay/{payment.id}", ways=_WAYS
        )

    def _decide(self, payment_id: str, form: Mapping[str, str]) -> SimulatedAnswer:
        payment = self.account.payments.get(payment_id)
        choice = form.get("choice", "")
        if payment is None or choice not in CHOICES:
            return text_answer("not found", 404)
        payment.way = form.get("way", "cc")
        self._happen(payment, choice)
        return redirect_answer(payment.form["cancel_url" if choice == "cancel" else "return_url"])

    def _happen(self, payment: SimulatedPayment, choice: str) -> None:
        """Let the customer's choice happen, and tell of it as the choice says."""
        complete = self.account.notification(payment, "COMPLETE")
        pending = self.account.notification(payment, "PENDING")
        if choice not in _UNPAID:
            self.account.settle(payment)
        if choice == "wrong_amount":  # less was paid than was asked
            payment.form["amount"] = f"{payment.amount - 1:.2f}"
            self.account.settle(payment)
            complete = self.account.notification(payment, "COMPLETE")
        if choice in ("wrong_signature", "foreign"):
            self._tell_wrongly(payment, complete, choice)
            return
        forms: list[tuple[float, Form]] = {
            "cancel": [(0.0, self.account.notification(payment, "CANCELLED"))],
            "fail": [(0.0, self.account.notification(payment, "FAILED"))],
            "pending": [(0.0, pending), (self.pace.step, complete)],
            "pending_only": [(0.0, pending)],
            "lose": [],
            "duplicate": [(0.0, complete)] * 3,
            "reorder": [(0.0, complete), (0.0, pending)],
            "late": [(self.pace.late, complete)],
        }.get(choice, [(0.0, complete)])
        payment.sent += [_text(form) for _delay, form in forms]
        plan: Plan = [(delay, partial(self._notification, payment, form)) for delay, form in forms]
        send_plan(plan, self.pace)

    def _notification(self, payment: SimulatedPayment, form: Form) -> SimulatedNotification:
        signature = sign_notification(form, self.account.merchant.passphrase)
        return SimulatedNotification(
            payment.form["notify_url"], f"{_text(form)}&signature={signature}", _FORM
        )

    def _tell_wrongly(self, payment: SimulatedPayment, form: Form, choice: str) -> None:
        right = self._notification(payment, form)
        if choice == "foreign":
            send(right)
            return
        payment.sent.append(_text(form))
        text, _separator, signature = right.body.rpartition("=")
        send(SimulatedNotification(right.address, f"{text}={signature[::-1]}", _FORM))

    def _validate(self, text: str) -> SimulatedAnswer:
        fields = dict(parse_qsl(text, keep_blank_values=True))
        payment = self.account.payments.get(fields.get("pf_payment_id", ""))
        return text_answer("VALID" if payment is not None and text in payment.sent else "INVALID")

    # The API

    def _call(self, request: SimulatedRequest) -> SimulatedAnswer:
        merchant = self.account.merchant
        try:
            sent = {name: str(value) for name, value in json.loads(request.body or b"{}").items()}
        except (ValueError, AttributeError):
            return _refusal(400, "malformed")
        signed = {name: request.headers.get(name, "") for name in ("merchant-id", "version", "timestamp")}
        signed |= {name: value for name, value in request.query.items() if name != "testing"} | sent
        is_known = bool(merchant.passphrase) and signed["merchant-id"] == merchant.id
        if not is_known or request.headers.get("signature") != sign_call(signed, merchant.passphrase):
            return _refusal(401, "Merchant authorization failed.")
        match (request.method, *request.parts):
            case ("GET", "ping"):
                return SimulatedAnswer(b'"API V1"', kind="application/json")
            case ("GET", "transactions", "history"):
                return self._history(request.query)
            case ("GET", "refunds", "query", payment_id):
                return self._with(payment_id, self._options)
            case ("GET", "refunds", payment_id):
                return self._with(payment_id, self._refunds)
            case ("POST", "refunds", payment_id):
                return self._with(payment_id, lambda payment: self._refund(payment, sent))
        return _refusal(404, "not found")

    def _with(self, payment_id: str, act: Callable[[SimulatedPayment], SimulatedAnswer]) -> SimulatedAnswer:
        payment = self.account.payments.get(payment_id)
        if payment is None or not payment.is_paid:
            return _refusal(404, "Payment not found")
        return act(payment)

    def _options(self, payment: SimulatedPayment) -> SimulatedAnswer:
        way = payment.way_back
        left = payment.left
        return json_answer(
            {
                "token": payment.id,
                "funding_type": payment.way,
                "amount_original": _cents(payment.amount),
                "amount_available_for_refund": _cents(left),
                "status": "REFUNDABLE" if left > 0 else "COMPLETED",
                "errors": [],
                "refund_full": {"method": way if left == payment.amount else "NOT_AVAILABLE"},
                "refund_partial": {"method": way if left > 0 else "NOT_AVAILABLE"},
                "bank_names": payment.bank_names,
            }
        )

    def _refunds(self, payment: SimulatedPayment) -> SimulatedAnswer:
        back = [move for move in payment.moves if move.kind == "FUNDS_REFUNDED"]
        if not back:
            return _refusal(404, "No refunds")
        transactions = [
            {
                "amount": _cents(move.gross),
                "date": move.at.strftime("%Y-%m-%d"),
                "type": "Funds Received (Refund)",
            }
            for move in back
        ]
        return json_answer({"available_balance": _cents(payment.left), "transactions": transactions})

    def _refund(self, payment: SimulatedPayment, sent: Mapping[str, str]) -> SimulatedAnswer:
        mood = self.moods.next("refund")
        if mood == "lost_before":  # it never arrived
            return LOST
        if mood == "busy":
            return _refusal(429, "Signature rate limit reached")
        with self.account.lock:
            amount = Decimal(sent["amount"]) / 100 if sent.get("amount", "").isdecimal() else Decimal(0)
            wrong = not 3 <= len(sent.get("reason", "")) <= 255 or not payment.goes_back(sent)
            if mood == "refused" or wrong or not 0 < amount <= payment.left:
                return _refusal(400, "The refund is not possible.")
            self.account.give_back(payment, amount)
        if mood in ("lost", "lost_but_told"):  # it was paid, and the answer does not come
            return LOST
        return json_answer(
            {"code": 200, "status": "success", "data": {"response": True, "message": "Success"}}
        )

    def _charge_back(self, payment: SimulatedPayment) -> SimulatedAnswer:
        self.account.charge_back(payment)
        return text_answer("ok")

    def _history(self, query: Mapping[str, str]) -> SimulatedAnswer:
        try:
            first, last = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
            offset, limit = int(query.get("offset", "0")), min(int(query.get("limit", "1000")), 1000)
        except (KeyError, ValueError):
            return _refusal(400, "malformed")
        file, balance = io.StringIO(newline=""), Decimal(0)
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        with self.account.lock:
            moves = list(self.account.moves)
        rows = []
        for move in moves:
            balance += move.net
            if first <= move.at.astimezone(SAST).date() <= last:
                rows.append(_history_row(move, balance))
        writer.writerows(rows[offset : offset + limit])
        return SimulatedAnswer(file.getvalue().encode(), kind="text/csv")


def _history_row(move: Movement, balance: Decimal) -> list[str]:
    payment, is_in = move.payment, move.gross > 0
    form = payment.form if payment else {}
    return [
        move.at.strftime("%Y-%m-%d %H:%M:%S"),
        move.kind,
        "CREDIT" if is_in else "DEBIT",
        form.get("email_address", ""),
        form.get("item_name", ""),
        form.get("item_description", ""),
        "ZAR",
        payment.way if payment else "",
        *(f"{amount:,.2f}" for amount in (move.gross, move.fee, move.net, balance)),
        form.get("m_payment_id", "") if is_in else "",
        payment.id if payment else "",
    ]


def _text(form: Form) -> str:
    return "&".join(f"{name}={php(value)}" for name, value in form)


def _refusal(status: int, message: str) -> SimulatedAnswer:
    data: dict[str, Any] = {"response": False, "message": message}
    return json_answer({"code": status, "status": "failed", "data": data}, status)


def _is_amount(text: str) -> bool:
    try:
        return Decimal(text) > 0 and len(text.partition(".")[2]) == 2
    except InvalidOperation:
        return False


def _cents(amount: Decimal) -> int:
    return int(amount * 100)
