"""A border that is closed until further notice, and an incident on the road."""

from datetime import timedelta

import pytest
from django.core import mail

from bookings.base.errors import Conflict
from bookings.domain.disruptions.cases import close_case, confirm_case
from bookings.domain.disruptions.closures import take_in_departures
from bookings.domain.disruptions.incidents import on_board_list
from bookings.domain.messaging.outbox import send_due
from bookings.domain.sales.messages import queue_message
from bookings.models import AuditEntry, City, Disruption, OutboxMessage, Schedule, Ticket
from bookings.tests.domain.disruptions.cancelled_coach import draft, wrong
from bookings.tests.make import NOW, make_booking, make_route, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.database]
HOUR = timedelta(hours=1)


def carried_out(case: Disruption) -> Disruption:
    return confirm_case(case.pk, version=case.version, actor=case.created_by, submission="c", now=NOW)


def test_a_closed_border_takes_in_what_comes_near_until_it_is_open_again() -> None:
    route = make_route("Johannesburg", "Beitbridge", "Harare")
    near = make_schedule(route=route, departs=NOW + 5 * HOUR)
    later = make_schedule(route=route, departs=NOW + 60 * HOUR)
    ends_before = make_booking(schedule=near, names=("Ann Lee",), first=1, email="ann@example.com")
    through = make_booking(schedule=later, names=("Ben Roe",), email="ben@example.com")
    place = {"city_id": City.objects.get(slug="beitbridge").pk, "since": NOW, "reason": "border_closed"}
    case = carried_out(draft(near, kind="closure", **place))
    near.refresh_from_db()
    assert near.status == Schedule.Status.CLOSED  # off sale, and not cancelled
    assert case.lines.get().ticket.booking == ends_before
    assert take_in_departures(now=NOW) == 0  # it passes in two days and a half
    assert take_in_departures(now=NOW + 20 * HOUR) == 1
    assert take_in_departures(now=NOW + 20 * HOUR) == 0
    later.refresh_from_db()
    assert later.status == Schedule.Status.CLOSED
    assert case.lines.filter(ticket__booking=through, action="stay").count() == 1
    send_due(now=NOW + 20 * HOUR)
    assert ["may not run" in sent.body for sent in mail.outbox] == [True, True]
    close_case(case.pk, now=NOW + 30 * HOUR)
    later.refresh_from_db()
    assert later.status == Schedule.Status.ON_SALE
    send_due(now=NOW + 30 * HOUR)
    assert [sent.subject.partition(":")[0] for sent in mail.outbox[2:]] == ["Your coach runs"] * 2
    assert take_in_departures(now=NOW + 31 * HOUR) == 0
    assert wrong(now=NOW) == []


def test_a_departure_that_was_closed_before_stays_so() -> None:
    route = make_route("Johannesburg", "Beitbridge", "Harare")
    near = make_schedule(route=route, departs=NOW + 5 * HOUR, status="closed")
    place = {"city_id": City.objects.get(slug="beitbridge").pk, "since": NOW, "reason": "border_closed"}
    case = carried_out(draft(near, kind="closure", **place))
    close_case(case.pk, now=NOW + HOUR)
    near.refresh_from_db()
    assert near.status == Schedule.Status.CLOSED


def test_an_incident_stops_messages_and_shows_who_is_on_board_in_the_audit() -> None:
    schedule = make_schedule(departs=NOW - HOUR, status="departed")
    rides = make_booking(schedule=schedule, names=("Ann Lee",))
    Ticket.objects.filter(booking=rides).update(status="boarded")
    make_booking(schedule=schedule, names=("Ben Roe",), first=1, email="ben@example.com")
    case = carried_out(draft(schedule, kind="incident"))
    queue_message(OutboxMessage.Kind.CONFIRMATION, rides.order, rides.order, now=NOW)
    queue_message(OutboxMessage.Kind.LINK, rides.order, rides.order, now=NOW)
    send_due(now=NOW)
    assert len(mail.outbox) == 1  # the link, which somebody asked for
    people = on_board_list(case.pk, actor=case.created_by, now=NOW)
    assert [one.ticket.full_name for one in people] == ["Ann Lee", "Ben Roe"]
    entry = AuditEntry.objects.get(subject=f"case:{case.pk}")
    assert (entry.actor, entry.after) == (case.created_by, {"people": 2})
    close_case(case.pk, now=NOW)
    send_due(now=NOW + HOUR)
    assert len(mail.outbox) == 2
    with pytest.raises(Conflict, match="incident is open"):
        on_board_list(case.pk, actor=case.created_by, now=NOW)
