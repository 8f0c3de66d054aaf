from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from bookings import tasks
from bookings.base.errors import Conflict, NotFound
from bookings.base.money import ZERO, format_zar
from bookings.domain.fares.refunds import RefundQuote, RefundRule, RefundTerms, refund_quote
from bookings.domain.inventory.claims import drop_expired, refresh
from bookings.domain.sales.gateways import gateway_called
from bookings.domain.sales.messages import queue_message
from bookings.domain.sales.payments import lock_order, open_task
from bookings.domain.sales.splitting import split_off
from bookings.domain.sales.submissions import once
from bookings.domain.sales.waivers import Waiver
from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    LedgerEntry,
    Order,
    OutboxMessage,
    Refund,
    SaleStatus,
    SeatClaim,
    StaffTask,
    Ticket,
    User,
)
from bookings.models.transactions import database_now, short_transaction

Afterwards = Callable[[Refund], None]
RETURNS_BY_ITSELF: Final = Q(cause__startswith="cancel:") | Q(cause__startswith="exchange:") | Q(cause__startswith="seat:")


@dataclass(frozen=True)
class QuoteLine:
    ticket: Ticket
    quote: RefundQuote


@dataclass(frozen=True)
class CancellationQuote:
    """What cancelling these tickets of a booking gives back now, and when that falls."""

    lines: tuple[QuoteLine, ...]
    is_paid: bool

    @property
    def fare(self) -> Decimal:
        return sum((line.quote.fare for line in self.lines), ZERO)

    @property
    def refund(self) -> Decimal:
        return sum((line.quote.amount for line in self.lines), ZERO)

    @property
    def fee(self) -> Decimal:
        return self.fare - self.refund

    @property
    def drops_at(self) -> datetime | None:
        return min((line.quote.drops_at for line in self.lines if line.quote.drops_at), default=None)

    @property
    def then(self) -> Decimal:
        """The refund after `drops_at`."""
        return sum((line.quote.then if line.quote.drops_at == self.drops_at else line.quote.amount for line in self.lines), ZERO)


def cancellation_quote(
    booking: Booking, ticket_ids: Collection[int] | None = None, *, waived: bool = False, now: datetime
) -> CancellationQuote:
    """The quote for these tickets of the booking, or for all that are still valid. An unpaid booking owes and gives nothing."""
    tickets = valid_tickets(booking, ticket_ids)
    is_paid = booking.status == SaleStatus.CONFIRMED
    return CancellationQuote(tuple(QuoteLine(ticket, ticket_quote(ticket, booking, waived=waived, now=now)) for ticket in tickets), is_paid)


def ticket_quote(ticket: Ticket, booking: Booking, *, waived: bool = False, now: datetime) -> RefundQuote:
    """What giving back this ticket costs and returns by its frozen terms."""
    if booking.status != SaleStatus.CONFIRMED:
        return RefundQuote(ZERO, ZERO, RefundRule.NOT_PAID)
    if waived:
        return RefundQuote(ticket.fare, ZERO, RefundRule.WAIVED)
    terms = RefundTerms.from_json(ticket.refund_terms)
    return refund_quote(ticket.fare, terms, sold_at=booking.booking_date, boards_at=booking.boards_at, now=now)


def valid_tickets(booking: Booking, ticket_ids: Collection[int] | None) -> list[Ticket]:
    valid = [ticket for ticket in booking.tickets.all() if ticket.status == Ticket.Status.VALID]
    return valid if ticket_ids is None else [ticket for ticket in valid if ticket.pk in ticket_ids]


def can_cancel(booking: Booking, now: datetime) -> bool:
    return booking.status in (SaleStatus.PENDING, SaleStatus.CONFIRMED) and now < booking.boards_at


def cancel_booking(
    reference: str,
    *,
    submission: str,
    content: str,
    ticket_ids: Collection[int] | None = None,
    quoted: Decimal | None = None,
    actor: User | None = None,
    reason: str = "",
    waiver: Waiver | None = None,
    afterwards: Afterwards | None = None,
    now: datetime | None = None,
) -> Booking:
    """Cancel a booking, or some of its passengers, once per `submission`, and owe back what the frozen terms give.

    Some of the passengers are first split off into a booking of their own, which is returned. `quoted` is what the customer was
    promised: raises Conflict if it has fallen since. `afterwards` pays the refund at the till, in the same transaction.
    Raises RuleBroken when nothing can be cancelled.
    """
    result = once(
        "cancel",
        submission,
        content,
        lambda: _cancel(reference, ticket_ids, quoted, actor, reason, waiver, afterwards, now),
        now=now or database_now(),
    )
    return Booking.objects.select_related("order").get(pk=int(result))


def _cancel(
    reference: str,
    ticket_ids: Collection[int] | None,
    quoted: Decimal | None,
    actor: User | None,
    reason: str,
    waiver: Waiver | None,
    afterwards: Afterwards | None,
    now: datetime | None,
) -> str:
    if waiver:
        waiver.check(actor)
        reason = f"{reason}; {waiver.words}" if reason else waiver.words
    found = Booking.objects.filter(booking_reference=reference).values_list("order", flat=True).first()
    if found is None:
        raise NotFound(_("We do not know this booking."))
    order, locked = lock_order(found)
    now = now or database_now()
    drop_expired(list(locked), now=now)
    booking = Booking.objects.select_for_update(no_key=True).get(booking_reference=reference)
    tickets = valid_tickets(booking, ticket_ids)
    if not can_cancel(booking, now) or not tickets:
        raise Conflict(_("This booking can no longer be cancelled here: it is cancelled, expired, or the coach has left."))
    quote = cancellation_quote(booking, [ticket.pk for ticket in tickets], waived=waiver is not None, now=now)
    if quoted is not None and quote.refund < quoted:
        raise Conflict(_("The refund has changed to %(refund)s meanwhile. Please look again.") % {"refund": format_zar(quote.refund)})
    if len(tickets) < booking.tickets.filter(status=Ticket.Status.VALID).count():
        booking = split_off(booking, tickets, now, actor=actor)
    refund = _undo_sale(booking, quote, actor, now)
    close_booking(booking, tickets, at=now, actor=actor, approver=waiver.approver if waiver else None, reason=reason)
    queue_message(OutboxMessage.Kind.CANCELLATION, order, f"booking:{booking.pk}", now=now)
    if refund and afterwards:
        afterwards(refund)
    refresh(locked)
    return str(booking.pk)


def _undo_sale(booking: Booking, quote: CancellationQuote, actor: User | None, now: datetime) -> Refund | None:
    cause = f"cancel:{booking.pk}"
    if not quote.is_paid:
        sold = -LedgerEntry.objects.balance(Account.REVENUE, booking=booking)
        LedgerEntry.objects.post(cause, {Account.REVENUE: sold, Account.RECEIVABLE: -sold}, at=now, booking=booking, actor=actor)
        return None
    amounts = {Account.REVENUE: quote.fare, Account.FEE: -quote.fee, Account.REFUNDS_OWED: -quote.refund}
    LedgerEntry.objects.post(cause, amounts, at=now, booking=booking, actor=actor)
    return owe_refund(booking, cause, quote.refund, now) if quote.refund > 0 else None


def owe_refund(booking: Booking, cause: str, amount: Decimal, now: datetime) -> Refund:
    """The row of a refund that was posted; the queue pays it if it came through a gateway and nobody else has paid it by then."""
    refund = Refund.objects.create(order=booking.order, booking=booking, cause=cause, amount=amount, created_at=now)
    tasks.after_commit(tasks.pay_refund, refund.pk)
    return refund


def close_booking(
    booking: Booking, tickets: Sequence[Ticket], *, at: datetime, actor: User | None, approver: User | None = None, reason: str = ""
) -> None:
    """Cancel a booking with its tickets and free its seats; the order ends with its last booking."""
    who = {"at": at, "actor": actor, "approver": approver, "reason": reason}
    SeatClaim.objects.filter(ticket__in=tickets).delete()
    for ticket in tickets:
        Ticket.objects.filter(pk=ticket.pk).update(status=Ticket.Status.CANCELLED)
        BookingEvent.objects.record(booking, Ticket.Status.VALID, Ticket.Status.CANCELLED, ticket=ticket, **who)
    Booking.objects.filter(pk=booking.pk).update(status=SaleStatus.CANCELLED, cancelled_at=at)
    BookingEvent.objects.record(booking, booking.status, SaleStatus.CANCELLED, **who)
    still_open = Booking.objects.filter(order=booking.order_id).exclude(status__in=(SaleStatus.CANCELLED, SaleStatus.EXPIRED))
    if not still_open.exists():
        Order.objects.filter(pk=booking.order_id).update(status=SaleStatus.CANCELLED)


def pay_refund(refund_id: int, *, now: datetime | None = None) -> bool:
    """Send a refund back the way the money came, once. False, with a StaffTask, when the gateway cannot."""
    refund = Refund.objects.select_related("order").get(pk=refund_id)
    payment = refund.order.payments.order_by("pk").first()
    now = now or database_now()
    if refund.status == Refund.Status.PAID:
        return True
    through_gateway = payment is not None and payment.attempt_id and payment.amount >= refund.amount
    sent = through_gateway and gateway_called(payment.method).refund(payment.external_id, refund.amount, key=f"refund:{refund.pk}")
    with short_transaction():
        if not sent:
            open_task(StaffTask.Kind.REFUND_DUE, refund.order, f"refund:{refund.pk}", f"{refund.amount} to pay back", now)
            return False
        if Refund.objects.filter(pk=refund.pk, status=Refund.Status.OWED).update(status=Refund.Status.PAID, paid_at=now):
            amounts = {Account.REFUNDS_OWED: refund.amount, Account.GATEWAY: -refund.amount}
            LedgerEntry.objects.post(f"refund:{refund.pk}", amounts, at=now, order=refund.order)
    return True


def pay_waiting_refunds(*, now: datetime | None = None) -> int:
    """Pay the refunds of cancellations and changes that the queue lost. Refunds of odd payments wait for a person."""
    asked = StaffTask.objects.filter(kind=StaffTask.Kind.REFUND_DUE).values("order")
    waiting = Refund.objects.filter(RETURNS_BY_ITSELF, status=Refund.Status.OWED).exclude(order__in=asked)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:200])
    for refund_id in ids:
        pay_refund(refund_id, now=now)
    return len(ids)
