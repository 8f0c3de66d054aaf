"""The sums of business days are those of their rows, at any moment and from whichever side they come."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F

from bookings.domain.integrity.invariants import violations
from bookings.domain.reports import day_sums
from bookings.domain.reports.day_sums import KeySum, SumQuery, list_sums, sum_days
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.models import Account, DailySum, LedgerEntry, OrderLine, SumCursor, Total
from bookings.tests.domain.reconciliation.paying import pay_at_till
from bookings.tests.make import NOW, make_booking, make_shift, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.database]
# 00:30 on the 1st in South Africa
EARLY = datetime(2026, 10, 31, 22, 30, tzinfo=UTC)
By, RULE = DailySum.By, "daily sums are those of their rows"
PERIOD = (date(2026, 10, 1), date(2026, 12, 31))


def all_sums() -> dict[str, list[KeySum]]:
    return {
        by: sorted(list_sums(SumQuery(by, *PERIOD, has_days=True)), key=lambda row: (row.day, row.key))
        for by in By.values
    }


def broken() -> list[str]:
    return [found.subject for found in violations(now=NOW) if found.rule == RULE]


@pytest.fixture
def sales(db: None) -> None:
    booking = make_booking(fare=600, names=("Ann Abel", "Ben Bok"), now=EARLY)
    pay_at_till(make_shift(make_user()), "card", 450, reference="1001", now=NOW)
    cancel_booking(
        CancellationRequest(booking.booking_reference),
        submission="x",
        content="",
        now=EARLY + timedelta(days=1),
    )


def test_sums_are_the_same_before_and_after_they_are_kept(sales: None) -> None:
    before = all_sums()

    assert sum_days() >= OrderLine.objects.count() + LedgerEntry.objects.count()  # ids begin anywhere
    assert all_sums() == before
    assert sum_days() == 0  # once
    assert not broken()

    make_booking(fare=100, now=EARLY)  # a row of a day that is summed, later
    (of_web,) = list_sums(SumQuery(By.CHANNEL, EARLY.date(), date(2026, 11, 1), keys=("web",)))
    assert (of_web.positive, of_web.quantity) == (Decimal(1300), 3)
    sum_days()
    assert of_web in list_sums(SumQuery(By.CHANNEL, EARLY.date(), date(2026, 11, 1)))
    assert not broken()


@pytest.mark.parametrize("are_kept", [False, True])
def test_each_sum_is_that_of_the_ledger(sales: None, are_kept: bool) -> None:
    if are_kept:
        sum_days()
    totals = {by: sum((row.net for row in rows), Decimal(0)) for by, rows in all_sums().items()}
    lines = OrderLine.objects.aggregate(total=Total("amount"))["total"]
    sold = LedgerEntry.objects.filter(account__in=(Account.REVENUE, Account.UNEARNED_FARES, Account.FEE))

    assert totals[By.KIND] == lines == -sold.aggregate(total=Total("amount"))["total"]
    same = (By.ROUTE, By.CLERK, By.CHANNEL, By.PARTNER, By.PASSENGER_TYPE, By.FARE_CLASS)
    assert {totals[by] for by in same} == {lines}
    assert totals[By.ACCOUNT] == 0
    assert {row.day for row in all_sums()[By.KIND]} == {date(2026, 11, 1), date(2026, 11, 2), NOW.date()}


def test_a_branch_has_its_own_sales_alone(sales: None) -> None:
    sum_days()
    rows = {row.key: row for row in list_sums(SumQuery(By.ACCOUNT, *PERIOD, branch=make_shift_branch()))}

    assert rows["card"].net == Decimal(450)
    assert "gateway:demo" not in rows


def make_shift_branch() -> int:
    entry = LedgerEntry.objects.get(account=Account.CARD)
    assert entry.shift
    return entry.shift.branch_id


def test_many_rows_are_summed_in_steps(sales: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = all_sums()
    monkeypatch.setattr(day_sums, "STEP", 2)
    sum_days()

    assert all_sums() == before
    assert not broken()


def test_tampering_is_noticed(sales: None) -> None:
    sum_days()
    row = DailySum.objects.filter(by=By.CHANNEL, positive__gt=0).first()
    assert row
    for spoilt in (
        {"positive": F("positive") + 1},
        {"positive": F("positive") - 1, "quantity": F("quantity") + 1},
        {"positive": F("positive"), "quantity": F("quantity") - 1, "key": "counter2"},
    ):
        DailySum.objects.filter(pk=row.pk).update(**spoilt)
        assert broken()
    row.save()
    assert not broken()
    DailySum.objects.filter(by=By.ACCOUNT, key="card").delete()
    assert broken() == [f"account {NOW.date()} card"]


def test_a_cursor_that_was_moved_is_noticed(sales: None) -> None:
    sum_days()
    SumCursor.objects.filter(pk="lines").update(summed_to=F("summed_to") - 1)
    assert broken()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_row_whose_transaction_goes_on_is_waited_for(sales: None) -> None:
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE bookings_orderline, bookings_ledgerentry IN ROW EXCLUSIVE MODE")
        assert sum_days() == sum_days() == 0
        assert not DailySum.objects.exists()
    finally:
        other.close()
    assert sum_days() > 0
    assert not broken()
