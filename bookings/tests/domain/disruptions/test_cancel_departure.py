"""A departure is cancelled: planned, confirmed, everybody told once."""

from datetime import timedelta

import pytest
from django.core import mail

from bookings.base.errors import Conflict
from bookings.domain.disruptions.cases import close_case, confirm_case, discard_case, renew_plan
from bookings.domain.messaging.outbox import send_due
from bookings.models import (
    DisruptionLine,
    OutboxMessage,
    Schedule,
    SeatClaim,
    StaffTask,
    Ticket,
    User,
    Webhook,
)
from bookings.tests.domain.disruptions.cancelled_coach import confirmed, draft, two_departures, wrong
from bookings.tests.make import NOW, make_booking, make_partner, make_schedule, make_user

pytestmark = pytest.mark.django_db


def test_the_dry_run_changes_nothing_and_says_who_goes_where() -> None:
    first, later = two_departures()
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    case = draft(first)
    lines = list(case.lines.order_by("pk"))
    assert [line.new_schedule_id for line in lines] == [later.pk] * 2
    assert {line.new_seat.label for line in lines if line.new_seat} == {"1A", "1B"}
    assert case.status == "draft"
    first.refresh_from_db()
    assert first.status == Schedule.Status.ON_SALE
    assert not OutboxMessage.objects.filter(kind="disruption").exists()
    assert booking.tickets.filter(schedule=first, seat__isnull=False).count() == 2
    discard_case(case.pk)
    assert not DisruptionLine.objects.exists()


def test_confirming_moves_whole_parties_and_lets_the_others_wait() -> None:
    first, later = two_departures(later_seats=4)
    moved = make_booking(schedule=first, names=("Ann Lee", "Ben Lee", "Cy Lee"))
    before = {ticket.pk: (ticket.code, ticket.spoken_code) for ticket in moved.tickets.all()}
    waits = make_booking(schedule=first, names=("Di Roe", "Ed Roe"), email="di@example.com")
    confirmed(first)
    first.refresh_from_db()
    assert first.status == Schedule.Status.CANCELLED
    moved.refresh_from_db()
    assert (moved.schedule_id, moved.boards_at) == (later.pk, later.departure_time)
    for ticket in moved.tickets.all():
        assert (ticket.code, ticket.spoken_code) == before[ticket.pk]
        assert (ticket.version, ticket.place, ticket.schedule_id) == (2, "seat", later.pk)
    assert [ticket.place for ticket in waits.tickets.all()] == ["waiting", "waiting"]
    assert not SeatClaim.objects.filter(schedule=first).exists()
    assert wrong() == []


def test_everybody_is_told_once_with_a_link() -> None:
    first, _later = two_departures()
    make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    case = confirmed(first)
    confirm_case(case.pk, version=1, actor=case.created_by, submission="again", now=NOW)
    send_due(now=NOW)
    (message,) = [sent for sent in mail.outbox if "Your coach is cancelled" in sent.subject]
    assert "/disruptions/" in message.body
    assert "The engine failed." in message.body
    assert OutboxMessage.objects.filter(kind="disruption").count() == 1


def test_unpaid_seats_are_told_that_there_is_nothing_to_pay() -> None:
    first, _later = two_departures()
    make_booking(schedule=first, status="pending")
    confirmed(first)
    send_due(now=NOW)
    (message,) = mail.outbox
    assert "nothing to pay" in message.body
    assert wrong() == []


def test_a_plan_for_seats_that_were_sold_meanwhile_is_made_anew() -> None:
    first, later = two_departures(later_seats=4)
    make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    case = draft(first)
    make_booking(schedule=later, names=("Fay Ray", "Gus Ray", "Hal Ray"))
    Schedule.objects.filter(pk=later.pk).update(revision=later.revision + 1)
    with pytest.raises(Conflict, match="plan was updated"):
        confirm_case(case.pk, version=1, actor=case.created_by, submission="c", now=NOW)
    case.refresh_from_db()
    assert (case.version, case.status) == (2, "draft")
    confirm_case(case.pk, version=2, actor=case.created_by, submission="d", now=NOW)
    assert Ticket.objects.filter(place="waiting").count() == 2
    assert wrong() == []


def test_a_change_that_does_not_touch_the_plan_does_not_stop_it() -> None:
    first, later = two_departures()
    make_booking(schedule=first)
    case = draft(first)
    Schedule.objects.filter(pk=later.pk).update(revision=later.revision + 5)
    assert (
        confirm_case(case.pk, version=1, actor=case.created_by, submission="c", now=NOW).status == "confirmed"
    )
    assert not renew_plan(case.pk, now=NOW)


def test_over_ten_people_a_second_person_confirms_in_their_own_session() -> None:
    first, _later = two_departures(seats=12, later_seats=12)
    make_booking(schedule=first, names=tuple(f"P{number} Lee" for number in range(11)), fare=100)
    case = draft(first)
    proposed = confirm_case(case.pk, version=1, actor=case.created_by, submission="c", now=NOW)
    assert proposed.status == "proposed"
    other = make_user(role=User.Role.DISPATCHER)
    assert confirm_case(case.pk, version=1, actor=other, submission="d", now=NOW).status == "proposed"
    supervisor = make_user(role=User.Role.SUPERVISOR)
    done = confirm_case(case.pk, version=1, actor=supervisor, submission="e", now=NOW)
    assert (done.status, done.approver, done.confirmed_by) == ("confirmed", supervisor, case.created_by)
    assert wrong() == []


def test_shortly_before_departure_one_person_confirms_and_others_look_at_it() -> None:
    first = make_schedule(departs=NOW + timedelta(hours=3))
    make_booking(schedule=first, names=("Ann Lee", "Ben Lee"), fare=3000)
    case = confirmed(first)
    assert case.status == "confirmed"
    assert StaffTask.objects.get(kind="disruption_review").subject == f"case:{case.pk}"


def test_a_case_is_not_closed_while_somebody_waits() -> None:
    first, _later = two_departures(later_seats=1)
    make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    case = confirmed(first)
    with pytest.raises(Conflict, match="2 passengers are still waiting"):
        close_case(case.pk, now=NOW)


def test_a_departure_is_cancelled_once() -> None:
    first, _later = two_departures()
    confirmed(first)
    with pytest.raises(Conflict, match="cancelled already"):
        draft(first, now=NOW + timedelta(seconds=1), text="again")


def test_a_partner_is_told_by_its_webhook() -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first)
    partner = make_partner()
    Webhook.objects.create(
        partner=partner, url="https://partner.example/hook", events=["booking.changed"], created_at=NOW
    )
    booking.order.partner, booking.order.channel = partner, "api"
    booking.order.save()
    confirmed(first)
    assert OutboxMessage.objects.filter(event="booking.changed", about_id=booking.pk).count() == 1
