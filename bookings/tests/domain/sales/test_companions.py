"""Who needs an adult is never left without one: sold, cancelled or moved."""

from datetime import timedelta

import pytest

from bookings.base.errors import Conflict
from bookings.domain.counter.sale import Sale, SeatRequest, sell_now
from bookings.domain.counter.tender import Tender
from bookings.domain.fares.companions import AdultMissing, needs_adult
from bookings.domain.fares.prices import read_party
from bookings.domain.sales.cancellation_page import cancel_view
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.exchange_quotes import quote_exchange
from bookings.domain.sales.holds import HoldRequest, hold_any
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Booking, City, Order, PassengerType, Schedule, Ticket
from bookings.tests.domain.sales.buy import SIPHO, ordered, paid_notification
from bookings.tests.make import NOW, make_schedule, make_shift, make_user

pytestmark = pytest.mark.django_db
RIDE = ("johannesburg", "cape-town")


@pytest.fixture
def schedule() -> Schedule:
    """Children of three to eleven years never travel alone."""
    schedule = make_schedule()
    PassengerType.objects.filter(slug="child").update(is_adult=False, youngest_age=3)
    return schedule


@pytest.fixture
def booking(schedule: Schedule) -> Booking:
    order = ordered(schedule)
    act_on_notification(paid_notification(order).pk, now=NOW)
    return order.bookings.get()


def travellers(booking: Booking) -> dict[str, int]:
    return dict(booking.tickets.values_list("first_name", "pk"))


@pytest.mark.parametrize(
    ("youngest", "at_home", "abroad", "needed"),
    [
        (3, None, None, (True, True)),
        (12, 12, None, (False, True)),
        (12, 12, 12, (False, False)),
        (11, 12, 12, (True, True)),
        (16, 12, 18, (False, True)),
    ],
)
def test_a_type_says_from_which_age_one_travels_alone(
    youngest: int, at_home: int | None, abroad: int | None, needed: tuple[bool, bool]
) -> None:
    ages = {"youngest_age": youngest, "alone_from_age": at_home, "alone_abroad_from_age": abroad}
    kind = PassengerType(is_adult=False, **ages)

    assert (needs_adult(kind), needs_adult(kind, is_abroad=True)) == needed
    assert not needs_adult(PassengerType(is_adult=True, **ages), is_abroad=True)


def test_children_alone_are_no_party_and_hold_nothing(schedule: Schedule) -> None:
    segment = get_segment(SegmentRef(schedule.pk, *RIDE))

    with pytest.raises(AdultMissing, match="“Child” need an adult in the same booking"):
        read_party(2, {"child": 2})
    with pytest.raises(AdultMissing):
        hold_any(segment, 1, HoldRequest("ann", types=["child"]), now=NOW)

    assert not schedule.claims.exists()


def test_across_a_border_the_other_age_counts(schedule: Schedule) -> None:
    PassengerType.objects.filter(slug="child").update(youngest_age=12, alone_from_age=12)
    hold_any(get_segment(SegmentRef(schedule.pk, *RIDE)), 1, HoldRequest("ann", types=["child"]), now=NOW)
    City.objects.filter(slug="cape-town").update(country="MZ")

    with pytest.raises(AdultMissing, match="Across a border"):
        hold_any(get_segment(SegmentRef(schedule.pk, *RIDE)), 1, HoldRequest("ben", types=["child"]), now=NOW)


def test_the_counter_sells_no_child_alone(schedule: Schedule) -> None:
    seats = SeatRequest(SegmentRef(schedule.pk, *RIDE), count=1)

    with pytest.raises(AdultMissing):
        sell_now(
            Sale((SIPHO,), Tender("cash"), seats=(seats,)),
            shift=make_shift(make_user()),
            submission="1",
            now=NOW,
        )

    assert not Order.objects.exists()


def test_the_adult_of_a_child_is_not_cancelled_alone(booking: Booking) -> None:
    who = travellers(booking)
    alone = "Sipho Mokoena would travel without an adult. Choose them as well"

    with pytest.raises(Conflict, match=alone):
        cancel_booking(
            CancellationRequest(booking.booking_reference, ticket_ids=[who["Ann"]]),
            submission="1",
            content="",
            now=NOW,
        )
    page = cancel_view(booking.booking_reference, [who["Ann"]], now=NOW)

    assert page.refusal
    assert alone in page.refusal.message
    assert set(booking.tickets.values_list("status", flat=True)) == {Ticket.Status.VALID}


@pytest.mark.parametrize("names", [["Sipho"], ["Ann", "Sipho"]])
def test_a_child_is_cancelled_alone_or_with_the_adult(booking: Booking, names: list[str]) -> None:
    who = [travellers(booking)[name] for name in names]

    assert cancel_view(booking.booking_reference, who, now=NOW).refusal is None
    cancel_booking(
        CancellationRequest(booking.booking_reference, ticket_ids=who), submission="1", content="", now=NOW
    )

    assert Ticket.objects.filter(status=Ticket.Status.CANCELLED).count() == len(names)


@pytest.mark.parametrize("name", ["Ann", "Sipho"])
def test_adult_and_child_move_together(booking: Booking, schedule: Schedule, name: str) -> None:
    later = make_schedule(route=schedule.route, departs=NOW + timedelta(days=4))
    segment = get_segment(SegmentRef(later.pk, *RIDE))

    with pytest.raises((Conflict, AdultMissing), match="an adult"):
        quote_exchange(booking.booking_reference, segment, ticket_ids=[travellers(booking)[name]], now=NOW)

    assert len(quote_exchange(booking.booking_reference, segment, now=NOW).lines) == 2
