"""The receipt: equal facts wherever it is shown, sums of the ledger, and nothing that is not true."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client

from bookings.base.errors import Conflict, NotFound
from bookings.domain.counter.exchange import Till, cancel_at_till
from bookings.domain.counter.tender import Tender, pay_out_refund, take_payment
from bookings.domain.counter.void import VoidRequest, void_sale
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.ledger import EARNED
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.domain.tickets.links import make_link
from bookings.domain.tickets.receipt_lines import LineKind
from bookings.domain.tickets.receipt_text import ReceiptText, receipt_text
from bookings.domain.tickets.receipts import receipt_of, refund_receipt_of
from bookings.models import Account, Booking, LedgerEntry, Order, OutboxMessage, Refund, Shift, User
from bookings.tests.make import (
    NOW,
    make_approval,
    make_booking,
    make_company,
    make_schedule,
    make_shift,
    make_user,
)
from bookings.tests.office.conftest import StaffClient, sign_in
from bookings.tests.pdf_reader import pages_of, widths_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]


@pytest.fixture
def clerk() -> StaffClient:
    return sign_in(make_user(role=User.Role.CLERK, first_name="Nomsa", last_name="Dlamini"))


@pytest.fixture
def shift(clerk: StaffClient) -> Shift:
    return make_shift(clerk.user)


@pytest.fixture
def booking(shift: Shift) -> Booking:
    """Two seats for R900.08, paid with R1 000 in cash, so that coins round it."""
    booking = make_booking(
        schedule=make_schedule(departs=NOW + timedelta(days=6)),
        names=("Thandi Nkosi", "Sipho Dube"),
        status="pending",
        fare="450.04",
    )
    Order.objects.filter(pk=booking.order_id).update(
        shift=shift, seller=shift.clerk, channel="counter", email="ann@example.com"
    )
    take_payment(
        booking.order, Tender("cash", Decimal(1000)), shift=shift, submission="p", content="", now=NOW
    )
    booking.refresh_from_db()
    return booking


def plain(text: str) -> str:
    """A page or paper as it reads: without tags and line breaks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).replace("\u200b", "").split())


def missing(text: ReceiptText, shown: str) -> list[str]:
    return [part for part in map(plain, text.texts()) if part not in plain(shown)]


def ledger_cents(order: Order) -> int:
    return -int(
        100 * sum(LedgerEntry.objects.balance(account, order=order) for account in (*EARNED, Account.FEE))
    )


def holder(order: Order) -> Client:
    browser = Client()
    browser.get(f"/bookings/link/{make_link(order, now=NOW)}/")
    return browser


def test_slip_a4_page_pdf_and_mail_show_equal_facts(clerk: StaffClient, booking: Booking) -> None:
    make_company()
    order, reference = booking.order, booking.booking_reference
    mail = build_mail(OutboxMessage.objects.get(kind="confirmation"), now=NOW)
    text = receipt_text(receipt_of(order.pk))
    own, sold = f"/bookings/{reference}/", f"/office/sell/sold/{order.token}/print/"
    files = {
        "PDF": holder(order).get(f"{own}receipt.pdf").content,
        "office PDF": clerk.get(f"/office{own}receipt.pdf").content,
        "80 mm PDF": clerk.get(f"/office{own}receipt.pdf?paper=80").content,
    }
    shown = {
        "slip": clerk.get(f"{sold}?paper=80").content.decode(),
        "A4": clerk.get(sold).content.decode(),
        "receipt alone": clerk.get(f"/office{own}receipt/").content.decode(),
        "page": holder(order).get(f"{own}receipt/").content.decode(),
        "mail": mail.body,
        "HTML mail": mail.alternatives[0].content,
    } | {name: " ".join(pages_of(content)) for name, content in files.items()}

    assert {name: missing(text, content) for name, content in shown.items()} == {name: [] for name in shown}
    assert [widths_of(content) for content in files.values()] == [[210], [210], [80]]
    said = " ".join(map(plain, text.texts()))
    for fact in (
        "Falcon Bus Lines (Pty) Ltd", "Registration number 2019/123456/07", "VAT number 4123456789",
        "12 Rissik Street, Johannesburg, 2001", f"Number {reference}", "Tue 1 Dec 2026, 10:00",
        "Place Johannesburg", "Nomsa Dlamini", "Thandi Nkosi, Adult", "Johannesburg → Cape Town", "seat 1A",
        "R450.04",
        "Total R900.08", "Paid, cash", "Rounding to coins R0.02", "Cash given R1 000", "Change R99.90",
        "Be at the stop in time.",
    ):  # fmt: skip
        assert fact in said


def test_the_first_print_is_the_receipt_and_every_later_one_a_copy(
    clerk: StaffClient, booking: Booking
) -> None:
    sold, again = (
        f"/office/sell/sold/{booking.order.token}/print/?paper=80",
        f"/office/bookings/{booking.booking_reference}/receipt",
    )
    looked_at, first = (clerk.get(sold).content.decode() for _look in range(2))
    assert "data-printed" in first
    assert clerk.post(f"{again}/").status_code == 204
    later = [clerk.get(address).content.decode() for address in (sold, f"{again}/")]
    paper = " ".join(pages_of(clerk.get(f"{again}.pdf").content))

    assert "Copy" not in plain(looked_at) + plain(first)
    assert all("Receipt Copy" in plain(page) for page in later)
    assert "Receipt – Copy" in paper


def test_a_card_is_named_by_its_slip_and_a_gateway_by_its_name(shift: Shift) -> None:
    card = make_booking(status="pending").order
    take_payment(
        card, Tender("card", reference="SLIP 4711"), shift=shift, submission="c", content="", now=NOW
    )
    web = make_booking(status="pending").order
    settle(web.pk, ReceivedPayment("demo", "one", Decimal(600)), now=NOW)

    said = [" ".join(map(plain, receipt_text(receipt_of(order.pk)).texts())) for order in (card, web)]

    assert "Paid, card slip SLIP 4711, Tue 1 Dec 2026, 10:00 R600" in said[0]
    assert "Paid, online" in said[1]
    assert "Till" not in said[1]
    assert "Cash given" not in said[0] + said[1]


def test_part_of_an_order_cancelled_at_the_till_has_a_receipt_of_its_own(
    clerk: StaffClient, shift: Shift, booking: Booking
) -> None:
    make_company()
    late = NOW + timedelta(days=5)  # the fee is 50 %
    cancelled = cancel_at_till(
        CancellationRequest(
            booking.booking_reference, ticket_ids=[booking.tickets.order_by("pk")[0].pk], reason="ill"
        ),
        till=Till(shift.clerk, Tender("cash")),
        submission="back",
        content="",
        now=late,
    )
    refund, order = Refund.objects.get(), booking.order
    view, whole = refund_receipt_of(order.pk, refund.pk), receipt_of(order.pk)
    address = f"/office/bookings/{cancelled.booking_reference}/refunds/{refund.pk}/receipt"
    text = receipt_text(view)

    assert view.number == f"{booking.booking_reference}-1"
    assert [(line.kind, line.cents) for line in view.lines] == [
        (LineKind.FARE, 45004),
        (LineKind.CANCELLATION_FEE, -22502),
    ]
    assert view.total == int(refund.amount * 100)
    assert (view.issuer.clerk, view.issuer.till) == ("Nomsa Dlamini", shift.pk)
    assert whole.total == ledger_cents(order)
    assert [refund.number for refund in whole.refunds] == [view.number]
    mail = build_mail(OutboxMessage.objects.get(kind="cancellation"), now=late)
    shown = {
        "print": clerk.get(f"{address}/").content.decode(),
        "PDF": " ".join(pages_of(clerk.get(f"{address}.pdf?paper=80").content)),
        "mail": mail.body,
        "HTML mail": mail.alternatives[0].content,
    }
    assert {name: missing(text, content) for name, content in shown.items()} == {name: [] for name in shown}
    said = " ".join(map(plain, text.texts()))
    assert "Refunded, cash" in said
    assert "Handed over R225" in said
    prompt = clerk.get(f"/office/bookings/{cancelled.booking_reference}/?print=refunds").content.decode()
    assert f'href="{address}/?paper=80"' in prompt


def test_what_waits_to_be_paid_out_is_not_called_paid(shift: Shift, booking: Booking) -> None:
    cancel_booking(CancellationRequest(booking.booking_reference), submission="x", content="", now=NOW)
    refund = Refund.objects.get()
    waiting = " ".join(receipt_text(refund_receipt_of(booking.order_id, refund.pk)).texts())

    pay_out_refund(
        refund.pk,
        Tender("card", reference="T9", approval=make_approval()),
        shift=shift,
        submission="out",
        content="",
        now=NOW,
    )
    paid = " ".join(receipt_text(refund_receipt_of(booking.order_id, refund.pk)).texts())

    assert "Refund, waits to be paid out" in waiting
    assert "Refunded" not in waiting
    assert "Refunded, card slip T9, Tue 1 Dec 2026, 10:00" in paid
    assert receipt_of(booking.order_id).total == ledger_cents(booking.order)


def test_a_void_is_money_returned_and_its_mail_charges_no_fee(shift: Shift, booking: Booking) -> None:
    request = VoidRequest(booking.booking_reference, "x", make_user(role=User.Role.SUPERVISOR))
    void_sale(request, shift=shift, submission="v", content="", now=NOW)

    view = refund_receipt_of(booking.order_id, Refund.objects.get().pk)
    mail = build_mail(OutboxMessage.objects.get(kind="cancellation"), now=NOW)

    assert [(line.kind, line.cents) for line in view.lines] == [(LineKind.RETURNED, 90008)]
    assert receipt_of(booking.order_id).total == 0
    assert "Cancellation fee: R0" in mail.body
    assert "Refund: R900.08" in plain(mail.body)


@pytest.mark.parametrize("vat_number", ["", "4123456789"])
def test_no_tax_is_shown_on_a_fare_and_the_word_only_with_a_number(booking: Booking, vat_number: str) -> None:
    make_company(vat_number=vat_number)

    view = receipt_of(booking.order_id)
    said = " ".join(receipt_text(view).texts())

    assert {line.tax_code for line in view.lines} == {""}
    assert said.count("VAT") == bool(vat_number)
    assert "ax invoice" not in said


def test_a_company_that_is_invented_says_so_and_one_that_is_not_there_has_a_name(booking: Booking) -> None:
    without = receipt_text(receipt_of(booking.order_id))
    make_company(is_invented=True)

    assert (without.name, without.company, without.notes) == ("Falcon Bus Lines", (), ())
    assert "this company is invented" in receipt_text(receipt_of(booking.order_id)).notes[-1]


def test_there_is_no_receipt_before_money_and_none_of_another_order(
    clerk: StaffClient, booking: Booking
) -> None:
    unpaid = make_booking(status="pending")
    cancel_booking(CancellationRequest(booking.booking_reference), submission="x", content="", now=NOW)
    refund = Refund.objects.get()

    with pytest.raises(Conflict):
        receipt_of(unpaid.order_id)
    with pytest.raises(NotFound):
        refund_receipt_of(unpaid.order_id, refund.pk)
    assert clerk.get(f"/office/bookings/{unpaid.booking_reference}/receipt/").status_code == 409
    Order.objects.filter(pk=unpaid.order_id).update(receipt_printed_at=None)
    assert Client().get(f"/bookings/{booking.booking_reference}/receipt/").status_code == 404


def test_a_booking_leads_its_owner_to_the_receipt_once_there_is_money(booking: Booking) -> None:
    unpaid = make_booking(status="pending")
    links = [
        f'href="/bookings/{each.booking_reference}/receipt/"'
        in holder(each.order).get(f"/bookings/{each.booking_reference}/").content.decode()
        for each in (booking, unpaid)
    ]

    assert links == [True, False]


@pytest.mark.parametrize("people", [1, 3])
def test_a_receipt_costs_the_same_queries_for_one_and_three(
    people: int, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    booking = make_booking(names=("Ann", "Ben", "Cid")[:people])
    receipt_of(booking.order_id)

    with django_assert_max_num_queries(6):
        receipt_of(booking.order_id)
