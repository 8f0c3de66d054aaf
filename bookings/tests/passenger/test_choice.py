"""The page of a choice link: without a login, without JavaScript; opening it changes nothing."""

from datetime import timedelta

import pytest
from django.test import Client

from bookings.domain.tickets.choice_links import choice_token
from bookings.domain.tickets.links import make_link
from bookings.models import ChoiceLink, DisruptionLine, Refund, Ticket
from bookings.tests.domain.disruptions.cancelled_coach import confirmed, two_departures, wrong
from bookings.tests.make import NOW, make_booking, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]


def address() -> str:
    return f"/disruptions/{choice_token(ChoiceLink.objects.select_related('order').get(ticket=None))}/"


def test_the_page_shows_what_was_kept_and_what_else_there_is(client: Client) -> None:
    first, later = two_departures()
    make_schedule(route=first.route, departs=NOW + timedelta(days=4))
    make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    page = client.get(address())
    text = page.content.decode()
    assert "Ann Lee, Ben Lee" in text
    assert "1A, 1B" in text
    assert "no-store" in page["Cache-Control"]
    assert len(page.context["parties"][0][0].others) == 1
    assert set(Ticket.objects.values_list("schedule", flat=True)) == {later.pk}
    assert not DisruptionLine.objects.exclude(choice="").exists()


def test_a_refund_asks_once_more_and_then_gives_everything(client: Client) -> None:
    first, _later = two_departures(later_seats=1)
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    reference = booking.booking_reference
    asked = client.get(f"{address()}?refund={reference}").content.decode()
    assert "cannot be undone" in asked
    assert not Refund.objects.exists()
    done = client.post(
        address(), {"booking": reference, "choice": "refund", "submission": "r"}, follow=True
    ).content.decode()
    assert "Your money goes back the way you paid" in done
    assert Refund.objects.get().amount == 1200
    assert wrong() == []


def test_a_coach_that_filled_up_meanwhile_is_said_to_be_taken(client: Client) -> None:
    first, _later = two_departures()
    third = make_schedule(route=first.route, departs=NOW + timedelta(days=4), seats=2)
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    (other,) = client.get(address()).context["parties"][0][0].others
    make_booking(schedule=third)
    form = {"booking": booking.booking_reference, "choice": "other", "to": other.ref, "submission": "o"}
    page = client.post(address(), form)
    assert page.status_code == 409
    assert "just taken" in page.content.decode()


def test_a_wrong_link_says_so(client: Client) -> None:
    page = client.get("/disruptions/AAAAAAAAAAAAAAAAAAAAAA/")
    assert page.status_code == 404
    assert "no longer valid" in page.content.decode()


def test_the_booking_page_leads_who_waits_to_the_choice_and_shows_no_code(client: Client) -> None:
    first, _later = two_departures(later_seats=1)
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    confirmed(first)
    page = f"/bookings/{booking.booking_reference}/"
    client.get(f"/bookings/link/{make_link(booking.order, now=NOW)}/")
    text = client.get(page).content.decode()
    assert address() in text
    assert '<svg class="qr' not in text
