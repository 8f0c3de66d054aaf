"""A passenger's change while others act on the booking, the seats or the same change at the same moment."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.domain.counter.exchange import Till, cancel_at_till, exchange_at_till
from bookings.domain.counter.tender import Tender
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.cancellations import CancellationRequest
from bookings.domain.sales.exchange_payments import pay_change
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.exchange_requests import confirm_change, give_up_change, lapse_requests
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Booking, ExchangeRequest, Payment, Refund, Schedule, Shift
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import NOW, make_approval, make_schedule, make_shift, make_user
from bookings.tests.races.crowd import crowd, kinds, many

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
RIDE = ("johannesburg", "cape-town")


@pytest.fixture
def shift() -> Shift:
    return make_shift(make_user(), opening_float=5000)


@pytest.fixture
def booking() -> Booking:
    order = ordered(make_schedule())
    act_on_notification(paid_notification(order).pk, now=NOW)
    return order.bookings.get()


@pytest.fixture
def later(booking: Booking) -> Schedule:
    departs = NOW + timedelta(days=4)
    return make_schedule(route=booking.schedule.route, departs=departs, price=800, seats=2)


def change_of(booking: Booking, to: Schedule) -> TripChange:
    ref = SegmentRef(to.pk, *RIDE)
    return TripChange(booking.booking_reference, ref, quoted=Decimal(300), channel="web")


def confirm(booking: Booking, to: Schedule, submission: str = "form") -> ExchangeRequest:
    return confirm_change(change_of(booking, to), submission=submission, content="", now=NOW)


def test_two_tabs_confirm_one_change(booking: Booking, later: Schedule) -> None:
    answers = crowd(many(8, 40), lambda number: confirm(booking, later, f"tab {number % 2}").pk)

    made = ExchangeRequest.objects.get().pk
    assert {answer for answer in answers if isinstance(answer, int)} == {made}
    assert set(kinds(answer for answer in answers if not isinstance(answer, int))) <= {"Conflict"}
    assert violations(now=NOW) == []


def test_one_payment_told_many_times_and_a_second_one_exchange_once(
    booking: Booking, later: Schedule
) -> None:
    request = confirm(booking, later)
    pay_change(request.token, now=NOW)
    attempt = request.attempts.get()

    def act(number: int) -> str:
        paid = ReceivedPayment("demo", f"payment {number % 2}", Decimal(300), attempt=attempt)
        return settle(booking.order_id, paid, now=NOW)

    answers = crowd(many(8, 40), act)

    assert sorted(set(answers)) == ["duplicate", "exchanged", "paid twice"]
    assert Payment.objects.filter(attempt=attempt).count() == 2
    assert Refund.objects.get().amount == Decimal(300)
    assert violations(now=NOW) == []


@pytest.mark.parametrize("meanwhile", ["exchange", "cancel", "give up", "lapse", "seat taken"])
def test_what_happens_beside_the_payment_leaves_a_whole_booking(
    booking: Booking, later: Schedule, shift: Shift, meanwhile: str
) -> None:
    request = confirm(booking, later)
    pay_change(request.token, now=NOW)
    attempt, now = request.attempts.get(), NOW
    if meanwhile in ("lapse", "seat taken"):
        now = NOW + timedelta(minutes=30)
    other = make_schedule(route=later.route, departs=NOW + timedelta(days=5))
    till: dict[str, Any] = {"till": Till(shift.clerk, Tender("cash", approval=make_approval()))}
    form = {"submission": "clerk", "content": "", "now": now}
    reference = booking.booking_reference
    acts = {
        "exchange": lambda: exchange_at_till(
            TripChange(reference, SegmentRef(other.pk, *RIDE)), **till, **form
        ),
        "cancel": lambda: cancel_at_till(CancellationRequest(reference, reason="ill"), **till, **form),
        "give up": lambda: give_up_change(request.token, now=now),
        "lapse": lambda: lapse_requests(now=now),
        "seat taken": lambda: hold_seats(
            get_segment(SegmentRef(later.pk, *RIDE)), ["1A"], HoldRequest("zola"), now=now
        ),
    }
    paid = ReceivedPayment("demo", "payment", Decimal(300), attempt=attempt)

    crowd(2, lambda number: settle(booking.order_id, paid, now=now) if number else acts[meanwhile]())

    request.refresh_from_db()
    assert request.status in ("done", "refused", "withdrawn")
    back = Refund.objects.filter(cause__startswith="excess:", amount=300).count()
    assert back == (0 if request.status == "done" else 1)
    assert violations(now=now) == []


def test_the_last_seats_go_to_a_buyer_or_to_who_moves(booking: Booking, later: Schedule) -> None:
    segment = get_segment(SegmentRef(later.pk, *RIDE))
    acts = [
        lambda: confirm(booking, later),
        lambda: hold_seats(segment, ["1A", "1B"], HoldRequest("zola"), now=NOW),
    ]

    answers = crowd(2, lambda number: acts[number]())

    assert kinds(answers)["ok"] == 1
    assert violations(now=NOW) == []
