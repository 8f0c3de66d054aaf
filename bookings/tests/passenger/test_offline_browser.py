"""The ticket on the passenger's device: kept when asked for, read without a signal, gone when forgotten."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings.models import Booking
from bookings.tests.browser import barriers, watch
from bookings.tests.passenger.buying import departure_ahead, paid_by

WAY = "Keep the ticket on this device"


@pytest.mark.django_db
def test_the_manifest_and_the_worker_are_public_and_set_no_cookie(client: Client) -> None:
    manifest, worker = client.get("/manifest.webmanifest"), client.get("/bookings/worker.js")

    assert manifest.json()["start_url"] == "/bookings/"
    assert manifest["Content-Type"] == "application/manifest+json"
    assert (worker["Content-Type"], worker["Cache-Control"]) == ("text/javascript; charset=utf-8", "no-cache")
    assert not manifest.cookies
    assert not worker.cookies
    page = client.get("/").content.decode()
    assert '<link rel="manifest" href="/manifest.webmanifest">' in page
    assert 'property="og:image"' in page


@pytest.mark.django_db
def test_a_ticket_is_offered_for_the_road_until_a_day_after_the_arrival(client: Client) -> None:
    booking = paid_by(client, departure_ahead())
    address = f"/bookings/{booking.booking_reference}/"
    assert WAY in client.get(address).content.decode()

    gone = timezone.now() - timedelta(hours=24)
    Booking.objects.update(boards_at=gone, alights_at=gone)

    assert WAY not in client.get(address).content.decode()


@pytest.mark.django_db
def test_forgetting_this_browser_forgets_what_it_kept(client: Client) -> None:
    assert client.post("/forget/")["Clear-Site-Data"] == '"storage"'


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_kept_ticket_opens_without_a_signal_and_is_gone_when_it_is_removed(
    page: Page, live_server: object
) -> None:
    client = Client()
    booking = paid_by(client, departure_ahead())
    cookies = [
        {"name": name, "value": morsel.value, "url": str(live_server)}
        for name, morsel in client.cookies.items()
    ]
    page.context.add_cookies(cookies)
    address = f"{live_server}/bookings/{booking.booking_reference}/"
    troubles = watch(page)

    page.goto(address)
    expect(page.get_by_text("You are offline")).to_be_hidden()
    page.get_by_role("button", name=WAY).click()
    expect(page.get_by_text("It opens without a signal.")).to_be_visible()
    assert barriers(page) == []

    page.context.set_offline(True)
    page.goto(address)
    expect(page.get_by_text("You are offline")).to_be_visible()
    expect(page.get_by_text(booking.booking_reference).first).to_be_visible()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.masthead')).backgroundColor")
        != "rgba(0, 0, 0, 0)"
    )
    assert (
        page.evaluate(
            "fetch(document.querySelector('[data-pdf]').dataset.pdf).then((answer) => answer.status)"
        )
        == 200
    )
    page.goto(f"{live_server}/bookings/")  # where the installed site opens
    expect(page).to_have_url(address)

    page.get_by_role("button", name="Remove it from this device").click()
    expect(page.get_by_text("Removed from this device.")).to_be_visible()
    assert (
        page.evaluate("caches.open('tickets-1').then((kept) => kept.keys()).then((keys) => keys.length)") == 0
    )
    page.context.set_offline(False)
    assert troubles == []
