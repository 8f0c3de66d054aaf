"""The adapter for Yoco by itself, and the choice between gateways; what it does with another side is in
test_simulator.
"""

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from bookings.base.webhook_signatures import signature
from bookings.domain.sales.gateways import ForgedNotification, PaymentState, RawNotification
from bookings.domain.sales.gateways.yoco import YocoGateway
from bookings.domain.sales.notifications import act_on_waiting
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.models import (
    GatewayNotification,
    Order,
    Payment,
    PaymentAttempt,
    RefundAttempt,
    StaffTask,
)
from bookings.tests.domain.messaging.sink import hanging_server
from bookings.tests.domain.sales.gateways.vectors import (
    WEBHOOK_BODY,
    WEBHOOK_ID,
    WEBHOOK_SECRET,
    WEBHOOK_SIGNATURE,
    WEBHOOK_TIME,
)
from bookings.tests.passenger.buying import departure_ahead, details, hold_by, order_by, review_form
from bookings.tests.servers import free_port

SENT = datetime.fromtimestamp(WEBHOOK_TIME, UTC)


@pytest.fixture
def yoco(settings: Any) -> None:
    """Two gateways are offered, of which Yoco does not answer."""
    base = "bookings.domain.sales.gateways"
    settings.PAYMENT_GATEWAYS = {
        **settings.PAYMENT_GATEWAYS,
        "payfast": f"{base}.payfast.PayfastGateway",
        "yoco": f"{base}.yoco.YocoGateway",
    }
    settings.OFFERED_GATEWAYS = ["payfast", "yoco"]
    settings.YOCO_SECRET_KEY, settings.YOCO_WEBHOOK_SECRET = "sk_test_1", WEBHOOK_SECRET
    settings.YOCO_URL = f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def attempt(client: Client, yoco: None) -> PaymentAttempt:
    order_by(client, departure_ahead())
    PaymentAttempt.objects.update(
        gateway="yoco", external_id="ch_1", address="https://c.yoco.com/checkout/ch_1"
    )
    return PaymentAttempt.objects.get()


def event(kind: str = "payment.succeeded", **changes: Any) -> str:
    payload = {
        "id": "p_1",
        "type": "payment",
        "amount": 90_000,
        "currency": "ZAR",
        "status": "succeeded",
        "mode": "test",
        "metadata": {"checkoutId": "ch_1"},
    } | changes
    return json.dumps(
        {"id": "evt_1", "type": kind, "createdDate": "2024-06-15T15:51:55Z", "payload": payload}
    )


def headers(body: str, *, at: datetime = SENT, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    timestamp = int(at.timestamp())
    return {
        "webhook-id": WEBHOOK_ID,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, WEBHOOK_ID, body, timestamp=timestamp),
    }


def sent(body: str, **signed: Any) -> RawNotification:
    return RawNotification(body.encode(), headers(body, **signed), received_at=SENT)


def tell(client: Client, body: str, at: datetime) -> int:
    return client.post(
        "/payments/yoco/notify/", body, content_type="application/json", headers=headers(body, at=at)
    ).status_code


def test_webhooks_are_signed_as_the_standard_says() -> None:
    assert signature(WEBHOOK_SECRET, WEBHOOK_ID, WEBHOOK_BODY, timestamp=WEBHOOK_TIME) == WEBHOOK_SIGNATURE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("payment.succeeded", PaymentState.PAID),
        ("payment.failed", PaymentState.FAILED),
        ("refund.succeeded", PaymentState.REFUNDED),
        ("refund.failed", PaymentState.REFUND_FAILED),
        ("payment.odd", PaymentState.UNKNOWN),
    ],
)
def test_a_signed_webhook_is_read(attempt: PaymentAttempt, kind: str, state: PaymentState) -> None:
    notification = YocoGateway().verify(sent(event(kind)))

    assert (notification.attempt_token, notification.external_id) == (attempt.token, "p_1")
    assert (notification.amount, notification.state) == (Decimal("900.00"), state)


@pytest.mark.django_db
def test_one_right_signature_among_several_is_enough(attempt: PaymentAttempt) -> None:
    raw = sent(event())
    several = {**raw.headers, "webhook-signature": f"v1,AAAA v2,x {raw.headers['webhook-signature']}"}

    assert YocoGateway().verify(RawNotification(raw.body, several, received_at=SENT)).is_paid


@pytest.mark.django_db
@pytest.mark.parametrize(
    "raw",
    [
        RawNotification(event().encode(), received_at=SENT),
        sent(event(), secret="whsec_AAAA"),
        sent(event(), at=SENT - timedelta(minutes=6)),
        sent(event(), at=SENT + timedelta(minutes=6)),
        RawNotification(event(amount=1).encode(), headers(event()), received_at=SENT),
        RawNotification(event().encode(), headers(event()) | {"webhook-id": "msg_2"}, received_at=SENT),
        RawNotification(event().encode(), headers(event()) | {"webhook-timestamp": "²"}, received_at=SENT),
        RawNotification(b"\xff", headers(event()), received_at=SENT),
        sent("{"),
        sent("[]"),
        sent("{}"),
        sent(event(amount=-5)),
        sent(event(amount=True)),
        sent(event(amount="90000")),
        sent(event(id="")),
        sent(event(currency="USD")),
        sent(event(mode="live")),
        sent(event(metadata=None)),
        sent(event(more="x" * 10_000)),
    ],
)
def test_what_is_not_in_order_is_refused(attempt: PaymentAttempt, raw: RawNotification) -> None:
    with pytest.raises(ForgedNotification):
        YocoGateway().verify(raw)


@pytest.mark.django_db
def test_a_webhook_is_verified_anew_in_the_queue_by_the_headers_it_came_with(
    client: Client, attempt: PaymentAttempt, time_machine: Any
) -> None:
    time_machine.move_to(SENT + timedelta(minutes=4), tick=False)
    assert tell(client, event(), SENT) == 200
    row = GatewayNotification.objects.get()
    assert row.headers == headers(event())

    time_machine.move_to(SENT + timedelta(hours=2), tick=False)
    act_on_waiting()
    attempt.refresh_from_db()
    assert attempt.status == "paid"

    GatewayNotification.objects.update(acted_at=None, headers={})
    act_on_waiting()
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("refused", "no longer in order")
    assert tell(client, event(metadata={"checkoutId": "ch_of_another_shop"}), SENT) == 400


@pytest.mark.django_db
def test_a_refund_that_we_did_not_ask_for_is_told_to_a_person(
    client: Client, attempt: PaymentAttempt
) -> None:
    now = datetime.now(UTC)
    settle(attempt.order_id, ReceivedPayment("yoco", "p_1", attempt.amount, attempt=attempt))

    assert tell(client, event("refund.succeeded", id="rfd_1", amount=5_000), now) == 200
    act_on_waiting()

    assert GatewayNotification.objects.get().outcome == "a refund that we did not ask for"
    assert "rfd_1" in StaffTask.objects.get().detail


@pytest.mark.django_db
def test_the_address_to_pay_at_is_asked_for_once(client: Client, attempt: PaymentAttempt) -> None:
    assert client.get(f"/payments/{attempt.token}/")["Location"] == attempt.address


@pytest.mark.django_db
def test_a_gateway_that_does_not_answer_says_so_and_can_be_asked_again(
    client: Client, attempt: PaymentAttempt
) -> None:
    PaymentAttempt.objects.update(external_id="", address="")

    answer = client.get(f"/payments/{attempt.token}/")

    assert answer.status_code == 503
    assert "The payment page does not answer" in answer.content.decode()
    assert f'href="/payments/{attempt.token}/"' in answer.content.decode()
    assert "Pay instead: Card or Instant EFT (Payfast)" in answer.content.decode()
    status = f"/orders/{attempt.order.token}/status/"
    assert "The payment was not completed" in client.get(status).content.decode()
    PaymentAttempt.objects.update(external_id="ch_1", address="https://c.yoco.com/checkout/ch_1")
    assert client.get(f"/payments/{attempt.token}/").status_code == 302
    assert "We are confirming your payment" in client.get(status).content.decode()


@pytest.mark.django_db
def test_a_gateway_that_hangs_is_left_alone_for_a_while(
    client: Client, attempt: PaymentAttempt, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each customer who tries would keep a process of ours from everybody else for seconds."""
    PaymentAttempt.objects.update(external_id="", address="")
    monkeypatch.setattr("bookings.domain.sales.gateways.yoco._PATIENCE", 0.3)
    with hanging_server() as deaf:
        settings.YOCO_URL = f"http://127.0.0.1:{deaf}"
        seconds = []
        for _try in range(3):
            started = time.monotonic()
            assert client.get(f"/payments/{attempt.token}/").status_code == 503
            seconds.append(time.monotonic() - started)

    assert seconds[0] >= 0.3 > max(seconds[1:])


@pytest.mark.django_db
def test_two_gateways_are_a_question_and_one_is_none(client: Client, yoco: None, settings: Any) -> None:
    token = hold_by(client, departure_ahead())

    page = client.get(f"/checkout/{token}/").content.decode()
    settings.OFFERED_GATEWAYS = ["yoco"]
    alone = client.get(f"/checkout/{token}/").content.decode()

    assert "How would you like to pay?" in page
    assert "Card or Instant EFT (Payfast)" in page
    assert "Card (Yoco)" in page
    assert "How would you like to pay?" not in alone
    settings.OFFERED_GATEWAYS = ["payfast", "yoco"]
    answer = client.post(f"/checkout/{token}/", details(2, action="pay", gateway="yoco", total="0.00"))
    assert answer["Location"] == f"/checkout/{token}/?step=review&gateway=yoco"  # a question on the way
    review = client.get(answer["Location"]).content.decode()
    assert "checked" in review.partition('value="yoco"')[2].partition(">")[0]
    client.post(f"/checkout/{token}/", {**review_form(client, token), "gateway": "yoco"})
    assert PaymentAttempt.objects.get().gateway == "yoco"


@pytest.mark.django_db
def test_whoever_goes_back_from_one_gateway_may_pay_through_the_other(client: Client, yoco: None) -> None:
    token = hold_by(client, departure_ahead())
    client.post(f"/checkout/{token}/", details(2))
    form = review_form(client, token)

    for gateway in ("payfast", "yoco", "yoco"):
        answer = client.post(f"/checkout/{token}/", {**form, "gateway": gateway})

    assert [attempt.gateway for attempt in PaymentAttempt.objects.order_by("pk")] == ["payfast", "yoco"]
    assert answer["Location"] == f"/payments/{PaymentAttempt.objects.latest('pk').token}/"
    assert Order.objects.count() == 1


@pytest.mark.django_db
def test_what_got_no_answer_for_a_day_is_not_asked_for_again(attempt: PaymentAttempt) -> None:
    """Nobody knows for how long Yoco remembers a key."""
    paid = Payment(attempt=attempt, method="yoco", external_id="p_1", amount=attempt.amount)
    asked_at = datetime.now(UTC) - timedelta(hours=25)
    again = RefundAttempt(payment=paid, key="refund-1", amount=paid.amount, asked_at=asked_at, tries=2)

    answer = YocoGateway().refund(again)

    assert (answer.status, "portal" in answer.reason) == ("refused", True)


@pytest.mark.django_db
def test_a_way_that_is_offered_no_more_is_refused_and_nothing_lost(client: Client, yoco: None) -> None:
    token = hold_by(client, departure_ahead())
    client.post(f"/checkout/{token}/", details(2))

    answer = client.post(f"/checkout/{token}/", {**review_form(client, token), "gateway": "other"})

    assert answer.status_code == 409
    assert "We no longer offer this way of paying" in answer.content.decode()
    assert not Order.objects.exists()


@pytest.mark.django_db
def test_money_of_a_gateway_that_was_left_for_another_is_booked(client: Client, yoco: None) -> None:
    order = order_by(client, departure_ahead())
    first = PaymentAttempt.objects.get()
    page = client.get(f"/orders/{order.token}/status/?n=16").content.decode()
    assert "Card (Yoco)" in page

    client.post(f"/orders/{order.token}/status/", {"gateway": "yoco"})

    second = PaymentAttempt.objects.latest("pk")
    assert (first.gateway, second.gateway) == ("payfast", "yoco")
    first.refresh_from_db()
    assert first.status == "started"
    assert "/eng/process" in client.get(f"/payments/{first.token}/").content.decode()
    settle(order.pk, ReceivedPayment("payfast", "1", first.amount, attempt=first))
    order.refresh_from_db()
    assert order.status == "confirmed"
    settle(order.pk, ReceivedPayment("yoco", "p_2", second.amount, attempt=second))
    assert [(refund.payment.method, refund.amount) for refund in order.refunds.all()] == [
        ("yoco", second.amount)
    ]
