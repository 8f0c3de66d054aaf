"""Cancelling a booking or some of its passengers: the quote by the frozen refund terms, and the verb."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from bookings.base.codes import normal_code
from bookings.base.errors import Conflict, NotFound
from bookings.base.money import ZERO, format_zar
from bookings.database.transactions import database_now
from bookings.domain.fares.refund_rules import (
    LuggageTerms,
    RefundQuote,
    RefundRule,
    RefundTerms,
    refund_quote,
)
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.approvals import Approval
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.left_alone import left_alone, tickets_beside
from bookings.domain.sales.messages import notify_partner, queue_message
from bookings.domain.sales.order_lines import (
    Cause,
    LineChange,
    fee_line,
    open_lines,
    take_back_sale,
    write_lines,
)
from bookings.domain.sales.orders import lock_order, split_off
from bookings.domain.sales.promo_codes import LIVE, free_uses
from bookings.domain.sales.refunds import owe_back, owe_refund
from bookings.domain.sales.voucher_refunds import take_as_voucher
from bookings.domain.sales.wait_list import offer_freed_seats
from bookings.domain.sales.waivers import Waiver
from bookings.domain.timetable.call_times import expected_boards_at
from bookings.domain.timetable.leavings import has_passed
from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    BookingStep,
    Order,
    OrderLine,
    OutboxMessage,
    Refund,
    SaleStatus,
    Ticket,
    User,
    Webhook,
)

Afterwards = Callable[[Sequence[Refund]], None]


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
        return sum(
            (
                line.quote.then if line.quote.drops_at == self.drops_at else line.quote.amount
                for line in self.lines
            ),
            ZERO,
        )


def cancellation_quote(
    booking: Booking,
    ticket_ids: Collection[int] | None = None,
    *,
    waived: bool = False,
    is_disrupted: bool = False,
    now: datetime,
) -> CancellationQuote:
    """The quote for these tickets of the booking, or for all that are still valid.

    An unpaid booking owes and gives nothing; `is_disrupted`: the company changed the trip, and takes no fee.
    Raises what `chosen_tickets` raises.
    """
    tickets = chosen_tickets(booking, ticket_ids, now)
    is_paid = booking.status == SaleStatus.CONFIRMED
    return CancellationQuote(
        tuple(
            QuoteLine(
                ticket, ticket_quote(ticket, booking, waived=waived, is_disrupted=is_disrupted, now=now)
            )
            for ticket in tickets
        ),
        is_paid,
    )


def ticket_quote(
    ticket: Ticket,
    booking: Booking,
    *,
    waived: bool = False,
    is_disrupted: bool = False,
    with_luggage: bool = True,
    now: datetime,
) -> RefundQuote:
    """What giving back this ticket costs and returns by its frozen terms; all of it where the company does
    not bring the passenger as it sold. Its extra luggage too, unless that travels on.
    """
    terms = RefundTerms.from_json(ticket.refund_terms)
    paid = ticket.price
    if not with_luggage:
        terms, paid = replace(terms, luggage=LuggageTerms()), ticket.fare
    if booking.status != SaleStatus.CONFIRMED:
        return RefundQuote(ZERO, ZERO, RefundRule.NOT_PAID)
    if is_disrupted or is_waiting(ticket):
        return RefundQuote(paid, ZERO, RefundRule.DISRUPTED)
    if waived:
        return RefundQuote(paid, ZERO, RefundRule.WAIVED)
    if is_left_behind(ticket, booking, now):
        return RefundQuote(paid, ZERO, RefundRule.LEFT_BEHIND)
    boards_at = expected_boards_at(booking)
    return refund_quote(paid, terms, sold_at=booking.booking_date, boards_at=boards_at, now=now)


def valid_tickets(booking: Booking, ticket_ids: Collection[int] | None) -> list[Ticket]:
    valid = [ticket for ticket in booking.tickets.all() if ticket.status == Ticket.Status.VALID]
    return valid if ticket_ids is None else [ticket for ticket in valid if ticket.pk in ticket_ids]


def is_waiting(ticket: Ticket) -> bool:
    """Whether this passenger lost the seat by a disruption and has not got another."""
    return ticket.place == Ticket.Place.WAITING and ticket.status == Ticket.Status.VALID


def is_left_behind(ticket: Ticket, booking: Booking, now: datetime) -> bool:
    """Whether this passenger paid to stand by and got no seat.

    They get all of it back, or another coach without a fee: when the coach was expected to leave, or has
    left before that. One that is late has nothing more to offer them than patience.
    """
    stood_by = ticket.place == Ticket.Place.STANDBY and ticket.status == Ticket.Status.VALID
    if not stood_by or booking.status != SaleStatus.CONFIRMED:
        return False
    return now >= expected_boards_at(booking) or has_passed(booking.schedule, booking.from_stop)


def returnable_tickets(booking: Booking, ticket_ids: Collection[int] | None, now: datetime) -> list[Ticket]:
    """Those that can be given back or moved.

    Until the coach leaves all valid ones, afterwards those of who was left behind or waits for a seat.
    """
    tickets = valid_tickets(booking, ticket_ids)
    return (
        tickets
        if now < expected_boards_at(booking)
        else [ticket for ticket in tickets if is_waiting(ticket) or is_left_behind(ticket, booking, now)]
    )


def chosen_tickets(booking: Booking, ticket_ids: Collection[int] | None, now: datetime) -> list[Ticket]:
    """Just the chosen tickets, or without a choice all that can be given back.

    Raises Conflict, which names them, when one of them is not on this booking or cannot be given back.
    """
    returnable = returnable_tickets(booking, None, now)
    if ticket_ids is None:
        return returnable
    refusal = refusal_of(booking, ticket_ids, returnable)
    if refusal:
        raise refusal
    return [ticket for ticket in returnable if ticket.pk in ticket_ids]


def refusal_of(
    booking: Booking, ticket_ids: Collection[int], returnable: Collection[Ticket]
) -> Conflict | None:
    """Why these tickets cannot all be given back, if they cannot."""
    own = {ticket.pk: ticket for ticket in booking.tickets.all()}
    foreign = sorted(set(ticket_ids) - set(own))
    if foreign:
        return Conflict(
            _("Not on booking %(reference)s (any more): ticket %(tickets)s. Nothing was cancelled.")
            % {
                "reference": booking.booking_reference,
                "tickets": ", ".join(str(ticket_id)[:19] for ticket_id in foreign[:20]),
            }
        )
    final = sorted(set(ticket_ids) - {ticket.pk for ticket in returnable})
    if final:
        return Conflict(
            _("This can no longer be cancelled: %(tickets)s. Nothing was cancelled.")
            % {"tickets": ", ".join(_with_reason(own[ticket_id]) for ticket_id in final)}
        )
    return None


def _with_reason(ticket: Ticket) -> str:
    has_left = ticket.status == Ticket.Status.VALID
    reason = _("the coach has left") if has_left else ticket.get_status_display()
    return _("%(name)s (%(reason)s)") % {"name": ticket.full_name, "reason": reason}


def is_whole_booking(booking: Booking, tickets: Collection[Ticket]) -> bool:
    """Whether nobody else travels, has travelled or failed to come on this booking."""
    over = (Ticket.Status.CANCELLED, Ticket.Status.REPLACED)
    return len(tickets) == booking.tickets.exclude(status__in=over).count()


def can_cancel(booking: Booking, now: datetime) -> bool:
    if booking.status == SaleStatus.CONFIRMED and now >= expected_boards_at(booking):
        return bool(returnable_tickets(booking, None, now))
    is_open = booking.status in (SaleStatus.PENDING, SaleStatus.CONFIRMED)
    return is_open and now < expected_boards_at(booking)


@dataclass(frozen=True)
class CancellationRequest:
    """Which tickets of a booking to cancel (None: all), why, and who waived the fee.

    `quoted` is the refund that the customer was promised. `is_disrupted`: by the choice that a disruption
    gives, and so without a fee. `as_voucher`: the customer wants the refund as one; at a counter with the
    `approval` of a second person.
    """

    reference: str
    ticket_ids: Collection[int] | None = None
    quoted: Decimal | None = None
    reason: str = ""
    waiver: Waiver | None = None
    is_disrupted: bool = False
    as_voucher: bool = False
    approval: Approval | None = None


def cancel_booking(
    request: CancellationRequest,
    *,
    submission: str,
    content: str,
    actor: User | None = None,
    afterwards: Afterwards | None = None,
    now: datetime | None = None,
) -> Booking:
    """Cancel a booking, or some of its passengers, once per `submission`, and owe back what the frozen terms
    give.

    Some of the passengers are first split off into a booking of their own, which is returned. `afterwards`
    pays the refunds at the till, in the same transaction. Raises Conflict when nothing, or not all of what
    was chosen, can be cancelled, a child would stay behind without an adult, or the refund has fallen below
    `quoted`.
    """
    result = run_once(
        "cancel",
        submission,
        content,
        action=lambda: cancel_within(request, actor=actor, afterwards=afterwards, now=now),
        now=now or database_now(),
    )
    return Booking.objects.select_related("order").get(pk=int(result))


def cancel_within(
    request: CancellationRequest,
    *,
    actor: User | None,
    afterwards: Afterwards | None = None,
    now: datetime | None,
) -> str:
    """As `cancel_booking`, within a transaction of the caller's, who holds no lock and runs it once. Returns
    the id of the cancelled booking.
    """
    reference, reason, waiver = normal_code(request.reference), request.reason, request.waiver
    if waiver:
        waiver.check(actor, now=now or database_now())
        reason = f"{reason}; {waiver.text}" if reason else waiver.text
    order_id = Booking.objects.filter(booking_reference=reference).values_list("order", flat=True).first()
    if order_id is None:
        raise NotFound(_("We could not find this booking."))
    locked = lock_order(order_id)
    order, now = locked.order, now or locked.now
    drop_expired(list(locked.schedules), now=now)
    booking = Booking.objects.select_for_update(no_key=True).get(booking_reference=reference)
    tickets = chosen_tickets(booking, request.ticket_ids, now) if can_cancel(booking, now) else []
    if not tickets:
        raise Conflict(
            _(
                "This booking can no longer be cancelled here: "
                "it is cancelled, expired, or its departure time has passed."
            )
        )
    if alone := left_alone(booking, [ticket.pk for ticket in tickets], tickets_beside(booking)):
        raise alone
    quote = cancellation_quote(
        booking,
        [ticket.pk for ticket in tickets],
        waived=waiver is not None,
        is_disrupted=request.is_disrupted,
        now=now,
    )
    if request.quoted is not None and quote.refund < request.quoted:
        raise Conflict(
            _("The refund has changed to %(refund)s. Please check again.")
            % {"refund": format_zar(quote.refund)}
        )
    if not is_whole_booking(booking, tickets):
        booking = split_off(booking, tickets, now, actor=actor)
    refunds = _undo_sale(booking, quote, actor, now)
    if request.as_voucher:
        refunds = take_as_voucher(order, refunds, actor=actor, approval=request.approval, now=now)
    close_booking(
        booking, tickets, at=now, actor=actor, approver=waiver.approver if waiver else None, reason=reason
    )
    if not quote.is_paid:  # a part of it may be
        owe_back(order, now=now)
    queue_message(OutboxMessage.Kind.CANCELLATION, order, booking, now=now)
    if refunds and afterwards:
        afterwards(refunds)
    refresh(locked.schedules)
    offer_freed_seats(locked.schedules, now=now)
    return str(booking.pk)


def _undo_sale(
    booking: Booking, quote: CancellationQuote, actor: User | None, now: datetime
) -> Sequence[Refund]:
    cause = f"cancel:{booking.pk}"
    if not quote.is_paid:
        take_back_sale(booking, Cause(name=cause, against=Account.RECEIVABLE, at=now, actor=actor))
        return ()
    taken_back = open_lines(booking, [line.ticket for line in quote.lines])
    kind = OrderLine.Kind.CANCELLATION_FEE
    fees = [fee_line(kind, line.ticket, line.quote, taken_back=taken_back) for line in quote.lines]
    change = LineChange([fee for fee in fees if fee.amount], taken_back)
    if change.total != -quote.refund:
        raise ValueError(f"{cause}: the lines give back {-change.total}, the quote {quote.refund}")
    write_lines(booking, change, Cause(name=cause, against=Account.REFUNDS_OWED, at=now, actor=actor))
    return owe_refund(booking, cause, quote.refund, now=now)


def close_booking(
    booking: Booking,
    tickets: Sequence[Ticket],
    *,
    at: datetime,
    actor: User | None,
    approver: User | None = None,
    reason: str = "",
) -> None:
    """Cancel a booking with its tickets and free its seats; the order ends with its last booking."""
    step = BookingStep(
        booking, booking.status, SaleStatus.CANCELLED, at=at, actor=actor, approver=approver, reason=reason
    )
    claims.release_tickets(tickets)
    for ticket in tickets:
        Ticket.objects.filter(pk=ticket.pk).update(status=Ticket.Status.CANCELLED)
        BookingEvent.objects.record(
            replace(step, before=Ticket.Status.VALID, after=Ticket.Status.CANCELLED, ticket=ticket)
        )
    Booking.objects.filter(pk=booking.pk).update(status=SaleStatus.CANCELLED, cancelled_at=at)
    BookingEvent.objects.record(step)
    notify_partner(booking.order, Webhook.Event.CANCELLED, booking, at=at)
    still_open = Booking.objects.filter(order=booking.order_id).exclude(
        status__in=(SaleStatus.CANCELLED, SaleStatus.EXPIRED)
    )
    if not still_open.exists():
        if booking.order.status in LIVE:
            free_uses([booking.order.promo_code_id])
        Order.objects.filter(pk=booking.order_id).update(status=SaleStatus.CANCELLED)
