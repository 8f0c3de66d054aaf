"""The suite's short way to ask for violations finds what the checks find, whatever changed since they ran."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.domain.integrity.invariants import violations
from bookings.models import Booking, SeatClaim
from bookings.tests.domain.sales.buy import held, ordered
from bookings.tests.make import NOW, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def _rules(*, minutes: int = 0) -> set[str]:
    return {violation.rule for violation in violations(now=NOW + timedelta(minutes=minutes))}


def test_it_asks_in_few_statements_and_finds_what_is_wrong_since() -> None:
    booking = ordered(make_schedule()).bookings.get()
    assert _rules() == set()

    with CaptureQueriesContext(connection) as queries:
        assert _rules(minutes=1) == set()
    Booking.objects.update(passenger_email="other@example.com")
    wrong = _rules(minutes=2)
    Booking.objects.update(passenger_email=booking.passenger_email)

    # The checks take more than a hundred; one that compares two sums is asked for both, and always has rows
    assert len(queries) < 30
    assert wrong == {"a booking has the contact of its order"}
    assert _rules(minutes=3) == set()


def test_it_asks_for_the_time_that_it_is_given() -> None:
    schedule = make_schedule()
    order = ordered(schedule, "1A")
    held(schedule, "2A", owner="ben")
    assert _rules() == set()
    SeatClaim.objects.filter(ticket__booking__order=order).delete()
    schedule.available_seats += 1
    schedule.save(update_fields=["available_seats"])

    minutes = int((order.pay_by - NOW).total_seconds()) // 60

    assert "an open order has its seats" in _rules()
    assert "an open order has its seats" in _rules(minutes=minutes - 1)
    assert "an open order has its seats" not in _rules(minutes=minutes + 1)
    assert "an open order has its seats" in _rules(minutes=1)
