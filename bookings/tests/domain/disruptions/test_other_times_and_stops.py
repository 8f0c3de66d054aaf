"""A departure at another time, or calling at another stop: everybody keeps the seat."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail

from bookings.base.errors import Refusal
from bookings.domain.disruptions.cases import confirm_case
from bookings.domain.messaging.outbox import send_due
from bookings.models import Disruption, Fare, Schedule, SeatBlock, SeatClaim, Ticket
from bookings.tests.domain.disruptions.cancelled_coach import draft, two_departures, wrong
from bookings.tests.make import NOW, make_booking, make_fare_classes, make_stop

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def carried_out(case: Disruption) -> Disruption:
    return confirm_case(case.pk, version=case.version, actor=case.created_by, submission="c", now=NOW)


def test_a_retimed_departure_takes_everybody_along_on_the_same_seats() -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    unpaid = make_booking(schedule=first, names=("Cy Roe",), status="pending", email="cy@example.com")
    code, labels = booking.tickets.order_by("pk")[0].code, {t.seat.label for t in booking.tickets.all()}
    at = first.departure_time + timedelta(hours=2, minutes=30)
    case = carried_out(draft(first, kind="retime", departs_at=at))
    first.refresh_from_db()
    booking.refresh_from_db()
    new = booking.schedule
    assert (first.status, new.status, new.departure_time) == ("cancelled", "on_sale", at)
    assert (new.service_id, new.layout_id, booking.boards_at) == (None, first.layout_id, at)
    assert {ticket.seat.label for ticket in booking.tickets.all() if ticket.seat} == labels
    assert booking.tickets.order_by("pk")[0].code == code
    assert case.lines.filter(new_schedule=new, action="move").count() == 2
    send_due(now=NOW)
    assert sorted(sent.subject.partition(":")[0] for sent in mail.outbox) == [
        "Cancelled by us",
        "Your coach leaves at another time",
    ]
    assert unpaid.order.email in [address for sent in mail.outbox for address in sent.to]
    assert wrong() == []


def test_what_nobody_has_a_seat_on_is_retimed_in_place() -> None:
    first, _later = two_departures()
    at = first.departure_time - timedelta(hours=1)
    carried_out(draft(first, kind="retime", departs_at=at))
    first.refresh_from_db()
    assert (first.departure_time, first.status) == (at, "on_sale")
    assert Schedule.objects.count() == 2


def test_blocked_seats_and_who_stands_by_go_along() -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first)
    ticket = booking.tickets.get()
    ticket.claims.all().delete()
    Ticket.objects.filter(pk=ticket.pk).update(place="standby", seat=None)
    seat = first.layout.seats.order_by("pk")[5]
    block = SeatBlock.objects.create(
        schedule=first, seat=seat, from_position=0, to_position=2, reason="broken", created_at=NOW
    )
    for leg in (0, 1):
        SeatClaim.objects.create(schedule=first, seat=seat, leg=leg, kind="blocked", block=block)
    carried_out(draft(first, kind="retime", departs_at=first.departure_time + timedelta(hours=1)))
    booking.refresh_from_db()
    assert booking.tickets.get().place == "standby"
    assert SeatBlock.objects.get(schedule=booking.schedule).seat == seat
    assert SeatClaim.objects.filter(schedule=booking.schedule, kind="blocked").count() == 2
    assert wrong() == []


def test_another_stop_is_another_route_at_the_same_fares() -> None:
    first, _later = two_departures()
    standard, _premium = make_fare_classes()
    calls = list(first.route.calls.order_by("position"))
    Fare.objects.create(
        route=first.route,
        from_stop=calls[1],
        to_stop=calls[2],
        fare_class=standard,
        amount=Decimal(350),
        valid_from=date(2020, 1, 1),
    )
    through, on = make_booking(schedule=first), make_booking(schedule=first, first=1, email="on@example.com")
    other = make_stop(calls[1].stop.city, code="bloem-shell", name="Shell N1")
    carried_out(draft(first, kind="move_stop", position=1, stop_id=other.pk))
    first.refresh_from_db()
    through.refresh_from_db()
    on.refresh_from_db()
    assert first.status == Schedule.Status.CANCELLED
    assert through.schedule_id == on.schedule_id
    assert (on.schedule.departure_time, on.from_stop.stop) == (first.departure_time, other)
    fare = Fare.objects.get(route=on.schedule.route)
    assert (fare.from_stop, fare.amount) == (on.from_stop, 350)
    assert wrong() == []


def test_what_makes_no_sense_is_refused() -> None:
    first, _later = two_departures()
    with pytest.raises(Refusal, match="new time"):
        draft(first, kind="retime")
    with pytest.raises(Refusal, match="ahead"):
        draft(first, kind="retime", departs_at=NOW - timedelta(hours=1))
    with pytest.raises(Refusal, match="other one"):
        draft(first, kind="move_stop", position=1)
    with pytest.raises(Refusal, match="one departure"):
        draft(first, _later, kind="retime", departs_at=NOW + timedelta(days=1))
