"""Payfast: a signed form to its page, notifications that it confirms when it is asked, refunds by its API."""

import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.base.banks import Bank, BankAccount
from bookings.base.money import cents
from bookings.domain.sales.gateways import (
    ForgedNotification,
    HandOver,
    PaymentState,
    RawNotification,
    RefundAnswer,
    StatementEntry,
    VerifiedNotification,
    simulated,
)
from bookings.domain.sales.gateways.hand_over_details import item_name, our_address
from bookings.domain.sales.gateways.payfast_api import (
    FUNDS_RECEIVED,
    ApiRefused,
    HistoryRow,
    call,
    read_history,
)
from bookings.domain.sales.gateways.payfast_signature import form_signature, joined, notification_signature
from bookings.domain.sales.gateways.payfast_statement import statement_entries
from bookings.models import PaymentAttempt, RefundAttempt

_MOST_BYTES: Final = 8_000
_MOST_ANSWER: Final = 100
_SECONDS: Final = 10
_SENDERS: Final = ("www.payfast.co.za", "sandbox.payfast.co.za", "w1w.payfast.co.za", "w2w.payfast.co.za")
_STATES: Final = {
    "COMPLETE": PaymentState.PAID,
    "FAILED": PaymentState.FAILED,
    "CANCELLED": PaymentState.CANCELLED,
    "PENDING": PaymentState.PENDING,
}
_SAST: Final = ZoneInfo("Africa/Johannesburg")
_HISTORY_ROWS: Final = 1000
_TO_ACCOUNT: Final = "BANK_PAYOUT"
_WAYS_BACK: Final = ("PAYMENT_SOURCE", _TO_ACCOUNT)
_Status = RefundAttempt.Status


@dataclass(frozen=True)
class RefundOptions:
    """How Payfast can give an amount of a payment back."""

    method: str  # PAYMENT_SOURCE, BANK_PAYOUT or NOT_AVAILABLE
    available: Decimal
    reason: str = ""
    banks: tuple[Bank, ...] = ()


class PayfastGateway:
    name = "payfast"
    is_play_money = False
    is_direct = False
    kept_headers = ()

    @property
    def label(self) -> str:
        return simulated(_("Card or Instant EFT (Payfast)"), settings.PAYFAST_URL)

    def hand_over(self, attempt: PaymentAttempt) -> HandOver:
        own = {
            "merchant_id": settings.PAYFAST_MERCHANT_ID,
            "merchant_key": settings.PAYFAST_MERCHANT_KEY,
            "return_url": our_address("passenger:order_status", attempt.order.token),
            "cancel_url": our_address("passenger:left_gateway", attempt.token),
            "notify_url": our_address("passenger:notify", self.name),
            "email_address": attempt.order.email[:100],
            "m_payment_id": attempt.token,
            "amount": f"{attempt.amount:.2f}",
            "item_name": item_name(attempt)[:100],
        }
        fields = [(name, value) for name, value in own.items() if value]
        signature = form_signature(fields, settings.PAYFAST_PASSPHRASE)
        return HandOver(f"{settings.PAYFAST_URL}/eng/process", (*fields, ("signature", signature)))

    def verify(self, raw: RawNotification) -> VerifiedNotification:
        fields = dict(_signed_fields(raw.body))
        if fields.get("merchant_id") != settings.PAYFAST_MERCHANT_ID:
            raise ForgedNotification("merchant")
        try:
            amount = cents(fields["amount_gross"])
            token, external_id = fields["m_payment_id"], fields["pf_payment_id"]
        except (InvalidOperation, KeyError) as error:
            raise ForgedNotification("fields") from error
        if not token or not external_id or not amount.is_finite() or amount <= 0:
            raise ForgedNotification("values")
        state = _STATES.get(fields.get("payment_status", ""), PaymentState.UNKNOWN)
        return VerifiedNotification(token, external_id, amount, state)

    def confirm(self, notification: VerifiedNotification, raw: RawNotification) -> bool:
        """Whether it came from an address of Payfast's, and Payfast knows these very fields."""
        if raw.peer not in _sender_addresses():
            return False
        data = joined(_signed_fields(raw.body)).encode()
        request = Request(f"{settings.PAYFAST_URL}/eng/query/validate", data=data)
        with urlopen(request, timeout=_SECONDS) as answer:
            return bool(answer.read(_MOST_ANSWER).split()[:1] == [b"VALID"])

    def status(self, attempt: PaymentAttempt) -> VerifiedNotification | None:
        """Only what was paid is in its history."""
        first = attempt.created_at.astimezone(_SAST).date()
        for row in self.history(first, first + timedelta(days=2)):
            if row.our_id == attempt.token and row.kind == FUNDS_RECEIVED:
                return VerifiedNotification(attempt.token, row.external_id, row.gross, PaymentState.PAID)
        return None

    def history(self, first: date, last: date) -> list[HistoryRow]:
        """All that moved from the first day to the last. Raises OSError."""
        rows: list[HistoryRow] = []
        while True:
            query = {
                "from": first.isoformat(),
                "to": last.isoformat(),
                "offset": str(len(rows)),
                "limit": str(_HISTORY_ROWS),
            }
            try:
                page = read_history(call("GET", "/transactions/history", query=query))
            except ApiRefused as error:
                raise ConnectionError(str(error)) from error
            rows += page
            if len(page) < _HISTORY_ROWS:
                return rows

    def refund_options(self, external_id: str, *, is_whole: bool) -> RefundOptions:
        """How the whole of a payment, or a part of it, can go back. Raises OSError."""
        answer = call("GET", f"/refunds/query/{external_id}").json()
        way = answer.get("refund_full" if is_whole else "refund_partial") or {}
        return RefundOptions(
            method=str(way.get("method", "NOT_AVAILABLE")),
            available=_rand(answer.get("amount_available_for_refund")),
            reason=", ".join(map(str, answer.get("errors") or [])),
            banks=tuple(
                Bank(str(bank.get("bank_name", "")), str(bank.get("label") or bank.get("bank_name", "")))
                for bank in answer.get("bank_names") or []
            ),
        )

    def refund(self, attempt: RefundAttempt) -> RefundAnswer:
        """Payfast has no key of ours, so whoever got no answer asks `refund_status` first."""
        return self._refund(attempt, None)

    def refund_to_account(self, attempt: RefundAttempt, account: BankAccount) -> RefundAnswer:
        return self._refund(attempt, account)

    def _refund(self, attempt: RefundAttempt, account: BankAccount | None) -> RefundAnswer:
        external_id = attempt.payment.external_id
        try:
            options = self.refund_options(external_id, is_whole=attempt.amount == attempt.payment.amount)
            if options.method not in _WAYS_BACK or options.available < attempt.amount:
                return RefundAnswer(_Status.REFUSED, reason=options.reason or _("the gateway cannot pay it"))
            if options.method == _TO_ACCOUNT and account is None:
                reason = _("the gateway pays only to a bank account")
                return RefundAnswer(_Status.REFUSED, reason=reason, wants_account=True, banks=options.banks)
            body = {
                "amount": str(int(attempt.amount * 100)),
                "reason": f"Refund {attempt.key}",
                "notify_buyer": "1",
            }
            if options.method == _TO_ACCOUNT and account:
                body |= _account_fields(account)
            answer = call("POST", f"/refunds/{external_id}", body=body).json()
        except ApiRefused as error:
            return RefundAnswer(_Status.REFUSED, reason=_without_digits(str(error)))
        if not _is_done(answer):
            message = str((answer.get("data") or {}).get("message", ""))
            return RefundAnswer(_Status.REFUSED, reason=_without_digits(message))
        return RefundAnswer(_Status.SETTLED, external_id=external_id)

    def refund_status(self, attempt: RefundAttempt) -> RefundAnswer | None:
        """Settled once Payfast has paid this amount once more than we know of: it cannot tell equal amounts
        apart, and only one refund of a payment is on its way at a time.
        """
        external_id = attempt.payment.external_id
        try:
            moves = call("GET", f"/refunds/{external_id}").json().get("transactions") or []
        except ApiRefused as error:
            if error.status == 404:  # never refunded
                return None
            raise ConnectionError(str(error)) from error
        theirs = sum(1 for move in moves if _rand(move.get("amount")) == -attempt.amount)
        ours = RefundAttempt.objects.filter(
            payment=attempt.payment_id, status=_Status.SETTLED, amount=attempt.amount
        ).exclude(pk=attempt.pk)
        return RefundAnswer(_Status.SETTLED, external_id=external_id) if theirs > ours.count() else None

    def statement(self, day: date) -> Sequence[StatementEntry] | None:
        return statement_entries(row for row in self.history(day, day) if row.day == day)


def _account_fields(account: BankAccount) -> dict[str, str]:
    return {
        "bank_account_holder": account.holder,
        "bank_name": account.bank,
        "bank_branch_code": account.branch_code,
        "bank_account_number": account.number,
        "bank_account_type": account.kind,
    }


def _without_digits(message: str) -> str:
    """What Payfast says, without an account number that it may repeat."""
    return re.sub(r"\d{5,}", "…", message)


def _signed_fields(body: bytes) -> list[tuple[str, str]]:
    """The fields of a notification but its signature, in their order. Raises ForgedNotification."""
    if len(body) > _MOST_BYTES:
        raise ForgedNotification("too long")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            encoding="utf-8",
            errors="strict",
        )
    except ValueError as error:
        raise ForgedNotification("not a form") from error
    names = [name for name, _value in pairs]
    if len(set(names)) != len(names) or names[-1:] != ["signature"]:  # nothing twice, nothing unsigned
        raise ForgedNotification("fields")
    *fields, (_name, signature) = pairs
    expected = notification_signature(fields, settings.PAYFAST_PASSPHRASE)
    if not compare_digest(expected.encode(), signature.encode()):
        raise ForgedNotification("signature")
    return fields


def _sender_addresses() -> set[str]:
    """From where Payfast sends, looked up anew: it moves. Raises OSError when nothing can be looked up."""
    host = urlsplit(settings.PAYFAST_URL).hostname or ""
    hosts = _SENDERS if host.endswith(".payfast.co.za") else (host,)
    addresses: set[str] = set()
    for name in hosts:
        try:
            answers = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
        except socket.gaierror:  # one of them may be gone
            continue
        addresses |= {str(answer[4][0]) for answer in answers}
    if not addresses:
        raise ConnectionError("no address of Payfast can be looked up")
    return addresses


def _rand(amount_in_cents: Any) -> Decimal:
    try:
        return Decimal(str(amount_in_cents or 0)) / 100
    except InvalidOperation as error:
        raise ConnectionError("an amount that cannot be read") from error


def _is_done(answer: Mapping[str, Any]) -> bool:
    data = answer.get("data")
    return answer.get("status") == "success" and isinstance(data, dict) and data.get("response") is True
