"""Passengers cancel at the same moment while others wait for their seats."""

import pytest
from django.utils import timezone

from bookings.database.transactions import short_transaction
from bookings.domain.fares.prices import read_party
from bookings.domain.integrity.invariants import violations
from bookings.domain.inventory.claims import lock_schedules
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.wait_list import (
    WaitListRequest,
    confirm_entry,
    join_wait_list,
    leave_wait_list,
    offer_freed_seats,
    take_offer,
)
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Booking, Hold, Schedule, SeatClaim, WaitListEntry
from bookings.tests.make import make_booking
from bookings.tests.passenger.buying import departure_ahead
from bookings.tests.races.crowd import crowd, kinds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
DAYTIME = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


def full_coaches(number: int) -> tuple[list[Schedule], list[Booking]]:
    coaches = [departure_ahead(seats=6) for _coach in range(number)]
    return coaches, [make_booking(schedule=coach) for coach in coaches for _seat in range(6)]


def wait(coaches: list[Schedule], number: int) -> int:
    ways = [SegmentRef(coach.pk, "johannesburg", "cape-town") for coach in coaches]
    request = WaitListRequest(f"w{number}@x.example", ways, read_party(1, {}))
    entry = join_wait_list(request, submission=str(number), now=DAYTIME)
    confirm_entry(entry, now=DAYTIME)
    return entry


def cancel(booking: Booking) -> str:
    reference = booking.booking_reference
    request = CancellationRequest(reference)
    return cancel_booking(request, submission=reference, content="", now=DAYTIME).booking_reference


def test_a_party_that_waits_for_two_coaches_is_offered_one_of_them() -> None:
    coaches, sold = full_coaches(2)
    parties = [wait(coaches, number) for number in range(4)]

    answers = crowd(12, lambda number: cancel(sold[number]), at_once=12)

    assert kinds(answers) == {"ok": 12}
    offers = WaitListEntry.objects.filter(pk__in=parties).values_list("offer", flat=True)
    assert len(set(offers) - {None}) == 4
    assert Hold.objects.count() == 4
    held = SeatClaim.objects.filter(kind="held").values_list("schedule", "seat").distinct()
    assert held.count() == 4
    assert set(WaitListEntry.objects.values_list("offers", flat=True)) == {1}
    rules = {violation.rule for violation in violations(now=DAYTIME)}
    assert rules <= {"a confirmed order has its mail"}  # of bookings that `make` has made


def test_an_offer_is_taken_or_left_and_never_both() -> None:
    coach = departure_ahead(seats=6)
    entry = wait([coach], 0)
    with short_transaction():
        lock_schedules([coach.pk])
        offer_freed_seats([coach.pk], now=DAYTIME)

    def act(number: int) -> object:
        if number % 2:
            return leave_wait_list(entry, now=DAYTIME)
        return take_offer(entry, owner=f"visitor{number}", now=DAYTIME)

    answers = crowd(8, act, at_once=8)

    assert set(kinds(answers)) <= {"ok", "Conflict"}
    hold = Hold.objects.get()
    is_taken = hold.owner.startswith("visitor")
    assert is_taken == ("ok" in kinds(answers[::2]))
    assert SeatClaim.objects.filter(kind="held", expires_at__gt=DAYTIME).exists() == is_taken
    assert WaitListEntry.objects.get().end == "left"
