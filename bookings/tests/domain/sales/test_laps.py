"""Infants travel on the lap of an adult, one beside each, without a seat of their own, at every door."""

from decimal import Decimal

import pytest

from bookings.base.errors import Conflict
from bookings.domain.boarding.manifest import manifest
from bookings.domain.counter.sale import Sale, keep_seats, sell_now
from bookings.domain.counter.tender import Tender
from bookings.domain.fares.companions import AdultMissing
from bookings.domain.fares.prices import read_party
from bookings.domain.integrity.invariants import violations
from bookings.domain.network.places import get_place
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.exchanges import exchange
from bookings.domain.sales.holds import SeatRequest
from bookings.domain.search.offers import Search, results
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Booking, PassengerType, Schedule, Ticket
from bookings.tests.make import NOW, make_schedule, make_shift, make_user

pytestmark = pytest.mark.django_db
RIDE = ("johannesburg", "cape-town")
THANDI = {"first_name": "Thandi", "surname": "Nkosi", "passenger_type": "adult"}
LWAZI = {"first_name": "Lwazi", "surname": "Nkosi", "passenger_type": "adult"}
BABY = {"first_name": "Baby", "surname": "Nkosi", "passenger_type": "infant"}


@pytest.fixture
def schedule() -> Schedule:
    """Eight seats at R600; an infant pays a tenth of the fare."""
    schedule = make_schedule()
    PassengerType.objects.create(
        slug="infant",
        name="Infant",
        name_plural="Infants",
        discount_percent=90,
        is_adult=False,
        travels_on_lap=True,
        position=9,
    )
    return schedule


def sold(schedule: Schedule, *people: dict[str, str], laps: int = 1) -> Booking:
    seats = SeatRequest(SegmentRef(schedule.pk, *RIDE), count=len(people) - laps, laps=laps)
    shift = make_shift(make_user())
    hold = keep_seats(seats, clerk=shift.clerk, now=NOW)
    sale = Sale(people, Tender("cash"), hold=hold.token)
    return sell_now(sale, shift=shift, submission="sale", now=NOW).bookings.get()


@pytest.mark.database
def test_a_party_pays_for_its_infants_and_needs_no_seat_for_them(schedule: Schedule) -> None:
    party = read_party(3, {"infant": 1})
    day = get_segment(SegmentRef(schedule.pk, *RIDE)).boards_local.date()
    offer = results(Search(get_place(RIDE[0]), get_place(RIDE[1]), day, party), now=NOW).offers[0]

    assert (party.size, party.travellers, party.lap_members()) == (2, 3, ["infant"])
    assert (offer.price_zar, offer.free) == (Decimal(1260), 8)


@pytest.mark.parametrize(
    ("passengers", "counts", "message"),
    [(2, {"infant": 2}, "need an adult"), (3, {"infant": 2}, "needs an adult of its own")],
)
def test_each_infant_has_an_adult_of_its_own(
    schedule: Schedule, passengers: int, counts: dict[str, int], message: str
) -> None:
    with pytest.raises(AdultMissing, match=message):
        read_party(passengers, counts)


def test_the_counter_sells_a_lap_with_ticket_and_manifest_and_no_seat(schedule: Schedule) -> None:
    booking = sold(schedule, THANDI, LWAZI, BABY)
    stop = manifest(schedule.pk, now=NOW).stops[0]
    schedule.refresh_from_db()

    lap = booking.tickets.get(place=Ticket.Place.LAP)
    assert (lap.first_name, lap.seat, lap.fare) == ("Baby", None, Decimal(60))
    assert booking.order.total == 1260
    assert ("Baby Nkosi", "on a lap") in [(each.name, each.seat) for each in stop.ons]
    assert (stop.expected, stop.on_board, stop.free) == (3, 3, 6)
    assert schedule.available_seats == 6
    assert violations(now=NOW) == []


def test_nobody_without_a_seat_is_sold_but_on_a_lap(schedule: Schedule) -> None:
    with pytest.raises(Exception, match="more or fewer passengers than seats"):
        sold(schedule, THANDI, LWAZI, LWAZI)


def test_an_adult_does_not_leave_the_infant(schedule: Schedule) -> None:
    booking = sold(schedule, THANDI, BABY)
    adult = booking.tickets.get(first_name="Thandi")

    with pytest.raises(Conflict, match="Baby Nkosi would travel without an adult"):
        cancel_booking(
            CancellationRequest(booking.booking_reference, ticket_ids=[adult.pk]),
            submission="1",
            content="",
            now=NOW,
        )


def test_an_infant_moves_along(schedule: Schedule) -> None:
    booking = sold(schedule, THANDI, BABY)
    later = make_schedule(route=schedule.route, departs=NOW + (schedule.departure_time - NOW) * 2)

    exchange(
        TripChange(booking.booking_reference, SegmentRef(later.pk, *RIDE)),
        submission="1",
        content="",
        now=NOW,
    )

    places = Ticket.objects.filter(schedule=later).values_list("first_name", "place")
    assert set(places) == {("Thandi", "seat"), ("Baby", "lap")}
