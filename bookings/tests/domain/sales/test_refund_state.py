"""Nobody is told that money went out before it did: page, mail, receipt and API say the same of a refund."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.domain.counter.booking_record import booking_record
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.partners.documents import order_docs
from bookings.domain.sales.booking_page import booking_page
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.tickets.receipt_text import receipt_text
from bookings.domain.tickets.receipts import refund_receipt_of
from bookings.models import Booking, OutboxMessage, Refund, RefundAttempt
from bookings.tests.make import NOW, make_booking, make_shift, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking() -> Booking:
    """R600, paid online and cancelled within the hour."""
    booking = make_booking(now=NOW - timedelta(minutes=30), is_online=True)
    cancel_booking(CancellationRequest(booking.booking_reference), submission="c", content="", now=NOW)
    return booking


def told(booking: Booking) -> dict[str, str]:
    page = booking_page(booking.booking_reference, now=NOW)
    (refund,) = Refund.objects.all()
    mail: Any = build_mail(OutboxMessage.objects.get(kind="cancellation"), now=NOW)
    (doc,) = order_docs([booking.order], now=NOW)
    record = booking_record(booking.booking_reference, user=make_user(), now=NOW)
    return {
        "page": page.refunds[0].status_text,
        "mail": " ".join(str(mail.body).replace("\u00a0", " ").split()),
        "HTML mail": " ".join(str(mail.alternatives[0].content).replace("\u00a0", " ").split()),
        "receipt": " ".join(receipt_text(refund_receipt_of(booking.order_id, refund.pk)).texts()),
        "API": doc.refunds[0].state,
        "office": record.refunds[0].text,
    }


def assert_told(booking: Booking, **said: str) -> None:
    words = told(booking)
    assert {
        name: words[name.replace("_", " ")]
        for name in said
        if said[name] not in words[name.replace("_", " ")]
    } == {}


def test_on_its_way_while_the_gateway_is_asked(booking: Booking) -> None:
    for change in ({}, {"status": "paying", "asked_at": NOW}):
        Refund.objects.update(**change)
        sentence = (
            "R600 is on its way to the card or account that it was paid from. It arrives by Fri 11 Dec."
        )
        assert_told(
            booking,
            page="on its way",
            mail=sentence,
            HTML_mail=sentence,
            receipt="Refund, on its way",
            API="on_its_way",
            office="on its way",
        )


def test_it_waits_at_a_counter_once_the_gateway_has_refused(booking: Booking) -> None:
    refund = Refund.objects.get()
    RefundAttempt.objects.create(
        refund=refund,
        payment=refund.payment,
        key="k",
        amount=600,
        status="refused",
        asked_at=NOW,
        next_try=NOW,
    )

    sentence = "R600 waits to be paid out to you at any of our counters."
    assert_told(
        booking,
        page="waits to be paid out",
        mail=sentence,
        HTML_mail=sentence,
        receipt="Refund, waits to be paid out",
        API="waiting",
        office="waits to be paid out at a counter: online",
    )


@pytest.mark.database
@pytest.mark.parametrize("at_counter", [False, True])
def test_paid_on_a_day(booking: Booking, at_counter: bool) -> None:
    shift = make_shift(make_user()) if at_counter else None
    Refund.objects.update(status="paid", paid_at=NOW, shift=shift, method="card" if shift else "demo")

    sentence = "R600 was paid out at a counter on Tue 1 Dec." if shift else "R600 was paid back on Tue 1 Dec."
    assert_told(
        booking,
        page="paid on Tue 1 Dec",
        mail=sentence,
        HTML_mail=sentence,
        receipt="Refunded, ",
        API="paid",
        office="refunded: ",
    )
