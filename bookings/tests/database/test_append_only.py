"""The books grow and are never rewritten; the free words of notes and events can be erased."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from bookings.database.triggers import APPEND_ONLY, ERASED, AppendOnly
from bookings.domain.counter.exchange import add_note
from bookings.domain.counter.shifts import CashMovement, move_cash
from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.partners.partners import Transfer, receive_payment
from bookings.domain.tickets.invoices import Recipient, request_invoice
from bookings.models import (
    AuditEntry,
    Booking,
    BookingEvent,
    BookingStep,
    Commission,
    Erasure,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Note,
    OfficeEvent,
    OrderLine,
    PartnerPayment,
    Payment,
    ScheduleChange,
    StaffEvent,
    StatementLine,
    StatementMatch,
    TillMovement,
    VoucherMovement,
    WriteOff,
)
from bookings.tests.make import (
    NOW,
    make_booking,
    make_company,
    make_partner,
    make_shift,
    make_statement_line,
    make_user,
    make_voucher,
)

pytestmark = [pytest.mark.django_db, pytest.mark.database]
MODELS: tuple[type[Model], ...] = (
    LedgerEntry,
    OrderLine,
    Payment,
    TillMovement,
    Note,
    BookingEvent,
    StaffEvent,
    Commission,
    PartnerPayment,
    Invoice,
    InvoiceLine,
    StatementLine,
    WriteOff,
    StatementMatch,
    ScheduleChange,
    VoucherMovement,
    OfficeEvent,
    AuditEntry,
    Erasure,
)


@pytest.fixture
def books(db: None) -> Booking:
    """At least one row in each append-only table."""
    clerk = make_user()
    shift = make_shift(clerk, opening_float=500)
    booking = make_booking(status="pending")
    take_payment(
        booking.order, Tender("cash", Decimal(1000)), shift=shift, submission="sale", content="", now=NOW
    )
    move_cash(shift, CashMovement(Decimal(-50), "taxi"), submission="taxi", content="", now=NOW)
    add_note(booking.order_id, "Knee operation: helps with the step", author=clerk, now=NOW)
    step = BookingStep(booking, "confirmed", "confirmed", at=NOW, actor=clerk, reason="asked by her doctor")
    BookingEvent.objects.record(step)
    StaffEvent.objects.record(clerk, "account changed", actor=clerk, reason="married", at=NOW)
    line = make_statement_line("card", 600)
    StatementMatch.objects.create(line=line, payment=Payment.objects.get(), at=NOW)
    facts = {"gateway": "demo", "day": NOW.date(), "amount": 5, "reason": "rounding", "at": NOW}
    WriteOff.objects.create(subject="rest:demo", actor=clerk, **facts)
    partner = make_partner()
    receive_payment(partner, Transfer(Decimal(5), "EFT 1"), actor=clerk, submission="eft", now=NOW)
    earned = {"percent": 10, "base": 600, "amount": 60, "settlement": "gross", "at": NOW}
    Commission.objects.create(payment=Payment.objects.get(), booking=booking, **earned)
    ScheduleChange.objects.create(schedule=booking.schedule, position=1, late_min=30, actor=clerk, at=NOW)
    make_company()
    request_invoice(booking.order_id, Recipient(), submission="invoice", now=NOW)
    make_voucher()
    AuditEntry.objects.create(at=NOW, actor=clerk, subject="stop:1", title="Park Station")
    OfficeEvent.objects.create(at=NOW, user=clerk, kind="signed_in")
    Erasure.objects.create(order=booking.order, subject_digest="ab", cause="asked", at=NOW)
    return booking


def rewrite(table: str, change: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {change}")
        return cursor.rowcount


def test_every_append_only_table_is_of_a_model() -> None:
    assert [rows.table for rows in APPEND_ONLY] == [model._meta.db_table for model in MODELS]


@pytest.mark.parametrize("rows", APPEND_ONLY, ids=lambda rows: rows.name)
def test_no_row_is_rewritten_or_deleted(books: Booking, rows: AppendOnly) -> None:
    column = rows.erasable[0] if rows.erasable else "id"
    for statement in (f"UPDATE {rows.table} SET {column} = {column}", f"DELETE FROM {rows.table}"):
        with (
            pytest.raises(DatabaseError, match=f"{rows.title} append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


@pytest.mark.parametrize(
    "change",
    [
        lambda: Payment.objects.update(amount=1),
        lambda: BookingEvent.objects.update(actor=make_user(username="thief")),
        lambda: BookingEvent.objects.update(reason="as agreed"),
        lambda: BookingEvent.objects.update(reason=ERASED, actor=None, approver=make_user(username="thief")),
        lambda: Note.objects.update(text=""),
        lambda: Invoice.objects.update(recipient_name=ERASED, recipient_address="1 Long Street"),
        lambda: Invoice.objects.update(recipient_name=ERASED, total=1),
    ],
)
def test_nothing_is_put_in_the_place_of_what_was_written(
    books: Booking, change: Callable[[], object]
) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()


@pytest.mark.parametrize("rows", [rows for rows in APPEND_ONLY if rows.erasable], ids=lambda rows: rows.name)
def test_words_about_a_person_can_be_erased_and_nothing_else(books: Booking, rows: AppendOnly) -> None:
    assert rewrite(rows.table, ", ".join(f"{column} = '{ERASED}'" for column in rows.erasable)) > 0
    for column in rows.erasable:
        assert rewrite(rows.table, f"{column} = '{ERASED}'") > 0


def test_a_counter_payment_is_written_complete(books: Booking) -> None:
    payment = Payment.objects.get()

    assert (payment.reference, payment.given) == ("", Decimal(1000))
