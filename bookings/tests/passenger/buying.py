"""A purchase over the pages, step by step, for tests.

The pages ask the real clock, so departures are made from it.
"""

import re
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.models import Booking, Hold, Order, PaymentAttempt, Schedule
from bookings.tests.make import make_schedule

PEOPLE = (("Ann", "Mokoena", "adult"), ("Sipho", "Mokoena", "child"), ("Lerato", "Dlamini", "adult"))
CONTACT = {"email": "ann@example.com", "phone": ""}


def departure_ahead(days: float = 3, **options: Any) -> Schedule:
    return make_schedule(departs=timezone.now().replace(microsecond=0) + timedelta(days=days), **options)


def seats_page(
    schedule: Schedule,
    *,
    passengers: int = 2,
    start: str = "johannesburg",
    end: str = "cape-town",
    **more: Any,
) -> str:
    extra = "".join(f"&{name}={value}" for name, value in more.items())
    return f"/departures/{schedule.pk}/?from={start}&to={end}&passengers={passengers}{extra}"


def token_in(response: HttpResponse) -> str:
    """The hold's token from the redirect to its checkout."""
    return re.fullmatch(r"/checkout/([\w-]+)/", response["Location"])[1]


def hold_by(client: Client, schedule: Schedule, *labels: str, **query: Any) -> str:
    labels = labels or ("1A", "1B")
    return token_in(client.post(seats_page(schedule, passengers=len(labels), **query), {"seats": labels}))


def details(seats: int = 2, **changes: str) -> dict[str, str]:
    typed = dict(CONTACT)
    for index, (first_name, surname, kind) in enumerate(PEOPLE[:seats]):
        typed |= {
            f"p{index}-first_name": first_name,
            f"p{index}-surname": surname,
            f"p{index}-passenger_type": kind,
        }
    return {**typed, "action": "details", **changes}


def review_form(client: Client, token: str) -> dict[str, str]:
    """What the review page's form would send."""
    page = client.get(f"/checkout/{token}/?step=review").content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(submission|digest)" value="([^"]*)"', page))
    return {"action": "place", "pay": "now", **hidden}


def order_by(client: Client, schedule: Schedule, *labels: str, pay: str = "now", **query: Any) -> Order:
    labels = labels or ("1A", "1B")
    token = hold_by(client, schedule, *labels, **query)
    client.post(f"/checkout/{token}/", details(len(labels)))
    client.post(f"/checkout/{token}/", {**review_form(client, token), "pay": pay})
    return Hold.objects.get(token=token).order


def paid_by(client: Client, schedule: Schedule, *labels: str, **query: Any) -> Booking:
    """A paid booking of this browser."""
    order = order_by(client, schedule, *labels, **query)
    attempt = PaymentAttempt.objects.get(order=order)
    settle(order.pk, ReceivedPayment("demo", f"paid-{attempt.pk}", attempt.amount, attempt=attempt))
    return order.bookings.order_by("boards_at").first()
