"""The contact of an order put right by its buyer or by staff; the address of before is told too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F
from django.utils.translation import gettext as _

from bookings.base.emails import plain_email
from bookings.base.errors import Conflict, Refusal
from bookings.database.transactions import database_now
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.messages import write_message
from bookings.domain.sales.orders import lock_order
from bookings.domain.tickets.choice_links import renew_choice_links
from bookings.domain.tickets.links import revoke_links
from bookings.models import Booking, BookingEvent, BookingStep, Order, OutboxMessage, SaleStatus, User

_LONGEST_EMAIL: Final = 254


@dataclass(frozen=True)
class ContactChange:
    """The contact that an order gets, read and checked; `phone` as E.164. An empty one is taken out."""

    order_id: int
    email: str
    phone: str


def get_contact(order_id: int) -> tuple[str, str]:
    """E-mail address and telephone of an order."""
    order = Order.objects.only("email", "phone").get(pk=order_id)
    return order.email, order.phone


def change_contact(
    change: ContactChange,
    *,
    actor: User | None = None,
    submission: str,
    now: datetime | None = None,
) -> Order:
    """Give an order another e-mail address or telephone, once per `submission`. Links that were mailed
    before and browsers that know the order open nothing any more; both addresses are told, and the new one
    gets a link.

    Raises Refusal when nothing is left or nothing changes, Conflict for an order that has run out.
    """
    content = f"{change.order_id} {change.email} {change.phone}"
    run_once(
        "contact",
        submission,
        content,
        action=lambda: _change(change, actor, now),
        now=now or database_now(),
    )
    return Order.objects.get(pk=change.order_id)


def _change(change: ContactChange, actor: User | None, now: datetime | None) -> str:
    locked = lock_order(change.order_id)
    order, now = locked.order, now or locked.now
    email, before = change.email[:_LONGEST_EMAIL], order.email
    changed = [
        what
        for what, old, new in (("e-mail", before, email), ("telephone", order.phone, change.phone))
        if old != new
    ]
    if order.status == SaleStatus.EXPIRED:
        raise Conflict(_("This order has run out. Please search again."))
    if not email and not change.phone:
        raise Refusal(_("Enter an e-mail address or a telephone number."))
    if not changed:
        raise Refusal(_("The booking already has this contact."))
    Order.objects.filter(pk=order.pk).update(
        email=email,
        phone=change.phone,
        contact_version=F("contact_version") + 1,
        contact_changed_at=now,
    )
    order.email, order.phone = email, change.phone
    Booking.objects.filter(order=order).update(passenger_email=plain_email(email))
    for booking in locked.bookings:
        reason = f"{' and '.join(changed)} changed"
        BookingEvent.objects.record(
            BookingStep(booking, booking.status, booking.status, at=now, actor=actor, reason=reason)
        )
    revoke_links(order)
    order.contact_version = Order.objects.values_list("contact_version", flat=True).get(pk=order.pk)
    renew_choice_links(order, now=now)
    _tell(order, before, now)
    return str(order.pk)


def _tell(order: Order, before: str, now: datetime) -> None:
    kind, moment = OutboxMessage.Kind.CONTACT_CHANGED, now.isoformat()
    if before and before != order.email:
        write_message(kind, order, order, version=f"{moment} before"[:40], recipient=before, now=now)
    write_message(kind, order, order, version=moment[:40], now=now)
    if order.is_unproven and order.email != before:  # the button must reach the new mailbox
        write_message(OutboxMessage.Kind.PAY_BY, order, order, version=moment[:40], now=now)
