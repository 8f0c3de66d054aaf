"""A stop passed by, a coach that ends early, one that breaks down with passengers on board."""

from datetime import datetime, timedelta

import pytest

from bookings.base.errors import Conflict, Refusal
from bookings.domain.boarding.check_in import Scan, check_in
from bookings.domain.boarding.departure_status import depart
from bookings.domain.disruptions.cases import confirm_case
from bookings.domain.disruptions.choices import PartyChoice, answer_by_link
from bookings.domain.operations.relief import add_relief
from bookings.domain.tickets.choice_links import choice_token
from bookings.models import (
    Booking,
    ChoiceLink,
    Disruption,
    OutboxMessage,
    Refund,
    RouteStop,
    Schedule,
    StaffTask,
    Ticket,
    User,
)
from bookings.tests.domain.disruptions.cancelled_coach import draft, two_departures, wrong
from bookings.tests.make import (
    NOW,
    make_booking,
    make_layout,
    make_route,
    make_schedule,
    make_stop,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LEFT = timedelta(minutes=1)


def carried_out(case: Disruption, now: datetime = NOW) -> Disruption:
    return confirm_case(case.pk, version=case.version, actor=case.created_by, submission="c", now=now)


def skipped(schedule: Schedule) -> list[int]:
    rows = schedule.changes.filter(kind="skipped").order_by("pk")
    return list(rows.values_list("position", flat=True))


def on_the_road(schedule: Schedule, *boarded: Booking) -> datetime:
    """The coach has left its first stop with the passengers of these bookings."""
    tebogo = make_user(role=User.Role.DISPATCHER)
    soon = schedule.departure_time - timedelta(minutes=15)
    for booking in boarded:
        for ticket in booking.tickets.all():
            check_in(schedule.pk, Scan(ticket.code, 0, f"{ticket.pk}"), actor=tebogo, now=soon)
    depart(schedule.pk, actor=tebogo, submission="left", now=schedule.departure_time)
    return schedule.departure_time + LEFT


def test_who_gets_on_or_off_at_a_skipped_stop_is_moved_and_nobody_else() -> None:
    first, later = two_departures()
    through = make_booking(schedule=first)
    off = make_booking(schedule=first, names=("Ann Lee",), last=1, email="ann@example.com")
    on = make_booking(schedule=first, names=("Ben Lee",), first=1, email="ben@example.com")
    case = carried_out(draft(first, kind="skip_stop", position=1))
    for booking in (through, off, on):
        booking.refresh_from_db()
    assert (through.schedule, off.schedule, on.schedule) == (first, later, later)
    assert case.lines.count() == 2
    assert skipped(first) == [1]
    assert OutboxMessage.objects.filter(kind="disruption").count() == 2
    assert not OutboxMessage.objects.filter(kind="times_changed").exists()
    assert not StaffTask.objects.filter(kind="stop_skipped").exists()  # the case says it
    assert wrong() == []


def test_another_stop_in_the_city_serves_as_well() -> None:
    route = make_route()
    call = RouteStop.objects.get(route=route, position=1)
    other = make_stop(call.stop.city, code="bloem-airport", name="Airport")
    RouteStop.objects.filter(route=route, position=2).update(position=3)
    RouteStop.objects.create(
        route=route,
        position=2,
        stop=other,
        arrive_min=150,
        depart_min=150,
        km=160,
        may_board=True,
        may_alight=True,
    )
    schedule = make_schedule(route=route)
    on = make_booking(schedule=schedule, names=("Ben Lee",), first=1)
    carried_out(draft(schedule, kind="skip_stop", position=1))
    on.refresh_from_db()
    assert (on.schedule, on.from_stop.stop) == (schedule, other)
    assert wrong() == []


def test_a_coach_that_ends_early_serves_who_gets_off_before() -> None:
    first, later = two_departures(later_seats=1)
    through = make_booking(schedule=first, names=("Ann Lee",))
    waits = make_booking(schedule=first, names=("Ed Roe", "Flo Roe"), email="ed@example.com")
    off = make_booking(schedule=first, names=("Cy Lee",), last=1, email="cy@example.com")
    carried_out(draft(first, kind="short_turn", position=1))
    for booking in (through, off, waits):
        booking.refresh_from_db()
    assert (through.schedule, off.schedule) == (later, first)
    assert {ticket.place for ticket in waits.tickets.all()} == {"waiting"}
    assert skipped(first) == [2]
    assert wrong() == []


def test_after_a_breakdown_who_is_on_board_goes_on_first_with_a_new_ticket() -> None:
    route = make_route(stand=10)
    departs = NOW + timedelta(hours=3)
    first = make_schedule(route=route, departs=departs)
    later = make_schedule(route=route, departs=departs + timedelta(hours=4), seats=2)
    stays = make_booking(schedule=first, names=("Di Roe",), first=1, email="di@example.com")
    rides = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    now = on_the_road(first, rides)
    old = list(rides.tickets.order_by("pk"))
    case = carried_out(draft(first, kind="breakdown", position=0, now=now), now)
    rides.refresh_from_db()
    assert [Ticket.objects.get(pk=ticket.pk).status for ticket in old] == ["replaced", "replaced"]
    new = list(rides.tickets.filter(status="valid").order_by("pk"))
    assert [(ticket.schedule, ticket.fare, ticket.full_name) for ticket in new] == [
        (later, 600, "Ann Lee"),
        (later, 600, "Ben Lee"),
    ]
    assert {ticket.code for ticket in new}.isdisjoint(ticket.code for ticket in old)
    assert set(case.lines.values_list("ticket", flat=True)) >= {ticket.pk for ticket in new}
    assert {ticket.place for ticket in stays.tickets.all()} == {"waiting"}  # the two had priority
    assert skipped(first) == [1, 2]
    assert wrong(now=now) == []


def test_another_vehicle_takes_over_and_who_finds_no_seat_may_have_all_the_money() -> None:
    route = make_route()
    first = make_schedule(route=route, departs=NOW + timedelta(hours=3))
    rides = make_booking(schedule=first, names=("Ann Lee",))
    others = make_booking(schedule=first, names=("Cy Roe", "Di Roe"), email="cy@example.com")
    now = on_the_road(first, rides, others)
    tebogo = make_user(role=User.Role.DISPATCHER)
    vehicle = add_relief(first.pk, make_layout(seats=2), actor=tebogo, submission="r", now=now)
    make_booking(schedule=vehicle, names=("Crew",), fare=0, email="crew@example.com")
    carried_out(draft(first, kind="breakdown", position=1, target_id=vehicle.pk, now=now), now)
    vehicle.refresh_from_db()
    assert vehicle.status == Schedule.Status.CLOSED  # it boards, and is not sold
    rides.refresh_from_db()
    assert (rides.schedule, rides.from_stop.position) == (vehicle, 1)
    others.refresh_from_db()
    assert {ticket.place for ticket in others.tickets.filter(status="valid")} == {"waiting"}
    assert wrong(now=now) == []
    link = ChoiceLink.objects.select_related("order").get(order=others.order, ticket=None)
    answer = PartyChoice(others.booking_reference, "refund")
    answer_by_link(choice_token(link), answer, submission="r", now=now)
    assert sum(refund.amount for refund in Refund.objects.all()) == 1200
    assert wrong(now=now) == []


def test_what_makes_no_sense_is_refused() -> None:
    first, later = two_departures()
    with pytest.raises(Refusal, match="not left yet"):
        draft(first, kind="breakdown", position=1)
    with pytest.raises(Refusal, match="Choose the stop"):
        draft(first, kind="skip_stop")
    with pytest.raises(Refusal, match="has to be cancelled"):
        draft(first, kind="short_turn", position=0)
    now = on_the_road(later)
    with pytest.raises(Conflict, match="left this stop"):
        draft(later, kind="skip_stop", position=0, now=now)
