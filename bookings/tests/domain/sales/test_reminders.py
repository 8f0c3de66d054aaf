from datetime import timedelta

import pytest

from bookings.domain.sales.reminders import queue_pay_reminders
from bookings.models import OutboxMessage, SaleStatus, Schedule
from bookings.tests.make import NOW, make_booking, make_fare_classes, make_order, make_passenger_types

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


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
