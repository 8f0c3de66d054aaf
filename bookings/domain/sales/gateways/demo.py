"""The demo gateway: a payment provider in miniature, with signed notifications that it repeats until it is
heard.
"""

import hmac
import urllib.request
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.base.money import cents
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.sales.gateways import (
    ForgedNotification,
    HandOver,
    PaymentState,
    RawNotification,
    RefundAnswer,
    StatementEntry,
    VerifiedNotification,
)
from bookings.domain.sales.messages import write_message
from bookings.models import OutboxMessage, PaymentAttempt, RefundAttempt

_FIELDS: Final = ("merchant", "attempt", "payment", "amount", "status", "signature")
_MERCHANT: Final = "falcon-demo"
_MOST_BYTES: Final = 4_000
PAID: Final = "COMPLETE"
DECLINED: Final = "CANCELLED"
FAILED: Final = "FAILED"
PENDING: Final = "PENDING"
_STATES: Final = {
    PAID: PaymentState.PAID,
    DECLINED: PaymentState.CANCELLED,
    FAILED: PaymentState.FAILED,
    PENDING: PaymentState.PENDING,
}


class DemoGateway:
    name = "demo"
    is_play_money = True
    is_direct = True
    kept_headers = ()

    @property
    def label(self) -> str:
        return _("Demo payment (no money moves)")

    def hand_over(self, attempt: PaymentAttempt) -> HandOver:
        return HandOver(f"/payments/demo/{attempt.token}/")

    def verify(self, raw: RawNotification) -> VerifiedNotification:
        body = raw.body
        if len(body) > _MOST_BYTES:
            raise ForgedNotification("too long")
        try:
            pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
        except ValueError as error:
            raise ForgedNotification("not a form") from error
        if (
            tuple(name for name, _value in pairs) != _FIELDS
        ):  # the posted order counts; nothing twice, nothing after the signature
            raise ForgedNotification("fields")
        fields = dict(pairs)
        signed = body.rpartition(b"&signature=")[0]
        if (
            not hmac.compare_digest(_signature(signed).encode(), fields["signature"].encode())
            or fields["merchant"] != _MERCHANT
        ):
            raise ForgedNotification("signature")
        try:
            amount = cents(fields["amount"])
        except InvalidOperation as error:
            raise ForgedNotification("amount") from error
        state = _STATES.get(fields["status"], PaymentState.UNKNOWN)
        return VerifiedNotification(fields["attempt"], fields["payment"], amount, state)

    def confirm(self, notification: VerifiedNotification, raw: RawNotification) -> bool:
        """Whether the customer decided so; what is still pending was never a decision of the page."""
        attempts = PaymentAttempt.objects.filter(token=notification.attempt_token).values("pk")
        return not notification.is_paid or _decisions().filter(about_id__in=attempts, version=PAID).exists()

    def status(self, attempt: PaymentAttempt) -> VerifiedNotification | None:
        decision = _decisions().filter(about_id=attempt.pk).values_list("version", flat=True).first()
        if decision is None:
            return None
        return VerifiedNotification(attempt.token, _external_id(attempt), attempt.amount, _STATES[decision])

    def refund(self, attempt: RefundAttempt) -> RefundAnswer:
        return RefundAnswer(RefundAttempt.Status.SETTLED, external_id=f"demo-{attempt.key}")

    def refund_status(self, attempt: RefundAttempt) -> RefundAnswer | None:
        return None

    def statement(self, day: date) -> Sequence[StatementEntry] | None:
        """No money moves, so there is none."""
        return None


def _decisions() -> QuerySet[OutboxMessage]:
    """What customers decided on the page, as it waits in the outbox or was sent."""
    return OutboxMessage.objects.filter(kind=OutboxMessage.Kind.DEMO_PAYMENT)


def _external_id(attempt: PaymentAttempt) -> str:
    return f"demo-{attempt.pk}"


def _signature(signed: bytes) -> str:
    key = sha256(b"demo gateway" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, signed, sha256).hexdigest()


def notification_body(attempt: PaymentAttempt, status: str, *, amount: Decimal | None = None) -> bytes:
    fields = [
        ("merchant", _MERCHANT),
        ("attempt", attempt.token),
        ("payment", _external_id(attempt)),
        ("amount", str(amount if amount is not None else attempt.amount)),
        ("status", status),
    ]
    signed = urlencode(fields).encode()
    return signed + b"&signature=" + _signature(signed).encode()


def attempt_to_pay(token: str) -> PaymentAttempt:
    attempt = (
        PaymentAttempt.objects.select_related("order").filter(token=token, gateway=DemoGateway.name).first()
    )
    if attempt is None:
        raise NotFound(_("We could not find this payment."))
    return attempt


def customer_decides(token: str, *, pays: bool, now: datetime | None = None) -> PaymentAttempt:
    """What the customer chose on the demo gateway's page.

    The gateway will tell us from the queue, as often as it takes.
    """
    attempt = attempt_to_pay(token)
    if attempt.status == PaymentAttempt.Status.STARTED:
        with short_transaction():
            write_message(
                OutboxMessage.Kind.DEMO_PAYMENT,
                attempt.order,
                attempt,
                version=PAID if pays else DECLINED,
                now=now or database_now(),
            )
    return attempt


def deliver_notification(message: OutboxMessage) -> None:
    """Send the notification that `message` stands for to our own callback.

    Raises OSError when it is not heard.
    """
    attempt = PaymentAttempt.objects.select_related("order").get(pk=message.row_id)
    request = urllib.request.Request(
        f"{settings.SITE_URL}/payments/demo/notify/",
        data=notification_body(attempt, message.version),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    with urllib.request.urlopen(request, timeout=settings.EMAIL_TIMEOUT) as answer:
        answer.read(100)
