"""The adapter for Payfast by itself; what it does with another side is in test_simulator."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import Client

from bookings.domain.sales.gateways import ForgedNotification, PaymentState, RawNotification
from bookings.domain.sales.gateways.payfast import PayfastGateway
from bookings.domain.sales.gateways.payfast_api import ApiAnswer, read_history
from bookings.domain.sales.gateways.payfast_signature import (
    api_signature,
    encoded,
    form_signature,
    notification_signature,
)
from bookings.models import GatewayNotification, Order, PaymentAttempt
from bookings.tests.domain.sales.gateways.vectors import FIELDS, NOTIFICATION, PASSPHRASE, SIGNATURES
from bookings.tests.passenger.buying import departure_ahead, order_by

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def payfast(settings: Any) -> None:
    settings.PAYMENT_GATEWAYS = {
        **settings.PAYMENT_GATEWAYS,
        "payfast": "bookings.domain.sales.gateways.payfast.PayfastGateway",
    }
    settings.OFFERED_GATEWAYS = ["payfast"]
    settings.PAYFAST_MERCHANT_ID, settings.PAYFAST_MERCHANT_KEY = "10000100", "46f0cd694581a"
    settings.PAYFAST_PASSPHRASE = PASSPHRASE


@pytest.fixture
def order(client: Client, payfast: None) -> Order:
    return order_by(client, departure_ahead())


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_notifications_are_signed_as_payfast_signs_them(passphrase: str) -> None:
    assert notification_signature(FIELDS, passphrase) == SIGNATURES[passphrase]


def test_texts_are_encoded_as_php_does() -> None:
    assert encoded("~ +é&'b") == "%7E+%2B%C3%A9%26%27b"
    assert form_signature([("a", " x "), ("b", ""), ("c", "1")], "") == form_signature(
        [("a", "x"), ("c", "1")], ""
    )
    assert api_signature({"b": "2", "a": "1"}, "p") == api_signature({"a": "1", "b": "2", "z": ""}, "p")
    assert api_signature({"b": "2", "z": "1"}, "p") != api_signature({"b": "2", "z": "2"}, "p")


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("COMPLETE", PaymentState.PAID),
        ("FAILED", PaymentState.FAILED),
        ("CANCELLED", PaymentState.CANCELLED),
        ("PENDING", PaymentState.PENDING),
        ("ODD", PaymentState.UNKNOWN),
    ],
)
def test_a_signed_notification_is_read(payfast: None, word: str, state: PaymentState) -> None:
    notification = PayfastGateway().verify(RawNotification(signed(payment_status=word)))

    assert (notification.attempt_token, notification.external_id) == ("000000020", "1234567")
    assert (notification.amount, notification.state) == (Decimal("15.00"), state)


def signed(**changes: str) -> bytes:
    fields = [(name, changes.get(name, value)) for name, value in FIELDS]
    text = "&".join(f"{name}={encoded(value)}" for name, value in fields)
    return f"{text}&signature={notification_signature(fields, PASSPHRASE)}".encode()


GOOD = f"{NOTIFICATION}&signature={SIGNATURES[PASSPHRASE]}".encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        GOOD.replace(b"amount_gross=15.00", b"amount_gross=1.00"),
        GOOD[:-3] + b"abc",
        NOTIFICATION.encode(),
        f"{NOTIFICATION}&signature={SIGNATURES['']}".encode(),
        GOOD + b"&payment_status=COMPLETE",
        b"payment_status=COMPLETE&" + GOOD,
        b"&".join(reversed(GOOD.split(b"&"))),
        signed(merchant_id="10000101"),
        signed(amount_gross="NaN"),
        signed(amount_gross="-5"),
        signed(amount_gross="x"),
        signed(m_payment_id=""),
        GOOD + b"x" * 9000,
    ],
)
def test_what_is_not_in_order_is_refused(payfast: None, body: bytes) -> None:
    with pytest.raises(ForgedNotification):
        PayfastGateway().verify(RawNotification(body))


@pytest.mark.django_db
def test_paying_leads_to_a_signed_form_that_works_by_its_button(
    client: Client, order: Order, settings: Any
) -> None:
    attempt = PaymentAttempt.objects.get()
    leads_to = client.post(f"/orders/{order.token}/status/")["Location"]

    page = client.get(leads_to).content.decode()

    assert leads_to == f"/payments/{attempt.token}/"
    assert f'action="{settings.PAYFAST_URL}/eng/process"' in page
    fields = [
        (name, unescape(value))
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    ]
    *posted, (last, signature) = [pair for pair in fields if pair[0] != "csrfmiddlewaretoken"]
    assert (last, signature) == ("signature", form_signature(posted, PASSPHRASE))
    assert dict(posted)["amount"] == "900.00"
    assert dict(posted)["m_payment_id"] == attempt.token
    assert dict(posted)["notify_url"] == f"{settings.SITE_URL}/payments/payfast/notify/"
    assert dict(posted)["cancel_url"] == f"{settings.SITE_URL}/payments/{attempt.token}/left/"
    assert "data-submit-now" in page
    assert "csrfmiddlewaretoken" not in page.partition("data-submit-now")[2].partition("</form>")[0]


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["paid", "superseded", "pending"])
def test_what_is_not_to_be_paid_any_more_leads_to_the_order(client: Client, order: Order, state: str) -> None:
    PaymentAttempt.objects.update(status=state)

    answer = client.get(f"/payments/{PaymentAttempt.objects.get().token}/")

    assert answer["Location"] == f"/orders/{order.token}/status/"


@pytest.mark.django_db
def test_a_notification_is_kept_with_the_address_it_came_from(order: Order) -> None:
    body = signed(m_payment_id=PaymentAttempt.objects.get().token, amount_gross="900.00")

    answer = Client(enforce_csrf_checks=True, REMOTE_ADDR="197.97.145.144").post(
        "/payments/payfast/notify/", body, content_type=FORM, headers={"X-Forwarded-For": "1.2.3.4"}
    )

    assert answer.status_code == 200
    notification = GatewayNotification.objects.get()
    assert (notification.peer, notification.state) == ("197.97.145.144", "received")
    assert parse_qsl(notification.body)[-1][0] == "signature"


HISTORY = (
    "Date,Type,Sign,Party,Name,Description,Currency,Funding Type,Gross,Fee,Net,Balance,"
    "M Payment ID,PF Payment ID,custom_str1\n"
    '2026-11-30 10:00:01,FUNDS_RECEIVED,CREDIT,Ann,Falcon,"Booking, two seats",ZAR,CREDITCARD,'
    '"1,495.00",-52.30,"1,442.70","22,574.02",tok,77,x\n'
    "2026-11-30 11:00:00,FUNDS_REFUNDED,DEBIT,Ann,Falcon,,ZAR,CREDITCARD,"
    '-495.00,0.00,-495.00,"22,079.02",,77,\n'
)


def test_the_history_is_read_as_values() -> None:
    received, back = read_history(ApiAnswer(HISTORY.encode()))

    assert (received.our_id, received.external_id, received.kind) == ("tok", "77", "FUNDS_RECEIVED")
    assert (received.gross, received.fee, received.net) == (
        Decimal(1495),
        Decimal("-52.30"),
        Decimal("1442.70"),
    )
    assert received.balance == Decimal("22574.02")
    assert received.at.utcoffset() == timedelta(hours=2)
    assert back.gross == Decimal(-495)


@pytest.mark.parametrize("text", ["<html>", "Date,Type\n2026-11-30,X\n", HISTORY.replace("-52.30", "x")])
def test_what_is_no_history_is_an_outage(text: str) -> None:
    with pytest.raises(OSError, match="no history"):
        read_history(ApiAnswer(text.encode()))
