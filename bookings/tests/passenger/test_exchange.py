"""Change my trip, from the booking page: without a script, each page by its requests."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.domain.sales.exchange_requests import ExchangeRequest
from bookings.domain.sales.gateways import RawNotification
from bookings.domain.sales.gateways.demo import PAID, notification_body
from bookings.domain.sales.notifications import act_on_notification, receive_notification
from bookings.models import Booking, GatewayNotification, PaymentAttempt, Refund, Schedule, Ticket
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import make_luggage_rule, make_schedule
from bookings.web.visitor import grant_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule(departs=timezone.now() + timedelta(days=3))


@pytest.fixture
def later(schedule: Schedule) -> Schedule:
    departs = schedule.departure_time + timedelta(days=1)
    return make_schedule(route=schedule.route, departs=departs, price=800)


@pytest.fixture
def booking(schedule: Schedule) -> Booking:
    now = timezone.now()
    order = ordered(schedule, now=now)
    act_on_notification(paid_notification(order, now=now).pk, now=now)
    return order.bookings.get()


@pytest.fixture
def client(client: Client, booking: Booking, rf: Any) -> Client:
    request = rf.get("/")
    request.session = client.session
    grant_order(request, booking.order_id, booking.order.contact_version)
    request.session.save()
    client.cookies["sessionid"] = request.session.session_key
    return client


def address(booking: Booking, kind: str) -> str:
    return f"/bookings/{booking.booking_reference}/change/{kind}/"


def quote_of(response: Any) -> dict[str, str]:
    quote = response.context["view"].quote
    assert quote, response.content.decode()[:3000]
    return {"quoted": str(quote.balance), "submission": response.context["submission"], "action": "confirm"}


def test_the_booking_page_says_what_each_change_costs(client: Client, booking: Booking) -> None:
    page = client.get(f"/bookings/{booking.booking_reference}/").content.decode()

    assert "Change" in page
    for kind in ("trip", "seats", "names"):
        assert address(booking, kind) in page
    assert "without a fee, then R225" in " ".join(page.split()).replace("\xa0", " ")
    assert "/contact/" in page


def test_a_trip_is_moved_and_paid_for(client: Client, booking: Booking, later: Schedule) -> None:
    day = later.departure_time.date().isoformat()
    listed = client.get(address(booking, "trip"), {"day": day})
    (offer, _current, is_sold_out), *others = listed.context["offers"]
    assert (offer.schedule_id, is_sold_out, others) == (later.pk, False, [])
    ride = f"{offer.schedule_id}|{offer.from_ref}|{offer.to_ref}"

    quoted = client.get(address(booking, "trip"), {"day": day, "ride": ride})
    text = quoted.content.decode()
    assert quoted.context["view"].quote.balance == Decimal(300)
    assert "Change and pay R300" in text
    form = {"ride": ride, "day": day, "asked": "1", "tickets": quoted.context["view"].chosen} | quote_of(
        quoted
    )
    going = client.post(address(booking, "trip"), form)
    again = client.post(address(booking, "trip"), form)
    assert going.status_code == 302
    assert going["Location"] == again["Location"]
    assert "/payments/" in going["Location"]
    waiting = client.get(f"/bookings/{booking.booking_reference}/").content.decode()
    assert "your present tickets stay valid" in " ".join(waiting.split())

    attempt = PaymentAttempt.objects.get(exchange_request__isnull=False)
    receive_notification("demo", RawNotification(notification_body(attempt, PAID)))
    client.post(going["Location"], {"decision": "pay"})
    act_on_notification(GatewayNotification.objects.get(attempt=attempt).pk)
    booking.refresh_from_db()
    assert booking.schedule == later
    done = client.get(f"/bookings/{booking.booking_reference}/").content.decode()
    assert "waits for its payment" not in done


def test_what_has_changed_since_the_quote_is_told_and_nothing_is_done(
    client: Client, booking: Booking, later: Schedule
) -> None:
    ride = f"{later.pk}|johannesburg|cape-town"
    form = {"ride": ride, "submission": "x", "quoted": "299.00", "action": "confirm"}

    answer = client.post(address(booking, "trip"), form)

    assert answer.status_code == 409
    assert "R300" in answer.content.decode()
    assert not ExchangeRequest.objects.exists()


def test_a_waiting_change_is_given_up_and_only_by_its_customer(
    client: Client, booking: Booking, later: Schedule
) -> None:
    form = {"ride": f"{later.pk}|johannesburg|cape-town", "submission": "x", "quoted": "300.00"}
    client.post(address(booking, "trip"), form | {"action": "confirm"})
    request = ExchangeRequest.objects.get()

    assert Client().post(f"/changes/{request.token}/", {"action": "give_up"}).status_code == 404
    request.refresh_from_db()
    assert request.status == "open"
    assert client.post(f"/changes/{request.token}/").status_code == 302
    client.post(f"/changes/{request.token}/", {"action": "give_up"})
    request.refresh_from_db()
    assert request.status == "withdrawn"
    assert client.post("/changes/forged/").status_code == 404


def test_a_stranger_sees_no_page_of_a_change(booking: Booking) -> None:
    for kind in ("trip", "seats", "names", "luggage"):
        assert Client().get(address(booking, kind)).status_code == 404


def test_seats_are_ticked_and_changed(client: Client, booking: Booking) -> None:
    assert client.get(address(booking, "seats")).status_code == 200
    form = {
        "asked": "1",
        "tickets": list(booking.tickets.values_list("pk", flat=True)),
        "seats": ["2A", "1A"],
    }

    quoted = client.post(address(booking, "seats"), form)
    done = client.post(address(booking, "seats"), form | quote_of(quoted))

    assert done.status_code == 302
    assert set(booking.tickets.values_list("seat__label", flat=True)) == {"1A", "2A"}


def test_a_name_is_corrected_and_what_was_typed_stays(client: Client, booking: Booking) -> None:
    ann = booking.tickets.get(first_name="Ann")
    form = {f"first_name_{ann.pk}": "Zola", f"surname_{ann.pk}": "Budd"}
    refused = client.post(address(booking, "names"), form | {"action": "quote"})
    assert refused.status_code == 422
    assert "Zola" in refused.content.decode()

    form[f"first_name_{ann.pk}"], form[f"surname_{ann.pk}"] = "Anne", "Mokoena"
    quoted = client.post(address(booking, "names"), form | {"action": "quote"})
    client.post(address(booking, "names"), form | quote_of(quoted))

    assert Ticket.objects.get(pk=ann.pk).full_name == "Anne Mokoena"


def test_luggage_is_added(client: Client, booking: Booking, schedule: Schedule) -> None:
    make_luggage_rule(schedule=schedule)
    ann = booking.tickets.get(first_name="Ann")
    form = {f"pieces_{ann.pk}": "1"}

    quoted = client.post(address(booking, "luggage"), form | {"action": "quote"})
    going = client.post(address(booking, "luggage"), form | quote_of(quoted))

    assert going.status_code == 302
    assert ExchangeRequest.objects.get().kind == "luggage"
    assert not Refund.objects.exists()


def test_a_booking_that_cannot_be_changed_says_so(client: Client, booking: Booking) -> None:
    Booking.objects.update(boards_at=timezone.now() - timedelta(minutes=1))
    Schedule.objects.update(departure_time=timezone.now() - timedelta(minutes=1))

    assert client.get(address(booking, "trip")).status_code == 409
