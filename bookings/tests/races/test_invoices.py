"""Numbers of tax invoices stay gapless, however many are issued at the same moment."""

import pytest
from django.db import transaction

from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.tickets.invoices import Recipient, correct_invoices, request_invoice
from bookings.models import Booking, Invoice, InvoiceSeries, OutboxMessage
from bookings.tests.make import NOW, make_booking, make_company, make_schedule
from bookings.tests.races.crowd import crowd, figure, kinds, many

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def bookings(count: int) -> list[Booking]:
    make_company()
    schedule = make_schedule(seats=count)
    return [make_booking(schedule=schedule) for _number in range(count)]


def numbers() -> list[int]:
    return sorted(Invoice.objects.filter(kind="invoice").values_list("number", flat=True))


def test_twenty_at_once_get_twenty_numbers_and_what_is_rolled_back_takes_none() -> None:
    people = many(20, 100)
    booked = bookings(people + 5)

    def ask(number: int) -> None:
        with transaction.atomic():
            order = booked[number].order_id
            request_invoice(order, Recipient(), submission=f"form {number}", now=NOW)
            transaction.set_rollback(number >= people)  # five change their mind in the middle

    answers = crowd(people + 5, ask, at_once=20)

    assert kinds(answers) == {"ok": people + 5}
    assert numbers() == list(range(1, people + 1))
    assert InvoiceSeries.objects.get().last_number == people
    assert [row.rule for row in violations(now=NOW) if "tax invoice" in row.rule] == []
    figure("domain: tax invoices at once", invoices=people, rolled_back=5)


def test_one_order_asked_for_by_many_has_one_invoice() -> None:
    (booking,) = bookings(1)

    def ask(number: int) -> None:
        request_invoice(booking.order_id, Recipient(), submission=f"form {number}", now=NOW)

    assert kinds(crowd(20, ask, at_once=20)) == {"ok": 1, "Conflict": 19}
    assert numbers() == [1]
    assert OutboxMessage.objects.filter(kind="invoice").count() == 1


def test_two_schedulers_correct_an_invoice_once() -> None:
    (booking,) = bookings(1)
    request_invoice(booking.order_id, Recipient(), submission="form", now=NOW)
    cancel_booking(CancellationRequest(booking.booking_reference), submission="cancel", content="", now=NOW)

    counts = crowd(6, lambda _number: correct_invoices(now=NOW), at_once=6)

    assert sum(counts) == 1
    assert Invoice.objects.filter(kind="credit_note").count() == 1
    assert [row.rule for row in violations(now=NOW) if "tax invoice" in row.rule] == []
