from datetime import timedelta
from decimal import Decimal

import pytest

from bookings.base.errors import Conflict, RuleBroken
from bookings.domain.boarding.coach_load import coach_load
from bookings.domain.boarding.standby_refunds import GivenBack, refund_left_behind, unseated_standby
from bookings.domain.counter.exchange import Till
from bookings.domain.counter.tender import Tender
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.exchange_quotes import TripChange, quote_exchange
from bookings.domain.sales.exchanges import exchange
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Booking, LedgerEntry, Refund, Schedule, StaffTask, Ticket, User
from bookings.tests.domain.boarding.door import LEAVES, make_coach, scan, sell, stand_by
from bookings.tests.make import NOW, make_approval, make_schedule, make_shift, make_user

pytestmark = pytest.mark.django_db
LATER = LEAVES + timedelta(minutes=5)


@pytest.fixture
def nomsa() -> User:
    return make_user(first_name="Nomsa", last_name="Dlamini")


@pytest.fixture
def coach() -> Schedule:
    return make_coach(seats=2)


def give_back(
    coach: Schedule, *tickets: Ticket, by: User, in_cash: bool = False, token: str = "s"
) -> GivenBack:
    return refund_left_behind(
        coach.pk,
        0,
        seen=[ticket.pk for ticket in tickets],
        till=Till(by, Tender("cash", approval=make_approval()) if in_cash else None),
        submission=token,
        now=LATER,
    )


def cash_in(shift: object) -> Decimal:
    return LedgerEntry.objects.balance("cash", shift=shift)


@pytest.mark.database
def test_all_who_stayed_behind_get_all_they_paid_out_of_the_till(coach: Schedule, nomsa: User) -> None:
    shift = make_shift(nomsa, opening_float=2000)
    first, second = stand_by(coach, "First Moyo"), stand_by(coach, "Second Moyo")

    given = give_back(coach, first, second, by=nomsa, in_cash=True)

    assert given == GivenBack(2, Decimal(1200), is_paid=True)
    assert cash_in(shift) == 800
    assert set(Booking.objects.values_list("status", flat=True)) == {"cancelled"}
    assert set(Refund.objects.values_list("status", flat=True)) == {"paid"}
    assert violations(now=LATER) == []


@pytest.mark.database
def test_without_a_till_each_booking_owes_its_refund(
    coach: Schedule, nomsa: User, django_capture_on_commit_callbacks: object
) -> None:
    ticket = stand_by(coach)

    with django_capture_on_commit_callbacks(execute=True):
        given = give_back(coach, ticket, by=nomsa)

    assert given == GivenBack(1, Decimal(600), is_paid=False)
    assert list(Refund.objects.values_list("status", "amount")) == [("owed", Decimal(600))]
    assert [task.detail for task in StaffTask.objects.all()] == ["R600 to pay back"]


def test_one_who_was_seated_or_not_seen_is_left_alone(coach: Schedule, nomsa: User) -> None:
    seen, unseen = stand_by(coach, "Seen Moyo"), stand_by(coach, "Unseen Moyo")
    seated = sell(coach).tickets.get()

    give_back(coach, seen, seated, by=nomsa)

    assert dict(Ticket.objects.values_list("pk", "status")) == {
        seen.pk: "cancelled",
        unseen.pk: "valid",
        seated.pk: "valid",
    }
    with pytest.raises(Conflict, match="There is nobody to refund"):
        give_back(coach, seen, by=nomsa, token="again")


def test_nobody_is_left_behind_before_the_coach_is_due_to_leave(coach: Schedule, nomsa: User) -> None:
    ticket = stand_by(coach)

    assert unseated_standby(coach_load(coach.pk, now=NOW), 0, NOW) == []
    assert unseated_standby(coach_load(coach.pk, now=LATER), 0, LATER) == [ticket]


def test_cash_needs_an_open_till(coach: Schedule, nomsa: User) -> None:
    with pytest.raises(RuleBroken, match="Open your shift first"):
        give_back(coach, stand_by(coach), by=nomsa, in_cash=True)


def test_one_of_a_party_is_given_back_and_the_others_travel(nomsa: User) -> None:
    coach = make_coach(seats=2)
    aboard, behind = sell(coach, "Thandi Nkosi", "Sipho Zulu").tickets.order_by("pk")
    scan(aboard, by=nomsa, schedule=coach)
    behind.claims.all().delete()
    Ticket.objects.filter(pk=behind.pk).update(place="standby", seat=None)

    give_back(coach, behind, by=nomsa)

    statuses = Ticket.objects.order_by("pk").values_list("status", "booking__status")
    assert list(statuses) == [("boarded", "confirmed"), ("cancelled", "cancelled")]


def test_one_who_is_on_board_keeps_the_booking_when_the_other_cancels_or_moves(nomsa: User) -> None:
    here, there = make_coach(seats=4), make_schedule(departs=NOW + timedelta(days=1))
    for change in ("cancel", "move"):
        aboard, other = sell(here, "Thandi Nkosi", "Sipho Zulu").tickets.order_by("pk")
        scan(aboard, by=nomsa, schedule=here)
        booking = aboard.booking

        if change == "cancel":
            cancel_booking(
                CancellationRequest(booking.booking_reference, ticket_ids=[other.pk]),
                submission=change,
                content="",
                now=NOW,
            )
        else:
            segment = get_segment(SegmentRef(there.pk, "johannesburg", "cape-town"))
            fee_and_fare = quote_exchange(
                booking.booking_reference, segment, ticket_ids=[other.pk], now=NOW
            ).difference.balance
            exchange(
                TripChange(
                    booking.booking_reference, segment.ref, ticket_ids=[other.pk], quoted=fee_and_fare
                ),
                settle=lambda *_money: None,
                submission=change,
                content="",
                now=NOW,
            )

        booking.refresh_from_db()
        assert (booking.status, booking.schedule_id) == ("confirmed", here.pk), change
        assert list(booking.tickets.values_list("status", flat=True)) == ["boarded"], change


@pytest.mark.database
def test_standby_moves_to_a_seat_with_a_fee_before_and_without_after_the_coach_left(
    coach: Schedule, nomsa: User
) -> None:
    ticket = stand_by(coach)
    reference = ticket.booking.booking_reference
    later = get_segment(
        SegmentRef(make_schedule(departs=NOW + timedelta(days=1)).pk, "johannesburg", "cape-town")
    )

    before = quote_exchange(reference, later, now=NOW).difference
    after = quote_exchange(reference, later, now=LATER)
    moved = exchange(
        TripChange(reference, later.ref, quoted=Decimal(0)),
        actor=nomsa,
        submission="s",
        content="",
        now=LATER,
    )

    assert (before.fee, after.difference.fee, after.difference.balance) == (600, 0, 0)
    assert [(each.status, each.place, bool(each.seat)) for each in moved.tickets.order_by("pk")] == [
        ("replaced", "standby", False),
        ("valid", "seat", True),
    ]
    assert violations(now=LATER) == []


def test_a_child_on_a_lap_moves_along_and_not_alone(coach: Schedule) -> None:
    mother, child = sell(coach, "Thandi Nkosi", "Baby Nkosi").tickets.order_by("pk")
    child.claims.all().delete()
    Ticket.objects.filter(pk=child.pk).update(place="lap", seat=None)
    reference = mother.booking.booking_reference
    later = get_segment(
        SegmentRef(make_schedule(departs=NOW + timedelta(days=1)).pk, "johannesburg", "cape-town")
    )

    moved = exchange(
        TripChange(reference, later.ref),
        settle=lambda *_money: None,
        submission="s",
        content="",
        now=NOW - timedelta(days=9),
    )

    assert sorted(moved.tickets.filter(status="valid").values_list("place", "first_name")) == [
        ("lap", "Baby"),
        ("seat", "Thandi"),
    ]
    with pytest.raises(RuleBroken, match="with the passenger it travels with"):
        quote_exchange(
            reference, later, ticket_ids=[moved.tickets.get(place="lap", status="valid").pk], now=NOW
        )
