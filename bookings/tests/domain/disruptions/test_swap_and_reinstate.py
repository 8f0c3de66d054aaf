"""Another coach for a departure, and a cancelled departure that runs after all."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings.base.errors import Conflict, Refusal
from bookings.domain.disruptions.cases import confirm_case
from bookings.domain.disruptions.choices import PartyChoice, answer_by_link
from bookings.domain.sales.blocks import BlockRequest, block_seats
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.tickets.choice_links import choice_token
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import (
    Booking,
    ChoiceLink,
    FareClass,
    HoldSeat,
    OutboxMessage,
    Refund,
    Schedule,
    SeatClaim,
    SeatLayout,
    User,
)
from bookings.tests.domain.disruptions.cancelled_coach import confirmed, draft, two_departures, wrong
from bookings.tests.make import NOW, make_booking, make_layout, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.database]
SOON = NOW + timedelta(hours=1)


def swap(schedule: Schedule, layout: SeatLayout, *, by: User | None = None) -> None:
    case = draft(schedule, by=by, kind="swap_coach", layout_id=layout.pk, reason="no_coach")
    done = confirm_case(case.pk, version=1, actor=case.created_by, submission=f"s{case.pk}", now=NOW)
    assert done.status == "confirmed"


def labels(booking: Booking) -> list[str]:
    return [ticket.seat.label if ticket.seat else ticket.place for ticket in booking.tickets.order_by("pk")]


def test_everybody_keeps_the_label_where_the_other_coach_has_it() -> None:
    schedule = make_schedule(seats=12)
    booking = make_booking(schedule=schedule, names=("Ann Lee", "Ben Lee"))
    code = booking.tickets.all()[0].code
    swap(schedule, make_layout(seats=8))
    schedule.refresh_from_db()
    assert schedule.layout.seats.count() == 8
    assert labels(booking) == ["1A", "1B"]
    assert booking.tickets.all()[0].code == code
    assert schedule.available_seats == 6
    assert OutboxMessage.objects.filter(kind="disruption").count() == 1
    assert wrong() == []


def test_who_bought_last_waits_and_is_listed_first_and_parties_stay_whole() -> None:
    schedule = make_schedule(seats=12)
    bookings = [
        make_booking(
            schedule=schedule, names=names, email=f"p{number}@x.com", now=NOW + timedelta(minutes=number)
        )
        for number, names in enumerate([("A One",) * 3, ("B Two",) * 4, ("C Three",) * 3])
    ]
    case = draft(schedule, kind="swap_coach", layout_id=make_layout(seats=8).pk)
    lines = list(case.lines.select_related("ticket"))
    assert [line.action for line in lines] == ["wait"] * 3 + ["move"] * 7
    assert {line.ticket.booking_id for line in lines[:3]} == {bookings[2].pk}
    confirm_case(case.pk, version=1, actor=case.created_by, submission="c", now=NOW)
    assert labels(bookings[2]) == ["waiting"] * 3
    rows = [{ticket.seat.row for ticket in booking.tickets.all() if ticket.seat} for booking in bookings[:2]]
    assert [len(seats) for seats in rows] == [1, 1]
    assert wrong() == []


def test_a_worse_class_gives_back_the_difference_once() -> None:
    schedule = make_schedule(layout=make_layout(seats=8, premium=4))
    booking = make_booking(schedule=schedule, fare=1350, is_online=True)
    premium = FareClass.objects.get(code="premium")
    booking.tickets.update(fare_class=premium)
    swap(schedule, make_layout(seats=8))
    ticket = booking.tickets.get()
    assert (ticket.fare, ticket.fare_class.code) == (Decimal(1000), "standard")
    assert Refund.objects.get().amount == Decimal(350)
    assert wrong() == []


def test_holds_blocks_and_unpaid_seats_go_with_the_coach_or_end() -> None:
    schedule = make_schedule(seats=12)
    sold = make_booking(schedule=schedule, names=("Ann Lee",) * 4)
    unpaid = make_booking(schedule=schedule, names=("Ben Roe",), status="pending", email="ben@x.com")
    ref = SegmentRef(schedule.pk, "johannesburg", "cape-town")
    hold = hold_seats(get_segment(ref), ["3A", "3B"], HoldRequest("zola"), now=NOW)
    late = hold_seats(get_segment(ref), ["3C", "3D"], HoldRequest("ann"), now=NOW)
    block_seats(BlockRequest(schedule.pk, ["2B"], "broken"), now=NOW)
    swap(schedule, make_layout(seats=8))
    assert labels(sold) == ["1A", "1B", "1C", "1D"]
    assert labels(unpaid) == ["2A"]
    assert [row.seat.label for row in HoldSeat.objects.filter(trip__hold=hold)] != []
    late.refresh_from_db()
    assert late.expires_at == NOW  # no seats are left: the next page of the visitor says so
    assert SeatClaim.objects.filter(kind="blocked").count() in (0, 2)
    assert wrong() == []


def test_a_cancelled_departure_runs_again_with_who_has_not_answered() -> None:
    first, later = two_departures(later_seats=4)
    third = make_schedule(route=first.route, departs=NOW + timedelta(days=4))
    Schedule.objects.filter(pk=third.pk).update(is_active=False)
    silent = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    chose = make_booking(schedule=first, names=("Di Roe",), email="di@example.com", now=SOON)
    waits = make_booking(schedule=first, names=("Ed Poe",) * 2, email="ed@x.com", now=SOON)
    paid_back = make_booking(schedule=first, names=("Fay Ray",), email="fay@x.com", now=SOON)
    before = labels(silent), labels(waits)
    cancelled = confirmed(first)
    Schedule.objects.filter(pk=third.pk).update(is_active=True)

    def choose(booking: Booking, choice: str, to: SegmentRef | None = None) -> None:
        link = ChoiceLink.objects.select_related("order").get(order=booking.order, ticket=None)
        wanted = PartyChoice(booking.booking_reference, choice, to)
        answer_by_link(choice_token(link), wanted, submission=f"{booking.pk}", now=SOON)

    choose(chose, "other", SegmentRef(third.pk, "johannesburg-main@0", "cape-town-main@2"))
    choose(paid_back, "refund")
    undo = draft(first, kind="reinstate", now=SOON)
    confirm_case(undo.pk, version=1, actor=undo.created_by, submission="undo", now=SOON)
    first.refresh_from_db()
    cancelled.refresh_from_db()
    assert (first.status, cancelled.status) == (Schedule.Status.ON_SALE, "closed")
    assert (labels(silent), labels(waits)) == before
    assert chose.tickets.get().schedule == third
    paid_back.refresh_from_db()
    assert paid_back.status == "cancelled"
    assert not SeatClaim.objects.filter(schedule=later).exists()
    told = OutboxMessage.objects.filter(kind="disruption", order=chose.order).count()
    assert told == 2
    assert wrong(now=SOON) == []
    link = ChoiceLink.objects.select_related("order").get(order=silent.order, ticket=None, disruption=undo)
    with pytest.raises(Conflict, match="usual terms"):
        answer_by_link(
            choice_token(link), PartyChoice(silent.booking_reference, "refund"), submission="r", now=SOON
        )


def test_what_does_not_fit_the_kind_is_refused() -> None:
    first, _later = two_departures()
    with pytest.raises(Conflict, match="is already running"):
        draft(first, kind="reinstate")
    with pytest.raises(Refusal, match="other coach"):
        draft(first, kind="swap_coach")
