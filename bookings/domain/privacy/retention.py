"""What is kept no longer than needed: erased every night."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.db.models import Q

from bookings.database.transactions import database_now
from bookings.database.triggers import ERASED
from bookings.domain.privacy.erasure import ErasureRequest, erase_orders
from bookings.domain.privacy.subjects import Subject
from bookings.models import (
    Booking,
    DataRequest,
    Erasure,
    GatewayNotification,
    Invoice,
    InvoiceLine,
    Order,
    OutboxMessage,
    Voucher,
    WaitListEntry,
)

logger = logging.getLogger("bookings.privacy")

_AT_ONCE: Final = 500
_MONTH: Final = timedelta(days=31)
_YEAR: Final = timedelta(days=366)


def erase_old_data(*, now: datetime | None = None) -> dict[str, int]:
    """Erase what was kept long enough; returns how much of each. What has an obstacle is tried again the next
    night.
    """
    now = now or database_now()
    erased = {
        "orders": _old_orders(now),
        "notifications": _old_notifications(now),
        "invoices": _old_invoices(now),
        "vouchers": _old_vouchers(now),
        "sign-ins": _old_sign_ins(now),
        "wait lists": _old_wait_lists(now),
        "requests": DataRequest.objects.filter(expires_at__lt=now).delete()[0],
    }
    logger.info("erased: %s", erased)
    return erased


def _old_orders(now: datetime) -> int:
    """Orders whose last trip is PERSONAL_DATA_MONTHS ago."""
    before = now - settings.PERSONAL_DATA_MONTHS * _MONTH
    old = Booking.objects.filter(boards_at__lt=before, order__erased_at=None)
    count, last = 0, 0
    while ids := list(
        old.filter(order__gt=last).order_by("order").values_list("order", flat=True).distinct()[:_AT_ONCE]
    ):
        last = ids[-1]
        later = Booking.objects.filter(order__in=ids, alights_at__gte=before).values("order")
        for order in Order.objects.filter(pk__in=ids).exclude(pk__in=later).only("email", "phone"):
            subject = Subject(email=order.email, phone=order.phone)
            reviews = erase_orders([order.pk], ErasureRequest(subject, Erasure.Cause.RETENTION), now=now)
            count += reviews[0].obstacle is None
    return count


def _old_notifications(now: datetime) -> int:
    """What gateways sent, NOTIFICATION_MONTHS ago: until then a chargeback may need it."""
    before = now - settings.NOTIFICATION_MONTHS * _MONTH
    old = GatewayNotification.objects.filter(received_at__lt=before, acted_at__isnull=False)
    return old.exclude(body="", headers={}, peer="").update(body="", headers={}, peer="")


def _old_invoices(now: datetime) -> int:
    """Recipients and passengers on tax invoices of erased orders, INVOICE_YEARS after their day."""
    old = Q(issued_at__lt=now - settings.INVOICE_YEARS * _YEAR, order__erased_at__isnull=False)
    invoices = Invoice.objects.filter(old).exclude(recipient_name=ERASED)
    lines = InvoiceLine.objects.filter(invoice__in=invoices).exclude(description=ERASED)
    lines.update(description=ERASED)
    return invoices.update(recipient_name=ERASED, recipient_address=ERASED, recipient_vat_number=ERASED)


def _old_vouchers(now: datetime) -> int:
    """Addresses of vouchers of no order that ended PERSONAL_DATA_MONTHS ago."""
    before = (now - settings.PERSONAL_DATA_MONTHS * _MONTH).date()
    old = Voucher.objects.filter(order=None, valid_until__lt=before, balance=0)
    return old.exclude(email="").update(email="")


def _old_wait_lists(now: datetime) -> int:
    """Parties whose wait ended a month ago, with the addresses of their mails."""
    old = WaitListEntry.objects.filter(ended_at__lt=now - _MONTH)
    mails = OutboxMessage.objects.filter(kind__in=OutboxMessage.OF_WAIT_LIST, about_id__in=old.values("pk"))
    mails.update(recipient="", last_error="")
    return old.delete()[1].get("bookings.WaitListEntry", 0)


def _old_sign_ins(now: datetime) -> int:
    """Addresses and browsers of whoever signed in, or tried to, SECURITY_LOG_DAYS ago."""
    before = now - timedelta(days=settings.SECURITY_LOG_DAYS)
    return sum(
        model.objects.filter(Q(attempt_time__lt=before)).delete()[0]
        for model in (AccessAttempt, AccessFailureLog, AccessLog)
    )
