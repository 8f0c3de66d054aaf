"""Who was left by the coach: by our fault on the next one, by their own on standby for a fee, once."""

from datetime import timedelta

import pytest
from django.core import mail

from bookings.domain.messaging.outbox import send_due
from bookings.models import Booking, BookingEvent, BookingStep, Disruption, Payment, Schedule, Ticket
from bookings.tests.domain.disruptions.cancelled_coach import wrong
from bookings.tests.make import NOW, make_booking, make_route, make_schedule, make_shift
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def left_by_the_coach(*, next_seats: int = 8) -> tuple[Booking, Schedule]:
    """Two no-shows of a coach that left an hour ago, and the next one, which leaves in two hours."""
    route = make_route()
    gone = make_schedule(route=route, departs=NOW - HOUR)
    booking = make_booking(schedule=gone, names=("Ann Lee", "Ben Lee"), now=NOW - 24 * HOUR)
    for ticket in booking.tickets.all():
        ticket.claims.all().delete()
        gone_step = BookingStep(booking, "valid", "no_show", at=NOW - HOUR, ticket=ticket)
        BookingEvent.objects.record(gone_step)
    booking.tickets.update(status="no_show")
    Schedule.objects.filter(pk=gone.pk).update(status="departed")
    return booking, make_schedule(route=route, departs=NOW + 2 * HOUR, seats=next_seats)


def test_who_was_left_behind_gets_the_next_coach_free_of_charge(
    dispatcher: StaffClient, clerk: StaffClient
) -> None:
    booking, later = left_by_the_coach()
    address = f"/office/bookings/{booking.booking_reference}/missed-coach/"
    assert address in dispatcher.get(f"/office/bookings/{booking.booking_reference}/").content.decode()
    assert "It was our fault" not in clerk.get(address).content.decode()
    tickets = list(booking.tickets.values_list("pk", flat=True))
    form = {"tickets": tickets, "free": "1", "submission": "s"}
    assert clerk.post(address, form).status_code == 422
    for _press in range(2):
        done = dispatcher.post(address, form)
    case = Disruption.objects.get()
    assert done.url == f"/office/disruptions/{case.pk}/"
    assert set(Ticket.objects.filter(pk__in=tickets).values_list("status", flat=True)) == {"replaced"}
    new = Ticket.objects.filter(status="valid")
    assert [(ticket.schedule, ticket.fare) for ticket in new] == [(later, 600)] * 2
    send_due(now=NOW)
    assert any("Your coach left without you" in sent.subject for sent in mail.outbox)
    assert [name for sent in mail.outbox for name, *_rest in sent.attachments if name.endswith(".pdf")]
    assert wrong() == []


def test_without_a_seat_they_wait_and_choose(dispatcher: StaffClient) -> None:
    booking, _later = left_by_the_coach(next_seats=1)
    address = f"/office/bookings/{booking.booking_reference}/missed-coach/"
    tickets = list(booking.tickets.values_list("pk", flat=True))
    dispatcher.post(address, {"tickets": tickets, "free": "1", "submission": "s"})
    assert set(Ticket.objects.filter(status="valid").values_list("place", flat=True)) == {"waiting"}
    assert wrong() == []


def test_who_missed_it_stands_by_for_a_fee_once(clerk: StaffClient) -> None:
    booking, later = left_by_the_coach()
    make_shift(clerk.user)
    address = f"/office/bookings/{booking.booking_reference}/missed-coach/"
    ref = f"{later.pk}|johannesburg-main@0|cape-town-main@2"
    assert ref in clerk.get(address).content.decode()
    tickets = list(booking.tickets.values_list("pk", flat=True))
    form = {"tickets": tickets, "to": ref, "submission": "s"}
    refused = clerk.post(address, form)
    assert refused.status_code == 422
    assert "how the fee is paid" in refused.content.decode()
    paid = form | {"tender": "cash", "given": "400"}
    for _press in range(2):
        assert clerk.post(address, paid).status_code == 302
    assert Payment.objects.get(method="cash").amount == 300
    standby = Ticket.objects.filter(place="standby")
    assert [(ticket.schedule, ticket.fare) for ticket in standby] == [(later, 150)] * 2
    again = clerk.post(address, paid | {"submission": "t"})
    assert again.status_code == 409
    assert "stood by once" in again.content.decode()
    assert wrong() == []
