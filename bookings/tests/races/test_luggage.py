"""Twenty customers want the last five pieces at once."""

from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.domain.inventory.luggage import luggage_load
from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.luggage import keep_luggage
from bookings.models import Hold, Order, Schedule
from bookings.tests.domain.sales.buy import ANN, held
from bookings.tests.make import make_luggage_rule
from bookings.tests.passenger.buying import departure_ahead
from bookings.tests.races.crowd import crowd, kinds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def with_a_piece(schedule: Schedule, number: int, **when: Any) -> Hold:
    label, owner = schedule.layout.seats.order_by("pk")[number].label, f"visitor{number}"
    hold = held(schedule, label, owner=owner, **when)
    people = [ANN | {"luggage": "1"}]
    save_draft(hold.token, owner=owner, passengers=people, email="ann@example.com", phone="")
    return hold


def test_twenty_buyers_of_the_last_five_pieces_get_five() -> None:
    schedule, now = departure_ahead(seats=24), timezone.now()
    make_luggage_rule(schedule=schedule, space=5)
    holds = [with_a_piece(schedule, number, now=now) for number in range(20)]

    def order(number: int) -> Order:
        request = CheckoutRequest(holds[number].token, holds[number].owner)
        return place_order(request, submission=f"form{number}", content="", now=now)

    assert kinds(crowd(20, order)) == {"ok": 5, "LuggageFull": 15}
    assert luggage_load(schedule.pk, now=now) == {0: 5, 1: 5}
    assert violations(now=now) == []

    later = max(order.pay_by for order in Order.objects.all())
    crowd(4, lambda number: expire_unpaid(now=later))
    assert luggage_load(schedule.pk, now=later) == {}
    assert violations(now=later) == []


def test_what_is_kept_with_seats_is_kept_for_those_and_all_of_it_is_ordered() -> None:
    schedule, now = departure_ahead(seats=24), timezone.now()
    make_luggage_rule(schedule=schedule, space=5)
    holds = [with_a_piece(schedule, number, now=now) for number in range(20)]

    def keep_and_order(number: int) -> Order:
        keep_luggage(holds[number].token, owner=holds[number].owner, now=now)
        request = CheckoutRequest(holds[number].token, holds[number].owner)
        return place_order(request, submission=f"form{number}", content="", now=now)

    assert kinds(crowd(20, keep_and_order)) == {"ok": 5, "LuggageFull": 15}
    assert luggage_load(schedule.pk, now=now) == {0: 5, 1: 5}
    assert violations(now=now) == []
