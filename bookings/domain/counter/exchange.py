"""Changes and cancellations at a counter: the verb of sales and the money of the till, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.counter.shifts import require_shift
from bookings.domain.counter.tender import Tender, pay_out_refund, take_payment
from bookings.domain.sales.alarms import watch_cancellations
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.exchanges import exchange
from bookings.domain.sales.luggage_changes import LuggageChange, change_luggage
from bookings.domain.sales.refunds import returns_online
from bookings.domain.sales.ticket_changes import SeatChange, change_seat
from bookings.models import Booking, Note, Order, Refund, SaleStatus, Ticket, User


@dataclass(frozen=True)
class Till:
    """How a clerk settles the difference of a change. Without a tender what is owed waits."""

    clerk: User
    tender: Tender | None = None

    def settle(self, submission: str, now: datetime | None) -> Settling:
        return Settling(self, submission, now)


@dataclass(frozen=True)
class Settling:
    till: Till
    submission: str
    now: datetime | None

    def __call__(self, order: Order, balance: Decimal, refunds: Sequence[Refund]) -> None:
        if refunds:
            self.pay_out(refunds)
            return
        if not self.till.tender:
            raise Refusal(_("Choose how the balance is paid."))
        take_payment(
            order,
            self.till.tender,
            shift=require_shift(self.till.clerk),
            submission=f"{self.submission[:70]}:paid",
            content=str(balance),
            now=self.now,
        )

    def pay_out(self, refunds: Sequence[Refund]) -> None:
        """Money that was paid online goes back by itself.

        What came by the chosen tender leaves the till now; the rest waits for somebody who pays it out, or
        goes along with the approval of a second person.
        """
        tender = self.till.tender
        waiting = [refund for refund in refunds if not returns_online(refund)]
        if not tender or not waiting:
            return
        alike = [refund for refund in waiting if refund.payment and refund.payment.method == tender.method]
        for refund in waiting if tender.approval else alike or waiting:
            pay_out_refund(
                refund.pk,
                tender,
                shift=require_shift(self.till.clerk),
                submission=f"{self.submission[:50]}:back:{refund.pk}",
                content=str(refund.amount),
                now=self.now,
            )


def exchange_at_till(
    request: TripChange, *, till: Till, submission: str, content: str, now: datetime | None = None
) -> Booking:
    """See `sales.exchanges.exchange`; the balance is taken, or the difference paid out, with it."""
    require_shift(till.clerk)
    return exchange(
        request,
        actor=till.clerk,
        settle=till.settle(submission, now),
        submission=submission,
        content=content,
        now=now,
    )


def seat_at_till(
    change: SeatChange, *, till: Till, submission: str, content: str, now: datetime | None = None
) -> Ticket:
    """See `sales.ticket_changes.change_seat`.

    A dearer class is paid, a cheaper one paid out, with it. Only money needs a shift.
    """
    return change_seat(
        change,
        actor=till.clerk,
        settle=till.settle(submission, now),
        submission=submission,
        content=content,
        now=now,
    )


def luggage_at_till(
    change: LuggageChange, *, till: Till, submission: str, content: str, now: datetime | None = None
) -> Ticket:
    """See `sales.luggage_changes.change_luggage`; more is paid, and fewer is paid out, with it."""
    return change_luggage(
        change,
        actor=till.clerk,
        settle=till.settle(submission, now),
        submission=submission,
        content=content,
        now=now,
    )


def cancel_at_till(
    request: CancellationRequest, *, till: Till, submission: str, content: str, now: datetime | None = None
) -> Booking:
    """See `sales.cancellations.cancel_booking`; what was paid at a counter is paid out with it."""
    if Booking.objects.filter(booking_reference=request.reference, status=SaleStatus.CONFIRMED).exists():
        require_shift(till.clerk)  # what was never paid moves no money
    cancelled = cancel_booking(
        request,
        actor=till.clerk,
        afterwards=till.settle(submission, now).pay_out,
        submission=submission,
        content=content,
        now=now,
    )
    watch_cancellations(till.clerk, cancelled.order, now=now or database_now())
    return cancelled


def add_note(order_id: int, text: str, *, author: User, now: datetime | None = None) -> Note:
    """What staff should know about an order; it is never changed or deleted."""
    text = text.strip()[:1000]
    if not text:
        raise Refusal(_("Please enter a note."))
    with short_transaction():
        return Note.objects.create(order_id=order_id, author=author, text=text, at=now or database_now())
