"""A case while others sell, choose and press the same button."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.domain.disruptions.cases import confirm_case, renew_plan
from bookings.domain.disruptions.choices import PartyChoice, answer_by_link
from bookings.domain.integrity.invariants import Violation, violations
from bookings.domain.sales.holds import HoldRequest, hold_any
from bookings.domain.tickets.choice_links import choice_token
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import ChoiceLink, OutboxMessage, Schedule, Ticket
from bookings.tests.domain.disruptions.cancelled_coach import confirmed, draft, two_departures
from bookings.tests.make import NOW, make_booking, make_schedule
from bookings.tests.races.crowd import crowd, kinds, many

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def wrong() -> list[Violation]:
    return [found for found in violations(now=NOW) if found.rule != "a confirmed order has its mail"]


def ref_to(schedule: Schedule) -> SegmentRef:
    return SegmentRef(schedule.pk, "johannesburg-main@0", "cape-town-main@2")


def test_confirmed_by_many_at_once_everybody_is_moved_and_told_once() -> None:
    first, later = two_departures()
    for number in range(4):
        make_booking(schedule=first, names=("Ann Lee", "Ben Lee"), email=f"p{number}@example.com", fare=100)
    case = draft(first)

    def act(number: int) -> Any:
        return confirm_case(
            case.pk, version=1, actor=case.created_by, submission=f"c{number}", now=NOW
        ).status

    answers = crowd(many(8, 32), act)

    assert set(answers) == {"confirmed"}
    assert OutboxMessage.objects.filter(kind="disruption").count() == 4
    assert set(Ticket.objects.values_list("schedule", "version")) == {(later.pk, 2)}
    assert wrong() == []


def test_confirming_while_both_coaches_are_sold_loses_nobody() -> None:
    first, later = two_departures()
    for number in range(3):
        make_booking(schedule=first, names=("Ann Lee", "Ben Lee"), email=f"p{number}@example.com", fare=100)
    case = draft(first)

    def act(number: int) -> Any:
        if number == 3:
            return confirm_case(case.pk, version=1, actor=case.created_by, submission="c", now=NOW)
        segment = get_segment(ref_to((first, later)[number % 2]))
        return hold_any(segment, 1, HoldRequest(f"owner {number}"), now=NOW)

    crowd(many(8, 24), act)

    case.refresh_from_db()
    if case.status != "confirmed":  # seats were sold since the plan was made: the dispatcher looks again
        renew_plan(case.pk, now=NOW)
        case.refresh_from_db()
        case = confirm_case(case.pk, version=case.version, actor=case.created_by, submission="d", now=NOW)
    assert case.status == "confirmed"
    seated = Ticket.objects.filter(place="seat", schedule=later).count()
    assert seated + Ticket.objects.filter(place="waiting", schedule=first).count() == 6
    assert wrong() == []


def test_a_choice_and_a_sale_of_the_last_seats_never_both_have_them() -> None:
    first, later = two_departures()
    third = make_schedule(route=first.route, departs=NOW + timedelta(days=4), seats=2)
    bookings = [
        make_booking(schedule=first, names=("Ann Lee", "Ben Lee"), email=f"p{number}@example.com")
        for number in range(2)
    ]
    confirmed(first)
    tokens = [
        choice_token(ChoiceLink.objects.select_related("order").get(order=booking.order, ticket=None))
        for booking in bookings
    ]

    def act(number: int) -> Any:
        if number < 2:
            choice = PartyChoice(bookings[number].booking_reference, "other", ref_to(third))
            return answer_by_link(tokens[number], choice, submission=f"s{number}", now=NOW)
        return hold_any(get_segment(ref_to(third)), 2, HoldRequest(f"owner {number}"), now=NOW)

    answers = crowd(6, act)

    assert kinds(answers)["ok"] == 1
    assert set(kinds(answers)) <= {"ok", "Conflict", "SoldOut", "SeatTaken"}
    assert Ticket.objects.filter(place="seat", schedule__in=(later, third)).count() == 4
    assert wrong() == []
