"""From no stop at all to a coach that passengers find and sit in, by a manager in a browser."""

from datetime import timedelta
from typing import Final

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings.models import Booking, User
from bookings.tests.browser import barriers
from bookings.tests.journeys.test_purchase import fill_names, pay, site  # noqa: F401
from bookings.tests.make import make_fare_classes, make_layout, make_passenger_types, make_user
from bookings.tests.office.test_browser import PASSWORD, press_access_key, sign_in, watched  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CALLS: Final = (
    "upington\t\t20:00\t0\nkimberley\t23:50\t00:10\t403\nwelkom\t03:20\t\t640"  # as a spreadsheet copies them
)


def add_stops(page: Page, address: str) -> None:
    page.goto(f"{address}/office/timetable/stops/")
    press_access_key(page, "n")
    for city in ("Upington", "Kimberley", "Welkom"):
        expect(page.get_by_role("heading", level=1)).to_have_text("New stop")
        page.get_by_label("City", exact=True).fill(city)
        page.get_by_label("City", exact=True).press("Enter")
        expect(page.get_by_text(f"{city} can be used now")).to_be_visible()


def add_route(page: Page, address: str) -> None:
    page.goto(f"{address}/office/timetable/routes/new/")
    page.get_by_label("Line", exact=True).fill("UPW")
    first = page.get_by_label("Stop, 1")
    first.focus()
    page.evaluate(
        """text => { const data = new DataTransfer(); data.setData("text/plain", text);
        document.activeElement.dispatchEvent(
            new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })); }""",
        CALLS,
    )
    expect(page.get_by_label("Departs, 2")).to_have_value("00:10")
    first.press("ArrowDown")
    expect(page.get_by_label("Stop, 2")).to_be_focused()
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("The route is in the draft.")).to_be_visible()
    expect(page.get_by_label("Arrives, 3")).to_have_value("03:20+1")


def add_service_and_fares(page: Page) -> None:
    page.get_by_role("link", name="New service").click()
    expect(page.get_by_label("Departs")).to_have_value("20:00")
    page.get_by_label("Price of the whole route").fill("500")
    page.get_by_role("button", name="Save in the draft").click()
    page.get_by_role("link", name="Route: UPW Upington – Welkom").click()
    page.get_by_role("link", name="Fares", exact=True).click()
    page.get_by_label("Rand for each km").fill("1")
    page.get_by_role("button", name="Fill by kilometre").click()
    expect(page.get_by_label("Upington – Welkom")).to_have_value("640")
    page.get_by_label("Upington – Welkom").fill("620")
    page.get_by_role("button", name="Save in the draft").click()


def test_a_line_is_made_published_found_and_sold(
    watched: Page,  # noqa: F811
    site: str,  # noqa: F811
) -> None:
    page = watched
    make_fare_classes()
    make_passenger_types()
    make_layout()
    make_user(username="manager", role=User.Role.MANAGER, password=PASSWORD)
    sign_in(page, f"{site}/office/login/", "manager")
    page.wait_for_url(f"{site}/office/")

    add_stops(page, site)
    add_route(page, site)
    add_service_and_fares(page)
    expect(page.locator(".figure b").first).to_have_text("59")
    assert barriers(page) == []
    press_access_key(page, "p")
    expect(page.get_by_text("59 departures are new")).to_be_visible()

    day = timezone.localdate() + timedelta(days=3)
    page.goto(f"{site}/search/?from=upington&to=welkom&date={day.isoformat()}&passengers=1")
    expect(page.locator("#coaches")).to_contain_text("R620")
    page.get_by_role("button", name="Book").click()
    fill_names(page, ("Thandi", "Nkosi"))
    pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Have a good trip")
    booking = Booking.objects.get()
    assert (booking.schedule.service_date, booking.order.total) == (day, 620)
