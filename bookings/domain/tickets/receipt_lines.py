"""The lines of a receipt, from the order lines: what was sold, charged and given back, ticket by ticket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bookings.base.money import ZERO
from bookings.domain.sales.booking_page import booking_segment
from bookings.domain.sales.order_lines import ACCOUNTS, OF_TRIP
from bookings.domain.tickets.ticketed_trip import place_text
from bookings.domain.timetable.trips import TripView, trip_view
from bookings.models import Account, Booking, OrderLine, Refund, SaleStatus, Ticket

_STANDS: Final = (SaleStatus.PENDING, SaleStatus.CONFIRMED)


class LineKind(StrEnum):
    """What a line is for: a kind of order line, or what became of some."""

    FARE = "fare"
    CANCELLED = "cancelled"  # a fare that is charged no more
    CANCELLATION_FEE = "cancellation_fee"
    CHANGE_FEE = "change_fee"
    SEAT_UPGRADE = "seat_upgrade"
    LUGGAGE = "luggage"
    PROMO = "promo"
    VOUCHER_SALE = "voucher_sale"
    DIFFERENCE = "difference"  # between the fares of a change
    RETURNED = "returned"  # money of a sale that was undone, or too much of it


@dataclass(frozen=True)
class ReceiptTicket:
    passenger: str
    passenger_type: str
    fare_class: str
    place: str  # the seat, or what stands in its stead
    trip: TripView
    reference: str


@dataclass(frozen=True)
class ReceiptLine:
    kind: LineKind
    cents: int
    ticket: ReceiptTicket | None = None
    reference: str = ""  # of the booking
    tax_code: str = ""  # empty: no tax is shown, as on what is exempt
    quantity: int = 1


def sold_lines(lines: Sequence[OrderLine], bookings: Iterable[Booking]) -> Iterator[ReceiptLine]:
    """What each ticket is sold for by kind, one line that takes it back if it was cancelled, then what is of
    no ticket. What was moved, exchanged or ran out and is sold again stands in no line.
    """
    of_ticket: dict[int | None, list[OrderLine]] = defaultdict(list)
    for line in lines:
        of_ticket[line.ticket_id].append(line)
    for booking in bookings:
        reference = booking.booking_reference
        for ticket in _own_tickets(booking):
            own = [line for line in of_ticket[ticket.pk] if line.kind in OF_TRIP]
            end = _end(own) if ticket.status == Ticket.Status.CANCELLED else ""
            view = receipt_ticket(ticket, booking)
            for kind in dict.fromkeys(line.kind for line in own):
                sold = [line for line in own if line.kind == kind and line.cause != end]
                cents = in_cents(sum((line.amount for line in sold), ZERO))
                if sold and (cents or kind == OrderLine.Kind.FARE):
                    tax, number = _shown_tax(sold[0]), net_quantity(sold)
                    yield ReceiptLine(LineKind(kind), cents, view, reference, tax, number)
            if back := sum((line.amount for line in own if end and line.cause == end), ZERO):
                yield ReceiptLine(LineKind.CANCELLED, in_cents(back), view, reference)
    references = {booking.pk: booking.booking_reference for booking in bookings}
    for line in of_ticket[None]:
        if ACCOUNTS[line.kind] != Account.FEE:
            reference = references.get(line.booking_id or 0, "")
            yield ReceiptLine(LineKind(line.kind), in_cents(line.amount), None, reference, _shown_tax(line))


def _own_tickets(booking: Booking) -> list[Ticket]:
    """Those that were not replaced by others; none of seats that ran out unpaid."""
    if booking.status not in (*_STANDS, SaleStatus.CANCELLED):
        return []
    return [ticket for ticket in booking.tickets.all() if ticket.status != Ticket.Status.REPLACED]


def receipt_ticket(ticket: Ticket, booking: Booking) -> ReceiptTicket:
    return ReceiptTicket(
        passenger=ticket.full_name,
        passenger_type=ticket.passenger_type.name,
        fare_class=ticket.fare_class.name,
        place=place_text(ticket),
        trip=trip_view(booking_segment(booking)),
        reference=booking.booking_reference,
    )


def _end(lines: Sequence[OrderLine]) -> str:
    """The cause that took back what a cancelled ticket was sold for; empty if that was nothing."""
    return lines[-1].cause if lines and lines[-1].cause != lines[0].cause else ""


def fee_lines(lines: Iterable[OrderLine], bookings: Iterable[Booking]) -> list[ReceiptLine]:
    """One line for all that a change costs, whoever of the booking it is for."""
    references = {booking.pk: booking.booking_reference for booking in bookings}
    fees: dict[tuple[str, int | None, str], list[OrderLine]] = defaultdict(list)
    for line in lines:
        if ACCOUNTS[line.kind] == Account.FEE:
            fees[line.cause, line.booking_id, line.kind].append(line)
    return [
        ReceiptLine(
            LineKind(kind),
            in_cents(sum((line.amount for line in rows), ZERO)),
            None,
            references.get(booking_id or 0, ""),
            _shown_tax(rows[0]),
        )
        for (_cause, booking_id, kind), rows in fees.items()
    ]


def given_back_lines(
    row: Refund, lines: Sequence[OrderLine], bookings: Iterable[Booking]
) -> tuple[ReceiptLine, ...]:
    """What a refund is made of: cancelled tickets or a lower fare, less a fee; else the money by itself."""
    own = [line for line in lines if line.cause == row.cause and line.booking_id == row.booking_id]
    booking = next((candidate for candidate in bookings if candidate.pk == row.booking_id), None)
    reference = booking.booking_reference if booking else ""
    if booking is None or in_cents(-sum((line.amount for line in own), ZERO)) != in_cents(row.amount):
        return (ReceiptLine(LineKind.RETURNED, in_cents(row.amount), reference=reference),)
    fees = tuple(replace(fee, cents=-fee.cents) for fee in fee_lines(own, [booking]))
    cancelled = tuple(_cancelled(own, booking))
    fares = in_cents(row.amount) - sum(fee.cents for fee in fees)
    if sum(line.cents for line in cancelled) != fares:
        cancelled = (ReceiptLine(LineKind.DIFFERENCE, fares, reference=reference),)
    return (*cancelled, *fees)


def _cancelled(lines: Sequence[OrderLine], booking: Booking) -> Iterator[ReceiptLine]:
    """What was taken back of each cancelled ticket."""
    for ticket in _own_tickets(booking):
        if ticket.status == Ticket.Status.CANCELLED:
            own = (line for line in lines if line.ticket_id == ticket.pk and line.kind in OF_TRIP)
            back = -in_cents(sum((line.amount for line in own), ZERO))
            yield ReceiptLine(LineKind.FARE, back, receipt_ticket(ticket, booking), booking.booking_reference)


def _shown_tax(line: OrderLine) -> str:
    return "" if line.tax_code == OrderLine.TaxCode.EXEMPT else line.tax_code


def net_quantity(lines: Iterable[OrderLine]) -> int:
    """How many are sold by lines of one kind, less those taken back; 1 of what costs nothing."""
    return max(sum(line.quantity if line.amount > 0 else -line.quantity for line in lines if line.amount), 1)


def in_cents(amount: Decimal) -> int:
    return int(amount * 100)
