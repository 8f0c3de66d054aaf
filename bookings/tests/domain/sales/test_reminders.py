from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from bookings.domain.messaging.outbox import send_due
from bookings.domain.sales.reminders import queue_pay_reminders, queue_trip_reminders
from bookings.models import OutboxMessage, SaleStatus, Schedule
from bookings.tests.make import (
    NOW,
    make_booking,
    make_fare_classes,
    make_order,
    make_passenger_types,
    make_schedule,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_reminder_is_queued_once_two_hours_before_the_end() -> None:
    order = make_order(
        status=SaleStatus.PENDING, pays_later=True, placed_at=NOW - 10 * HOUR, pay_by=NOW + 2 * HOUR
    )

    counts = [
        queue_pay_reminders(now=NOW - HOUR),
        queue_pay_reminders(now=NOW),
        queue_pay_reminders(now=NOW + HOUR),
    ]

    assert counts == [0, 1, 0]
    assert list(OutboxMessage.objects.values_list("kind", "subject")) == [
        ("pay_reminder", f"order:{order.pk}")
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"status": SaleStatus.CONFIRMED}, {"pays_later": False}, {"pay_by": NOW}, {"placed_at": NOW - HOUR}],
    ids=["paid", "pays now", "too late", "just ordered"],
)
def test_reminder_is_not_queued_for(wrong: dict) -> None:
    make_order(
        **{
            "status": SaleStatus.PENDING,
            "pays_later": True,
            "placed_at": NOW - 10 * HOUR,
            "pay_by": NOW + HOUR,
        }
        | wrong
    )

    assert queue_pay_reminders(now=NOW) == 0


@pytest.mark.parametrize("state", [{"is_active": False}, {"status": "cancelled"}])
def test_nobody_is_reminded_to_pay_for_a_departure_that_was_withdrawn(state: dict) -> None:
    order = make_order(
        status=SaleStatus.PENDING, pays_later=True, placed_at=NOW - 10 * HOUR, pay_by=NOW + HOUR
    )
    make_fare_classes()
    make_passenger_types()
    booking = make_booking(order=order, status=SaleStatus.PENDING)
    Schedule.objects.filter(pk=booking.schedule_id).update(**state)

    assert queue_pay_reminders(now=NOW) == 0


def test_each_booking_is_reminded_of_its_trip_once_the_day_before() -> None:
    schedule = make_schedule(departs=NOW + 3 * DAY)
    booking = make_booking(schedule=schedule)
    make_booking(schedule=schedule, status="pending")
    counts = [queue_trip_reminders(now=NOW + days * DAY) for days in (1, 2, 2)]
    assert counts == [0, 1, 0]
    send_due(now=NOW + 2 * DAY)
    [sent] = mail.outbox
    assert sent.subject.endswith(f"({booking.booking_reference})")
    assert "Be at the stop by" in sent.body


def test_who_has_just_booked_or_has_no_coach_is_not_reminded_of_it(settings: Any) -> None:
    late = make_schedule(departs=NOW + 3 * DAY)
    make_booking(schedule=late, now=NOW + 2 * DAY)
    gone = make_schedule(route=late.route, departs=NOW + 3 * DAY + HOUR)
    make_booking(schedule=gone)
    Schedule.objects.filter(pk=gone.pk).update(status="cancelled")
    assert queue_trip_reminders(now=NOW + 2 * DAY + 2 * HOUR) == 0
    settings.TRIP_REMINDER_HOURS = 0
    make_booking(schedule=late)
    assert queue_trip_reminders(now=NOW + 2 * DAY + 2 * HOUR) == 0
    assert not OutboxMessage.objects.filter(kind="trip_reminder").exists()
