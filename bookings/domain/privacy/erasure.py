"""Erase the personal data of orders: the words about people go, money and seats stay as they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from bookings.database.transactions import database_now, short_transaction
from bookings.domain.privacy.personal_fields import PersonalField, fields_to_erase
from bookings.domain.privacy.subjects import Subject
from bookings.domain.sales.messages import write_webhook
from bookings.domain.sales.orders import LockedOrder, lock_order
from bookings.domain.tickets.links import revoke_links
from bookings.models import (
    Booking,
    Erasure,
    Invoice,
    Order,
    Refund,
    SaleStatus,
    StaffTask,
    Submission,
    Ticket,
    User,
    Voucher,
    Webhook,
)

_ERASED_ANSWER: Final = "{}"  # to a program that repeats a request of before


class Obstacle(Enum):
    """Why the data of an order cannot be erased yet."""

    TRIP = "trip"  # somebody still travels on it
    UNPAID = "unpaid"  # it waits for its payment
    MONEY = "money"  # something is owed, by either side
    VOUCHER = "voucher"  # there is money on a voucher of it
    TASK = "task"  # somebody here has to look at it


@dataclass(frozen=True)
class ErasureReview:
    """An order that somebody wants erased; `obstacle` says why it cannot be, None if it can or is."""

    order_id: int
    references: tuple[str, ...]
    obstacle: Obstacle | None
    has_invoice: bool  # whose names are kept as tax law demands


@dataclass(frozen=True)
class ErasureRequest:
    """Who asked, and who carries it out; no actor: the customer by the mailed link, or a nightly run."""

    subject: Subject
    cause: Erasure.Cause
    actor: User | None = None


def review_erasure(order_ids: Sequence[int], *, now: datetime) -> list[ErasureReview]:
    """What erasing would do; nothing is changed."""
    with short_transaction():
        return [_review(lock_order(order_id), now) for order_id in order_ids]


def erase_orders(
    order_ids: Sequence[int], request: ErasureRequest, *, now: datetime | None = None
) -> list[ErasureReview]:
    """Erase the personal data of each order that has no obstacle, in a transaction of its own. Again it
    changes nothing.

    Its PDF tickets are deleted, mailed links end, and the partner that sold it is told by its webhooks.
    """
    return [_erase(order_id, request, now or database_now()) for order_id in order_ids]


def _erase(order_id: int, request: ErasureRequest, now: datetime) -> ErasureReview:
    with short_transaction():
        locked = lock_order(order_id)
        order, review = locked.order, _review(locked, now)
        if review.obstacle or order.erased_at:
            return review
        # The day first: a web order may be without contact only then
        Order.objects.filter(pk=order.pk).update(erased_at=now)
        for field in fields_to_erase():
            erase_field(field, Q(**{field.order: order.pk}))
        tickets = Ticket.objects.filter(booking__order=order)
        tickets.filter(needs_wheelchair=True).update(needs_wheelchair=False)  # that says something of health
        for reference in review.references:
            Submission.objects.filter(answer__contains=reference).update(answer=_ERASED_ANSWER)
            StaffTask.objects.filter(order=None, detail__contains=reference).update(detail="")
        revoke_links(order)
        Erasure.objects.create(
            order=order,
            subject_digest=request.subject.digest,
            cause=request.cause,
            actor=request.actor,
            at=now,
        )
        for hook in Webhook.objects.filter(partner=order.partner_id, is_active=True).exclude(partner=None):
            write_webhook(hook, Webhook.Event.ERASED, order, version=now.isoformat(), order=order, at=now)
        transaction.on_commit(partial(_delete_files, [booking.pk for booking in locked.bookings]))
    return review


def erase_field(field: PersonalField, rows: Q) -> None:
    """Put what stands for an erased value in the place of each value of these rows that is not it already."""
    filled: QuerySet[Any] = field.rows.filter(rows).exclude(**{field.name: field.erased})
    if field.erased:  # an empty text says nothing, and of an append-only row it may not be changed
        filled = filled.exclude(**{field.name: ""})
    ids = list(filled.order_by().values_list("pk", flat=True))
    if ids:
        field.rows.filter(pk__in=ids).update(**{field.name: field.erased})


def _review(locked: LockedOrder, now: datetime) -> ErasureReview:
    order = locked.order
    return ErasureReview(
        order.pk,
        tuple(booking.booking_reference for booking in locked.bookings),
        None if order.erased_at else _obstacle(locked, now),
        Invoice.objects.filter(order=order).exists(),
    )


def _obstacle(locked: LockedOrder, now: datetime) -> Obstacle | None:
    order = locked.order
    if order.status == SaleStatus.PENDING:
        return Obstacle.UNPAID
    travelling = Booking.objects.filter(
        order=order, alights_at__gte=now, tickets__status__in=Ticket.IN_USE, status=SaleStatus.CONFIRMED
    )
    if travelling.exists():
        return Obstacle.TRIP
    if locked.owed or Refund.objects.filter(order=order, status__in=Refund.OPEN).exists():
        return Obstacle.MONEY
    if Voucher.objects.filter(order=order, balance__gt=0, stopped_at=None).exists():
        return Obstacle.VOUCHER
    return Obstacle.TASK if StaffTask.objects.filter(order=order, done_at=None).exists() else None


def _delete_files(booking_ids: list[int]) -> None:
    """PDF tickets that were made of these bookings."""
    for booking_id in booking_ids:
        for path in Path(settings.MEDIA_ROOT).glob(f"tickets/{booking_id}-*.pdf"):
            path.unlink(missing_ok=True)
