"""Nothing is sold from a stop that the coach is known to have left, whatever the plan says."""

from datetime import timedelta

import pytest

from bookings.base.errors import Conflict, SalesClosed
from bookings.domain.boarding.coach_load import coach_load
from bookings.domain.boarding.departure_status import depart
from bookings.domain.boarding.reversal import undo_departure
from bookings.domain.boarding.standby_refunds import unseated_standby
from bookings.domain.counter.sale_page import counter_offers
from bookings.domain.inventory.seats import seat_map
from bookings.domain.network.places import get_place
from bookings.domain.sales.cancellations import is_left_behind
from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.sales.payments import ReceivedPayment, settle, start_payment
from bookings.domain.search.boards import departure_board
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import Channel, Hold, Order, Schedule, User
from bookings.tests.domain.boarding.door import CLOSES, LEAVES, make_coach, sell, stand_by
from bookings.tests.domain.sales.buy import ANN
from bookings.tests.make import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.database]
MINUTE = timedelta(minutes=1)
LEFT = CLOSES + MINUTE  # nine minutes before the plan
AT_SECOND = LEAVES + 120 * MINUTE


@pytest.fixture
def nomsa() -> User:
    return make_user(first_name="Nomsa", last_name="Dlamini")


@pytest.fixture
def coach() -> Schedule:
    return make_coach(seats=4)


def segment_from(coach: Schedule, stop: int) -> Segment:
    calls = list(coach.route.calls.order_by("position"))
    return get_segment(SegmentRef(coach.pk, calls[stop].ref, calls[-1].ref))


def hold_at(coach: Schedule, stop: int, label: str, *, minutes: int = 0) -> Hold:
    now = LEFT + stop * 120 * MINUTE + minutes * MINUTE
    return hold_seats(
        segment_from(coach, stop), [label], HoldRequest("till", channel=Channel.COUNTER), now=now
    )


def leave(coach: Schedule, by: User, *, stop: int = 0) -> None:
    depart(coach.pk, position=stop, actor=by, submission=f"leave{stop}", now=LEFT + stop * 120 * MINUTE)


def order_of(hold: Hold) -> Order:
    save_draft(hold.token, owner="till", passengers=[ANN], email="ann@example.com", phone="")
    request = CheckoutRequest(hold.token, "till", channel=Channel.COUNTER)
    return place_order(request, submission=hold.token, content="", now=LEFT)


def test_no_seat_is_sold_from_a_stop_that_was_left_early(coach: Schedule, nomsa: User) -> None:
    hold_at(coach, 0, "1A")
    leave(coach, nomsa)

    with pytest.raises(SalesClosed, match="no longer on sale from your stop"):
        hold_at(coach, 0, "1B")
    assert not seat_map(segment_from(coach, 0), now=LEFT, channel=Channel.COUNTER).is_on_sale
    assert hold_at(coach, 1, "1B").pk
    leave(coach, nomsa, stop=1)
    with pytest.raises(SalesClosed):
        hold_at(coach, 1, "1C")


def test_who_leaves_a_later_stop_has_left_the_ones_before(coach: Schedule, nomsa: User) -> None:
    leave(coach, nomsa, stop=1)
    Schedule.objects.update(departure_time=coach.departure_time + timedelta(days=1))

    with pytest.raises(SalesClosed):
        hold_at(coach, 0, "1A")
    with pytest.raises(SalesClosed):
        hold_at(coach, 1, "1A")


def test_it_is_sold_again_when_leaving_was_undone(coach: Schedule, nomsa: User) -> None:
    leave(coach, nomsa)
    undo_departure(coach.pk, 0, actor=nomsa, submission="undo", now=LEFT)

    assert hold_at(coach, 0, "1A").pk


def test_counter_and_board_do_not_offer_what_was_left(coach: Schedule, nomsa: User) -> None:
    ends = get_place("johannesburg"), get_place("cape-town")
    day = LEFT.date()
    before = counter_offers(*ends, day, now=LEFT).total
    leave(coach, nomsa)

    assert (before, counter_offers(*ends, day, now=LEFT).total) == (1, 0)
    (row,) = departure_board(ends[0], now=LEFT).rows
    assert (row.status_text, row.is_on_sale) == ("Departed", False)


def test_held_seats_are_not_ordered_once_the_coach_has_left(coach: Schedule, nomsa: User) -> None:
    hold = hold_at(coach, 0, "1A")
    leave(coach, nomsa)

    with pytest.raises(Conflict, match="already left"):
        order_of(hold)


def test_an_unpaid_order_cannot_be_paid_once_the_coach_has_left(coach: Schedule, nomsa: User) -> None:
    order = order_of(hold_at(coach, 0, "1A"))
    leave(coach, nomsa)

    with pytest.raises(Conflict, match="already left"):
        start_payment(order.pk, now=LEFT)
    outcome = settle(order.pk, ReceivedPayment("demo", "late", order.total), now=LEFT)
    order.refresh_from_db()

    assert (outcome, order.status) == ("seats gone", "expired")


def test_who_stood_by_is_left_behind_when_the_coach_leaves_early(coach: Schedule, nomsa: User) -> None:
    sell(coach)
    ticket = stand_by(coach)
    before = unseated_standby(coach_load(coach.pk, now=LEFT), 0, LEFT)
    leave(coach, nomsa)
    ticket = type(ticket).objects.get(pk=ticket.pk)

    assert before == []
    assert unseated_standby(coach_load(coach.pk, now=LEFT), 0, LEFT) == [ticket]
    assert is_left_behind(ticket, ticket.booking, LEFT)
