"""The demo company as it stands after its first run, and what later runs do to it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import CharField
from django.test import override_settings

from bookings.demo.seed import seed_demo
from bookings.domain.integrity.invariants import violations
from bookings.domain.partners.api_keys import find_key
from bookings.domain.reconciliation.overview import overview
from bookings.domain.timetable.generate import generate_departures
from bookings.models import (
    Booking,
    Disruption,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Refund,
    Schedule,
    ScheduleChange,
    SeatBlock,
    SeatClaim,
    Service,
    Shift,
    StaffTask,
    Ticket,
    User,
    Voucher,
    Webhook,
)
from bookings.tests.demo.test_seed import FEW, NOW


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """Made once: each test takes back what it changes, and the last one all of it."""
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with django_db_blocker.unblock(), transaction.atomic(), quick:
        yield seed_demo(now=NOW, days=3, only_lines=FEW).password
        transaction.set_rollback(True)


@pytest.fixture
def demo(company: str, db: None) -> str:
    """The demo company on its shortest line; the password of its users."""
    return company


def rows() -> dict[str, list]:
    """Everything that the seed decides."""
    return {
        "bookings": list(Booking.objects.order_by("pk").values()),
        "tickets": list(Ticket.objects.order_by("pk").values()),
        "claims": list(SeatClaim.objects.order_by("pk").values()),
        "ledger": list(LedgerEntry.objects.order_by("pk").values()),
        "mails": list(OutboxMessage.objects.order_by("pk").values()),
        "departures": list(Schedule.objects.order_by("pk").values()),
    }


def test_a_second_run_changes_nothing(demo: str) -> None:
    before = rows()

    report = seed_demo(now=NOW, days=3, only_lines=FEW)

    assert (report.is_new, report.departures, report.bookings, report.password) == (False, 0, 0, "")
    assert rows() == before


def test_the_next_day_only_adds(demo: str) -> None:
    before = set(Booking.objects.values_list("booking_reference", flat=True))
    tomorrow = NOW + timedelta(days=1)

    report = seed_demo(now=tomorrow, days=3, only_lines=FEW)

    assert report.departures == Schedule.objects.filter(service_date=date(2026, 11, 27)).count() > 0
    assert report.bookings == Booking.objects.exclude(booking_reference__in=before).count() > 0
    assert before <= set(Booking.objects.values_list("booking_reference", flat=True))
    assert violations(now=tomorrow) == []


def test_the_nightly_generator_carries_on(demo: str) -> None:
    report = generate_departures(first_day=date(2026, 12, 9), days=3)

    assert report.new == 3 * Service.objects.filter(starts_on=date(2026, 12, 10)).count() - weekly_gaps(
        report.first_day, 3
    )
    assert generate_departures(first_day=date(2026, 12, 9), days=3).new == 0


def weekly_gaps(first: date, days: int) -> int:
    """How often a plan of the season rests on these days."""
    masks = Service.objects.filter(starts_on=date(2026, 12, 10)).values_list("weekdays", flat=True)
    return sum(
        not mask >> (first + timedelta(days=day)).weekday() & 1 for mask in masks for day in range(days)
    )


def test_coaches_near_today_have_a_bus_and_those_on_the_road_have_left(demo: str) -> None:
    near = Schedule.objects.filter(service_date__lte=date(2026, 11, 25))
    left = near.filter(departure_time__lte=NOW)

    assert near.filter(bus__isnull=False).count() > near.count() / 2
    assert all(
        departure.bus.layout_id == departure.layout_id
        for departure in near.filter(bus__isnull=False).select_related("bus")
    )
    assert set(left.values_list("status", flat=True)) == {"departed", "arrived"}
    assert set(near.filter(departure_time__gt=NOW).values_list("status", flat=True)) == {"on_sale"}


def test_texts_fit_their_columns(demo: str) -> None:
    """SQLite would not mind; PostgreSQL would."""
    for model in (Booking, Ticket, Order, OutboxMessage, Payment, PaymentAttempt, LedgerEntry):
        limits = {
            field.attname: field.max_length
            for field in model._meta.concrete_fields
            if isinstance(field, CharField)
        }

        for row in model.objects.values(*limits):
            assert all(len(row[name]) <= limit for name, limit in limits.items()), row


def test_mail_addresses_lead_nowhere(demo: str) -> None:
    addresses = Booking.objects.exclude(passenger_email="").values_list("passenger_email", flat=True)

    assert addresses
    assert all(
        address.endswith(("@example.com", "@example.org")) and address.isascii() for address in addresses
    )


def test_there_is_a_user_for_each_role(demo: str) -> None:
    users, colleagues = User.objects.filter(is_staff=True), User.objects.filter(is_staff=False)

    assert {user.role for user in users} == set(User.Role.values)
    assert all(user.check_password(demo) and not user.is_superuser for user in users)
    assert colleagues
    assert not any(user.has_usable_password() for user in colleagues)


def test_counter_sales_went_through_shifts_and_the_clerk_opens_their_own(demo: str) -> None:
    at_counter = Order.objects.filter(channel="counter")
    assert at_counter.count() > 20
    assert not at_counter.filter(shift=None).exists()
    assert set(Payment.objects.filter(order__in=at_counter).values_list("method", flat=True)) == {
        "cash",
        "card",
        "eft",
    }
    assert Shift.objects.filter(closed_at__isnull=False).count() > 20
    assert Shift.objects.filter(clerk__username="clerk").exists()
    assert not Shift.objects.filter(clerk__username="clerk", closed_at=None).exists()
    assert Shift.objects.filter(closed_at=None).exists()


def test_a_refund_is_owed_for_more_than_a_day_with_its_task(demo: str) -> None:
    owed = Refund.objects.filter(status__in=Refund.OPEN, created_at__lt=NOW - timedelta(days=1))

    subjects = {f"refund:{refund.pk}" for refund in owed}
    assert subjects
    assert not owed.filter(payment=None).exists()
    tasks = StaffTask.objects.filter(kind=StaffTask.Kind.REFUND_DUE, done_at=None)
    assert subjects <= set(tasks.values_list("subject", flat=True))


def test_the_next_day_closes_yesterdays_shifts_and_agrees(demo: str) -> None:
    tomorrow = NOW + timedelta(days=1)

    seed_demo(now=tomorrow, days=3, only_lines=FEW)

    assert not Shift.objects.filter(closed_at=None, opened_at__lt=NOW).exists()
    assert Shift.objects.filter(closed_at=None).exists()
    assert violations(now=tomorrow) == []


@pytest.mark.django_db
def test_some_mails_stick_and_a_second_run_leaves_them(demo: str) -> None:
    failed = OutboxMessage.objects.filter(failed_at__isnull=False)
    waiting = OutboxMessage.objects.filter(sent_at=None, failed_at=None, attempts__gt=0)

    assert (failed.count(), waiting.count()) == (2, 1)
    told = StaffTask.objects.filter(kind=StaffTask.Kind.MAIL_FAILED)
    assert set(told.values_list("subject", flat=True)) == {f"message:{mail.pk}" for mail in failed}

    before = rows()
    seed_demo(now=NOW, days=3, only_lines=FEW)
    assert rows() == before


def test_somebody_stands_by_today_and_tomorrow_on_a_coach_without_a_seat(demo: str) -> None:
    standing = Ticket.objects.filter(place=Ticket.Place.STANDBY)

    assert set(standing.values_list("status", "booking__status", "booking__order__channel")) == {
        ("valid", "confirmed", "counter")
    }
    assert not standing.filter(booking__order__shift=None).exists()
    waiting = Schedule.objects.filter(pk__in=standing.values("schedule"))
    assert set(waiting.values_list("service_date", "available_seats")) == {
        (date(2026, 11, 24), 0),
        (date(2026, 11, 25), 0),
    }


def test_seats_are_kept_off_sale_once(demo: str) -> None:
    kept = SeatBlock.objects.values_list("schedule__service_date", "created_by__username", "reason")
    assert set(kept) == {
        (date(2026, 11, 25), "dispatcher", "Reclining mechanism broken"),
        (date(2026, 11, 25), "dispatcher", "Second driver rests here"),
    }

    seed_demo(now=NOW, days=3, only_lines=FEW)
    assert SeatBlock.objects.count() == 3


def test_coaches_are_late_and_a_case_is_open(demo: str) -> None:
    late = ScheduleChange.objects.order_by("pk").values_list("late_min", "reason")
    assert list(late) == [(25, "traffic"), (150, "technical")]
    assert ("cancel", "draft") in set(Disruption.objects.values_list("kind", "status"))
    assert Disruption.objects.get(kind="cancel").lines.exists()


def test_the_partner_has_a_webhook_that_is_switched_off(demo: str) -> None:
    seed_demo(now=NOW, days=3, only_lines=FEW)

    assert list(Webhook.objects.values_list("partner__name", "is_active")) == [("TravelHub", False)]


def test_the_partner_sells_and_its_key_opens(demo: str) -> None:
    report = seed_demo(now=NOW, days=3, only_lines=FEW, reset_password=True)

    key = find_key(report.api_key)
    assert key.scopes == ["read", "book", "cancel"]
    assert f"Partner TravelHub: API key {report.api_key}" in report.lines()
    assert violations(now=NOW) == []


def test_a_few_vouchers_are_there_and_no_second_run_gives_more(demo: str) -> None:
    vouchers = Voucher.objects.order_by("pk")
    assert list(vouchers.values_list("value", "balance")) == [(120, 0), (80, 80), (300, 300), (120, 120)]
    assert seed_demo(now=NOW, days=3, only_lines=FEW).voucher == ""
    assert Voucher.objects.count() == 4


def test_statements_of_the_last_days_show_one_that_agrees_and_one_that_does_not(demo: str) -> None:
    days = [day for day in overview(now=NOW).days if day.gateway == "card"]

    assert {bool(day.open_differences) for day in days} == {True, False}
    assert StaffTask.objects.filter(kind="statement_difference").exists()
    assert violations(now=NOW) == []
