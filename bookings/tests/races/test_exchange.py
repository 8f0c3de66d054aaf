"""Several clerks with one booking at the same moment: one of them wins, the others are told."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.domain.counter.exchange import Till, cancel_at_till, exchange_at_till
from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.counter.void import VoidRequest, void_sale
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.blocks import BlockRequest, block_seats
from bookings.domain.sales.cancellations import CancellationRequest
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.sales.ticket_changes import SeatChange, change_seat
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Booking, BookingEvent, Payment, Refund, SeatClaim, Shift, Ticket
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import NOW, make_approval, make_schedule, make_shift, make_user
from bookings.tests.races.crowd import crowd, kinds, many

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def shifts() -> list[Shift]:
    return [make_shift(make_user(), opening_float=5000) for _clerk in range(4)]


def sold(shift: Shift) -> Booking:
    order = ordered(make_schedule())
    take_payment(order, Tender("cash"), shift=shift, submission="pay", content="", now=NOW)
    return order.bookings.get()


def test_of_many_who_move_or_cancel_one_booking_one_wins(shifts: list[Shift]) -> None:
    booking = sold(shifts[0])
    later = make_schedule(route=booking.schedule.route, departs=NOW + timedelta(days=4), price=800)
    tickets = list(booking.tickets.values_list("pk", flat=True))

    approval = make_approval()

    def act(number: int) -> Any:
        clerk = Till(shifts[number % 4].clerk, Tender("cash", approval=approval))
        form: dict[str, Any] = {
            "till": clerk,
            "submission": f"form {number}",
            "content": "",
            "now": NOW,
        }
        if number % 3 == 0:
            return cancel_at_till(
                CancellationRequest(booking.booking_reference, tickets, reason="ill"), **form
            )
        if number % 3 == 1:
            return void_sale(
                VoidRequest(booking.booking_reference, "x", approval.approver),
                shift=shifts[0],
                submission=f"form {number}",
                content="",
                now=NOW,
            )
        ride = SegmentRef(later.pk, "johannesburg", "cape-town")
        return exchange_at_till(TripChange(booking.booking_reference, ride, tickets), **form)

    answers = crowd(many(12, 48), act)

    got = kinds(answers)
    # After a move the booking still stands, so nobody else may touch the tickets that were replaced.
    assert got["ok"] == 1, [str(answer) for answer in answers]
    assert set(got) == {"ok", "Conflict"}
    booking.refresh_from_db()
    moved = booking.status == "confirmed"
    assert SeatClaim.objects.count() == (4 if moved else 0)
    assert Refund.objects.count() == (0 if moved else 1)
    assert Payment.objects.count() == (2 if moved else 1)
    assert violations(now=NOW) == []


def test_one_move_posted_by_many_happens_once(shifts: list[Shift]) -> None:
    booking = sold(shifts[0])
    later = make_schedule(route=booking.schedule.route, departs=NOW + timedelta(days=4), price=800)
    tickets = list(booking.tickets.values_list("pk", flat=True))

    def act(_number: int) -> int:
        return exchange_at_till(
            TripChange(
                booking.booking_reference,
                SegmentRef(later.pk, "johannesburg", "cape-town"),
                ticket_ids=tickets,
            ),
            till=Till(shifts[0].clerk, Tender("cash")),
            submission="form",
            content="",
            now=NOW,
        ).pk

    answers = crowd(many(10, 40), act)

    assert set(answers) == {booking.pk}
    assert Ticket.objects.filter(status="replaced").count() == 2
    assert (
        BookingEvent.objects.filter(ticket=None, from_status="confirmed", to_status="confirmed").count() == 1
    )
    assert violations(now=NOW) == []


def test_a_seat_goes_to_one_of_a_buyer_a_passenger_who_moves_and_a_block(shifts: list[Shift]) -> None:
    booking = sold(shifts[0])
    schedule, ticket = booking.schedule, booking.tickets.get(first_name="Ann")
    segment = get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town"))
    acts = [
        lambda: hold_seats(segment, ["2A"], HoldRequest("web"), now=NOW),
        lambda: change_seat(SeatChange(ticket.pk, "2A", version=1), submission="move", content="", now=NOW),
        lambda: block_seats(BlockRequest(schedule.pk, ["2A"], "crew"), now=NOW),
    ]

    answers = crowd(3, lambda number: acts[number]())

    assert kinds(answers) == {"ok": 1, "SeatTaken": 2}
    assert SeatClaim.objects.filter(seat__label="2A").count() == 2
    assert violations(now=NOW) == []


def test_two_parties_who_change_coaches_crosswise_do_not_wait_for_ever(shifts: list[Shift]) -> None:
    first = make_schedule()
    second = make_schedule(route=first.route, departs=NOW + timedelta(days=4))
    bookings = []
    for number in range(8):
        order = ordered(
            (first, second)[number % 2], f"{number // 4 + 1}{'ABCD'[number % 4]}", owner=f"o{number}"
        )
        take_payment(order, Tender("cash"), shift=shifts[0], submission=f"pay {number}", content="", now=NOW)
        bookings.append(order.bookings.get())

    def act(number: int) -> Booking:
        booking, to = bookings[number], (second, first)[number % 2]
        return exchange_at_till(
            TripChange(
                booking.booking_reference,
                SegmentRef(to.pk, "johannesburg", "cape-town"),
                ticket_ids=list(booking.tickets.values_list("pk", flat=True)),
            ),
            till=Till(shifts[number % 4].clerk, Tender("cash")),
            submission=f"form {number}",
            content="",
            now=NOW,
        )

    answers = crowd(8, act, at_once=8)

    assert kinds(answers) == {"ok": 8}
    assert violations(now=NOW) == []
