"""The statements of a gateway beside our books: matched, posted, and what differs is a task, once."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from huey.contrib.djhuey import HUEY

from bookings import tasks
from bookings.demo.payment_simulator.account import SimulatedAccount, fee_of
from bookings.domain.integrity.invariants import neglected, violations
from bookings.domain.reconciliation.days import business_day
from bookings.domain.reconciliation.matching import write_match
from bookings.domain.reconciliation.reconcile import reconcile
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.gateway_refunds import pay_refund
from bookings.models import (
    Account,
    LedgerEntry,
    Payment,
    PaymentAttempt,
    Refund,
    StaffTask,
    StatementDay,
    StatementLine,
    StatementMatch,
)
from bookings.tests.domain.reconciliation.paying import book_here, buy, pay_there, start_attempt
from bookings.tests.make import make_booking, make_order

pytestmark = pytest.mark.django_db


def read(*, later: timedelta = timedelta(0)) -> int:
    """Read the statement of today."""
    now = timezone.now()
    return reconcile([business_day(now)], now=now + later)


def balance(account: str) -> Decimal:
    return LedgerEntry.objects.balance(account, gateway=None if account == "bank" else "payfast")


def open_subjects() -> list[str]:
    tasks = StaffTask.objects.filter(kind="statement_difference", done_at=None)
    return sorted(tasks.values_list("subject", flat=True))


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def test_a_paid_out_day_leaves_nothing_with_the_gateway(account: SimulatedAccount, now: datetime) -> None:
    kept, cancelled = buy(account, now=now), buy(account, now=now)
    cancel_booking(CancellationRequest(cancelled.booking_reference), submission="cancel", content="", now=now)
    refund = Refund.objects.get()
    assert pay_refund(refund.pk)
    account.pay_out()

    new = read()

    fees = fee_of(kept.order.total) + fee_of(cancelled.order.total)
    came = kept.order.total + cancelled.order.total - refund.amount
    assert new == 4
    assert balance("gateway") == 0
    assert balance("gateway_fees") == fees
    assert balance("bank") == came - fees
    assert StatementMatch.objects.count() == 3
    assert open_subjects() == []
    assert violations(now=now) == []


def test_a_statement_that_is_read_again_changes_nothing(account: SimulatedAccount, now: datetime) -> None:
    buy(account, now=now)
    account.pay_out()
    read()
    entries = LedgerEntry.objects.count()

    assert read() == 0

    assert LedgerEntry.objects.count() == entries
    assert StatementLine.objects.count() == 2


def test_a_payment_whose_notification_never_came_is_booked(account: SimulatedAccount, now: datetime) -> None:
    booking = make_booking(status="pending", now=now)
    attempt = start_attempt(booking.order, booking.order.total)
    pay_there(account, attempt, attempt.amount)

    read()

    booking.refresh_from_db()
    assert booking.status == "confirmed"
    assert StatementMatch.objects.get().payment == Payment.objects.get(attempt=attempt)
    assert open_subjects() == []
    assert violations(now=now) == []


def test_what_is_not_ours_is_one_task_and_none_again(account: SimulatedAccount) -> None:
    pay_there(account, None, Decimal(300))

    read()
    line = StatementLine.objects.get()
    assert open_subjects() == [f"statement:{line.pk}"]
    StaffTask.objects.update(done_at=timezone.now(), done_note="sold by hand")
    read()

    assert StaffTask.objects.count() == 1
    assert open_subjects() == []


def test_another_amount_is_a_task_of_its_order(account: SimulatedAccount) -> None:
    attempt = start_attempt(make_order(), Decimal(900))
    there = pay_there(account, attempt, Decimal(899))
    book_here(attempt, there.id)

    read()

    task = StaffTask.objects.get()
    assert (task.kind, task.order) == ("statement_difference", attempt.order)
    assert "R899" in task.detail
    assert "R900" in task.detail


def test_what_only_we_have_is_a_task_after_two_days_until_it_comes(account: SimulatedAccount) -> None:
    attempt = start_attempt(make_order(), Decimal(900))
    payment = book_here(attempt, "1000001")

    read(later=timedelta(hours=47))
    assert open_subjects() == []
    read(later=timedelta(hours=49))
    assert open_subjects() == [f"payment:{payment.pk}"]

    pay_there(account, attempt, Decimal(900))
    read(later=timedelta(hours=50))
    assert open_subjects() == []
    assert "statement" in StaffTask.objects.get().done_note


def test_nothing_is_missed_from_before_statements_were_read(account: SimulatedAccount) -> None:
    attempt = start_attempt(make_order(), Decimal(900))
    book_here(attempt, "1000001")
    tomorrow = timezone.now() + timedelta(days=1)

    reconcile([business_day(tomorrow)], now=tomorrow + timedelta(days=3))

    assert open_subjects() == []


def test_a_gateway_that_does_not_answer_is_a_task_and_stops_nothing(
    account: SimulatedAccount, settings: object
) -> None:
    settings.PAYFAST_API_URL = "http://127.0.0.1:1"  # type: ignore[attr-defined]
    day = business_day(timezone.now())

    assert read(later=timedelta(days=4)) == 0

    assert StatementDay.objects.get().problem.startswith("URLError")
    assert open_subjects() == [f"statement-day:payfast:{day}"]


def test_a_difference_that_nobody_was_told_of_is_noticed(account: SimulatedAccount) -> None:
    pay_there(account, None, Decimal(300))
    read()
    later = timezone.now() + timedelta(days=2)
    rule = "a difference to a statement has a task"

    assert rule not in {found.rule for found in neglected(now=later)}
    StaffTask.objects.all().delete()

    assert rule in {found.rule for found in neglected(now=later)}


@pytest.mark.parametrize(("hour", "runs"), [(1, True), (0, False), (3, False)])
def test_it_is_three_in_the_morning_in_south_africa(hour: int, runs: bool) -> None:
    # The queue counts in UTC
    periodic = {task.name: task for task in HUEY._registry.periodic_tasks}
    nightly = periodic["nightly_reconciliation"]

    assert nightly.validate_datetime(datetime(2026, 11, 30, hour, 0)) is runs  # noqa: DTZ001 - as Huey asks


def test_a_line_is_matched_once(account: SimulatedAccount, now: datetime) -> None:
    buy(account, now=now)
    read()
    line = StatementLine.objects.get()

    assert not write_match(line, payment=Payment.objects.get(), now=now)

    assert StatementMatch.objects.count() == 1


def test_it_runs_by_itself_and_reads_three_days(account: SimulatedAccount) -> None:
    tasks.nightly_reconciliation.call_local()

    today = business_day(timezone.now())
    days = [today - timedelta(days=back) for back in (3, 2, 1)]
    assert sorted(StatementDay.objects.values_list("day", flat=True)) == days
    assert tasks.reconcile_day.call_local(today.isoformat()) is None
    assert StatementDay.objects.count() == 4


def test_an_attempt_of_another_gateway_is_not_ours(account: SimulatedAccount) -> None:
    attempt = start_attempt(make_order(), Decimal(900))
    PaymentAttempt.objects.update(gateway="demo")
    pay_there(account, attempt, Decimal(900))

    read()

    assert not Payment.objects.exists()
    assert len(open_subjects()) == 1


def test_accounts_of_gateways_are_apart(account: SimulatedAccount, now: datetime) -> None:
    demo = make_booking(now=now)
    paid = buy(account, now=now)

    assert LedgerEntry.objects.balance(Account.GATEWAY, gateway="demo") == demo.order.total
    assert LedgerEntry.objects.balance(Account.GATEWAY, gateway="payfast") == paid.order.total
