"""What must hold of the desk: a full coach that does not run, and the days on which everything goes wrong."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail

from bookings.base.errors import Conflict
from bookings.domain.boarding.check_in import Scan, check_in
from bookings.domain.boarding.departure_status import depart
from bookings.domain.disruptions.cases import close_case, confirm_case
from bookings.domain.disruptions.choices import PartyChoice, answer_by_link
from bookings.domain.disruptions.times import Delay
from bookings.domain.disruptions.watch import watch_unanswered
from bookings.domain.messaging.outbox import send_due
from bookings.domain.operations.relief import add_relief, open_sale
from bookings.domain.operations.time_changes import report_delay
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.tickets.choice_links import choice_token
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import (
    Booking,
    ChoiceLink,
    Disruption,
    OutboxMessage,
    Refund,
    Schedule,
    StaffTask,
    Ticket,
    User,
)
from bookings.tests.domain.disruptions.cancelled_coach import draft, wrong
from bookings.tests.make import NOW, make_booking, make_layout, make_route, make_schedule, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.database]
HOUR = timedelta(hours=1)


def signed(case: Disruption, *, times: int = 1) -> Disruption:
    """By a manager, who may press more than once."""
    manager = make_user(role=User.Role.MANAGER)
    for number in range(times):
        confirm_case(case.pk, version=case.version, actor=manager, submission=f"{case.pk} {number}", now=NOW)
    case.refresh_from_db()
    return case


def answer(booking: Booking, choice: str, to: Schedule | None = None, *, press: int = 1) -> None:
    link = ChoiceLink.objects.select_related("order").filter(order=booking.order, ticket=None).latest("pk")
    ref = SegmentRef(to.pk, "johannesburg-main@0", "cape-town-main@2") if to else None
    reply = PartyChoice(booking.booking_reference, choice, ref)
    for _press in range(press):
        answer_by_link(choice_token(link), reply, submission=f"{booking.pk} {choice}", now=NOW)


def test_a_cancelled_coach_with_52_passengers() -> None:
    """Pressed twice: everybody seated, waiting with an open line, or refunded, told once, to the cent."""
    route = make_route()
    full = make_schedule(route=route, seats=52)
    later = make_schedule(route=route, departs=full.departure_time + 4 * HOUR, seats=40)
    bookings = [
        make_booking(
            schedule=full, names=("Ann Lee", "Ben Lee"), email=f"p{number}@example.com", fare="612.35"
        )
        for number in range(26)
    ]
    case = signed(draft(full), times=2)
    places = Counter(Ticket.objects.values_list("place", flat=True))
    assert places == {"seat": 40, "waiting": 12}
    assert Ticket.objects.filter(place="seat").exclude(schedule=later).count() == 0
    send_due(now=NOW)
    assert Counter(address for sent in mail.outbox for address in sent.to) == Counter(
        f"p{number}@example.com" for number in range(26)
    )
    waiting = [booking for booking in bookings if booking.tickets.filter(place="waiting").exists()]
    for booking in waiting[:5]:
        answer(booking, "refund", press=2)
    answer(bookings[0], "accepted", press=2)
    assert [refund.amount for refund in Refund.objects.all()] == [Decimal("1224.70")] * 5
    with pytest.raises(Conflict, match="2 passengers are still waiting"):
        close_case(case.pk, now=NOW)
    answer(waiting[5], "refund")
    assert close_case(case.pk, now=NOW).status == "closed"
    assert wrong() == []


def test_who_chooses_what_somebody_else_has_just_taken_loses_nothing() -> None:
    route = make_route()
    first = make_schedule(route=route)
    make_schedule(route=route, departs=first.departure_time + 4 * HOUR)
    last = make_schedule(route=route, departs=first.departure_time + 20 * HOUR, seats=2)
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    signed(draft(first))
    before = set(Ticket.objects.values_list("pk", "schedule", "seat"))
    make_booking(schedule=last, email="other@example.com")
    with pytest.raises(Conflict, match="just taken"):
        answer(booking, "other", last)
    assert set(Ticket.objects.filter(booking=booking).values_list("pk", "schedule", "seat")) == before
    assert wrong() == []


def test_the_friday_before_christmas() -> None:
    """Every coach is full: a cancellation leaves people waiting, and a relief coach takes them."""
    route = make_route()
    morning, noon, evening = (
        make_schedule(route=route, departs=NOW + hours * HOUR, seats=8) for hours in (26, 30, 34)
    )
    for schedule, count in ((morning, 8), (noon, 7), (evening, 8)):
        for number in range(count):
            make_booking(
                schedule=schedule, names=("Ann Lee",), email=f"{schedule.pk}-{number}@example.com", fare=900
            )
    case = signed(draft(morning, reason="no_coach"))
    assert Ticket.objects.filter(place="waiting").count() == 7
    # A person calls who waits, and who was moved by more than two hours
    assert watch_unanswered(now=NOW + 25 * HOUR) == 8
    manager = case.approver or make_user(role=User.Role.MANAGER)
    relief = add_relief(noon.pk, make_layout(seats=12), actor=manager, submission="relief", now=NOW)
    open_sale(relief.pk, actor=manager, now=NOW)
    for booking in Booking.objects.filter(tickets__place="waiting").order_by("pk")[:6]:
        answer(booking, "other", relief)
    last = Booking.objects.get(tickets__place="waiting")
    answer(last, "refund")
    assert Ticket.objects.filter(schedule=relief, place="seat").count() == 6
    assert close_case(case.pk, now=NOW).status == "closed"
    assert wrong() == []


def test_a_driver_does_not_come() -> None:
    """First late without knowing how long, then two and a half hours, then another coach takes them."""
    route = make_route()
    departs = NOW + HOUR
    schedule = make_schedule(route=route, departs=departs)
    later = make_schedule(route=route, departs=departs + 5 * HOUR)
    booking = make_booking(schedule=schedule, names=("Ann Lee", "Ben Lee"))
    tebogo = make_user(role=User.Role.DISPATCHER)
    unknown = Delay(0, None, next_word_at=departs + timedelta(minutes=30), reason="staff")
    report_delay(schedule.pk, unknown, actor=tebogo, submission="1", now=NOW)
    report_delay(schedule.pk, Delay(0, 150, reason="staff"), actor=tebogo, submission="2", now=NOW + HOUR)
    delay = Disruption.objects.get(kind="delay")
    assert delay.reason == "no_driver"
    assert delay.lines.count() == 2
    case = draft(schedule, by=tebogo, reason="no_driver", now=NOW + HOUR)
    confirm_case(case.pk, version=case.version, actor=tebogo, submission="c", now=NOW + HOUR)
    delay.refresh_from_db()
    assert delay.status == "closed"
    assert {ticket.schedule_id for ticket in booking.tickets.all()} == {later.pk}
    send_due(now=NOW + HOUR)
    subjects = [sent.subject.partition(":")[0] for sent in mail.outbox]
    assert subjects[-1] == "Your coach is cancelled"
    assert wrong(now=NOW + HOUR) == []


def test_a_breakdown_on_the_road_from_the_first_scan_to_the_last_refund() -> None:
    route = make_route(stand=10)
    schedule = make_schedule(route=route, departs=NOW + HOUR)
    rides = make_booking(schedule=schedule, names=("Ann Lee", "Ben Lee"), is_online=True)
    joins = make_booking(schedule=schedule, names=("Cy Roe",), first=1, email="cy@example.com")
    tebogo, left = make_user(role=User.Role.DISPATCHER), NOW + HOUR
    for ticket in rides.tickets.all():
        check_in(schedule.pk, Scan(ticket.code, 0, f"{ticket.pk}"), actor=tebogo, now=left - HOUR / 4)
    depart(schedule.pk, actor=tebogo, submission="left", now=left)
    case = draft(schedule, kind="breakdown", position=0, by=tebogo, now=left + HOUR)
    confirm_case(case.pk, version=1, actor=tebogo, submission="c", now=left + HOUR)
    assert {ticket.place for ticket in Ticket.objects.filter(status="valid")} == {"waiting"}
    vehicle = add_relief(schedule.pk, make_layout(seats=8), actor=tebogo, submission="r", now=left + HOUR)
    relief = draft(schedule, kind="relief", target_id=vehicle.pk, by=tebogo, now=left + HOUR)
    confirm_case(relief.pk, version=1, actor=tebogo, submission="r", now=left + HOUR)
    report_delay(vehicle.pk, Delay(0, 80), actor=tebogo, submission="late", now=left + HOUR)
    rides.refresh_from_db()
    joins.refresh_from_db()
    assert {rides.schedule_id, joins.schedule_id} == {vehicle.pk}
    link = ChoiceLink.objects.select_related("order").get(order=rides.order, ticket=None, disruption=relief)
    reply = PartyChoice(rides.booking_reference, "refund")
    for _press in range(2):
        answer_by_link(choice_token(link), reply, submission="money", now=left + HOUR)
    assert Refund.objects.get().amount == 1200
    assert OutboxMessage.objects.filter(kind="disruption", order=rides.order).count() == 2
    assert not StaffTask.objects.filter(kind="stop_skipped").exists()
    assert wrong(now=left + HOUR) == []


def test_money_can_only_go_back_once() -> None:
    schedule = make_schedule()
    booking = make_booking(schedule=schedule)
    signed(draft(schedule))
    answer(booking, "refund")
    request = CancellationRequest(booking.booking_reference)
    with pytest.raises(Conflict):
        cancel_booking(request, submission="again", content="again", now=NOW)
    assert Refund.objects.count() == 1
