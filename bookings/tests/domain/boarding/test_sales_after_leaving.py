"""A coach is sold until it is known to have left the stop, early or late, whatever the plan says."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string

from bookings.base.errors import Conflict, SalesClosed
from bookings.domain.boarding.coach_load import coach_load
from bookings.domain.boarding.departure_status import depart
from bookings.domain.boarding.reversal import undo_departure
from bookings.domain.boarding.standby_refunds import unseated_standby
from bookings.domain.counter.sale import Sale, sell_now
from bookings.domain.counter.sale_page import counter_offers, segment_view, sold_view
from bookings.domain.counter.standby import sell_standby
from bookings.domain.counter.tender import Tender
from bookings.domain.counter.void import void_quote
from bookings.domain.integrity.invariants import violations
from bookings.domain.inventory.seats import seat_map
from bookings.domain.network.places import get_place
from bookings.domain.sales.booking_page import bookings_of
from bookings.domain.sales.cancellations import is_left_behind
from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.holds import HoldRequest, SeatRequest, hold_seats
from bookings.domain.sales.payments import ReceivedPayment, settle, start_payment
from bookings.domain.search.boards import departure_board
from bookings.domain.tickets.pdf import tickets_pdf
from bookings.domain.tickets.slips import slips_pdf
from bookings.domain.tickets.ticketed_trip import ticketed_trips_of
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import Booking, Channel, Hold, Order, Schedule, Shift, User
from bookings.tests.domain.boarding.door import CLOSES, LEAVES, make_coach, scan, sell, stand_by
from bookings.tests.domain.sales.buy import ANN
from bookings.tests.make import make_shift, make_user
from bookings.tests.pdf_reader import pages_of

pytestmark = pytest.mark.django_db
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


@pytest.mark.database
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


@pytest.mark.database
def test_counter_and_board_do_not_offer_what_was_left(coach: Schedule, nomsa: User) -> None:
    ends = get_place("johannesburg"), get_place("cape-town")
    day = LEFT.date()
    before = counter_offers(*ends, day, now=LEFT).total
    leave(coach, nomsa)

    assert (before, counter_offers(*ends, day, now=LEFT).total) == (1, 0)
    (row,) = departure_board(ends[0], now=LEFT).rows
    assert (row.status_text, row.is_on_sale) == ("Departed", False)


@pytest.mark.database
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


LATE = LEAVES + 25 * MINUTE


def offers_at(now: datetime) -> list[tuple[str, str]]:
    ends = get_place("johannesburg"), get_place("cape-town")
    offers = counter_offers(*ends, now.astimezone(ZoneInfo("Africa/Johannesburg")).date(), now=now)
    return [(row.departs, row.late) for row in offers.rows]


def sell_late(coach: Schedule, clerk: User) -> Order:
    request = SeatRequest(segment_from(coach, 0).ref, ("1A",))
    sale = Sale((ANN,), Tender("cash"), seats=(request,))
    return sell_now(sale, shift=make_shift(clerk), submission="late", now=LATE)


def test_a_late_coach_is_sold_at_the_counter_until_it_has_left(coach: Schedule, nomsa: User) -> None:
    order = sell_late(coach, nomsa)
    (ticket,) = order.bookings.get().tickets.all()

    assert order.status == "confirmed"
    assert offers_at(LATE) == [("10:20", "25 min late")]
    assert scan(ticket, by=nomsa, schedule=coach, now=LATE, late=True).outcome == "boarded"
    depart(coach.pk, actor=nomsa, submission="leave", now=LATE)
    with pytest.raises(SalesClosed):
        hold_seats(segment_from(coach, 0), ["1B"], HoldRequest("till", channel=Channel.COUNTER), now=LATE)
    assert offers_at(LATE) == []
    assert violations(now=LATE) == []


def test_the_papers_of_a_late_coach_say_both_times(coach: Schedule, nomsa: User) -> None:
    view = sold_view(sell_late(coach, nomsa).token)
    (sold,) = view.trips
    (early,) = ticketed_trips_of(bookings_of(sell(coach, now=LEAVES - 60 * MINUTE).order))

    note = "Planned for 10:20, the coach was late when this was sold: go to it at once."
    assert (sold.view.departs, sold.check_in, sold.time_note) == ("10:20", "10:45", note)
    assert note in render_to_string("office/sale/slips.html", {"sold": view})
    for paper in (slips_pdf([sold.booking]), tickets_pdf([sold.booking])):
        (page,) = pages_of(paper)
        assert note in " ".join(page.split())
    assert (early.check_in, early.time_note) == ("09:50", "")


def test_a_late_coach_is_not_sold_on_the_web(coach: Schedule) -> None:
    with pytest.raises(SalesClosed):
        hold_seats(segment_from(coach, 0), ["1A"], HoldRequest("visitor"), now=LATE)


def test_nobody_is_added_to_standby_after_the_planned_time(coach: Schedule, nomsa: User) -> None:
    sell(coach, *(f"Passenger {number}" for number in "ABCD"))
    segment = segment_from(coach, 0).ref

    assert segment_view(segment, clerk=nomsa, now=LEFT).standby_fares
    assert not segment_view(segment, clerk=nomsa, now=LATE).standby_fares
    with pytest.raises(SalesClosed):
        sell_standby(segment, Sale((ANN,), Tender("cash")), shift=make_shift(nomsa), submission="x", now=LATE)


@pytest.mark.database
def test_a_coach_late_since_yesterday_is_offered_with_its_day(coach: Schedule) -> None:
    midnight = datetime(2026, 12, 1, 22, tzinfo=UTC)  # 00:00 there
    Schedule.objects.update(departure_time=midnight - 10 * MINUTE)

    assert offers_at(midnight + 20 * MINUTE) == [("23:50", "Tue 1 Dec, 30 min late")]


def test_what_was_sold_late_is_voided_while_the_coach_stands(coach: Schedule, nomsa: User) -> None:
    order = sell_late(coach, nomsa)
    reference = order.bookings.get().booking_reference
    shift = Shift.objects.get()

    assert void_quote(reference, shift, now=LATE + MINUTE).obstacle == ""
    Booking.objects.update(boards_at=LATE + MINUTE)  # as if it had been sold in time
    assert "time has passed" in void_quote(reference, shift, now=LATE + 2 * MINUTE).obstacle
    Booking.objects.update(boards_at=LEAVES)
    Schedule.objects.update(status=Schedule.Status.DEPARTED)
    assert "time has passed" in void_quote(reference, shift, now=LATE + MINUTE).obstacle
