"""What becomes of an attempt to pay: words of the gateway that come late, twice, in any order or never."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from bookings.base.errors import Conflict
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.booking_page import order_status
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.gateways import RawNotification
from bookings.domain.sales.gateways.demo import (
    DECLINED,
    FAILED,
    PAID,
    PENDING,
    DemoGateway,
    customer_decides,
    notification_body,
)
from bookings.domain.sales.notifications import act_on_waiting, ask_after_attempts, receive_notification
from bookings.domain.sales.payments import start_payment
from bookings.models import GatewayNotification, Order, Payment, PaymentAttempt, Schedule, StaffTask
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import NOW, make_schedule
from bookings.tests.passenger.buying import departure_ahead, order_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    order = ordered(make_schedule())
    start_payment(order.pk, now=NOW)
    return order


def tell(*words: str, now: datetime = NOW) -> str:
    """The state of the order's first attempt after these words of its gateway."""
    attempt = PaymentAttempt.objects.earliest("pk")
    for word in words:
        if word == PAID:
            customer_decides(attempt.token, pays=True, now=now)
        receive_notification("demo", RawNotification(notification_body(attempt, word)), now=now)
        act_on_waiting(now=now)
    attempt.refresh_from_db()
    return attempt.status


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ([PENDING], "pending"),
        ([PENDING, PENDING], "pending"),
        ([PENDING, FAILED], "failed"),
        ([FAILED, PENDING], "failed"),
        ([DECLINED], "abandoned"),
        ([PENDING, DECLINED], "abandoned"),
        ([PAID, PENDING], "paid"),
        ([PAID, FAILED], "paid"),
        ([PAID, PAID, DECLINED], "paid"),
        ([FAILED, PAID], "failed"),  # the demo's page takes one decision: nothing confirms the second
        ([PENDING, PAID], "pending"),
    ],
)
def test_words_of_a_gateway_in_any_order(order: Order, words: list[str], state: str) -> None:
    assert tell(*words) == state

    assert Payment.objects.count() == (state == "paid")
    assert violations(now=NOW) == []


def test_a_bank_that_has_not_decided_keeps_the_seats_and_is_not_paid_twice(order: Order) -> None:
    tell(PENDING)
    later = NOW + timedelta(minutes=119)

    expire_unpaid(now=later)

    assert order_status(order.token, now=later).state == "pending"
    with pytest.raises(Conflict, match="do not pay again"):
        start_payment(order.pk, now=later)
    expire_unpaid(now=NOW + timedelta(minutes=121))
    order.refresh_from_db()
    assert order.status == "expired"
    assert violations(now=NOW + timedelta(minutes=121)) == []


def test_the_page_says_so_and_offers_no_second_payment(client: Client) -> None:
    order = order_by(client, departure_ahead())
    PaymentAttempt.objects.update(status=PaymentAttempt.Status.PENDING)

    page = client.get(f"/orders/{order.token}/status/?n=40").content.decode()

    assert "Your bank is still confirming this; do not pay again" in page
    assert 'type="submit"' not in page.partition('id="order-status"')[2].partition("</section>")[0]
    assert client.post(f"/orders/{order.token}/status/").status_code == 409


@pytest.mark.database
def test_a_lost_notification_is_found_by_asking(order: Order) -> None:
    attempt = PaymentAttempt.objects.get()
    customer_decides(attempt.token, pays=True, now=NOW)

    assert ask_after_attempts(now=NOW + timedelta(minutes=2)) == 0
    assert ask_after_attempts(now=NOW + timedelta(minutes=3)) == 1

    order.refresh_from_db()
    assert order.status == "confirmed"
    assert ask_after_attempts(now=NOW + timedelta(days=1)) == 0
    assert tell(PAID) == "paid"  # it was late, not lost
    assert Payment.objects.count() == 1
    assert violations(now=NOW) == []


def test_who_does_not_answer_is_asked_ever_less_often_for_two_days(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def away(_self: object, attempt: PaymentAttempt) -> None:
        asked.append(attempt.token)
        raise TimeoutError

    monkeypatch.setattr(DemoGateway, "status", away)
    for minute in range(0, 3 * 24 * 60, 3):
        ask_after_attempts(now=NOW + timedelta(minutes=minute))

    assert 8 <= len(asked) <= 12
    assert not PaymentAttempt.objects.filter(next_check__isnull=False).exists()


def test_what_the_gateway_does_not_confirm_is_asked_again_and_then_left_to_a_person(order: Order) -> None:
    body = notification_body(PaymentAttempt.objects.get(), PAID)  # signed, but nobody decided so
    receive_notification("demo", RawNotification(body), now=NOW)
    tries = [act_on_waiting(now=NOW + timedelta(minutes=minute)) for minute in range(24 * 60)]

    notification = GatewayNotification.objects.get()
    assert (notification.state, notification.acted_at is None) == ("unconfirmed", False)
    assert 8 <= sum(tries) <= 12
    assert StaffTask.objects.get().kind == "unconfirmed_payment"
    assert Payment.objects.count() == 0


def test_what_is_confirmed_at_the_second_asking_is_booked(order: Order) -> None:
    attempt = PaymentAttempt.objects.get()
    receive_notification("demo", RawNotification(notification_body(attempt, PAID)), now=NOW)
    act_on_waiting(now=NOW)
    customer_decides(attempt.token, pays=True, now=NOW)

    act_on_waiting(now=NOW + timedelta(minutes=1))

    order.refresh_from_db()
    assert (order.status, GatewayNotification.objects.get().state) == ("confirmed", "acted")


@pytest.mark.database
@pytest.mark.parametrize("spoil", ["a key that was changed", "a word that we do not know"])
def test_what_cannot_be_acted_upon_is_refused_and_a_person_is_told(order: Order, spoil: str) -> None:
    attempt = PaymentAttempt.objects.get()
    receive_notification("demo", RawNotification(notification_body(attempt, "ODD")), now=NOW)
    if spoil == "a key that was changed":
        GatewayNotification.objects.update(body="nothing")

    act_on_waiting(now=NOW)

    assert GatewayNotification.objects.get().state == "refused"
    assert StaffTask.objects.get().kind == "unconfirmed_payment"


@pytest.mark.database
def test_an_attempt_over_what_is_no_longer_owed_is_superseded_and_its_money_booked() -> None:
    order = ordered(make_schedule(), pay_later=True)
    start_payment(order.pk, now=NOW)
    booking = order.bookings.get()
    child = booking.tickets.get(first_name="Sipho")
    cancel_booking(
        CancellationRequest(booking.booking_reference, ticket_ids=[child.pk]),
        submission="form",
        content="",
        now=NOW,
    )
    start_payment(order.pk, now=NOW)

    assert list(PaymentAttempt.objects.order_by("pk").values_list("status", flat=True)) == [
        "superseded",
        "started",
    ]
    attempt = PaymentAttempt.objects.earliest("pk")
    PaymentAttempt.objects.filter(pk=attempt.pk).update(status="started")
    customer_decides(attempt.token, pays=True, now=NOW)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(status="superseded")
    assert ask_after_attempts(now=NOW + timedelta(minutes=3)) == 2
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert [refund.amount for refund in order.refunds.all()] == [300]
    assert violations(now=NOW) == []


def test_who_comes_back_without_paying_has_abandoned_and_may_try_again(client: Client) -> None:
    order = order_by(client, departure_ahead())
    attempt = PaymentAttempt.objects.get()

    page = client.get(f"/payments/{attempt.token}/left/")
    assert PaymentAttempt.objects.get().status == "started"  # looking changes nothing
    answer = client.post(f"/payments/{attempt.token}/left/")

    assert b"data-submit-now" in page.content
    assert answer["Location"] == f"/orders/{order.token}/status/"
    assert PaymentAttempt.objects.get().status == "abandoned"
    assert "Try again" in client.get(answer["Location"]).content.decode()
    assert client.post(answer["Location"])["Location"].startswith("/payments/demo/")
    assert PaymentAttempt.objects.count() == 2
    assert client.get("/payments/nothing/left/").status_code == 404


def test_a_departure_that_leaves_before_the_bank_decides_is_not_waited_for() -> None:
    schedule: Schedule = make_schedule(departs=NOW + timedelta(minutes=60))
    order = ordered(schedule)
    start_payment(order.pk, now=NOW)

    tell(PENDING)

    order.refresh_from_db()
    assert order.pay_by == NOW + timedelta(minutes=60)
