"""The same customers with a counter beside the website.

Moved, reseated, renamed, voided, and seats kept off sale, in any order.
"""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from bookings.domain.counter.exchange import Till, cancel_at_till, exchange_at_till, seat_at_till
from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.counter.void import VoidRequest, void_sale
from bookings.domain.sales.blocks import BlockRequest, block_seats, release_block
from bookings.domain.sales.cancellations import CancellationRequest
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.ticket_changes import NameChange, SeatChange, change_name
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Booking, Order, SeatBlock, Ticket
from bookings.tests.domain.sales import test_any_sequence
from bookings.tests.domain.sales.test_any_sequence import CITIES, RIDES
from bookings.tests.make import NOW, make_approval, make_schedule, make_shift, make_user
from bookings.tests.races.crowd import many

LABELS = st.sampled_from(["1A", "1B", "1C", "1D"])


class Service(test_any_sequence.Sales):
    """A clerk with an open till, and a second coach a day later."""

    orders = test_any_sequence.Sales.orders

    def __init__(self) -> None:
        super().__init__()
        self.shift = make_shift(make_user(), opening_float=5000)
        self.approval = make_approval()
        self.till = Till(self.shift.clerk, Tender("cash", approval=self.approval))
        departs = NOW + timedelta(days=3, hours=4)
        other = make_schedule(route=self.schedule.route, seats=4, departs=departs, price=750)
        self.coaches = [self.schedule, other]

    def form(self) -> dict[str, object]:
        self.posts += 1
        return {"submission": f"s{self.posts}", "content": "", "now": self.now}

    def booking_of(self, order: Order | None) -> Booking | None:
        return Booking.objects.filter(order=order).order_by("-pk").first() if order else None

    @rule(order=orders)
    def pay_at_the_till(self, order: Order | None) -> None:
        if order:
            self.tried(
                lambda: take_payment(
                    Order.objects.get(pk=order.pk), Tender("cash"), shift=self.shift, **self.form()
                )
            )

    @rule(order=orders, ride=RIDES, coach=st.integers(0, 1), part=st.booleans())
    def move(self, order: Order | None, ride: tuple[int, int], coach: int, part: bool) -> None:
        booking = self.booking_of(order)
        if booking:
            tickets = list(
                booking.tickets.filter(status="valid").values_list("pk", flat=True)[: 1 if part else 9]
            )
            to = SegmentRef(self.coaches[coach].pk, CITIES[ride[0]], CITIES[ride[1]])
            request = TripChange(booking.booking_reference, to, tickets)
            self.tried(lambda: exchange_at_till(request, till=self.till, **self.form()))

    @rule(order=orders, label=LABELS)
    def reseat(self, order: Order | None, label: str) -> None:
        ticket = Ticket.objects.filter(booking__order=order).order_by("-pk").first() if order else None
        if ticket:
            self.tried(
                lambda: seat_at_till(
                    SeatChange(ticket.pk, label, version=ticket.version), till=self.till, **self.form()
                )
            )

    @rule(order=orders)
    def rename(self, order: Order | None) -> None:
        ticket = Ticket.objects.filter(booking__order=order).order_by("-pk").first() if order else None
        if ticket:
            self.tried(lambda: change_name(NameChange(ticket.pk, f"N{self.posts}", "Zulu"), **self.form()))

    @rule(order=orders)
    def void(self, order: Order | None) -> None:
        booking = self.booking_of(order)
        if booking:
            self.tried(
                lambda: void_sale(
                    VoidRequest(booking.booking_reference, "x", self.approval.approver),
                    shift=self.shift,
                    **self.form(),
                )
            )

    @rule(order=orders)
    def cancel_at_the_till(self, order: Order | None) -> None:
        booking = self.booking_of(order)
        if booking:
            tickets = list(booking.tickets.values_list("pk", flat=True))
            request = CancellationRequest(booking.booking_reference, tickets, reason="ill")
            self.tried(lambda: cancel_at_till(request, till=self.till, **self.form()))

    @rule(label=LABELS, minutes=st.sampled_from([None, 5, 30]))
    def block(self, label: str, minutes: int | None) -> None:
        until = self.now + timedelta(minutes=minutes) if minutes else None
        self.tried(lambda: block_seats(BlockRequest(self.schedule.pk, [label], "crew", until), now=self.now))

    @rule()
    def release_a_block(self) -> None:
        block = SeatBlock.objects.filter(released_at=None).first()
        if block:
            self.tried(lambda: release_block(block.schedule_id, block.pk, now=self.now))


@pytest.mark.django_db
def test_any_service_at_the_counter_keeps_everything_true() -> None:
    run_state_machine_as_test(
        Service,
        settings=settings(
            max_examples=many(6, 60),
            stateful_step_count=many(25, 30),
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
