"""Who waits for a seat is on no coach, whoever counts; their papers and links follow."""

from datetime import timedelta

import pytest
from django.core import mail

from bookings.domain.disruptions.passing import departures_passing
from bookings.domain.disruptions.times import Delay
from bookings.domain.inventory.luggage import luggage_load
from bookings.domain.messaging.outbox import send_due
from bookings.domain.operations.time_changes import report_delay, times_page
from bookings.domain.tickets.choice_links import choice_token, find_choice_link, find_open_choice
from bookings.domain.tickets.contact_change import ContactChange, change_contact
from bookings.domain.tickets.links import mail_tickets_again
from bookings.models import Booking, ChoiceLink, OutboxMessage, Schedule, Ticket
from bookings.tests.domain.disruptions.cancelled_coach import confirmed, draft, two_departures
from bookings.tests.make import NOW, make_booking

pytestmark = [pytest.mark.django_db, pytest.mark.database]
MINUTE = timedelta(minutes=1)


def waiting_on(schedule: Schedule) -> Booking:
    """Somebody without a seat, with a piece of luggage, on a departure that runs."""
    booking = make_booking(schedule=schedule)
    ticket = booking.tickets.get()
    ticket.claims.all().delete()
    Ticket.objects.filter(pk=ticket.pk).update(place="waiting", seat=None, extra_luggage=1)
    return booking


def test_who_waits_is_counted_on_no_coach_and_not_mailed_its_times() -> None:
    first, _later = two_departures()
    booking = waiting_on(first)
    assert not luggage_load(first.pk, now=NOW)
    assert [row.boarding for row in times_page(first.pk, now=NOW).calls] == [0, 0, 0]
    start = first.departure_time
    assert [row.people for row in departures_passing("johannesburg", start, start + 60 * MINUTE)] == [0]
    actor = draft(first).created_by
    report_delay(first.pk, Delay(0, 45), actor=actor, submission="d", now=NOW)
    assert not OutboxMessage.objects.filter(kind="times_changed", about_id=booking.pk).exists()


def test_tickets_of_a_cancelled_coach_are_not_mailed_again() -> None:
    first, _later = two_departures(later_seats=1)
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    send_due(now=NOW)
    mail.outbox.clear()
    mail_tickets_again(booking.order, now=NOW + MINUTE)
    send_due(now=NOW + MINUTE)
    assert mail.outbox == []


def test_a_changed_contact_gets_a_link_of_its_own_and_the_old_one_is_dead() -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    send_due(now=NOW)
    old = choice_token(ChoiceLink.objects.select_related("order").get(order=booking.order, ticket=None))
    change = ContactChange(booking.order_id, "new@example.com", "+27821234567")
    change_contact(change, submission="c", now=NOW + MINUTE)
    send_due(now=NOW + MINUTE)
    (sent,) = [one for one in mail.outbox if "cancelled" in one.subject and one.to == ["new@example.com"]]
    token = find_open_choice(booking.order_id)
    assert f"/disruptions/{token}/" in sent.body
    assert find_choice_link(old) is None
    assert find_choice_link(token)
    assert ChoiceLink.objects.filter(order=booking.order).count() == 3
