"""The checker must be able to fail: each rule is broken by hand, and says so."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from bookings.database.triggers import create_triggers
from bookings.domain.integrity.invariants import violations
from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    LedgerEntry,
    Order,
    OutboxMessage,
    Partner,
    Payment,
    Posting,
    Refund,
    Schedule,
    SeatClaim,
    Ticket,
)
from bookings.tests.domain.sales.buy import held, ordered, paid_notification
from bookings.tests.make import NOW, make_layout, make_partner, make_schedule
from bookings.tests.tampering import drop_trigger, no_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def sold() -> Booking:
    """A paid booking of 1A and 1B, an unpaid one of 2A and 2B, and 2C held; all is well."""
    from bookings.domain.sales.notifications import act_on_notification

    schedule = make_schedule()
    order = ordered(schedule)
    act_on_notification(paid_notification(order).pk, now=NOW)
    ordered(schedule, "2A", "2B", owner="ben")
    held(schedule, "2C", owner="zola")
    return order.bookings.get()


def test_what_is_sold_is_in_order(sold: Booking) -> None:
    assert violations(now=NOW) == []


def unpaid() -> Booking:
    return Booking.objects.get(status="pending")


def forget_confirmation(booking: Booking) -> None:
    with no_triggers():
        BookingEvent.objects.filter(booking=booking, to_status="confirmed").delete()


def one_sided_entry(booking: Booking) -> None:
    entry = LedgerEntry.objects.first()
    entry.pk, entry._state.adding, entry.cause = None, True, "by hand"
    entry.save()


def owe_more(booking: Booking) -> None:
    amounts = {"receivable": Decimal(5), "revenue": Decimal(-5)}
    LedgerEntry.objects.post(Posting("by hand", amounts, at=NOW, booking=booking))


def steal_seat(booking: Booking) -> None:
    other = make_layout(seats=4)
    SeatClaim.objects.filter(ticket__booking=booking).delete()
    Schedule.objects.filter(pk=booking.schedule_id).update(layout=other)


def refund(booking: Booking, amount: int) -> None:
    Refund.objects.create(order=booking.order, cause="by hand", amount=amount, created_at=NOW)


BREAKS: dict[str, Callable[[Booking], object]] = {
    "the books and the shifts have their triggers": lambda b: drop_trigger("ledger_no_update"),
    "a sold ticket holds its seat on all its legs": lambda b: SeatClaim.objects.filter(
        ticket__booking=b, leg=1
    ).delete(),
    "a claim lies within its ride": lambda b: SeatClaim.objects.filter(ticket__booking=b, leg=1).update(
        leg=7
    ),
    "a claim that blocks has a live owner": lambda b: SeatClaim.objects.filter(kind="held").update(
        expires_at=NOW + timedelta(days=1)
    ),
    "an open order has its seats": lambda b: SeatClaim.objects.filter(
        ticket__booking=unpaid(), leg=0
    ).delete(),
    "postings sum to 0": one_sided_entry,
    "a settled order owes nothing": owe_more,
    "a booking is sold for its fares": lambda b: Ticket.objects.filter(booking=b).update(fare=1),
    "refunds are at most what was paid": lambda b: refund(b, 100_000),
    "refunds to be paid are in the ledger": lambda b: refund(b, 1),
    "events chain up to the state": forget_confirmation,
    "a confirmed order has its mail": lambda b: OutboxMessage.objects.filter(kind="confirmation").delete(),
    "available seats are right": lambda b: Schedule.objects.update(available_seats=1),
    "seats belong to the coach": steal_seat,
}


@pytest.mark.parametrize("rule", BREAKS)
def test_each_rule_sees_its_fault(sold: Booking, rule: str) -> None:
    BREAKS[rule](sold)

    said = StringIO()
    try:
        with time_machine.travel(NOW), pytest.raises(CommandError):
            call_command("check_invariants", stdout=said)
    finally:
        create_triggers()

    assert rule in {line.partition(": ")[0] for line in said.getvalue().splitlines()}


def test_all_is_well_with_an_empty_company() -> None:
    assert violations(now=NOW) == []
    call_command("check_invariants")


def test_half_a_cancellation_is_seen(sold: Booking) -> None:
    """A status changed by hand leaves money, seats and events behind."""
    Booking.objects.filter(pk=sold.pk).update(status="cancelled", cancelled_at=NOW)
    Order.objects.filter(pk=sold.order_id).update(status="cancelled")

    rules = {violation.rule for violation in violations(now=NOW)}

    assert {
        "a sold ticket holds its seat on all its legs",
        "a booking is sold for its fares",
        "events chain up to the state",
    } <= rules
    assert Payment.objects.count() == 1


def test_what_the_partner_owes_stays_exact_over_many_charges() -> None:
    """Ten cents a hundred times are no ten rand to SQLite, unless each sum is rounded."""
    partner = make_partner()
    for number in range(100):
        amounts = {Account.PARTNER: Decimal("0.10"), Account.RECEIVABLE: Decimal("-0.10")}
        LedgerEntry.objects.post(Posting(f"charge:{number}", amounts, at=NOW, partner=partner))

    assert Partner.objects.filter(pk=partner.pk, owes=Decimal(10)).exists()
