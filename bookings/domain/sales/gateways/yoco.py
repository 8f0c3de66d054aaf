"""Yoco Checkout: a page of its own for each attempt, webhooks whose signature is the proof, and refunds under
a key of ours, of which it may say only later that they are done.

Its Checkout API lists nothing: what it took, kept and paid out is read in its portal, not here.
"""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.money import rand
from bookings.base.webhook_signatures import signature
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
from bookings.domain.sales.gateways.yoco_api import CheckoutRefused, call_yoco
from bookings.models import PaymentAttempt, RefundAttempt

_MOST_BYTES: Final = 10_000
_PATIENCE: Final = 5  # seconds in which a customer gets the address to pay at
_TOLERANCE: Final = timedelta(minutes=5)  # between its clock and ours, as Standard Webhooks has it
# For how long it pays one key once: what got no answer by then is not asked for again
_KEY_LIVES: Final = timedelta(hours=24)
_ID, _TIME, _SIGNATURES = "webhook-id", "webhook-timestamp", "webhook-signature"
_EVENTS: Final = {
    "payment.succeeded": PaymentState.PAID,
    "payment.failed": PaymentState.FAILED,
    "refund.succeeded": PaymentState.REFUNDED,
    "refund.failed": PaymentState.REFUND_FAILED,
}
_CHECKOUTS: Final = {"completed": PaymentState.PAID, "processing": PaymentState.PENDING}
_REFUNDS: Final = {
    "succeeded": RefundAttempt.Status.SETTLED,
    "failed": RefundAttempt.Status.REFUSED,
}


class YocoGateway:
    name = "yoco"
    is_play_money = False
    is_direct = False
    kept_headers = (_ID, _TIME, _SIGNATURES)

    @property
    def label(self) -> str:
        return simulated(_("Card (Yoco)"), settings.YOCO_URL)

    def hand_over(self, attempt: PaymentAttempt) -> HandOver:
        """Asked again after a time-out it gives the same checkout: the attempt's token is the key."""
        amount = _cents(attempt.amount)
        left = our_address("passenger:left_gateway", attempt.token)
        body = {
            "amount": amount,
            "currency": "ZAR",
            "successUrl": our_address("passenger:order_status", attempt.order.token),
            "cancelUrl": left,
            "failureUrl": left,
            "metadata": {"attempt": attempt.token},
            "lineItems": [
                {"displayName": item_name(attempt), "quantity": 1, "pricingDetails": {"price": amount}}
            ],
        }
        try:
            checkout = call_yoco("POST", "/api/checkouts", body=body, key=attempt.token, seconds=_PATIENCE)
        except CheckoutRefused as error:
            raise ConnectionError(f"no checkout: {error}") from error
        checkout_id, address = checkout.get("id"), checkout.get("redirectUrl")
        if not isinstance(checkout_id, str) or not isinstance(address, str) or not _is_of_yoco(address):
            raise ConnectionError("a checkout without a page")
        return HandOver(address, external_id=checkout_id)

    def verify(self, raw: RawNotification) -> VerifiedNotification:
        event = _signed_event(raw)
        state = _EVENTS.get(str(event.get("type")), PaymentState.UNKNOWN)
        payload = event.get("payload")
        metadata = payload.get("metadata") if isinstance(payload, dict) else None
        if not isinstance(payload, dict) or not isinstance(metadata, dict):
            raise ForgedNotification("payload")
        external_id, amount = payload.get("id"), payload.get("amount")
        if not isinstance(external_id, str) or not external_id or type(amount) is not int or amount <= 0:
            raise ForgedNotification("values")
        if payload.get("currency") != "ZAR" or payload.get("mode", _mode()) != _mode():
            raise ForgedNotification("currency or mode")
        return VerifiedNotification(
            _token_of(metadata.get("checkoutId")),
            external_id,
            rand(amount),
            state,
            reason=str(payload.get("failureReason") or ""),
        )

    def confirm(self, notification: VerifiedNotification, raw: RawNotification) -> bool:
        """The signature is all the proof there is."""
        return True

    def status(self, attempt: PaymentAttempt) -> VerifiedNotification | None:
        if not attempt.external_id:  # nobody was ever sent to its page
            return None
        try:
            checkout = call_yoco("GET", f"/api/checkouts/{attempt.external_id}")
        except CheckoutRefused as error:
            raise ConnectionError(str(error)) from error
        state, payment_id, amount = (checkout.get(name) for name in ("status", "paymentId", "amount"))
        if state not in _CHECKOUTS or not payment_id or type(amount) is not int:
            return None
        return VerifiedNotification(attempt.token, str(payment_id), rand(amount), _CHECKOUTS[state])

    def refund(self, attempt: RefundAttempt) -> RefundAnswer:
        """Asked twice with one key it pays once, so whoever got no answer asks again."""
        if attempt.tries > 1 and timezone.now() - attempt.asked_at > _KEY_LIVES:
            reason = _("no answer for a day: look in Yoco’s portal whether it was paid")
            return RefundAnswer(RefundAttempt.Status.REFUSED, reason=reason)
        paid_by = attempt.payment.attempt
        if paid_by is None:
            return RefundAnswer(RefundAttempt.Status.REFUSED, reason=_("the gateway cannot pay it"))
        body = {"amount": _cents(attempt.amount), "metadata": {"key": attempt.key}}
        path = f"/api/checkouts/{paid_by.external_id}/refund"
        try:
            answer = call_yoco("POST", path, body=body, key=f"{paid_by.token}-{attempt.key}")
        except CheckoutRefused as error:
            return RefundAnswer(RefundAttempt.Status.REFUSED, reason=str(error))
        status = _REFUNDS.get(str(answer.get("status")), RefundAttempt.Status.ACCEPTED)
        return RefundAnswer(status, str(answer.get("refundId") or ""), str(answer.get("message") or ""))

    def refund_status(self, attempt: RefundAttempt) -> RefundAnswer | None:
        """Nothing: it says so by a webhook, and may be asked for the same again."""
        return None

    def statement(self, day: date) -> Sequence[StatementEntry] | None:
        """None: its Checkout API lists nothing."""
        return None


def _signed_event(raw: RawNotification) -> dict[str, Any]:
    """What a webhook says, if it is signed and was sent just before it came. Raises ForgedNotification."""
    headers = {name: raw.headers.get(name, "") for name in YocoGateway.kept_headers}
    if len(raw.body) > _MOST_BYTES or not all(headers.values()):
        raise ForgedNotification("too long, or without its headers")
    if not headers[_TIME].isascii() or not headers[_TIME].isdecimal() or len(headers[_TIME]) > 12:
        raise ForgedNotification("time")
    timestamp = int(headers[_TIME])
    if abs(raw.received_at.timestamp() - timestamp) > _TOLERANCE.total_seconds():
        raise ForgedNotification("too old or too new")
    try:
        text = raw.body.decode()
        expected = signature(settings.YOCO_WEBHOOK_SECRET, headers[_ID], text, timestamp=timestamp)
        event = json.loads(text)
    except ValueError as error:
        raise ForgedNotification("not readable") from error
    signatures = headers[_SIGNATURES].split()  # several while a secret is being replaced
    if not any(compare_digest(expected.encode(), given.encode()) for given in signatures):
        raise ForgedNotification("signature")
    if not isinstance(event, dict):
        raise ForgedNotification("no event")
    return event


def _token_of(checkout_id: object) -> str:
    """The token of the attempt that has this checkout; empty if none has."""
    attempts = PaymentAttempt.objects.filter(gateway=YocoGateway.name, external_id=checkout_id)
    is_id = isinstance(checkout_id, str) and checkout_id
    return (attempts.values_list("token", flat=True).first() or "") if is_id else ""


def _mode() -> str:
    return "live" if settings.YOCO_SECRET_KEY.startswith("sk_live_") else "test"


def _is_of_yoco(address: str) -> bool:
    """Whether the browser may be sent there: to Yoco's own pages, or to those of the simulator."""
    url, api = urlsplit(address), urlsplit(settings.YOCO_URL)
    if (url.scheme, url.netloc) == (api.scheme, api.netloc):
        return True
    return url.scheme == "https" and (url.hostname or "").endswith(".yoco.com")


def _cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))
