from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import (
    AlreadySubmitted,
    Conflict,
    HoldExpired,
    NotFound,
    RuleBroken,
    SalesClosed,
)
from bookings.domain.fares.luggage import luggage_prices
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.checkout_page import checkout_view
from bookings.domain.sales.hold_renewal import rehold
from bookings.domain.sales.holds import HoldRequest, hold_any
from bookings.domain.sales.pay_later import confirm_mailbox
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import (
    Account,
    BookingEvent,
    LedgerEntry,
    Order,
    OutboxMessage,
    Schedule,
    SeatClaim,
    Ticket,
)
from bookings.tests.domain.sales.buy import ANN, SIPHO, held, ordered
from bookings.tests.make import NOW, make_schedule

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=11)


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


@pytest.mark.database
def test_an_order_keeps_the_seats_until_its_pay_by_time(schedule: Schedule) -> None:
    order = ordered(schedule)

    assert (order.status, order.total, order.pay_by) == ("pending", Decimal(900), NOW + timedelta(minutes=20))
    assert set(SeatClaim.objects.values_list("kind", "expires_at", "hold_trip")) == {
        ("held", order.pay_by, None)
    }
    assert list(Ticket.objects.values_list("first_name", "passenger_type__slug", "fare", "seat__label")) == [
        ("Ann", "adult", Decimal(600), "1A"),
        ("Sipho", "child", Decimal(300), "1B"),
    ]
    assert violations(now=NOW) == []


@pytest.mark.database
def test_what_is_owed_stands_in_the_ledger(schedule: Schedule) -> None:
    order = ordered(schedule)

    assert LedgerEntry.objects.balance(Account.RECEIVABLE, order=order) == Decimal(900)
    assert LedgerEntry.objects.balance(Account.UNEARNED_FARES, order=order) == Decimal(-900)
    assert list(BookingEvent.objects.values_list("from_status", "to_status")) == [("", "pending")]


@pytest.mark.database
def test_the_same_form_again_leads_to_the_same_order(schedule: Schedule) -> None:
    hold = held(schedule)
    first = place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="x", now=NOW)

    again = place_order(
        CheckoutRequest(hold.token, "ann"), submission="form", content="x", now=NOW + timedelta(hours=24)
    )

    assert again == first
    assert Order.objects.count() == 1


def test_the_same_form_with_other_content_is_refused(schedule: Schedule) -> None:
    hold = held(schedule)
    place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="x", now=NOW)

    with pytest.raises(AlreadySubmitted):
        place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="y", now=NOW)

    assert Order.objects.count() == 1


@pytest.mark.parametrize("state", [{"is_active": False}, {"status": "cancelled"}])
def test_a_hold_on_a_departure_that_was_withdrawn_becomes_no_order(
    schedule: Schedule, state: dict[str, object]
) -> None:
    hold = held(schedule)
    Schedule.objects.filter(pk=schedule.pk).update(**state)

    with pytest.raises(SalesClosed, match="taken out of the timetable"):
        place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="x", now=NOW)

    assert not Order.objects.exists()


@pytest.mark.database
def test_two_pages_of_one_checkout_make_one_order(schedule: Schedule) -> None:
    hold = held(schedule)
    first = place_order(CheckoutRequest(hold.token, "ann"), submission="form 1", content="", now=NOW)

    assert (
        place_order(
            CheckoutRequest(hold.token, "ann", pay_later=True), submission="form 2", content="", now=NOW
        )
        == first
    )


@pytest.mark.database
def test_a_refused_order_leaves_its_token_good(schedule: Schedule) -> None:
    hold = held(schedule)
    with pytest.raises(HoldExpired):
        place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="", now=LATER)
    rehold(hold.token, owner="ann", now=LATER)

    assert place_order(
        CheckoutRequest(hold.token, "ann"), submission="form", content="", now=LATER
    ).total == Decimal(900)


@pytest.mark.parametrize(
    ("passengers", "email"),
    [
        ([], "a@example.com"),
        ([ANN], "a@example.com"),
        ([ANN, {**SIPHO, "first_name": "", "surname": ""}], "a@example.com"),
        ([ANN, SIPHO], ""),
    ],
)
def test_an_incomplete_draft_is_kept_but_not_ordered(
    schedule: Schedule, passengers: list[dict[str, str]], email: str
) -> None:
    hold = held(schedule)
    save_draft(hold.token, owner="ann", passengers=passengers, email=email, phone="")

    with pytest.raises(RuleBroken, match="Please"):
        place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="", now=NOW)

    assert Order.objects.count() == 0
    assert checkout_view(hold.token, owner="ann", now=NOW).is_complete is False


def test_nobody_else_sees_or_orders_a_hold(schedule: Schedule) -> None:
    hold = held(schedule)

    for call in (
        lambda: checkout_view(hold.token, owner="ben", now=NOW),
        lambda: save_draft(hold.token, owner="ben", passengers=[], email="", phone=""),
        lambda: place_order(CheckoutRequest(hold.token, "ben"), submission="form", content="", now=NOW),
        lambda: checkout_view(hold.token, owner="", now=NOW),
    ):
        with pytest.raises(NotFound):
            call()


def test_paying_later_lasts_until_the_earlier_of_a_day_and_three_hours_before(schedule: Schedule) -> None:
    soon = make_schedule(route=schedule.route, departs=NOW + timedelta(hours=10))

    first, second = ordered(schedule, pay_later=True), ordered(soon, pay_later=True)

    assert confirm_mailbox(first.pk, now=NOW).pay_by == NOW + timedelta(hours=24)
    assert confirm_mailbox(second.pk, now=NOW).pay_by == NOW + timedelta(hours=7)
    assert OutboxMessage.objects.filter(kind="pay_by", version="1").count() == 2


def test_paying_later_is_not_offered_close_to_departure(schedule: Schedule) -> None:
    soon = make_schedule(route=schedule.route, departs=NOW + timedelta(hours=2))
    hold = held(soon)

    assert checkout_view(hold.token, owner="ann", now=NOW).pay_later_until_text == ""
    with pytest.raises(RuleBroken, match="pay later"):
        place_order(
            CheckoutRequest(hold.token, "ann", pay_later=True), submission="form", content="", now=NOW
        )


@pytest.mark.database
def test_out_and_back_are_one_order_of_two_bookings(schedule: Schedule) -> None:
    back = make_schedule(departs=NOW + timedelta(days=6))
    hold = held(schedule)
    hold_any(
        get_segment(SegmentRef(back.pk, "johannesburg", "cape-town")),
        2,
        HoldRequest("ann", adds_to=hold.token),
        now=NOW,
    )

    view = checkout_view(hold.token, owner="ann", now=NOW)
    order = place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="", now=NOW)

    assert [row.seats for row in view.passengers] == ["1A / 1A", "1B / 1B"]
    assert view.total == order.total == Decimal(1800)
    assert order.bookings.count() == 2
    assert violations(now=NOW) == []


def test_a_price_that_rises_later_does_not_reach_a_hold(schedule: Schedule) -> None:
    hold = held(schedule)
    Schedule.objects.filter(pk=schedule.pk).update(price_zar=9999)

    assert place_order(
        CheckoutRequest(hold.token, "ann"), submission="form", content="", now=NOW
    ).total == Decimal(900)


def test_a_free_ride_is_confirmed_without_payment() -> None:
    schedule = make_schedule()
    hold = held(schedule)
    for trip in hold.trips.all():
        trip.seats.update(fares={"adult": "0.00", "child": "0.00"})

    order = place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="", now=NOW)

    assert order.status == "confirmed"
    assert OutboxMessage.objects.filter(kind="confirmation").count() == 1
    assert violations(now=NOW) == []


def test_an_ordered_hold_takes_no_more_typing(schedule: Schedule) -> None:
    hold = held(schedule)
    place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="", now=NOW)

    with pytest.raises(Conflict):
        save_draft(hold.token, owner="ann", passengers=[], email="", phone="")


@pytest.mark.parametrize("seats", [("1A",), ("1A", "1B", "1C")])
def test_a_checkout_takes_as_many_queries_for_one_seat_as_for_three(
    schedule: Schedule, seats: tuple[str, ...], django_assert_num_queries: Any
) -> None:
    hold = held(schedule, *seats)
    luggage_prices(schedule.route.line_id, 0)  # the rules are cached from now on

    with django_assert_num_queries(1):
        assert len(checkout_view(hold.token, owner="ann", now=NOW).passengers) == len(seats)
