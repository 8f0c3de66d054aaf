"""The pages of a change in a browser: no barriers at any size, nothing wider than the screen."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.tickets.links import make_link
from bookings.models import Booking
from bookings.tests.browser import troubles_at_sizes
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import make_luggage_rule, make_schedule

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def booking() -> Booking:
    now = timezone.now()
    schedule = make_schedule(departs=now + timedelta(days=3))
    make_schedule(route=schedule.route, departs=schedule.departure_time + timedelta(days=1), price=800)
    make_luggage_rule(schedule=schedule)
    order = ordered(schedule, now=now)
    act_on_notification(paid_notification(order, now=now).pk, now=now)
    return order.bookings.get()


def test_a_trip_is_changed_in_a_browser_without_barriers(
    page: Page, live_server: Any, booking: Booking
) -> None:
    token = make_link(booking.order, now=timezone.now(), seed="browser")
    page.goto(f"{live_server}/bookings/link/{token}/")
    found = {"booking": troubles_at_sizes(page)}
    page.get_by_role("link", name="Day and time").click()
    day = (booking.boards_at + timedelta(days=1)).date().isoformat()
    page.get_by_label("New day").fill(day)
    page.locator(".change-offer").first.click()
    page.get_by_role("button", name="Change and pay").wait_for()
    found["trip"] = troubles_at_sizes(page)
    _shoot(page, "trip")
    for kind in ("seats", "names", "luggage"):
        page.goto(f"{live_server}/bookings/{booking.booking_reference}/change/{kind}/")
        found[kind] = troubles_at_sizes(page)
        _shoot(page, kind)
    assert not any(found.values()), found


def _shoot(page: Page, name: str) -> None:
    folder = os.environ.get("FALCON_SHOTS")
    if folder:
        for width, scheme in ((390, "light"), (1280, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
