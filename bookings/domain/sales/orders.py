"""The rows of an order: its lock, its bookings and tickets, their references and codes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from bookings.base.codes import new_ticket_code, random_code
from bookings.base.emails import plain_email
from bookings.base.errors import Busy, SalesClosed
from bookings.base.money import ZERO, cents
from bookings.base.names import plain_first_name, plain_surname, plain_surname_end
from bookings.database.compiled import compiled, insert_rows
from bookings.database.statements import SelectStatement
from bookings.database.transactions import DatabaseClock, database_now
from bookings.domain.fares.luggage import NO_LUGGAGE, PricedLuggage
from bookings.domain.fares.refund_rules import RefundTerms
from bookings.domain.inventory.claims import lock_schedules, lock_schedules_of_order
from bookings.domain.sales.ledger import owed_on
from bookings.domain.sales.order_lines import move_lines
from bookings.domain.timetable.leavings import has_passed
from bookings.domain.timetable.segments import Segment
from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    BookingStep,
    FareClass,
    LedgerEntry,
    Order,
    PassengerType,
    Schedule,
    Seat,
    Ticket,
    Total,
    User,
)

PassengerDetails = Mapping[str, str]  # first_name, surname, passenger_type, help_request
_TRIES: Final = 3


def split_off(booking: Booking, tickets: Sequence[Ticket], now: datetime, *, actor: User | None) -> Booking:
    """Give some passengers a booking of their own in the same order, with their share of what was sold."""
    part = Booking.objects.get(pk=booking.pk)
    part.pk, part._state.adding = None, True
    part.booking_reference = new_reference()
    part.save()
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(booking=part)
    move_lines(booking, part, tickets, now=now)
    BookingEvent.objects.record(
        BookingStep(
            part, "", part.status, at=now, actor=actor, reason=f"split off {booking.booking_reference}"
        )
    )
    return part


@dataclass(frozen=True)
class LockedOrder:
    """An order and what was read of it while its departures and its own row were locked."""

    order: Order
    schedules: dict[int, Schedule]  # of its bookings, and others that were asked for
    bookings: list[Booking]  # none of an order that sells a voucher
    now: datetime  # by the database's clock, after the locks were had
    owed: Decimal  # on the order; negative: paid too much

    @property
    def is_left(self) -> bool:
        """Whether a coach of it has left the stop of its passengers; no query unless one is on the road."""
        on_the_road = (Schedule.Status.DEPARTED, Schedule.Status.ARRIVED)
        coaches = [
            (self.schedules[booking.schedule_id], booking)
            for booking in self.bookings
            if booking.status == self.order.status
        ]
        return any(
            has_passed(schedule, booking.from_stop)
            for schedule, booking in coaches
            if schedule.status in on_the_road
        )


def lock_order(order_id: int, *, also: Iterable[int] = ()) -> LockedOrder:
    """Lock an order after the departures of its bookings (and those in `also`), in the order that everybody
    keeps.

    Raises Busy if they change meanwhile.
    """
    for _try in range(_TRIES):
        if also:
            of_order = Booking.objects.filter(order=order_id).values_list("schedule", flat=True)
            schedules = lock_schedules({*of_order, *also})
        else:
            schedules = lock_schedules_of_order(order_id)
        orders, bookings = _locked_orders(order_id), _bookings_of(order_id)
        if not orders:
            raise Order.DoesNotExist
        if {booking.schedule_id for booking in bookings} <= set(schedules):
            return LockedOrder(
                orders[0],
                schedules,
                bookings,
                (bookings and getattr(bookings[0], "clock", None)) or database_now(),
                cents(getattr(bookings[0], "owed", None) or ZERO) if bookings else owed_on(orders[0]),
            )
    raise Busy


def check_running(schedules: Iterable[Schedule]) -> None:
    """Raises SalesClosed if one of these locked departures does not run any more."""
    if any(schedule.is_withdrawn for schedule in schedules):
        raise SalesClosed(
            _("This departure was taken out of the timetable. Nothing was charged; please choose another.")
        )


@compiled
def _locked_orders(pk: int) -> QuerySet[Order]:
    return Order.objects.select_for_update(no_key=True).filter(pk=pk)


@compiled
def _bookings_of(order_id: int) -> QuerySet[Booking]:
    entries = LedgerEntry.objects.filter(order=OuterRef("order"), account=Account.RECEIVABLE)
    owed = entries.order_by().values("order").annotate(total=Total("amount")).values("total")
    bookings = Booking.objects.filter(order=order_id).annotate(clock=DatabaseClock(), owed=Subquery(owed))
    return bookings.order_by("pk")


def open_booking(order: Order, segment: Segment, *, reference: str = "", now: datetime) -> Booking:
    """The row of a new booking, under a new `reference`; its tickets and its sale follow."""
    booking = Booking(
        order=order,
        booking_reference=reference or new_reference(),
        passenger_email=plain_email(order.email),
        booking_date=now,
        schedule=segment.schedule,
        from_stop=segment.board,
        to_stop=segment.alight,
        boards_at=segment.boards_at,
        alights_at=segment.alights_at,
    )
    insert_rows([booking])
    return booking


@dataclass(frozen=True)
class TicketTerms:
    """What is sold to one passenger.

    A seat (or none, at another place), for a type of passenger in a class, at a fare.
    """

    seat: Seat | None
    passenger_type: PassengerType
    fare_class: FareClass
    fare: Decimal
    place: str = Ticket.Place.SEAT
    needs_wheelchair: bool = False
    discount: Decimal = ZERO  # by a promo code: taken off already
    luggage: PricedLuggage = NO_LUGGAGE

    @property
    def refund(self) -> RefundTerms:
        """Those of today, frozen on the ticket."""
        terms = RefundTerms.of_policy(self.fare_class.refund_policy)
        return terms.with_luggage(self.luggage.total, self.luggage.refund)


def issue_ticket(booking: Booking, passenger: PassengerDetails, terms: TicketTerms) -> Ticket:
    """A new ticket, written."""
    ticket = new_ticket(booking, passenger, terms, spoken_code=new_spoken_code(booking.schedule_id))
    ticket.save(force_insert=True)
    return ticket


def new_ticket(
    booking: Booking, passenger: PassengerDetails, terms: TicketTerms, *, spoken_code: str
) -> Ticket:
    """A new ticket with a code of its own and the refund terms of today, not yet written."""
    return Ticket(
        booking=booking,
        schedule=booking.schedule,
        place=terms.place,
        seat=terms.seat,
        first_name=passenger["first_name"],
        surname=passenger["surname"],
        plain_surname=plain_surname(passenger["first_name"], passenger["surname"]),
        plain_surname_end=plain_surname_end(passenger["surname"]),
        plain_first_name=plain_first_name(passenger["first_name"], passenger["surname"]),
        passenger_type=terms.passenger_type,
        fare_class=terms.fare_class,
        fare=terms.fare,
        discount=terms.discount,
        extra_luggage=terms.luggage.pieces,
        luggage_price=terms.luggage.total,
        needs_wheelchair=terms.needs_wheelchair,
        help_request=passenger.get("help_request", ""),
        refund_terms=terms.refund.as_json(),
        code=new_ticket_code(),
        spoken_code=spoken_code,
    )


def new_reference() -> str:
    while Booking.objects.filter(booking_reference=(reference := random_code(8))).exists():
        pass
    return reference


def new_spoken_code(schedule_id: int) -> str:
    return new_codes(schedule_id, 1)[1][0]


def new_codes(schedule_id: int, count: int) -> tuple[str, list[str]]:
    """A reference that no booking has, and spoken codes that nobody on this departure has."""
    while True:
        reference, spoken_codes = random_code(8), {random_code(6) for _ticket in range(count)}
        is_taken = _taken_codes.fetch(reference, schedule_id, sorted(spoken_codes))
        if len(spoken_codes) == count and not is_taken:
            return reference, list(spoken_codes)


_TAKEN_CODES: Final = """
SELECT 1 FROM bookings_booking WHERE booking_reference = %s
UNION ALL SELECT 1 FROM bookings_ticket WHERE schedule_id = %s AND spoken_code {among}"""

_taken_codes: Final = SelectStatement(
    Booking,
    ("",),
    postgresql=_TAKEN_CODES.format(among="= ANY(%s::text[])"),
    sqlite=_TAKEN_CODES.format(among="IN (SELECT value FROM json_each(%s))"),
)


def order_by_token(token: str) -> Order | None:
    return Order.objects.filter(token=token).first()
