"""Somebody wants a coach to look full: 500 holds of one visitor, 50 visitors of one network, all at once."""

from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.checkout import CheckoutRequest, place_order
from bookings.domain.sales.hold_limits import HoldLimitReached
from bookings.domain.sales.holds import HoldRequest, hold_any, hold_seats
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Schedule, SeatClaim, StaffTask, Ticket
from bookings.tests.domain.sales.buy import held
from bookings.tests.passenger.buying import departure_ahead
from bookings.tests.races.crowd import crowd, figure, kinds, many

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def live(schedule: Schedule) -> Counter[str]:
    """Seats by who holds them."""
    rows = (
        SeatClaim.objects.filter(schedule=schedule, expires_at__gt=timezone.now())
        .values_list("hold_trip__hold__owner", "seat")
        .distinct()
    )
    return Counter(owner for owner, _seat in rows)


def test_one_visitor_never_keeps_more_than_nine_seats(settings: Any) -> None:
    settings.HOLD_NETWORK_SHARE = 0.4
    schedule, tries = departure_ahead(seats=44), many(60, 500)
    labels = [seat.label for seat in schedule.layout.seats.order_by("pk")]

    def grab(number: int) -> int:
        segment = get_segment(
            SegmentRef(schedule.pk, "johannesburg", "bloemfontein" if number % 3 else "cape-town")
        )
        if number % 2:
            hold_any(segment, 1 + number % 9, HoldRequest("ann", network="home"))
        else:
            hold_seats(segment, labels[number % 36 : number % 36 + 9], HoldRequest("ann", network="home"))
        return sum(live(schedule).values())

    kept = crowd(tries, grab)

    most = max(each for each in kept if isinstance(each, int))
    figure("hoarding: one visitor", holds=tries, most_seats=most, **kinds(kept))
    assert most <= 9
    assert 0 < live(schedule)["ann"] <= 9
    assert violations(now=timezone.now()) == []


def test_one_network_never_keeps_more_than_its_share_and_a_person_is_told(settings: Any) -> None:
    settings.HOLD_NETWORK_SHARE = 0.4
    schedule = departure_ahead(seats=44)
    segment = get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town"))

    outcomes = crowd(
        50,
        lambda number: hold_any(segment, 1 + number % 9, HoldRequest(f"visitor{number}", network="n" * 64)),
    )

    kept = live(schedule)
    figure("hoarding: 50 visitors of a network", seats=44, kept=sum(kept.values()), **kinds(outcomes))
    assert 9 <= sum(kept.values()) <= 0.4 * 44
    assert max(kept.values()) <= 9
    assert any(isinstance(each, HoldLimitReached) for each in outcomes)
    task = StaffTask.objects.get()
    assert (task.kind, task.subject, task.done_at) == (StaffTask.Kind.HOLD_LIMIT, f"network:{'n' * 16}", None)
    hold_any(segment, 9, HoldRequest("family", network="another"))
    assert violations(now=timezone.now()) == []


def test_a_stranger_who_pays_later_keeps_nine_seats_on_all_coaches_together(settings: Any) -> None:
    settings.PAY_LATER_COACH_SHARE = 1
    coaches, now = [departure_ahead(seats=8) for _number in range(6)], timezone.now()
    holds = [
        held(coach, "1A", "1B", "1C", owner=f"browser{number}", now=now)
        for number, coach in enumerate(coaches)
    ]

    def order(number: int) -> None:
        request = CheckoutRequest(holds[number].token, f"browser{number}", pay_later=True)
        place_order(request, submission=f"form{number}", content="", now=now)

    outcome = kinds(crowd(6, order))

    kept = Ticket.objects.filter(booking__order__pays_later=True).count()
    figure("paying later: one stranger on six coaches", orders=6, most_seats=kept)
    assert (outcome, kept) == ({"ok": 3, "PayLaterLimit": 3}, 9)
    assert violations(now=now) == []
