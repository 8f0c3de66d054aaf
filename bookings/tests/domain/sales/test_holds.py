from datetime import timedelta
from typing import Any

import pytest

from bookings.base.errors import HoldExpired, NotFound, RuleBroken, SalesClosed, SeatTaken, SoldOut
from bookings.domain.integrity.invariants import violations
from bookings.domain.inventory.seats import seat_map
from bookings.domain.sales.hold_limits import HoldLimitReached
from bookings.domain.sales.hold_renewal import rehold, release_hold, renew_hold
from bookings.domain.sales.holds import HoldRequest, hold_any, hold_seats
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import HoldTrip, Schedule, SeatClaim
from bookings.tests.make import NOW, make_layout, make_schedule

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=11)


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


def segment_of(schedule: Schedule, start: str = "johannesburg", end: str = "cape-town") -> Segment:
    return get_segment(SegmentRef(schedule.pk, start, end))


def taken(schedule: Schedule) -> set[tuple[str, int]]:
    return set(SeatClaim.objects.filter(schedule=schedule).values_list("seat__label", "leg"))


@pytest.mark.database
def test_holding_claims_each_seat_on_each_leg_and_keeps_the_summary(schedule: Schedule) -> None:
    hold = hold_seats(segment_of(schedule), ["1A", "1B"], HoldRequest("ann"), now=NOW)

    assert taken(schedule) == {("1A", 0), ("1A", 1), ("1B", 0), ("1B", 1)}
    assert hold.expires_at == NOW + timedelta(minutes=10)
    schedule.refresh_from_db()
    assert (schedule.available_seats, schedule.revision) == (6, 1)
    assert violations(now=NOW) == []


def test_prices_for_every_passenger_type_are_locked_with_the_seat(schedule: Schedule) -> None:
    hold = hold_seats(segment_of(schedule), ["1A"], HoldRequest("ann"), now=NOW)

    seat = hold.trips.get().seats.get()

    assert seat.fares == {"adult": "600.00", "child": "300.00", "student": "540.00"}


@pytest.mark.database
def test_a_seat_held_by_somebody_is_refused_with_the_nearest_free_ones(schedule: Schedule) -> None:
    hold_seats(segment_of(schedule), ["1A"], HoldRequest("ann"), now=NOW)

    with pytest.raises(SeatTaken) as refusal:
        hold_seats(segment_of(schedule), ["1A", "1B"], HoldRequest("ben"), now=NOW)

    assert refusal.value.labels == ["1A"]
    assert refusal.value.nearest == ["1C", "1D", "2A"]
    assert {label for label, _leg in taken(schedule)} == {"1A"}


@pytest.mark.database
def test_disjoint_rides_share_a_seat_and_the_whole_way_then_not(schedule: Schedule) -> None:
    hold_seats(segment_of(schedule, end="bloemfontein"), ["1A"], HoldRequest("ann"), now=NOW)
    hold_seats(segment_of(schedule, start="bloemfontein"), ["1A"], HoldRequest("ben"), now=NOW)

    with pytest.raises(SeatTaken):
        hold_seats(segment_of(schedule), ["1A"], HoldRequest("cas"), now=NOW)

    assert taken(schedule) == {("1A", 0), ("1A", 1)}


@pytest.mark.database
def test_an_expired_hold_is_a_free_seat_though_nobody_swept_it(schedule: Schedule) -> None:
    hold_seats(segment_of(schedule), ["1A"], HoldRequest("ann"), now=NOW)

    hold_seats(segment_of(schedule), ["1A"], HoldRequest("ben"), now=LATER)

    assert HoldTrip.objects.get(claims__seat__label="1A", claims__leg=0).hold.owner == "ben"


@pytest.mark.database
def test_choosing_anew_replaces_the_seats_in_the_same_hold(schedule: Schedule) -> None:
    first = hold_seats(segment_of(schedule), ["1A", "1B"], HoldRequest("ann"), now=NOW)

    second = hold_seats(segment_of(schedule), ["1B", "2C"], HoldRequest("ann"), now=NOW)

    assert second.pk == first.pk
    assert {label for label, _leg in taken(schedule)} == {"1B", "2C"}
    assert violations(now=NOW) == []


@pytest.mark.database
def test_a_failed_new_choice_keeps_the_old_seats(schedule: Schedule) -> None:
    hold_seats(segment_of(schedule), ["1A"], HoldRequest("ann"), now=NOW)
    hold_seats(segment_of(schedule), ["2A"], HoldRequest("ben"), now=NOW)

    with pytest.raises(SeatTaken):
        hold_seats(segment_of(schedule), ["2A"], HoldRequest("ann"), now=NOW)

    assert {label for label, _leg in taken(schedule)} == {"1A", "2A"}


@pytest.mark.parametrize("labels", [[], ["9Z"], ["1A", "9Z"], ["<b>"], ["\x00"]])
def test_nonsense_labels_are_refused_in_words(schedule: Schedule, labels: list[str]) -> None:
    with pytest.raises(RuleBroken):
        hold_seats(segment_of(schedule), labels, HoldRequest("ann"), now=NOW)

    assert taken(schedule) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"status": Schedule.Status.CANCELLED},
        {"status": Schedule.Status.PLANNED},
        {"is_active": False},
        {"departure_time": NOW + timedelta(minutes=14)},
    ],
)
def test_a_departure_that_is_not_on_sale_is_refused(schedule: Schedule, change: dict[str, Any]) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(**change)

    with pytest.raises(SalesClosed):
        hold_any(segment_of(schedule), 1, HoldRequest("ann"), now=NOW)


def test_a_coach_on_the_road_is_still_sold_from_a_later_stop(schedule: Schedule) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(
        departure_time=NOW - timedelta(minutes=30), status=Schedule.Status.DEPARTED
    )

    hold = hold_any(segment_of(schedule, start="bloemfontein"), 1, HoldRequest("ann"), now=NOW)

    assert hold.trips.get().seats.count() == 1


def test_any_seats_together_share_a_row(schedule: Schedule) -> None:
    hold_seats(segment_of(schedule), ["1B"], HoldRequest("ann"), now=NOW)

    hold = hold_any(segment_of(schedule), 4, HoldRequest("ben"), now=NOW)

    assert [seat.seat.label for seat in hold.trips.get().seats.all()] == ["2A", "2B", "2C", "2D"]


def test_a_short_ride_fills_a_seat_that_is_used_already(schedule: Schedule) -> None:
    hold_seats(segment_of(schedule, start="bloemfontein"), ["2D"], HoldRequest("ann"), now=NOW)

    hold = hold_any(segment_of(schedule, end="bloemfontein"), 1, HoldRequest("ben"), now=NOW)

    assert hold.trips.get().seats.get().seat.label == "2D"


def test_crew_seats_are_never_sold_and_the_cheaper_class_comes_first() -> None:
    schedule = make_schedule(layout=make_layout(seats=8, premium=2, crew=2))

    hold = hold_any(segment_of(schedule), 4, HoldRequest("ann"), now=NOW)

    assert [seat.fare_class.code for seat in hold.trips.get().seats.all()] == ["standard"] * 4
    with pytest.raises(SoldOut) as refusal:
        hold_any(segment_of(schedule), 3, HoldRequest("ben"), now=NOW)
    assert refusal.value.free == 2


def test_a_visitor_keeps_at_most_nine_seats_of_a_departure() -> None:
    schedule = make_schedule(seats=20)
    labels = [seat.label for seat in schedule.layout.seats.all()]

    with pytest.raises(HoldLimitReached):
        hold_seats(segment_of(schedule), labels[:10], HoldRequest("ann"), now=NOW)

    hold_seats(segment_of(schedule), labels[:9], HoldRequest("ann"), now=NOW)


@pytest.mark.database
def test_a_network_keeps_at_most_its_share_of_a_coach(settings: Any) -> None:
    settings.HOLD_NETWORK_SHARE = 0.4
    schedule = make_schedule(seats=40)
    for owner in ("ann", "ben"):
        hold_any(segment_of(schedule), 8, HoldRequest(owner, network="home"), now=NOW)

    with pytest.raises(HoldLimitReached):
        hold_any(segment_of(schedule), 1, HoldRequest("cas", network="home"), now=NOW)

    hold_any(segment_of(schedule), 1, HoldRequest("cas", network="elsewhere"), now=NOW)


def test_the_way_back_joins_the_hold_and_takes_as_many_seats(schedule: Schedule) -> None:
    back = make_schedule(departs=NOW + timedelta(days=6))
    out = hold_seats(segment_of(schedule), ["1A", "1B"], HoldRequest("ann"), now=NOW)

    with pytest.raises(RuleBroken, match="as many"):
        hold_any(segment_of(back), 3, HoldRequest("ann", adds_to=out.token), now=NOW + timedelta(minutes=5))
    both = hold_any(
        segment_of(back), 2, HoldRequest("ann", adds_to=out.token), now=NOW + timedelta(minutes=5)
    )

    assert both.pk == out.pk
    assert [trip.schedule_id for trip in both.trips.all()] == [schedule.pk, back.pk]
    assert set(SeatClaim.objects.values_list("expires_at", flat=True)) == {NOW + timedelta(minutes=15)}
    assert violations(now=NOW + timedelta(minutes=5)) == []


@pytest.mark.parametrize("hours", [-48, 1])
def test_the_way_back_leaves_after_the_way_out_has_arrived(schedule: Schedule, hours: int) -> None:
    soon = make_schedule(departs=schedule.departure_time + timedelta(hours=hours))
    out = hold_seats(segment_of(schedule), ["1A"], HoldRequest("ann"), now=NOW)

    with pytest.raises(RuleBroken, match="the return trip must leave after that"):
        hold_any(segment_of(soon), 1, HoldRequest("ann", adds_to=out.token), now=NOW)

    assert taken(soon) == set()


def test_a_strangers_token_adds_nothing(schedule: Schedule) -> None:
    back = make_schedule(departs=NOW + timedelta(days=6))
    out = hold_seats(segment_of(schedule), ["1A"], HoldRequest("ann"), now=NOW)

    for owner, token in [("ben", out.token), ("ann", "unknown")]:
        with pytest.raises(NotFound):
            hold_any(segment_of(back), 1, HoldRequest(owner, adds_to=token), now=NOW)

    assert taken(back) == set()


@pytest.mark.database
def test_a_hold_is_renewed_once(schedule: Schedule) -> None:
    hold = hold_seats(segment_of(schedule), ["1A"], HoldRequest("ann"), now=NOW)

    renewed = renew_hold(hold.token, owner="ann", now=NOW + timedelta(minutes=8))

    assert renewed.expires_at == NOW + timedelta(minutes=20)  # nothing of the first ten is lost
    assert violations(now=NOW + timedelta(minutes=8)) == []
    with pytest.raises(RuleBroken, match="once"):
        renew_hold(hold.token, owner="ann", now=NOW + timedelta(minutes=9))
    with pytest.raises(NotFound):
        renew_hold(hold.token, owner="ben", now=NOW)


@pytest.mark.database
def test_an_expired_hold_is_not_renewed_but_its_seats_can_be_had_again(schedule: Schedule) -> None:
    hold = hold_seats(segment_of(schedule), ["1A", "1B"], HoldRequest("ann"), now=NOW)

    with pytest.raises(HoldExpired):
        renew_hold(hold.token, owner="ann", now=LATER)
    again = rehold(hold.token, owner="ann", now=LATER)

    assert again.expires_at == LATER + timedelta(minutes=10)
    assert len(taken(schedule)) == 4
    assert violations(now=LATER) == []


@pytest.mark.database
def test_an_expired_hold_whose_seat_went_is_refused_whole(schedule: Schedule) -> None:
    hold = hold_seats(segment_of(schedule), ["1A", "1B"], HoldRequest("ann"), now=NOW)
    hold_seats(segment_of(schedule), ["1B"], HoldRequest("ben"), now=LATER)

    with pytest.raises(SeatTaken):
        rehold(hold.token, owner="ann", now=LATER)

    assert {label for label, _leg in taken(schedule)} == {"1B"}


@pytest.mark.database
def test_released_seats_are_free_at_once(schedule: Schedule) -> None:
    hold = hold_seats(segment_of(schedule), ["1A"], HoldRequest("ann"), now=NOW)

    release_hold(hold.token, owner="ann")

    assert taken(schedule) == set()
    schedule.refresh_from_db()
    assert schedule.available_seats == 8


@pytest.mark.database
def test_the_seat_map_tells_mine_held_sold_and_free_apart(schedule: Schedule) -> None:
    hold_seats(segment_of(schedule), ["1A"], HoldRequest("ann"), now=NOW)
    hold_seats(segment_of(schedule, end="bloemfontein"), ["1B"], HoldRequest("ben"), now=NOW)

    whole = {seat.label: seat.state for seat in seat_map(segment_of(schedule), now=NOW, owner="ann").seats}
    second_leg = {
        seat.label: seat.state for seat in seat_map(segment_of(schedule, start="bloemfontein"), now=NOW).seats
    }

    assert (whole["1A"], whole["1B"], whole["1C"]) == ("mine", "held", "free")
    assert (second_leg["1A"], second_leg["1B"]) == ("held", "free")
    assert seat_map(segment_of(schedule), now=NOW).seats[3].name == "Row 1 seat 1D, window, R600"


@pytest.mark.parametrize("held", [1, 3])
def test_a_seat_map_takes_as_many_queries_however_many_seats_are_held(
    schedule: Schedule, held: int, django_assert_num_queries: Any
) -> None:
    hold_any(segment_of(schedule), held, HoldRequest("ann"), now=NOW)
    segment = segment_of(schedule)

    with django_assert_num_queries(2):
        assert seat_map(segment, now=NOW).free == 8 - held
