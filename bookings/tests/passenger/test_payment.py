from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.gateways.demo import DECLINED, PAID, notification_body
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.models import (
    Booking,
    GatewayNotification,
    Order,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Schedule,
    SeatClaim,
)
from bookings.tests.passenger.buying import departure_ahead, hold_by, order_by, paid_by

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
POLL = {"HX-Request": "true", "HX-Target": "order-status"}


@pytest.fixture
def order(client: Client) -> Order:
    return order_by(client, departure_ahead())


@pytest.fixture
def attempt(order: Order) -> PaymentAttempt:
    return PaymentAttempt.objects.get(order=order)


def notify(body: bytes, *, gateway: str = "demo") -> Any:
    return Client(enforce_csrf_checks=True).post(f"/payments/{gateway}/notify/", body, content_type=FORM)


def test_the_gateway_asks_for_a_decision_and_no_card(client: Client, attempt: PaymentAttempt) -> None:
    page = client.get(f"/payments/demo/{attempt.token}/").content.decode()

    assert "R900" in page
    assert "demonstration" in page
    assert page.count("<input") == 1  # the form's token


@pytest.mark.parametrize(
    ("decision", "version"), [("pay", PAID), ("decline", DECLINED), ("nonsense", DECLINED)]
)
def test_the_decision_is_told_from_the_queue(
    client: Client, order: Order, attempt: PaymentAttempt, decision: str, version: str
) -> None:
    answer = client.post(f"/payments/demo/{attempt.token}/", {"decision": decision})

    assert answer["Location"] == f"/orders/{order.token}/status/"
    assert OutboxMessage.objects.get(kind="demo_payment").version == version
    order.refresh_from_db()
    assert order.status == "pending"  # the browser's way back changes nothing


def test_a_signed_notification_is_kept_then_booked(
    client: Client, order: Order, attempt: PaymentAttempt
) -> None:
    client.post(f"/payments/demo/{attempt.token}/", {"decision": "pay"})

    answers = [notify(notification_body(attempt, PAID)) for _again in range(3)]

    kept = GatewayNotification.objects.get()
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"ok")}
    assert act_on_notification(kept.pk) == "confirmed"
    assert Payment.objects.get().amount == order.total


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: b"",
        lambda body: b"\xff\xfe",
        lambda body: body.replace(b"amount=900.00", b"amount=9.00"),
        lambda body: body + b"&status=COMPLETE",
        lambda body: body + b"&signature=",
        lambda body: b"status=COMPLETE&" + body,
        lambda body: body[:-4] + b"beef",
        lambda body: body.rpartition(b"=")[0] + b"=%C3%A9",
        lambda body: body.replace(b"falcon-demo", b"falcon-emod"),
        lambda body: body + b"x" * 20_000,
        lambda body: b"x" * 1_100_000,
    ],
)
def test_forgeries_are_refused_in_plain_text(attempt: PaymentAttempt, spoil: Any) -> None:
    answer = notify(spoil(notification_body(attempt, PAID)))

    assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain")
    assert not GatewayNotification.objects.exists()


@pytest.mark.parametrize("gateway", ["nobody", "demonstration"])
def test_unknown_gateways_are_refused(attempt: PaymentAttempt, gateway: str) -> None:
    assert notify(notification_body(attempt, PAID), gateway=gateway).status_code == 400


def test_a_notification_of_an_unknown_attempt_is_refused(attempt: PaymentAttempt) -> None:
    body = notification_body(attempt, PAID)
    PaymentAttempt.objects.update(token="another")

    assert notify(body).status_code == 400


def test_looking_at_the_callback_is_not_allowed(client: Client) -> None:
    assert client.get("/payments/demo/notify/").status_code == 405


def test_the_status_polls_while_it_waits_and_slows_down(client: Client, order: Order) -> None:
    first = client.get(f"/orders/{order.token}/status/", headers=POLL).content.decode()
    later = client.get(f"/orders/{order.token}/status/?n=45", headers=POLL).content.decode()

    assert "We are confirming your payment" in first
    assert 'hx-trigger="every 2s"' in first
    assert 'hx-trigger="every 10s"' in later
    assert "<html" not in first


def test_without_script_the_page_asks_again_itself(client: Client, order: Order) -> None:
    first = client.get(f"/orders/{order.token}/status/").content.decode()
    later = client.get(f"/orders/{order.token}/status/?n=7").content.decode()

    assert '<noscript><meta http-equiv="refresh" content="4;url=?n=1"></noscript>' in first
    assert '<noscript><meta http-equiv="refresh" content="4;url=?n=8"></noscript>' in later


def test_a_declined_payment_can_be_tried_again(client: Client, order: Order, attempt: PaymentAttempt) -> None:
    PaymentAttempt.objects.update(status=PaymentAttempt.Status.FAILED)
    page = client.get(f"/orders/{order.token}/status/").content.decode()

    answer = client.post(f"/orders/{order.token}/status/")

    second = PaymentAttempt.objects.exclude(pk=attempt.pk).get()
    assert "Nothing was charged" in page
    assert "hx-get" not in page
    assert answer["Location"] == f"/payments/demo/{second.token}/"


def test_a_confirmed_order_leads_to_its_booking(client: Client) -> None:
    booking = paid_by(client, departure_ahead())
    address = f"/orders/{booking.order.token}/status/"

    assert client.get(address)["Location"] == f"/bookings/{booking.booking_reference}/"
    assert client.get(address, headers=POLL)["HX-Redirect"] == f"/bookings/{booking.booking_reference}/"
    assert "Booking confirmed" in Client().get(address).content.decode()  # another browser sees no more


def test_an_expired_order_says_so_calmly(client: Client, order: Order) -> None:
    Order.objects.update(pay_by=timezone.now() - timedelta(minutes=1))

    page = client.get(f"/orders/{order.token}/status/").content.decode()

    assert "The time to pay has run out" in page
    assert client.post(f"/orders/{order.token}/status/").status_code == 409


def test_money_that_comes_after_the_seats_are_gone_goes_back(
    client: Client, order: Order, attempt: PaymentAttempt
) -> None:
    Order.objects.update(pay_by=timezone.now() - timedelta(minutes=1))
    SeatClaim.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    hold_by(Client(), Schedule.objects.get(), "1A")
    settle(order.pk, ReceivedPayment("demo", "late", order.total, attempt=attempt))

    page = client.get(f"/orders/{order.token}/status/").content.decode()

    assert "You will get your money back" in page


@pytest.mark.parametrize(
    "address", ["/orders/nothing/status/", "/payments/demo/nothing/", "/orders/%00/status/"]
)
def test_unknown_tokens_are_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404


@pytest.mark.parametrize("n", ["x", "-1", "9" * 300, "٣"])
def test_a_spoilt_count_does_no_harm(client: Client, order: Order, n: str) -> None:
    assert client.get(f"/orders/{order.token}/status/", {"n": n}).status_code == 200


def test_the_status_costs_one_query(client: Client, order: Order, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        client.get(f"/orders/{order.token}/status/", headers=POLL)

    assert Booking.objects.count() == 1


def test_who_cancels_one_of_two_before_paying_is_asked_for_the_rest_alone(client: Client) -> None:
    order = order_by(client, departure_ahead(), pay="later")
    booking = order.bookings.get()
    child = booking.tickets.get(first_name="Sipho")
    cancel_booking(
        CancellationRequest(booking.booking_reference, ticket_ids=[child.pk]), submission="form", content=""
    )

    page = client.get(f"/orders/{order.token}/status/").content.decode()

    assert "R600" in page
    assert "R900" not in page


def test_paying_again_is_not_offered_in_the_first_half_minute(client: Client, order: Order) -> None:
    pages = [client.get(f"/orders/{order.token}/status/?n={n}", headers=POLL) for n in (0, 14, 15)]

    assert ["I have not paid yet" in page.content.decode() for page in pages] == [False, False, True]


def test_paying_again_is_never_offered_once_money_is_in(
    client: Client, order: Order, attempt: PaymentAttempt
) -> None:
    notify(notification_body(attempt, PAID))

    page = client.get(f"/orders/{order.token}/status/?n=40", headers=POLL).content.decode()
    answer = client.post(f"/orders/{order.token}/status/")

    assert "We are confirming your payment" in page
    assert "I have not paid yet" not in page
    assert answer["Location"] == f"/orders/{order.token}/status/"


def test_who_pays_again_just_after_it_is_booked_is_led_to_the_booking(
    client: Client, order: Order, attempt: PaymentAttempt
) -> None:
    client.post(f"/payments/demo/{attempt.token}/", {"decision": "pay"})
    notify(notification_body(attempt, PAID))
    act_on_notification(GatewayNotification.objects.get().pk)

    answer = client.post(f"/orders/{order.token}/status/", follow=True)

    assert answer.redirect_chain[-1][0].startswith("/bookings/")
