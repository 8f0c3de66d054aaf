"""Tax invoices: what they say, when there is none, and the credit note when what was sold changes."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django.test import Client

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.domain.counter.exchange import Till, exchange_at_till
from bookings.domain.counter.tender import Tender
from bookings.domain.integrity.invariants import neglected, violations
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.tickets.invoice_lines import included_tax
from bookings.domain.tickets.invoice_page import get_invoice
from bookings.domain.tickets.invoice_pdf import invoice_pdf
from bookings.domain.tickets.invoice_text import invoice_text
from bookings.domain.tickets.invoices import Recipient, correct_invoices, request_invoice
from bookings.domain.tickets.links import make_link
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import (
    Booking,
    Company,
    Invoice,
    InvoiceLine,
    InvoiceSeries,
    OrderLine,
    OutboxMessage,
    User,
)
from bookings.tests.make import NOW, make_booking, make_company, make_schedule, make_shift, make_user
from bookings.tests.office.conftest import sign_in
from bookings.tests.pdf_reader import pages_of
from bookings.tests.tampering import no_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("still")]
ACME = Recipient("Acme (Pty) Ltd", "1 Main Road\nGqeberha\n6001", "4999999999")
TYPED = {"name": ACME.name, "address": ACME.address, "vat_number": "4999 999 999"}


@pytest.fixture
def booking(db: None) -> Booking:
    make_company()
    return make_booking(
        schedule=make_schedule(departs=NOW + timedelta(days=6)),
        names=("Thandi Nkosi", "Sipho Dube"),
        fare=400,
    )


def request_one(booking: Booking, recipient: Recipient = Recipient(), submission: str = "form") -> None:  # noqa: B008
    request_invoice(booking.order_id, recipient, submission=submission, now=NOW)


def cancel_one(booking: Booking) -> None:
    ticket = booking.tickets.order_by("pk")[0]
    request = CancellationRequest(booking.booking_reference, ticket_ids=(ticket.pk,))
    cancel_booking(request, submission="cancel", content="", now=NOW)


def documents() -> list[tuple[str, str, Decimal]]:
    rows = Invoice.objects.select_related("series", "corrects__series").order_by("pk")
    return [(row.full_number, row.corrects.full_number if row.corrects else "", row.total) for row in rows]


def broken(*, after: timedelta = timedelta(0)) -> set[str]:
    now = NOW + after
    return {row.rule for row in violations(now=now) + neglected(now=now) if "tax invoice" in row.rule}


def shown(invoice: Invoice) -> str:
    return " ".join(invoice_text(get_invoice(invoice.order_id, invoice.pk)).texts())


def test_it_says_who_sold_what_and_that_the_fare_is_exempt(booking: Booking) -> None:
    request_one(booking, ACME)

    invoice = get_invoice(booking.order_id, Invoice.objects.get().pk)
    mail = build_mail(OutboxMessage.objects.get(kind="invoice"), now=NOW)
    pdf = " ".join(" ".join(pages_of(invoice_pdf(invoice))).split())
    assert mail
    text = " ".join(invoice_text(invoice).texts())
    for fact in (
        "Tax invoice", "INV000001", "Falcon Bus Lines (Pty) Ltd", "VAT number 4123456789", "12 Rissik Street",
        "Acme (Pty) Ltd", "4999999999", "Thandi Nkosi", "1 piece; exempt from VAT", "R400", "R800",
        "no VAT is charged",
    ):  # fmt: skip
        assert fact in text
        assert fact in pdf
        assert fact in " ".join(mail.body.split())
    assert "VAT in the total" not in text
    assert mail.attachments[0].filename == "INV000001.pdf"
    assert documents() == [("INV000001", "", Decimal(800))]
    assert broken() == set()


@pytest.mark.parametrize(
    ("code", "tax", "words"),
    [
        ("standard", Decimal("104.34"), "value R347.83, VAT 15% R52.17"),
        ("zero", Decimal(0), "zero-rated"),
    ],
)
def test_the_tax_code_of_a_line_says_what_tax_is_in_it(
    booking: Booking, code: str, tax: Decimal, words: str
) -> None:
    with no_triggers():
        OrderLine.objects.update(tax_code=code)

    request_one(booking)

    invoice = Invoice.objects.get()
    assert (invoice.tax, invoice.total) == (tax, Decimal(800))
    assert words in shown(invoice)
    assert "VAT in the total" in shown(invoice)
    assert broken() == set()


def test_tax_is_that_which_is_in_the_price() -> None:
    assert included_tax(Decimal(115), Decimal(15)) == Decimal(15)
    assert included_tax(Decimal("-0.10"), Decimal(15)) == Decimal("-0.01")


@pytest.mark.parametrize(
    ("company", "booking_fields", "words"),
    [
        ({"vat_number": ""}, {}, "not registered for VAT"),
        ({}, {"fare": 50}, "no tax invoice for amounts up to R50"),
        ({}, {"status": "pending"}, "once the booking is paid"),
        ({}, {"fare": "5000.01"}, "has to name you"),
    ],
)
def test_when_there_is_none(
    db: None, company: dict[str, str], booking_fields: dict[str, Any], words: str
) -> None:
    make_company(**company)
    booking = make_booking(**booking_fields)

    with pytest.raises(Refusal, match=words):
        request_one(booking, Recipient(name="Ann"))

    assert documents() == []
    assert not InvoiceSeries.objects.exclude(last_number=0).exists()


def test_above_five_thousand_it_names_its_recipient(db: None) -> None:
    make_company()
    booking = make_booking(fare="5000.01")

    request_one(booking, ACME)

    assert "1 Main Road, Gqeberha, 6001" in shown(Invoice.objects.get())


def test_a_cancellation_makes_a_credit_note_and_an_invoice_of_what_is_left(booking: Booking) -> None:
    request_one(booking, ACME)
    cancel_one(booking)
    assert "a tax invoice is corrected within two days" not in broken(after=timedelta(hours=47))
    assert "a tax invoice is corrected within two days" in broken(after=timedelta(hours=49))

    assert [correct_invoices(now=NOW), correct_invoices(now=NOW)] == [1, 0]

    booking.order.refresh_from_db()
    assert documents() == [
        ("INV000001", "", Decimal(800)),
        ("CN000001", "INV000001", Decimal(-800)),
        ("INV000002", "", booking.order.total),
    ]
    note = Invoice.objects.get(kind="credit_note")
    assert "Corrects tax invoice INV000001" in shown(note)
    assert "Total credited R800" in shown(note)
    assert note.recipient_name == Invoice.objects.last().recipient_name == ACME.name
    assert OutboxMessage.objects.filter(kind="invoice").count() == 3
    assert broken(after=timedelta(days=9)) == set()


def test_a_cancelled_booking_of_which_nothing_is_left_keeps_no_invoice(booking: Booking) -> None:
    request_one(booking)
    cancel_booking(
        CancellationRequest(booking.booking_reference),
        submission="cancel",
        content="",
        now=booking.booking_date,
    )
    booking.order.refresh_from_db()

    correct_invoices(now=NOW)

    left = booking.order.total
    expected = [("INV000001", "", Decimal(800)), ("CN000001", "INV000001", Decimal(-800))]
    assert documents() == expected + ([("INV000002", "", left)] if left > 50 else [])
    assert broken() == set()


def test_an_exchange_is_corrected_at_the_next_request_too(booking: Booking) -> None:
    request_one(booking)
    later = make_schedule(route=booking.schedule.route, departs=NOW + timedelta(days=8))
    segment = SegmentRef(later.pk, "johannesburg", "cape-town")
    till = Till(make_user(), Tender("cash"))
    make_shift(till.clerk)
    request = TripChange(booking.booking_reference, segment)
    exchange_at_till(request, till=till, submission="exchange", content="", now=NOW)

    request_one(booking, submission="again")

    booking.order.refresh_from_db()
    assert [total for _number, _corrects, total in documents()] == [800, -800, booking.order.total]
    assert "9 Dec" in shown(Invoice.objects.last())
    assert broken(after=timedelta(days=3)) == set()


def test_a_company_that_left_the_register_corrects_and_issues_no_more(booking: Booking) -> None:
    request_one(booking)
    cancel_one(booking)
    Company.objects.update(vat_number="")

    correct_invoices(now=NOW)

    assert [number for number, _corrects, _total in documents()] == ["INV000001", "CN000001"]
    assert Invoice.objects.last().supplier_vat_number == "4123456789"


def test_the_same_again_is_refused_and_another_name_replaces_it(booking: Booking) -> None:
    request_one(booking)
    request_one(booking)
    with pytest.raises(Conflict, match="already"):
        request_one(booking, submission="again")

    request_one(booking, ACME, submission="other")

    assert [number for number, _corrects, _total in documents()] == ["INV000001", "CN000001", "INV000002"]
    assert broken() == set()


def test_what_is_rolled_back_leaves_no_gap(booking: Booking) -> None:
    other = make_booking(schedule=booking.schedule)
    with transaction.atomic():
        request_one(booking)
        transaction.set_rollback(True)

    request_one(other)

    assert documents() == [("INV000001", "", Decimal(600))]


def rewrite(**changes: object) -> Callable[[], object]:
    return lambda: Invoice.objects.filter(kind="invoice").update(**changes)


TAMPERINGS: dict[str, tuple[str, Callable[[], object]]] = {
    "number left out": ("numbers of tax invoices have no gaps", rewrite(number=7)),
    "last number raised": (
        "numbers of tax invoices have no gaps",
        lambda: InvoiceSeries.objects.update(last_number=F("last_number") + 1),
    ),
    "last document deleted": (
        "numbers of tax invoices have no gaps",
        lambda: (InvoiceLine.objects.all().delete(), Invoice.objects.all().delete()),
    ),
    "total raised": ("a tax invoice adds up", rewrite(total=F("total") + 1)),
    "tax on an exempt line": (
        "a tax invoice adds up",
        lambda: (
            InvoiceLine.objects.update(tax=1, value=F("value") - 1),
            Invoice.objects.update(tax=F("total") / 400),
        ),
    ),
    "invoice and line raised": (
        "a tax invoice is what was sold",
        lambda: (
            InvoiceLine.objects.update(total=F("total") + 1, value=F("value") + 1),
            Invoice.objects.update(total=F("total") + 2),
        ),
    ),
    "line of another tax code": (
        "a tax invoice is what was sold",
        lambda: InvoiceLine.objects.update(tax_code="zero"),
    ),
    "order line changed": (
        "a tax invoice is what was sold",
        lambda: OrderLine.objects.update(amount=F("amount") - 1),
    ),
}


@pytest.mark.parametrize("state", TAMPERINGS)
def test_what_was_tampered_with_is_noticed(booking: Booking, state: str) -> None:
    rule, tamper = TAMPERINGS[state]
    request_one(booking)

    with no_triggers():
        tamper()

    assert rule in broken()


def test_a_credit_note_over_another_amount_is_noticed(booking: Booking) -> None:
    request_one(booking)
    request_one(booking, ACME, submission="other")
    notes = Invoice.objects.filter(kind="credit_note")

    with no_triggers():
        InvoiceLine.objects.filter(invoice__in=notes).update(total=F("total") + 1, value=F("value") + 1)
        notes.update(total=F("total") + 2)

    assert broken() == {"a tax invoice is what was sold"}


def test_the_buyer_asks_on_the_page_and_loses_nothing_typed(client: Client, booking: Booking) -> None:
    client.get(f"/bookings/link/{make_link(booking.order, now=NOW)}/")
    page = f"/bookings/{booking.booking_reference}/tax-invoice/"
    assert page in client.get(f"/bookings/{booking.booking_reference}/").content.decode()

    wrong = client.post(page, {"submission": "form", **TYPED, "vat_number": "12"})
    answer = client.post(page, {"submission": "form", **TYPED})
    shown = client.get(page).content.decode()
    again = client.post(page, {"submission": "again", **TYPED})

    assert wrong.status_code == 422
    assert "ten digits" in wrong.content.decode()
    assert "Acme (Pty) Ltd" in wrong.content.decode()
    assert answer["Location"] == page
    assert "INV000001" in shown
    assert (again.status_code, Invoice.objects.count()) == (409, 1)
    assert "already" in again.content.decode()
    pdf = client.get(f"{page}{Invoice.objects.get().pk}.pdf")
    assert "INV000001" in " ".join(pages_of(pdf.content))
    stranger = Client()
    assert stranger.get(page).status_code == 404
    assert stranger.post(page, {"submission": "x"}).status_code == 404
    assert stranger.get(f"{page}{Invoice.objects.get().pk}.pdf").status_code == 404


def test_a_document_of_another_booking_is_not_shown(client: Client, booking: Booking) -> None:
    other = make_booking(schedule=booking.schedule)
    request_one(other)

    with pytest.raises(NotFound):
        get_invoice(booking.order_id, Invoice.objects.get().pk)


def test_the_page_of_a_company_without_a_vat_number_says_so(client: Client) -> None:
    make_company(vat_number="")
    booking = make_booking()
    client.get(f"/bookings/link/{make_link(booking.order, now=NOW)}/")

    page = client.get(f"/bookings/{booking.booking_reference}/tax-invoice/").content.decode()

    assert "We are not registered for VAT" in page
    assert "<textarea" not in page


def test_staff_issue_it_and_an_auditor_only_looks(booking: Booking) -> None:
    clerk, auditor = (sign_in(make_user(role=role)) for role in (User.Role.CLERK, User.Role.AUDITOR))
    page = f"/office/bookings/{booking.booking_reference}/tax-invoice/"
    assert page in clerk.get(f"/office/bookings/{booking.booking_reference}/").content.decode()

    assert auditor.post(page, {"submission": "form"}).status_code == 403
    answer = clerk.post(page, {"submission": "form", "name": "", "address": "", "vat_number": ""})

    assert answer["Location"] == page
    assert "INV000001" in auditor.get(page).content.decode()
    assert "<textarea" not in auditor.get(page).content.decode()
    assert auditor.get(f"{page}{Invoice.objects.get().pk}.pdf")["Content-Type"] == "application/pdf"
