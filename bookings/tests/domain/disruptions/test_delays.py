"""A delay over the trigger of a policy is a case: travel later, another coach, the money back."""

from datetime import timedelta

import pytest
from django.core import mail

from bookings.base.errors import Conflict
from bookings.domain.disruptions.choice_page import choice_page
from bookings.domain.disruptions.choices import PartyChoice, answer_by_link
from bookings.domain.disruptions.times import Delay
from bookings.domain.messaging.outbox import send_due
from bookings.domain.operations.time_changes import report_delay
from bookings.domain.tickets.choice_links import choice_token
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Booking, ChoiceLink, Disruption, OutboxMessage, Refund, Schedule, Ticket, User
from bookings.tests.domain.disruptions.cancelled_coach import confirmed, two_departures, wrong
from bookings.tests.make import NOW, make_booking, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def tell(
    schedule: Schedule, late: int, *, position: int = 0, minute: int = 0, by: User | None = None
) -> None:
    now = NOW + timedelta(minutes=minute)
    by = by or make_user(role=User.Role.DISPATCHER)
    delay = Delay(position, late, reason="technical")
    report_delay(schedule.pk, delay, actor=by, submission=f"{position} {late} {minute}", now=now)


def choose(booking: Booking, choice: str, to: SegmentRef | None = None) -> None:
    link = ChoiceLink.objects.select_related("order").get(order=booking.order, ticket=None)
    answer = PartyChoice(booking.booking_reference, choice, to)
    answer_by_link(choice_token(link), answer, submission=f"{booking.pk} {choice}", now=NOW)


def test_a_delay_below_the_trigger_is_no_case() -> None:
    first, _later = two_departures()
    make_booking(schedule=first)
    tell(first, 90)
    assert not Disruption.objects.exists()


def test_over_the_trigger_each_order_is_told_once_and_asked() -> None:
    first, later = two_departures()
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    tell(first, 150)
    tell(first, 180, minute=5)
    case = Disruption.objects.get()
    assert (case.kind, case.status, case.reason) == ("delay", "confirmed", "breakdown")
    assert [line.entitlements for line in case.lines.all()] == [["choice"]] * 2  # days ahead nobody waits yet
    send_due(now=NOW + timedelta(minutes=6))
    subjects = [sent.subject for sent in mail.outbox]
    assert len([subject for subject in subjects if "Your coach is late" in subject]) == 1
    assert OutboxMessage.objects.filter(kind="times_changed").count() == 1  # the half hour more
    link = ChoiceLink.objects.select_related("disruption", "order", "ticket").get(ticket=None)
    page = choice_page(link, now=NOW)
    assert "expected" in page.apology
    assert page.accept_text == "We travel on this coach, later"
    (party,) = page.parties
    assert [other.ref.split("|")[0] for other in party.others] == [str(later.pk)]
    assert booking.tickets.filter(schedule=first, seat__isnull=False).count() == 2
    assert wrong() == []


def test_each_choice_does_what_it_says() -> None:
    first, later = two_departures()
    waits, moves, leaves = (
        make_booking(schedule=first, names=(f"{name} Lee",), email=f"{name}@example.com")
        for name in ("Ann", "Ben", "Cy")
    )
    tell(first, 150)
    choose(waits, "accepted")
    choose(moves, "other", SegmentRef(later.pk, "johannesburg-main@0", "cape-town-main@2"))
    choose(leaves, "refund")
    assert waits.tickets.get().schedule == first
    assert moves.tickets.get().schedule == later
    assert leaves.tickets.get().status == Ticket.Status.CANCELLED
    assert Refund.objects.get().amount == 600  # all of it, whatever the terms of the fare
    assert wrong() == []


def test_who_gets_on_before_the_delay_begins_is_not_asked() -> None:
    first, _later = two_departures()
    make_booking(schedule=first, names=("Ann Lee",))
    make_booking(schedule=first, names=("Ben Lee",), first=1, email="ben@example.com")  # 150 km: too short
    tell(first, 130, position=1)
    assert not Disruption.objects.exists()


def test_a_later_case_about_the_departure_takes_over() -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first)
    tell(first, 150)
    confirmed(first)
    assert Disruption.objects.get(kind="delay").status == "closed"
    link = ChoiceLink.objects.select_related("order").filter(order=booking.order).order_by("pk")[0]
    with pytest.raises(Conflict, match="closed"):
        answer_by_link(
            choice_token(link), PartyChoice(booking.booking_reference, "refund"), submission="x", now=NOW
        )
