"""Who gets the seat, when many want it at the same moment.

Threads with connections of their own, real commits.
"""

import random
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from bookings.base.errors import SeatTaken, SoldOut
from bookings.domain.integrity.invariants import violations
from bookings.domain.inventory import claims
from bookings.domain.sales import holds
from bookings.domain.sales.hold_renewal import release_hold, renew_hold
from bookings.domain.sales.holds import HoldRequest, hold_any, hold_seats
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import Hold, Schedule, SeatClaim
from bookings.tests.make import NOW, make_route, make_schedule
from bookings.tests.races.crowd import crowd, figure, kinds, many, sell, timed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
FIVE_CITIES = ("Johannesburg", "Kroonstad", "Bloemfontein", "Beaufort West", "Cape Town")


def whole_way(schedule: Schedule) -> Segment:
    return get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town"))


def labels(schedule: Schedule) -> list[str]:
    return list(schedule.layout.seats.order_by("pk").values_list("label", flat=True))


@pytest.mark.parametrize("repeat", range(many(1, 5)))
def test_last_five_seats_go_to_exactly_five(repeat: int) -> None:
    schedule = make_schedule(seats=44)
    sell(schedule, 39, now=NOW)
    ride = whole_way(schedule)
    people = many(60, 200)

    answers = crowd(
        people,
        lambda number: timed(lambda: hold_any(ride, 1, HoldRequest(f"o{number}"), now=NOW)),
        at_once=32,
    )

    assert kinds(answers) == {"ok": 5, "SoldOut": people - 5}
    assert SeatClaim.objects.filter(schedule=schedule, kind="held").count() == 10
    assert violations(now=NOW) == []
    took = [each[1] for each in answers if not isinstance(each, Exception)]
    figure("domain: last 5 seats", clients=people, held=len(took), slowest_s=round(max(took), 2))


def test_nobody_is_refused_while_a_seat_is_free() -> None:
    schedule = make_schedule(seats=50)
    ride, people = whole_way(schedule), many(100, 200)

    answers = crowd(people, lambda number: hold_any(ride, 1, HoldRequest(f"o{number}"), now=NOW), at_once=32)

    assert kinds(answers) == {"ok": 50, "SoldOut": people - 50}
    assert SeatClaim.objects.filter(schedule=schedule).values("seat").distinct().count() == 50
    assert violations(now=NOW) == []
    figure("domain: 50 free seats", clients=people, held=50)


def test_a_group_gets_all_of_its_seats_or_none() -> None:
    schedule = make_schedule(seats=40)
    ride, seats, people = whole_way(schedule), labels(schedule), many(40, 100)
    wanted = [random.Random(number).sample(seats, 4) for number in range(people)]

    answers = crowd(
        people,
        lambda number: hold_seats(ride, wanted[number], HoldRequest(f"o{number}"), now=NOW),
        at_once=32,
    )

    got = kinds(answers)
    assert set(got) <= {"ok", "SeatTaken"}
    assert 1 <= got["ok"] <= 10
    for number, answer in enumerate(answers):
        if isinstance(answer, Hold):
            held = SeatClaim.objects.filter(hold_trip__hold=answer)
            assert set(held.values_list("seat__label", flat=True)) == set(wanted[number])
    assert SeatClaim.objects.count() == got["ok"] * 4 * 2
    assert violations(now=NOW) == []
    figure("domain: groups of 4", clients=people, groups=got["ok"], refused=got["SeatTaken"])


@pytest.mark.parametrize("repeat", range(many(3, 10)))
def test_rides_that_meet_share_a_seat_and_the_whole_way_then_not(repeat: int) -> None:
    schedule = make_schedule(route=make_route(*FIVE_CITIES))
    rides = [("johannesburg", "bloemfontein"), ("bloemfontein", "cape-town")] * 3
    segments = [get_segment(SegmentRef(schedule.pk, start, end)) for start, end in rides]

    answers = crowd(
        6, lambda number: hold_seats(segments[number], ["1A"], HoldRequest(f"o{number}"), now=NOW)
    )

    assert kinds(answers) == {"ok": 2, "SeatTaken": 4}
    assert SeatClaim.objects.filter(seat__label="1A").count() == 4
    with pytest.raises(SeatTaken):
        hold_seats(whole_way(schedule), ["1A"], HoldRequest("late"), now=NOW)
    assert violations(now=NOW) == []


def test_random_rides_never_put_two_people_on_one_seat() -> None:
    schedule = make_schedule(seats=44, route=make_route(*FIVE_CITIES))
    cities = [city.lower().replace(" ", "-") for city in FIVE_CITIES]
    seats, people = labels(schedule), many(150, 2000)

    def one(number: int) -> Hold:
        dice = random.Random(number)
        first, last = sorted(dice.sample(range(5), 2))
        ride = get_segment(SegmentRef(schedule.pk, cities[first], cities[last]))
        owner = f"o{number}"
        if dice.random() < 0.5:
            hold = hold_any(ride, dice.randint(1, 4), HoldRequest(owner), now=NOW)
        else:
            hold = hold_seats(ride, dice.sample(seats, dice.randint(1, 3)), HoldRequest(owner), now=NOW)
        if dice.random() < 0.6:  # room for the others
            release_hold(hold.token, owner=owner)
        return hold

    started = time.monotonic()
    answers = crowd(people, one, at_once=32)

    got = kinds(answers)
    assert set(got) <= {"ok", "SeatTaken", "SoldOut"}
    per_leg = Counter(SeatClaim.objects.values_list("leg", flat=True))
    assert all(count <= 44 for count in per_leg.values())
    assert violations(now=NOW) == []
    took = time.monotonic() - started
    figure(
        "domain: random overlapping rides",
        rides=people,
        held=got["ok"],
        refused=people - got["ok"],
        per_s=round(people / took),
    )


def test_two_who_each_hold_what_the_other_wants_do_not_wait_for_ever() -> None:
    """The way back has the lower id.

    Who holds comes to the rows in one order, who asks for more time in the other.
    """
    back, out = (
        whole_way(make_schedule(departs=departs))
        for departs in (NOW + timedelta(days=9), NOW + timedelta(days=2))
    )

    def there_and_back(number: int) -> Hold:
        hold = hold_any(out, 1, HoldRequest(f"o{number}"), now=NOW)
        hold_any(back, 1, HoldRequest(f"o{number}", adds_to=hold.token), now=NOW)
        return renew_hold(hold.token, owner=f"o{number}", now=NOW)

    answers = crowd(many(8, 8), there_and_back, at_once=8)

    assert kinds(answers) == {"ok": 8}
    assert SeatClaim.objects.count() == 8 * 2 * 2
    assert violations(now=NOW) == []


def test_seats_of_dead_holds_are_sold_at_once_without_a_sweeper() -> None:
    schedule = make_schedule(seats=40)
    ride = whole_way(schedule)
    crowd(40, lambda number: hold_any(ride, 1, HoldRequest(f"early{number}"), now=NOW))
    later = NOW + timedelta(minutes=10)

    with pytest.raises(SoldOut):
        hold_any(ride, 1, HoldRequest("too early"), now=later - timedelta(seconds=1))
    answers = crowd(60, lambda number: hold_any(ride, 1, HoldRequest(f"late{number}"), now=later))

    assert kinds(answers) == {"ok": 40, "SoldOut": 20}
    assert violations(now=later) == []


# Controls: with a guard taken away the same crowd must break something, or the tests above prove nothing.


def test_control_without_lock_and_constraint_a_seat_is_sold_twice() -> None:
    """Check, then insert, in a place that has neither.

    The summary of a departure, taken as if it were the truth.
    """
    schedule = make_schedule(seats=44)
    Schedule.objects.filter(pk=schedule.pk).update(available_seats=5)
    sold: list[int] = []

    def naive(number: int) -> None:
        left = Schedule.objects.get(pk=schedule.pk).available_seats
        if left < 1:
            raise SoldOut(0)
        time.sleep(0.01)
        Schedule.objects.filter(pk=schedule.pk).update(available_seats=left - 1)
        sold.append(number)

    crowd(32, naive, at_once=32)

    assert len(sold) > 5


def test_control_without_the_lock_the_constraint_has_to_throw_people_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Same code, but nobody waits for the departure: the referee of last resort must step in."""
    if connection.vendor == "sqlite":  # there the transaction itself is the lock
        monkeypatch.delitem(connection.settings_dict["OPTIONS"], "transaction_mode")
    schedule = make_schedule(seats=8)
    ride = whole_way(schedule)
    refereed: list[int] = []
    claim = claims.claim

    def no_lock(ids: object) -> dict[int, Schedule]:
        return {each.pk: each for each in Schedule.objects.filter(pk__in=set(ids))}

    def slowly(rows: object) -> None:
        time.sleep(0.05)
        try:
            claim(rows)
        except IntegrityError:
            refereed.append(1)
            raise

    monkeypatch.setattr(holds, "lock_schedules", no_lock)
    monkeypatch.setattr(claims, "claim", slowly)
    monkeypatch.setattr(holds, "short_transaction", _without_waiting)
    answers = crowd(8, lambda number: hold_any(ride, 1, HoldRequest(f"o{number}"), now=NOW), at_once=8)

    assert kinds(answers)["ok"] < 8
    assert refereed or kinds(answers)["OperationalError"]


def _without_waiting() -> transaction.Atomic:
    return transaction.atomic()
