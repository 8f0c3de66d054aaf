"""Steps of a purchase, for tests."""

from datetime import datetime

from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.gateways import RawNotification
from bookings.domain.sales.gateways.demo import PAID, customer_decides, notification_body
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.sales.notifications import receive_notification
from bookings.domain.sales.payments import start_payment
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import GatewayNotification, Hold, Order, PaymentAttempt, Schedule
from bookings.tests.make import NOW

ANN = {"first_name": "Ann", "surname": "Mokoena", "passenger_type": "adult"}
SIPHO = {"first_name": "Sipho", "surname": "Mokoena", "passenger_type": "child"}


def held(
    schedule: Schedule,
    *labels: str,
    owner: str = "ann",
    start: str = "johannesburg",
    end: str = "cape-town",
    now: datetime = NOW,
) -> Hold:
    """Two seats with a complete draft, unless said otherwise."""
    labels = labels or ("1A", "1B")
    hold = hold_seats(get_segment(SegmentRef(schedule.pk, start, end)), labels, HoldRequest(owner), now=now)
    save_draft(
        hold.token,
        owner=owner,
        passengers=[ANN, SIPHO, ANN, ANN][: len(labels)],
        email="ann@example.com",
        phone="",
    )
    return hold


def ordered(
    schedule: Schedule,
    *labels: str,
    pay_later: bool = False,
    owner: str = "ann",
    now: datetime = NOW,
    **ride: str,
) -> Order:
    hold = held(schedule, *labels, owner=owner, now=now, **ride)
    return place_order(
        CheckoutRequest(hold.token, owner, pay_later=pay_later),
        submission=f"form-{hold.pk}",
        content="",
        now=now,
    )


def paid_notification(order: Order, *, now: datetime = NOW) -> GatewayNotification:
    """The customer pays on the demo gateway, and its notification is in our inbox, not yet acted upon."""
    start_payment(order.pk, now=now)
    attempt = PaymentAttempt.objects.get(order=order)
    customer_decides(attempt.token, pays=True, now=now)
    receive_notification("demo", RawNotification(notification_body(attempt, PAID)), now=now)
    return GatewayNotification.objects.get(attempt=attempt)
