from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import CharField

from bookings.domain.demo.network import make_network
from bookings.domain.demo.seed import is_seeded, seed_demo
from bookings.domain.demo.staff import give_password, make_staff
from bookings.domain.fares.prices import fare_table
from bookings.domain.inventory.queries import seat_map
from bookings.domain.partners.keys import find_key
from bookings.domain.reports.invariants import violations
from bookings.domain.timetable.generate import generate_departures
from bookings.domain.timetable.segments import get_segment
from bookings.models import (
    Booking,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Route,
    Schedule,
    SeatBlock,
    SeatClaim,
    Service,
    Shift,
    StaffTask,
    Stop,
    Ticket,
    User,
    Webhook,
)

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # 10:00 in Johannesburg, a Tuesday
FEW = frozenset({"FB14"})  # two stops, four departures a day
LONG = frozenset({"FB1"})  # thirteen stops


@pytest.fixture
def demo(db: None) -> str:
    """The demo company on its shortest line; the password of its users."""
    return seed_demo(now=NOW, days=3, only_lines=FEW).password


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


@pytest.mark.database
@pytest.mark.django_db
def test_every_invariant_holds_on_a_line_of_many_stops() -> None:
    seed_demo(now=NOW, days=3, only_lines=LONG)

    assert set(Booking.objects.values_list("status", flat=True)) == {"pending", "confirmed", "cancelled"}
    assert violations(now=NOW) == []
    assert violations(now=NOW + timedelta(days=2)) == []
    by_partner = Order.objects.filter(partner__name="TravelHub")
    assert 0 < by_partner.count() < Order.objects.count() / 10
    assert set(Payment.objects.filter(order__in=by_partner).values_list("method", "attempt")) == {("partner", None)}


def test_a_second_run_changes_nothing(demo: str) -> None:
    before = rows()

    report = seed_demo(now=NOW, days=3, only_lines=FEW)

    assert (report.is_new, report.departures, report.bookings, report.password) == (False, 0, 0, "")
    assert rows() == before


def drawn(seed: int) -> list[tuple]:
    """What a first run with this seed sells, taken back afterwards."""
    with transaction.atomic():
        seed_demo(now=NOW, seed=seed, days=2, only_lines=FEW)
        sold = list(
            Ticket.objects.order_by("pk").values_list("booking__booking_reference", "code", "surname", "seat__label", "fare", "status")
        )
        transaction.set_rollback(True)
    return sold


@pytest.mark.django_db
def test_the_same_seed_draws_the_same_bookings_and_another_draws_others() -> None:
    first = drawn(1)

    assert first
    assert drawn(1) == first
    assert drawn(2) != first


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

    assert report.new == 3 * Service.objects.filter(starts_on=date(2026, 12, 10)).count() - weekly_gaps(report.first_day, 3)
    assert generate_departures(first_day=date(2026, 12, 9), days=3).new == 0


def weekly_gaps(first: date, days: int) -> int:
    """How often a plan of the season rests on these days."""
    masks = Service.objects.filter(starts_on=date(2026, 12, 10)).values_list("weekdays", flat=True)
    return sum(not mask >> (first + timedelta(days=day)).weekday() & 1 for mask in masks for day in range(days))


@pytest.mark.parametrize(("day", "rand"), [(date(2026, 12, 9), "850"), (date(2026, 12, 10), "1060"), (date(2027, 1, 16), "850")])
@pytest.mark.django_db
def test_johannesburg_to_cape_town_costs_what_is_published(day: date, rand: str) -> None:
    make_network(NOW.date(), only_lines=LONG)
    route = Route.objects.get(name="Pretoria – Cape Town", line__code="FB1")
    calls = list(route.calls.select_related("stop__city"))
    board = next(call for call in calls if call.stop.city.slug == "johannesburg")
    fares = fare_table([(board, calls[-1])])
    standard, premium = fares.classes

    price = fares.price(board, calls[-1], standard, price_zar=Decimal(880), day=day)

    assert price == Decimal(rand)
    assert fares.price(board, calls[-1], premium, price_zar=Decimal(880), day=day) > price


@pytest.mark.django_db
def test_the_evening_coach_to_cape_town_keeps_its_times() -> None:
    make_network(NOW.date(), only_lines=LONG)
    generate_departures(first_day=date(2026, 11, 26), days=1)
    departure = Schedule.objects.get(route__name="Pretoria – Cape Town")

    ride = get_segment(departure.pk, "johannesburg", "cape-town")

    assert (ride.boards_local.isoformat(), ride.alights_local.isoformat()) == ("2026-11-26T17:00:00+02:00", "2026-11-27T12:00:00+02:00")
    assert seat_map(ride, now=NOW).free == departure.available_seats == 60


def test_coaches_near_today_have_a_bus_and_those_on_the_road_have_left(demo: str) -> None:
    near = Schedule.objects.filter(service_date__lte=date(2026, 11, 25))
    left = near.filter(departure_time__lte=NOW)

    assert near.filter(bus__isnull=False).count() > near.count() / 2
    assert all(departure.bus.layout_id == departure.layout_id for departure in near.filter(bus__isnull=False).select_related("bus"))
    assert set(left.values_list("status", flat=True)) == {"departed", "arrived"}
    assert set(near.filter(departure_time__gt=NOW).values_list("status", flat=True)) == {"on_sale"}


@pytest.mark.django_db
def test_a_run_that_was_cut_off_is_finished_by_the_next() -> None:
    make_network(NOW.date(), only_lines=FEW)
    make_staff()

    assert not is_seeded()
    assert seed_demo(now=NOW, days=1, only_lines=FEW).password
    assert is_seeded()


def test_texts_fit_their_columns(demo: str) -> None:
    """SQLite would not mind; PostgreSQL would."""
    for model in (Booking, Ticket, Order, OutboxMessage, Payment, PaymentAttempt, LedgerEntry):
        limits = {field.attname: field.max_length for field in model._meta.concrete_fields if isinstance(field, CharField)}

        for row in model.objects.values(*limits):
            assert all(len(row[name]) <= limit for name, limit in limits.items()), row


def test_mail_addresses_lead_nowhere(demo: str) -> None:
    addresses = Booking.objects.exclude(passenger_email="").values_list("passenger_email", flat=True)

    assert addresses
    assert all(address.endswith(("@example.com", "@example.org")) and address.isascii() for address in addresses)


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
    assert set(Payment.objects.filter(order__in=at_counter).values_list("method", flat=True)) == {"cash", "card", "eft"}
    assert Shift.objects.filter(closed_at__isnull=False).count() > 20
    assert Shift.objects.filter(clerk__username="clerk").exists()
    assert not Shift.objects.filter(clerk__username="clerk", closed_at=None).exists()
    assert Shift.objects.filter(closed_at=None).exists()


def test_the_next_day_closes_yesterdays_shifts_and_agrees(demo: str) -> None:
    tomorrow = NOW + timedelta(days=1)

    seed_demo(now=tomorrow, days=3, only_lines=FEW)

    assert not Shift.objects.filter(closed_at=None, opened_at__lt=NOW).exists()
    assert Shift.objects.filter(closed_at=None).exists()
    assert violations(now=tomorrow) == []


@pytest.mark.django_db
def test_the_command_does_nothing_where_there_is_something(capsys: Any) -> None:
    make_network(NOW.date(), only_lines=FEW)
    make_staff()
    give_password(reset=False)

    call_command("seed_demo", if_empty=True)

    assert capsys.readouterr().out.startswith("The demo company is there. Passwords lost?")
    assert not Schedule.objects.exists()
    assert give_password(reset=False) == ""
    assert Stop.objects.get(code="bfn").name == "Tourist Centre"


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

    assert set(standing.values_list("status", "booking__status", "booking__order__channel")) == {("valid", "confirmed", "counter")}
    assert not standing.filter(booking__order__shift=None).exists()
    waiting = Schedule.objects.filter(pk__in=standing.values("schedule"))
    assert set(waiting.values_list("service_date", "available_seats")) == {(date(2026, 11, 24), 0), (date(2026, 11, 25), 0)}


def test_seats_are_kept_off_sale_once(demo: str) -> None:
    kept = SeatBlock.objects.values_list("schedule__service_date", "created_by__username", "reason")
    assert set(kept) == {
        (date(2026, 11, 25), "dispatcher", "Reclining mechanism broken"),
        (date(2026, 11, 25), "dispatcher", "Second driver rests here"),
    }

    seed_demo(now=NOW, days=3, only_lines=FEW)
    assert SeatBlock.objects.count() == 3


def test_the_partner_has_a_webhook_that_is_switched_off(demo: str) -> None:
    seed_demo(now=NOW, days=3, only_lines=FEW)

    assert list(Webhook.objects.values_list("partner__name", "is_active")) == [("TravelHub", False)]


def test_the_partner_sells_and_its_key_opens(demo: str) -> None:
    report = seed_demo(now=NOW, days=3, only_lines=FEW, reset_password=True)

    key = find_key(report.api_key)
    assert key.scopes == ["read", "book", "cancel"]
    assert f"Partner TravelHub: API key {report.api_key}" in report.lines()
    assert violations(now=NOW) == []
