"""What is sold is written line by line; fares are earned by the departure."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings.domain.counter.exchange import Till, exchange_at_till
from bookings.domain.counter.tender import Tender, amount_due
from bookings.domain.integrity.invariants import neglected, violations
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking, cancellation_quote
from bookings.domain.sales.earning import earn_fares, earn_old_fares
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.ledger import sold, sold_by_account
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.sales.order_lines import write_missing_lines
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.domain.sales.ticket_changes import SeatChange, change_seat
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import (
    Account,
    Booking,
    City,
    FareClass,
    LedgerEntry,
    Order,
    OrderLine,
    RefundPolicy,
    Schedule,
    Ticket,
)
from bookings.tests.domain.boarding.door import stand_by
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import NOW, make_layout, make_schedule, make_shift, make_user
from bookings.tests.tampering import no_triggers

pytestmark = pytest.mark.django_db
NEXT_DAY = NOW + timedelta(hours=25)  # 47 hours before departure: half of the fare is kept


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule(layout=make_layout(seats=8, premium=2))


@pytest.fixture
def booking(schedule: Schedule) -> Booking:
    """Two seats (R600 and R300), paid through the demo gateway."""
    return paid(ordered(schedule, "2A", "2B"))


def paid(order: Order) -> Booking:
    act_on_notification(paid_notification(order).pk, now=NOW)
    return order.bookings.get()


def lines_of(order: Order) -> list[tuple[str, Decimal, str]]:
    return [(line.kind, line.amount, line.cause.partition(":")[0]) for line in order.lines.order_by("pk")]


def total_of(order: Order) -> Decimal:
    order.refresh_from_db()
    return order.total


@pytest.mark.database
def test_a_purchase_is_a_fare_for_each_passenger(booking: Booking) -> None:
    lines = list(booking.lines.order_by("pk"))

    assert [(line.kind, line.amount, line.tax_code, line.quantity) for line in lines] == [
        ("fare", Decimal(600), "exempt", 1),
        ("fare", Decimal(300), "exempt", 1),
    ]
    assert [line.ticket for line in lines] == list(booking.tickets.order_by("pk"))
    assert [line.rule for line in lines] == [
        {"class": "standard", "type": "adult"},
        {"class": "standard", "type": "child"},
    ]
    assert total_of(booking.order) == sold(booking) == Decimal(900)
    assert LedgerEntry.objects.balance(Account.REVENUE) == 0  # nobody has travelled yet


@pytest.mark.database
def test_a_fare_across_a_border_is_zero_rated_and_its_fee_too(schedule: Schedule) -> None:
    City.objects.filter(slug="cape-town").update(country="NA")

    booking = paid(ordered(schedule, "2A", "2B"))
    cancel_booking(CancellationRequest(booking.booking_reference), submission="x", content="", now=NEXT_DAY)

    assert set(OrderLine.objects.values_list("kind", "tax_code")) == {
        ("fare", "zero"),
        ("cancellation_fee", "zero"),
    }


@pytest.mark.database
def test_a_cancellation_takes_back_and_charges_by_ticket(booking: Booking) -> None:
    child = booking.tickets.get(first_name="Sipho")

    request = CancellationRequest(booking.booking_reference, [child.pk])
    part = cancel_booking(request, submission="x", content="", now=NEXT_DAY)

    assert lines_of(booking.order)[2:] == [
        ("fare", Decimal(-300), "split-out"),
        ("fare", Decimal(300), "split-in"),
        ("fare", Decimal(-300), "cancel"),
        ("cancellation_fee", Decimal(150), "cancel"),
    ]
    fee = part.lines.get(kind="cancellation_fee")
    assert (fee.ticket, fee.rule) == (child, {"rule": "tier"})
    assert total_of(booking.order) == Decimal(750)
    assert (sold(booking), sold(part)) == (Decimal(600), Decimal(0))
    assert violations(now=NEXT_DAY) == []


@pytest.mark.database
def test_an_exchange_is_new_fares_and_a_fee_and_leaves_what_was_placed(
    booking: Booking, schedule: Schedule
) -> None:
    later = make_schedule(route=schedule.route, departs=NOW + timedelta(days=4), price=800)
    till = Till(make_user(), Tender("cash"))
    make_shift(till.clerk)

    segment = SegmentRef(later.pk, "johannesburg", "cape-town")
    request = TripChange(booking.booking_reference, segment)
    exchange_at_till(request, till=till, submission="x", content="", now=NEXT_DAY)

    assert sorted(lines_of(booking.order)[2:]) == [
        ("change_fee", Decimal(150), "exchange"),
        ("change_fee", Decimal(300), "exchange"),
        ("fare", Decimal(-600), "exchange"),
        ("fare", Decimal(-300), "exchange"),
        ("fare", Decimal(400), "exchange"),
        ("fare", Decimal(800), "exchange"),
    ]
    assert total_of(booking.order) == Decimal(1650)
    assert sold(booking) == Decimal(1200)


def test_a_dearer_class_is_an_upgrade_whose_old_part_keeps_its_stricter_terms(booking: Booking) -> None:
    free = RefundPolicy.objects.create(code="free", name="Free")
    free.tiers.create(hours_before=0, fee_percent=0)
    FareClass.objects.filter(code="premium").update(refund_policy=free)
    adult, till = booking.tickets.get(first_name="Ann"), Till(make_user(), Tender("cash"))
    make_shift(till.clerk)

    form = {"submission": "x", "content": "", "now": NOW}
    change_seat(SeatChange(adult.pk, "1A"), settle=till.settle("x", NOW), **form)

    upgrade = booking.lines.get(kind="seat_upgrade")
    assert (upgrade.amount, upgrade.ticket, upgrade.rule) == (
        210,
        adult,
        {"from": "standard", "to": "premium"},
    )
    assert total_of(booking.order) == sold(booking) == Decimal(1110)
    booking = Booking.objects.get(pk=booking.pk)
    assert cancellation_quote(booking, [adult.pk], now=NEXT_DAY).refund == Decimal(300 + 210)
    cancel_booking(CancellationRequest(booking.booking_reference), submission="y", content="", now=NEXT_DAY)
    assert total_of(booking.order) == Decimal(300 + 150)
    assert violations(now=NEXT_DAY) == []


@pytest.mark.database
def test_what_ran_out_is_taken_back_and_sold_again_as_it_was(schedule: Schedule) -> None:
    order = ordered(schedule, "2A", "2B")
    expire_unpaid(now=NEXT_DAY)
    assert total_of(order) == 0
    assert amount_due(order, now=NEXT_DAY) == Decimal(900)

    settle(order.pk, ReceivedPayment("eft", "slip", Decimal(900)), now=NEXT_DAY)

    assert [cause for _kind, _amount, cause in lines_of(order)] == ["sale"] * 2 + ["expired"] * 2 + [
        "resale"
    ] * 2
    assert total_of(order) == Decimal(900)
    assert violations(now=NEXT_DAY) == []


@pytest.mark.database
def test_fares_are_earned_by_the_departure_once_and_given_back_from_revenue(booking: Booking) -> None:
    left = booking.boards_at + timedelta(minutes=1)
    Ticket.objects.filter(first_name="Sipho").update(status="no_show")
    assert earn_fares(now=booking.boards_at - timedelta(minutes=1)) == 0

    assert [earn_fares(now=left), earn_fares(now=left), earn_old_fares(now=left)] == [1, 0, 0]

    assert sold_by_account(booking) == {Account.UNEARNED_FARES: 0, Account.REVENUE: Decimal(900)}
    assert LedgerEntry.objects.filter(cause=f"earned:{booking.pk}").count() == 2


def test_what_was_not_seen_for_hours_is_earned_in_the_night(booking: Booking) -> None:
    morning = booking.boards_at + timedelta(hours=20)
    assert earn_fares(now=morning) == 0
    assert "a fare is earned within a day of boarding" not in {
        violation.rule for violation in neglected(now=morning)
    }

    assert earn_old_fares(now=morning) == 1


def test_who_was_left_behind_is_given_back_what_was_earned_or_travels_later(schedule: Schedule) -> None:
    leaves = schedule.departure_time
    back, later = (
        stand_by(schedule, name, now=leaves - timedelta(hours=1)).booking
        for name in ("First Moyo", "Second Moyo")
    )
    after = leaves + timedelta(minutes=1)
    assert earn_fares(now=after) == 2
    next_day = make_schedule(route=schedule.route, departs=leaves + timedelta(days=1))

    cancel_booking(CancellationRequest(back.booking_reference), submission="x", content="", now=after)
    request = TripChange(later.booking_reference, SegmentRef(next_day.pk, "johannesburg", "cape-town"))
    till = Till(make_user())
    make_shift(till.clerk, opened_at=after)
    exchange_at_till(request, till=till, submission="x", content="", now=after)

    assert sold_by_account(back) == {Account.UNEARNED_FARES: 0, Account.REVENUE: 0}
    assert sold_by_account(later) == {Account.UNEARNED_FARES: Decimal(600), Account.REVENUE: 0}
    assert earn_fares(now=next_day.departure_time) == 1
    assert sold_by_account(later) == {Account.UNEARNED_FARES: 0, Account.REVENUE: Decimal(600)}


@pytest.mark.database
def test_an_order_of_a_release_before_gets_its_lines(booking: Booking) -> None:
    with no_triggers():
        OrderLine.objects.all().delete()

    assert [write_missing_lines(), write_missing_lines()] == [1, 0]

    assert total_of(booking.order) == Decimal(900)
    assert violations(now=NOW) == []
