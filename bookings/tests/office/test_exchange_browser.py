"""A clerk moves a party to another day by keyboard alone, and looks at every page of serving."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from bookings.models import Booking
from bookings.tests.browser import barriers, type_there, watch
from bookings.tests.make import make_booking, make_schedule, make_shift, make_user
from bookings.tests.office.conftest import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def desk(page: Page, live_server: Any) -> Iterator[Page]:
    """A clerk with an open shift; nothing may go wrong in the console, the content policy included."""
    clerk = make_user(username="nomsa")
    make_shift(clerk, opened_at=timezone.now())
    session = sign_in(clerk).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    page.set_viewport_size({"width": 1280, "height": 720})
    troubles = watch(page)
    yield page
    assert troubles == []


@pytest.fixture
def booking() -> Booking:
    now = timezone.now()
    schedule = make_schedule(departs=now + timedelta(days=4))
    make_schedule(route=schedule.route, departs=now + timedelta(days=6), price=800)
    return make_booking(schedule=schedule, names=("Thandi Nkosi", "Bongi Nkosi"), now=now)


def test_a_party_is_moved_by_keyboard_with_a_quote_before(
    desk: Page, live_server: Any, booking: Booking
) -> None:
    page, keys = desk, desk.keyboard
    day = timezone.localtime(booking.schedule.departure_time + timedelta(days=2)).date().isoformat()
    page.goto(f"{live_server.url}/office/bookings/")
    type_there(page, page.locator("#id_q"), "nkosi")
    expect(page).to_have_url(re.compile(r"\?q=nkosi&"))
    expect(page.locator("#sort-departure")).to_have_attribute(
        "href", re.compile("q=nkosi")
    )  # the new list is there
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")).to_have_count(0)
    page.get_by_role("link", name=booking.booking_reference).press("Enter")
    page.wait_for_url(f"**/office/bookings/{booking.booking_reference}/")
    page.get_by_role("link", name="Move to another departure").press("Enter")
    expect(page.locator("#day")).to_be_focused()
    page.locator("#day").fill(day)
    keys.press("Tab")
    expect(page.locator("#exchange")).to_contain_text("R1\u00a0600")
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.locator("input[name=ride]").first.focus()
    keys.press("Space")
    expect(page.get_by_role("button", name="Take R400 and move")).to_be_visible()
    expect(page).to_have_url(re.compile("ride="))
    expect(page.locator(".htmx-request")).to_have_count(0)
    assert barriers(page) == []
    page.locator("#id_tender").focus()
    keys.type("cash")
    page.get_by_role("button", name="Take R400 and move").focus()
    keys.press("Enter")

    expect(page.get_by_text("Moved. The new tickets are ready to print")).to_be_visible()
    booking.refresh_from_db()
    assert booking.tickets.filter(status="valid").count() == 2
    assert booking.events.filter(ticket=None).count() == 2


def test_the_form_of_a_move_is_not_replaced_while_somebody_types_in_it(
    desk: Page, live_server: Any, booking: Booking
) -> None:
    page, keys = desk, desk.keyboard
    requests: list[Route] = []
    page.goto(f"{live_server.url}/office/bookings/{booking.booking_reference}/exchange/")
    page.route(re.compile("[?]asked="), lambda route: requests.append(route))
    page.locator("#day").focus()
    keys.type("+2")
    keys.press("Tab")
    keys.type("2a")
    page.wait_for_timeout(100)
    requests[0].continue_()
    page.wait_for_timeout(500)
    expect(page.locator("#seats")).to_have_value("2a")
    keys.type(" 2b")
    keys.press("Tab")
    page.wait_for_timeout(100)
    requests[1].continue_()

    expect(page.locator("#day")).to_have_value((timezone.localdate() + timedelta(days=2)).isoformat())


def test_what_was_typed_beside_a_quote_stays_when_the_quote_is_renewed(
    desk: Page, live_server: Any, booking: Booking
) -> None:
    page, keys = desk, desk.keyboard
    page.goto(f"{live_server.url}/office/bookings/{booking.booking_reference}/cancel/")
    expect(page.locator("input[name=tickets]").first).to_be_focused()
    page.get_by_label("Reason").first.fill("illness")

    page.locator("input[name=tickets]").first.focus()
    keys.press("Space")

    expect(page).to_have_url(re.compile("asked="))
    expect(page.get_by_label("Reason").first).to_have_value("illness")
    expect(page.locator("input[name=tickets]").first).to_be_focused()


def test_a_typed_seat_is_confirmed_by_the_next_enter(desk: Page, live_server: Any, booking: Booking) -> None:
    page, ticket = desk, booking.tickets.order_by("pk")[0]
    record = f"{live_server.url}/office/bookings/{booking.booking_reference}/"
    page.goto(f"{record}tickets/{ticket.pk}/seat/")
    expect(page.locator("#seat")).to_be_focused()

    page.keyboard.type("2d")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Change to 2D")).to_be_focused()
    page.keyboard.press("Enter")

    page.wait_for_url(record)
    ticket.refresh_from_db()
    assert str(ticket.seat) == "2D"


def test_every_page_of_serving_is_clean_and_works_without_a_script(
    desk: Page, live_server: Any, booking: Booking
) -> None:
    page, reference = desk, booking.booking_reference
    ticket, schedule = booking.tickets.first(), booking.schedule
    day = timezone.localtime(schedule.departure_time).date()
    addresses = [
        "bookings/",
        f"bookings/{reference}/",
        f"bookings/{reference}/cancel/?asked=1&tickets={ticket.pk}&waive=1",
        f"bookings/{reference}/void/",
        f"bookings/{reference}/tickets/{ticket.pk}/seat/?seat=2A",
        f"bookings/{reference}/tickets/{ticket.pk}/name/",
        f"departures/?date={day}",
        f"departures/{schedule.pk}/seats/",
    ]
    for address in addresses:
        page.goto(f"{live_server.url}/office/{address}")
        assert barriers(page) == [], address
