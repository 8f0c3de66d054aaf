"""Places for wheelchairs are for those who need one, at every door, until shortly before departure."""

from datetime import timedelta

import pytest

from bookings.base.errors import Refusal, SoldOut
from bookings.domain.boarding.manifest import manifest
from bookings.domain.counter.sale import Sale, sell_now
from bookings.domain.counter.sale_page import counter_offers, segment_view
from bookings.domain.counter.standby import sell_standby
from bookings.domain.counter.tender import Tender
from bookings.domain.fares.prices import read_party
from bookings.domain.inventory.seats import seat_map
from bookings.domain.network.places import get_place
from bookings.domain.sales.departure_page import departure_view
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.exchanges import exchange
from bookings.domain.sales.holds import HoldRequest, SeatRequest, hold_requested
from bookings.domain.sales.seat_offers import offer_seats
from bookings.domain.sales.ticket_changes import quote_seat
from bookings.domain.search.departures import schedule_detail
from bookings.domain.search.offers import Search, results
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import Booking, HoldSeat, Schedule, Seat, Ticket
from bookings.tests.make import NOW, make_layout, make_schedule, make_shift, make_user

pytestmark = pytest.mark.django_db
RIDE = ("johannesburg", "cape-town")
THANDI = {"first_name": "Thandi", "surname": "Nkosi", "passenger_type": "adult", "help_request": "up steps"}
LWAZI = {"first_name": "Lwazi", "surname": "Nkosi", "passenger_type": "adult"}


def coach(**options: object) -> Schedule:
    """Four standard seats, of which 1B is a place for a wheelchair, and four premium ones behind."""
    layout = make_layout(seats=8)
    Seat.objects.filter(layout=layout, row=2).update(kind="premium")
    Seat.objects.filter(layout=layout, label="1B").update(kind="accessible")
    return make_schedule(layout=layout, **options)


@pytest.fixture
def schedule() -> Schedule:
    return coach()


def segment_of(schedule: Schedule) -> Segment:
    return get_segment(SegmentRef(schedule.pk, *RIDE))


def held(schedule: Schedule, *labels: str, owner: str = "ann", **seats: int | str) -> list[tuple[str, bool]]:
    """The seats that are held now, with those for wheelchairs."""
    request = SeatRequest(SegmentRef(schedule.pk, *RIDE), labels, **seats)
    hold = hold_requested(request, HoldRequest(owner), now=NOW).hold
    rows = HoldSeat.objects.filter(trip__hold=hold, trip__schedule=schedule)
    return list(rows.values_list("seat__label", "for_wheelchair"))


def sold(schedule: Schedule, *people: dict[str, str], wheelchairs: int = 1) -> Booking:
    seats = SeatRequest(SegmentRef(schedule.pk, *RIDE), count=len(people), wheelchairs=wheelchairs)
    order = sell_now(
        Sale(people, Tender("cash"), seats=(seats,)),
        shift=make_shift(make_user()),
        submission=f"sale {schedule.pk}",
        now=NOW,
    )
    return order.bookings.get()


def test_we_never_give_one_away(schedule: Schedule) -> None:
    assert held(schedule, count=4) == [(f"2{letter}", False) for letter in "ABCD"]
    assert held(schedule, count=3, owner="ben") == [("1A", False), ("1C", False), ("1D", False)]
    with pytest.raises(SoldOut, match="No seat is available"):
        held(schedule, count=1, owner="cas")


def test_it_is_not_chosen_without_a_wheelchair(schedule: Schedule) -> None:
    with pytest.raises(Refusal, match="Seat 1B is kept for passengers who use a wheelchair"):
        held(schedule, "1A", "1B")
    with pytest.raises(Refusal, match="choose a wheelchair place"):
        held(schedule, "1A", "1C", wheelchairs=1)

    assert held(schedule, "1A", "1B", wheelchairs=1) == [("1A", False), ("1B", True)]


@pytest.mark.database
def test_whoever_needs_one_gets_it_with_the_others_beside(schedule: Schedule) -> None:
    assert held(schedule, count=2, wheelchairs=1) == [("1A", False), ("1B", True)]
    with pytest.raises(Refusal, match="no wheelchair place left"):
        held(schedule, count=1, wheelchairs=1, owner="ben")


def test_they_are_for_all_shortly_before_departure(schedule: Schedule, settings: object) -> None:
    page = departure_view(segment_of(schedule), now=NOW)
    settings.WHEELCHAIR_RELEASE_HOURS = 72

    assert departure_view(segment_of(schedule), now=NOW).rev != page.rev
    assert held(schedule, "1B") == [("1B", False)]
    assert held(schedule, count=7, owner="ben")


@pytest.mark.database
@pytest.mark.parametrize(("hours", "free"), [(12, 7), (72, 8)])
def test_every_door_counts_them_alike(schedule: Schedule, settings: object, hours: int, free: int) -> None:
    settings.WHEELCHAIR_RELEASE_HOURS = hours
    ends, day = (get_place(RIDE[0]), get_place(RIDE[1])), segment_of(schedule).boards_local.date()
    one, in_wheelchair = read_party(1, {}), read_party(1, {}, 1)

    def listed(party: object) -> int:
        return results(Search(*ends, day, party), now=NOW).offers[0].free

    counter = counter_offers(*ends, day, now=NOW).rows[0]
    api = schedule_detail(segment_of(schedule), now=NOW).row

    assert (listed(one), listed(in_wheelchair)) == (free, 8)
    assert seat_map(segment_of(schedule), now=NOW).free == free
    assert seat_map(segment_of(schedule), now=NOW, takes_wheelchair_places=True).free == 8
    assert (counter.free, api.available_seats) == (free, free)


def test_a_coach_without_a_place_for_a_wheelchair_is_not_called_sold_out(schedule: Schedule) -> None:
    held(schedule, count=1, wheelchairs=1, owner="ben")
    ends, day = (get_place(RIDE[0]), get_place(RIDE[1])), segment_of(schedule).boards_local.date()

    (offer,) = results(Search(*ends, day, read_party(2, {}, 1)), now=NOW).offers

    assert (offer.state, offer.seats_left) == ("sold_out", "No wheelchair place left")


def test_a_list_changes_with_the_release_and_not_later(schedule: Schedule) -> None:
    ends, day = (get_place(RIDE[0]), get_place(RIDE[1])), segment_of(schedule).boards_local.date()
    before = segment_of(schedule).boards_at - timedelta(hours=12, minutes=2)
    search = Search(*ends, day, read_party(1, {}))

    page, later = results(search, now=before), results(search, now=before + timedelta(minutes=2))

    assert page.fresh_for == 120
    assert page.cache_key != later.cache_key
    assert (page.offers[0].free, later.offers[0].free) == (7, 8)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_a_party_with_a_wheelchair_pays_what_the_list_says(schedule: Schedule, size: int) -> None:
    held(schedule, "1C", owner="ben")
    ends, day = (get_place(RIDE[0]), get_place(RIDE[1])), segment_of(schedule).boards_local.date()
    listed = results(Search(*ends, day, read_party(size, {}, 1)), now=NOW).offers[0]
    seats = SeatRequest(SegmentRef(schedule.pk, *RIDE), wheelchairs=1)

    offered = offer_seats(segment_of(schedule), seats, ["adult"] * size, now=NOW)

    assert sum(offer.fare for offer in offered) == listed.price_zar
    assert [offer.seat.label for offer in offered].count("1B") == 1


def test_the_need_is_on_ticket_and_manifest(schedule: Schedule) -> None:
    booking = sold(schedule, LWAZI, THANDI)

    tickets = booking.tickets.order_by("seat__label").values_list("seat__label", "needs_wheelchair")
    people = {each.seat: each.needs for each in manifest(schedule.pk, now=NOW).stops[0].ons}

    assert list(tickets) == [("1A", False), ("1B", True)]
    assert people == {"1A": "", "1B": "Wheelchair; up steps"}


def test_an_exchange_keeps_the_place_and_the_need(schedule: Schedule) -> None:
    later = coach(route=schedule.route, departs=NOW + timedelta(days=4))
    booking = sold(schedule, LWAZI, THANDI)

    exchange(
        TripChange(booking.booking_reference, SegmentRef(later.pk, *RIDE)),
        submission="1",
        content="",
        now=NOW,
    )

    moved = Ticket.objects.get(schedule=later, needs_wheelchair=True)
    assert (moved.seat.label, moved.first_name, moved.help_request) == ("1B", "Thandi", "up steps")


def test_a_seat_is_not_changed_into_the_wrong_kind(schedule: Schedule) -> None:
    booking = sold(schedule, LWAZI, THANDI)
    tickets = {ticket.first_name: ticket.pk for ticket in booking.tickets.all()}
    other = coach(route=schedule.route, departs=NOW + timedelta(days=4))

    with pytest.raises(Refusal, match="choose a wheelchair place"):
        quote_seat(tickets["Thandi"], "1C", now=NOW)
    with pytest.raises(Refusal, match="is kept for"):
        quote_seat(sold(other, LWAZI, wheelchairs=0).tickets.get().pk, "1B", now=NOW)


def test_the_same_passenger_has_one_on_the_way_back(schedule: Schedule) -> None:
    back = coach(route=schedule.route, departs=NOW + timedelta(days=5))
    out = SeatRequest(SegmentRef(schedule.pk, *RIDE), ("1A", "1B"), wheelchairs=1)
    hold = hold_requested(out, HoldRequest("ann", types=["adult", "child"]), now=NOW).hold
    request = HoldRequest("ann", types=["adult", "child"], adds_to=hold.token)

    with pytest.raises(Refusal, match="1 wheelchair places"):
        hold_requested(SeatRequest(SegmentRef(back.pk, *RIDE), ("1A", "1C")), request, now=NOW)
    seats = SeatRequest(SegmentRef(back.pk, *RIDE), ("1B", "1C"), wheelchairs=1)
    hold_requested(seats, request, now=NOW)

    rows = HoldSeat.objects.filter(trip__schedule=back).values_list("seat__label", "for_wheelchair")
    assert list(rows) == [("1C", False), ("1B", True)]


def test_standby_is_sold_while_only_kept_places_are_left(schedule: Schedule) -> None:
    held(schedule, "1A", "1C", "1D", "2A", "2B", "2C", "2D")
    clerk = make_user()
    view = segment_view(SegmentRef(schedule.pk, *RIDE), clerk=clerk, now=NOW)

    order = sell_standby(
        SegmentRef(schedule.pk, *RIDE),
        Sale((LWAZI,), Tender("cash")),
        shift=make_shift(clerk),
        submission="1",
        now=NOW,
    )

    assert (view.is_full, view.seats.free) == (True, 1)
    assert order.bookings.get().tickets.get().place == Ticket.Place.STANDBY
