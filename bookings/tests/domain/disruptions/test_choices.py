"""Passengers answer by their link: accept, another coach, all the money back."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.domain.boarding.check_in import Scan, check_in
from bookings.domain.boarding.coach_load import coach_load
from bookings.domain.disruptions.cases import close_case
from bookings.domain.disruptions.choice_page import choice_page
from bookings.domain.disruptions.choices import PartyChoice, answer_by_link
from bookings.domain.disruptions.watch import watch_unanswered
from bookings.domain.sales.reaccommodation import take_seats_away
from bookings.domain.tickets.choice_links import choice_token, find_choice_link
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import (
    Booking,
    ChoiceLink,
    DisruptionLine,
    Order,
    OutboxMessage,
    Refund,
    Schedule,
    SeatClaim,
    StaffTask,
    Ticket,
)
from bookings.tests.domain.disruptions.cancelled_coach import confirmed, two_departures, wrong
from bookings.tests.make import NOW, make_booking, make_route, make_schedule, make_user

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(hours=1)


def link_of(booking: Booking, ticket: Ticket | None = None) -> str:
    link = ChoiceLink.objects.select_related("order").get(order=booking.order, ticket=ticket)
    return choice_token(link)


def ref_to(schedule: Schedule) -> SegmentRef:
    return SegmentRef(schedule.pk, "johannesburg-main@0", "cape-town-main@2")


def test_accepting_what_was_kept_changes_no_seat() -> None:
    first, later = two_departures()
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    token = link_of(booking)
    for again in ("a", "a", "b"):
        answer_by_link(token, PartyChoice(booking.booking_reference, "accepted"), submission=again, now=SOON)
    assert list(DisruptionLine.objects.values_list("choice", "chosen_by")) == [("accepted", "link")] * 2
    assert booking.tickets.filter(schedule=later, seat__isnull=False).count() == 2
    assert wrong() == []


def test_another_coach_is_taken_at_once_and_the_seats_of_before_are_free() -> None:
    first, later = two_departures()
    third = make_schedule(route=first.route, departs=NOW + timedelta(days=4))
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    token = link_of(booking)
    answer = PartyChoice(booking.booking_reference, "other", ref_to(third))
    answer_by_link(token, answer, submission="a", now=SOON)
    answer_by_link(token, answer, submission="a", now=SOON)
    assert booking.tickets.filter(schedule=third, place="seat", version=3).count() == 2
    assert not SeatClaim.objects.filter(schedule=later).exists()
    assert OutboxMessage.objects.filter(kind="confirmation").count() == 1
    assert wrong() == []


def test_a_refund_is_of_all_that_was_paid_whatever_the_terms() -> None:
    first, _later = two_departures(later_seats=1)
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"), is_online=True)
    late = first.departure_time + timedelta(hours=5)  # long after the terms give anything back
    confirmed(first)
    answer = PartyChoice(booking.booking_reference, "refund")
    answer_by_link(link_of(booking), answer, submission="a", now=late)
    with pytest.raises(Conflict, match="nothing to choose"):
        answer_by_link(link_of(booking), answer, submission="b", now=late)
    booking.refresh_from_db()
    assert booking.status == "cancelled"
    interest = Refund.objects.filter(cause__startswith="interest:")
    assert sum(refund.amount for refund in Refund.objects.exclude(pk__in=interest)) == Decimal(1200)
    assert interest.get().amount == Decimal("0.98")  # of three days
    assert set(DisruptionLine.objects.values_list("choice", flat=True)) == {"refund"}
    assert wrong(now=late) == []


def test_a_moved_party_may_have_its_money_too() -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first)
    confirmed(first)
    answer_by_link(
        link_of(booking), PartyChoice(booking.booking_reference, "refund"), submission="a", now=SOON
    )
    assert Refund.objects.get().amount == Decimal(600)
    assert wrong() == []


def test_seats_that_others_just_took_leave_the_passengers_what_they_had() -> None:
    first, later = two_departures()
    third = make_schedule(route=first.route, departs=NOW + timedelta(days=4), seats=2)
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    page = choice_page(ChoiceLink.objects.get(ticket=None), now=SOON)
    assert page.parties[0].others[0].ref == str(ref_to(third))
    make_booking(schedule=third)
    with pytest.raises(Conflict, match="just taken"):
        answer_by_link(
            link_of(booking),
            PartyChoice(booking.booking_reference, "other", ref_to(third)),
            submission="a",
            now=SOON,
        )
    assert booking.tickets.filter(schedule=later, seat__isnull=False).count() == 2
    assert not DisruptionLine.objects.exclude(choice="").exists()
    assert wrong() == []


def test_a_choice_can_be_changed_for_a_day_and_until_two_hours_before_departure() -> None:
    first, later = two_departures()
    third = make_schedule(route=first.route, departs=NOW + timedelta(days=4))
    booking = make_booking(schedule=first)
    confirmed(first)
    token, reference = link_of(booking), booking.booking_reference
    answer_by_link(token, PartyChoice(reference, "accepted"), submission="a", now=SOON)
    answer_by_link(token, PartyChoice(reference, "other", ref_to(third)), submission="b", now=SOON)
    too_late = SOON + timedelta(hours=24)
    with pytest.raises(Conflict, match="too late to change"):
        answer_by_link(token, PartyChoice(reference, "other", ref_to(later)), submission="c", now=too_late)


def test_a_passenger_sees_and_accepts_their_own_only() -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    ben = booking.tickets.get(first_name="Ben")
    token = link_of(booking, ben)
    link = find_choice_link(token)
    assert link
    page = choice_page(link, now=SOON)
    assert (page.parties[0].names, page.parties[0].others, page.own_links) == (("Ben Lee",), (), ())
    with pytest.raises(Refusal, match="Only the person who booked"):
        answer_by_link(token, PartyChoice(booking.booking_reference, "refund"), submission="a", now=SOON)
    answer_by_link(token, PartyChoice(booking.booking_reference, "accepted"), submission="b", now=SOON)
    assert DisruptionLine.objects.get(choice="accepted").ticket == ben


def test_a_link_dies_with_the_contact_it_was_sent_to() -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first)
    confirmed(first)
    token = link_of(booking)
    Order.objects.update(contact_version=1)
    with pytest.raises(NotFound):
        answer_by_link(token, PartyChoice(booking.booking_reference, "accepted"), submission="a", now=SOON)


def test_only_coaches_that_were_offered_can_be_chosen() -> None:
    first, _later = two_departures()
    far = make_schedule(route=first.route, departs=NOW + timedelta(days=20))
    booking = make_booking(schedule=first)
    confirmed(first)
    with pytest.raises(NotFound):
        answer_by_link(
            link_of(booking),
            PartyChoice(booking.booking_reference, "other", ref_to(far)),
            submission="a",
            now=SOON,
        )


def test_a_closed_case_answers_no_more() -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first)
    case = confirmed(first)
    close_case(case.pk, now=SOON)
    with pytest.raises(Conflict, match="closed"):
        answer_by_link(
            link_of(booking), PartyChoice(booking.booking_reference, "refund"), submission="a", now=SOON
        )


def test_a_ticket_on_a_cancelled_coach_with_a_seat_is_noticed() -> None:
    first, _later = two_departures(later_seats=1)
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    assert wrong() == []
    ticket = booking.tickets.first()
    assert ticket
    Ticket.objects.filter(pk=ticket.pk).update(place="lap")
    assert [found.rule for found in wrong()] == ["a disrupted ticket is seated, waiting or refunded"]
    Ticket.objects.filter(pk=ticket.pk).update(place="waiting", status="no_show")
    assert "who waits for a seat has none" in [found.rule for found in wrong()]
    Ticket.objects.filter(pk=ticket.pk).update(status="valid")
    DisruptionLine.objects.filter(ticket=ticket).delete()
    assert [found.rule for found in wrong()] == ["who waits for a seat is in an open case"]


def test_who_waits_and_is_silent_becomes_a_task_once_and_no_yes() -> None:
    first, _later = two_departures(later_seats=1)
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    assert watch_unanswered(now=NOW + timedelta(hours=23)) == 0
    assert watch_unanswered(now=NOW + timedelta(hours=24)) == 1
    assert watch_unanswered(now=NOW + timedelta(hours=25)) == 0
    assert StaffTask.objects.get(kind="disruption_unanswered").order == booking.order
    assert set(booking.tickets.values_list("place", flat=True)) == {"waiting"}


def test_silence_is_a_yes_only_to_a_coach_that_leaves_soon_after() -> None:
    route = make_route()
    soon, late = (
        make_schedule(route=route, seats=2, departs=NOW + timedelta(days=3, hours=hours)) for hours in (2, 5)
    )
    first = make_schedule(route=route, departs=NOW + timedelta(days=3))
    moved = [
        make_booking(schedule=first, names=("Ann Lee", "Ben Lee"), email=f"p{number}@x.com", fare=100)
        for number in range(2)
    ]
    confirmed(first)
    for booking in moved:
        booking.refresh_from_db()
    assert {booking.schedule_id for booking in moved} == {soon.pk, late.pk}
    assert watch_unanswered(now=NOW + timedelta(hours=24)) == 1
    asked = next(booking for booking in moved if booking.schedule_id == late.pk)
    assert StaffTask.objects.get(kind="disruption_unanswered").order == asked.order


def test_who_waits_is_never_boarded_nor_a_no_show() -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    take_seats_away(booking, list(booking.tickets.all()), reason="swap", actor=None, now=NOW)
    assert coach_load(first.pk, now=NOW).tickets == []
    ticket = booking.tickets.all()[0]
    at = first.departure_time - timedelta(minutes=20)
    answer = check_in(first.pk, Scan(ticket.code, 0, "n"), actor=make_user(), now=at)
    assert answer.outcome == "waiting"
