"""What a customer sees of an order: its state, its booking page, and finding it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from bookings.base.codes import normal_code
from bookings.base.emails import plain_email
from bookings.base.errors import NotFound
from bookings.base.money import ZERO, cents, format_zar
from bookings.base.names import PersonName, is_name_of
from bookings.cache.reference_data import note_version, single_version_check, with_version
from bookings.database.compiled import compiled, set_related_rows
from bookings.domain.fares.luggage import extra_luggage_text
from bookings.domain.fares.prices import every_type, fare_classes
from bookings.domain.inventory.seat_choice import seats_by_id
from bookings.domain.sales.cancellations import CancellationQuote, can_cancel, cancellation_quote
from bookings.domain.sales.ledger import placed_total
from bookings.domain.sales.refund_state import RefundState, state_of, state_text, with_state
from bookings.domain.sales.voucher_sales import is_within_return, return_refusal
from bookings.domain.timetable.segments import Segment, load_segments
from bookings.domain.timetable.trips import TripView, local_text, trip_view
from bookings.models import (
    VOUCHER,
    Account,
    Booking,
    BookingEvent,
    GatewayNotification,
    LedgerEntry,
    Order,
    Payment,
    PaymentAttempt,
    Refund,
    SaleStatus,
    Ticket,
    Total,
    Voucher,
    VoucherSale,
    voucher_reference,
)


@dataclass(frozen=True)
class OrderStatus:
    """How far the payment of an order is, for the page that the browser comes back to."""

    state: str  # to_pay, confirming, pending, declined, confirmed, expired, refund_due, cancelled
    order_id: int
    contact_version: int
    token: str
    reference: str  # any one of the order's
    total_text: str
    owed_text: str  # empty if there is nothing to pay any more
    pay_by_text: str
    pays_later: bool
    is_unproven: bool  # the button in the mail has not been pressed
    has_money: bool  # it is in, or its notification is
    paid_text: str  # what was paid of it already; empty if nothing
    has_voucher: bool  # some of it, by a voucher
    buys_voucher: bool = False  # instead of trips
    voucher_email: str = ""  # where the code of that goes
    can_return: bool = False  # it is unused, and in time

    PAYABLE: ClassVar = ("to_pay", "declined", "confirming")

    @property
    def is_waiting(self) -> bool:
        return self.state in ("confirming", "pending")

    @property
    def can_pay(self) -> bool:
        return self.state in self.PAYABLE and not self.has_money


def order_status(token: str, *, now: datetime) -> OrderStatus:
    orders: list[Any] = _orders_with_status(token)
    if not orders:
        raise NotFound(_("We could not find this order."))
    order = orders[0]
    state = _state(order, now)
    is_settled = order.last_attempt == PaymentAttempt.Status.PAID and (order.owed or ZERO) <= ZERO
    has_money = order.status == SaleStatus.CONFIRMED or order.is_notified or is_settled
    can_pay = state in OrderStatus.PAYABLE
    paid = cents(order.total - (order.owed or ZERO))
    return OrderStatus(
        state=state,
        order_id=order.pk,
        contact_version=order.contact_version,
        token=token,
        reference=order.reference or voucher_reference(order.pk),
        total_text=format_zar(order.placed_total),
        owed_text=format_zar(cents(order.owed or ZERO)) if can_pay else "",
        pay_by_text=local_text(order.pay_by) if order.pay_by else "",
        pays_later=order.pays_later,
        is_unproven=order.is_unproven,
        has_money=bool(has_money),
        paid_text=format_zar(paid) if can_pay and paid > 0 else "",
        has_voucher=order.has_voucher,
        buys_voucher=not order.reference,
        **({} if order.reference else _voucher_facts(order, now)),
    )


def _voucher_facts(order: Order, now: datetime) -> dict[str, Any]:
    """Of an order that sells a voucher: two queries."""
    sale = VoucherSale.objects.filter(order=order.pk).first()
    if sale is None:
        return {}
    voucher = Voucher.objects.filter(order=order.pk, kind=Voucher.Kind.SOLD).first()
    can_return = not return_refusal(order, voucher) and voucher is not None and is_within_return(voucher, now)
    return {"voucher_email": sale.recipient or order.email, "can_return": can_return}


@compiled
def _orders_with_status(token: str) -> QuerySet[Order]:
    """An order with all that its state depends on."""
    own = {"order": OuterRef("pk")}
    attempts = PaymentAttempt.objects.filter(**own).order_by("-pk")
    waiting = GatewayNotification.objects.filter(attempt=OuterRef("pk"), acted_at=None)
    entries = LedgerEntry.objects.filter(**own, account=Account.RECEIVABLE).order_by().values("order")
    return Order.objects.filter(token=token).annotate(
        reference=Subquery(Booking.objects.filter(**own).order_by("pk").values("booking_reference")[:1]),
        has_refunds=Exists(Refund.objects.filter(~Q(payment__method=VOUCHER), **own)),
        has_voucher=Exists(Payment.objects.filter(**own, method=VOUCHER)),
        last_attempt=Subquery(attempts.values("status")[:1]),
        is_pending=Exists(attempts.filter(status=PaymentAttempt.Status.PENDING)),
        is_notified=Subquery(attempts.annotate(is_notified=Exists(waiting)).values("is_notified")[:1]),
        owed=Subquery(entries.annotate(total=Total("amount")).values("total")),
        placed_total=placed_total(),
    )


def _state(order: Any, now: datetime) -> str:
    """`order` as `_orders_with_status` reads it."""
    if order.status in (SaleStatus.CONFIRMED, SaleStatus.CANCELLED):
        return str(order.status)
    if order.has_refunds and order.status == SaleStatus.EXPIRED:
        return "refund_due"
    # A notification is on its way: say so, even past the pay-by time. The money will find its seats or go
    # back.
    if order.is_notified:
        return "confirming"
    if not order.is_open(now):
        return "expired"
    if order.is_pending:
        return "pending"
    if order.last_attempt in (None, PaymentAttempt.Status.SUPERSEDED):
        return "to_pay"
    return "declined" if order.last_attempt in PaymentAttempt.UNPAID else "confirming"


@dataclass(frozen=True)
class TicketView:
    id: int
    name: str
    seat: str
    type_name: str
    class_name: str
    proof: str
    needs: str  # from the crew
    fare: str
    status: str  # Ticket.Status
    status_text: str
    code: str
    spoken_code: str

    @property
    def is_valid(self) -> bool:
        return self.status == Ticket.Status.VALID

    @property
    def is_over(self) -> bool:
        return self.status in (Ticket.Status.CANCELLED, Ticket.Status.REPLACED)


@dataclass(frozen=True)
class BookingPart:
    """One booking of an order, as its page shows it."""

    id: int
    reference: str
    status: str
    status_text: str
    trip: TripView
    tickets: tuple[TicketView, ...]
    quote: CancellationQuote | None  # None: it cannot be cancelled
    refund_text: str
    drops_text: str  # "Tue 1 Dec 2026, 10:00", empty if it does not fall
    then_text: str

    @property
    def is_confirmed(self) -> bool:
        return self.status == SaleStatus.CONFIRMED

    @property
    def has_no_show(self) -> bool:
        return any(ticket.status == Ticket.Status.NO_SHOW for ticket in self.tickets)


@dataclass(frozen=True)
class RefundView:
    amount: str
    status_text: str
    is_paid: bool
    waits_for_details: bool  # the customer has to say to which account


@dataclass(frozen=True)
class BookingPage:
    """A whole order, found by any of its references."""

    order_id: int
    order_token: str
    reference: str
    email: str
    phone: str
    total_text: str
    owed: Decimal
    owed_text: str
    pay_by_text: str
    is_open: bool  # can still be paid
    has_receipt: bool  # something was paid, or nothing had to be
    parts: tuple[BookingPart, ...]
    refunds: tuple[RefundView, ...]

    @property
    def is_confirmed(self) -> bool:
        return any(part.is_confirmed for part in self.parts)

    @property
    def waits_for_details(self) -> bool:
        return any(refund.waits_for_details for refund in self.refunds)


@single_version_check()
def booking_page(reference: str, *, now: datetime) -> BookingPage:
    """The order that the reference belongs to, in a constant number of queries. Raises NotFound."""
    code = normal_code(reference)
    payments = Payment.objects.filter(order=OuterRef("pk"))
    orders = Order.objects.filter(bookings__booking_reference=code)
    order = orders.annotate(is_paid_on=Exists(payments), placed_total=placed_total()).first()
    if order is None:
        raise NotFound(_("We could not find this booking."))
    owed = LedgerEntry.objects.balance(Account.RECEIVABLE, order=order)
    return BookingPage(
        order_id=order.pk,
        order_token=order.token,
        reference=code,
        email=order.email,
        phone=order.phone,
        total_text=format_zar(order.placed_total),
        owed=owed,
        owed_text=format_zar(owed),
        pay_by_text=local_text(order.pay_by) if order.pay_by else "",
        is_open=order.is_open(now) and owed > 0,
        has_receipt=order.is_paid_on or order.status == SaleStatus.CONFIRMED,
        parts=tuple(_part(booking, order, now) for booking in bookings_of(order)),
        refunds=tuple(
            RefundView(
                format_zar(refund.amount),
                state_text(refund),
                refund.status == Refund.Status.PAID,
                state_of(refund) == RefundState.WAITING_FOR_DETAILS,
            )
            for refund in with_state(Refund.objects.filter(order=order)).order_by("pk")
        ),
    )


@single_version_check()
def bookings_of(order: Order) -> list[Booking]:
    """The bookings of an order with all that a ticket, a page or a mail shows."""
    bookings: dict[int, Booking] = {}
    tickets: dict[int, list[Ticket]] = {}
    for ticket in note_version(_tickets_of(order.pk)):
        ticket.booking = bookings.setdefault(ticket.booking_id, ticket.booking)
        ticket.booking.event_count = getattr(ticket, "event_count", 0)
        tickets.setdefault(ticket.booking_id, []).append(ticket)
    classes, types = {row.pk: row for row in fare_classes()}, {row.pk: row for row in every_type()}
    for booking in load_segments(bookings.values()):
        seats = seats_by_id(booking.schedule.layout_id)
        for ticket in tickets[booking.pk]:
            if ticket.seat_id in seats:
                ticket.seat = seats[ticket.seat_id]
            ticket.fare_class, ticket.passenger_type = (
                classes[ticket.fare_class_id],
                types[ticket.passenger_type_id],
            )
        set_related_rows(booking, "tickets", tickets[booking.pk])
    return list(bookings.values())


@compiled
def _tickets_of(order_id: int) -> QuerySet[Ticket]:
    events = (
        BookingEvent.objects.filter(booking=OuterRef("booking"))
        .order_by()
        .values("booking")
        .annotate(number=Count("pk"))
    )
    tickets = Ticket.objects.select_related("booking__schedule").filter(booking__order=order_id)
    return with_version(tickets.annotate(event_count=Subquery(events.values("number")))).order_by(
        "booking__boards_at", "booking_id", "pk"
    )


def booking_segment(booking: Booking) -> Segment:
    return Segment(booking.schedule, booking.from_stop, booking.to_stop)


def _part(booking: Booking, order: Order, now: datetime) -> BookingPart:
    status = booking_status(booking, order, now)
    tickets = list(booking.tickets.all())
    quote = (
        cancellation_quote(booking, now=now)
        if can_cancel(booking, now) and status != SaleStatus.EXPIRED
        else None
    )
    zone = ZoneInfo(booking.from_stop.stop.time_zone)
    return BookingPart(
        id=booking.pk,
        reference=booking.booking_reference,
        status=status,
        status_text=str(SaleStatus(status).label),
        trip=trip_view(
            booking_segment(booking), tuple(ticket.seat.label for ticket in tickets if ticket.seat)
        ),
        tickets=tuple(_ticket(ticket) for ticket in tickets),
        quote=quote,
        refund_text=format_zar(quote.refund) if quote else "",
        drops_text=local_text(quote.drops_at, zone) if quote and quote.drops_at else "",
        then_text=format_zar(quote.then) if quote else "",
    )


def _ticket(ticket: Ticket) -> TicketView:
    return TicketView(
        id=ticket.pk,
        name=ticket.full_name,
        seat=ticket.seat.label if ticket.seat else "",
        type_name=ticket.passenger_type.name,
        class_name=ticket.fare_class.name,
        proof=ticket.passenger_type.proof,
        needs=needs_text(ticket),
        fare=format_zar(ticket.fare),
        status=ticket.status,
        status_text=ticket.get_status_display(),
        code=ticket.code,
        spoken_code=ticket.spoken_code,
    )


def needs_text(ticket: Ticket) -> str:
    """What a passenger needs from the crew: "Wheelchair; help up the steps; 2 extra pieces of luggage".

    Personal: for staff, and on what its owner gets.
    """
    wheelchair = _("Wheelchair") if ticket.needs_wheelchair else ""
    luggage = extra_luggage_text(ticket.extra_luggage)
    return "; ".join(filter(None, [wheelchair, ticket.help_request, luggage]))


@dataclass(frozen=True)
class BookingSummary:
    """The little that a reference with a surname or e-mail address shows."""

    order_id: int
    contact_version: int
    reference: str
    status: str
    status_text: str
    trip: TripView


def find_booking(reference: str, proof: str, *, now: datetime) -> BookingSummary | None:
    """The booking with this reference, if `proof` is a name on its order or the e-mail address.

    None for every kind of failure.
    """
    people = (  # the booking beside the name of each passenger of its order
        Booking.objects.filter(booking_reference=normal_code(reference)[:12])
        .select_related("order", "schedule__route__line", "from_stop__stop__city", "to_stop__stop__city")
        .annotate(
            first_name=F("order__bookings__tickets__first_name"),
            surname=F("order__bookings__tickets__surname"),
        )
        .order_by()
    )
    email = plain_email(proof)
    booking = next(
        (
            row
            for row in people
            if is_name_of(proof, PersonName(row.first_name or "", row.surname or ""))
            or (email and email == plain_email(row.order.email))
        ),
        None,
    )
    if booking is None:
        return None
    status = booking_status(booking, booking.order, now)
    return BookingSummary(
        booking.order_id,
        booking.order.contact_version,
        booking.booking_reference,
        status,
        str(SaleStatus(status).label),
        trip_view(booking_segment(booking)),
    )


def booking_status(booking: Booking, order: Order, now: datetime) -> str:
    """The booking's state; unpaid past its time is expired, whether or not anybody has swept it."""
    overdue = booking.status == SaleStatus.PENDING and not order.is_open(now)
    return SaleStatus.EXPIRED if overdue else booking.status
