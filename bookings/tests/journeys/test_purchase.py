"""A whole purchase as people do it.

By keyboard, without JavaScript, there and back, too slowly, and undone.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from bookings.domain.integrity.invariants import violations
from bookings.models import Hold, Order, Refund, Schedule, SeatClaim
from bookings.tests.browser import troubles_at_sizes, watch
from bookings.tests.make import make_layout
from bookings.tests.passenger.buying import departure_ahead, seats_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server: Any, settings: Any) -> str:
    settings.SITE_URL = live_server.url  # where the demo gateway sends its notification
    return live_server.url


@pytest.fixture
def schedule() -> Schedule:
    return departure_ahead(layout=make_layout(seats=12, premium=4))


@pytest.fixture
def watched(page: Page) -> Iterator[Page]:
    """A page on which nothing may go wrong: no error in the console, no violation of the content policy."""
    troubles = watch(page)
    yield page
    assert troubles == []


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A browser without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def tab_to(page: Page, name: str, *, most: int = 60) -> None:
    """Walk to the control with this accessible name by the Tab key alone."""
    said = (
        "document.activeElement === document.body ? '' : "
        "document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText"
    )
    page.wait_for_load_state()
    for _step in range(most):
        page.keyboard.press("Tab")
        if name in (page.evaluate(said) or ""):
            return
    raise AssertionError(f"{name!r} cannot be reached by keyboard")


def fill_names(page: Page, *people: tuple[str, str]) -> None:
    for index, (first_name, surname) in enumerate(people):
        page.fill(f"#p{index}-first_name", first_name)
        page.fill(f"#p{index}-surname", surname)
    page.fill("#email", "thandi@example.com")


def pay(page: Page) -> None:
    """From the names to the money; the sums on both buttons are the same."""
    page.get_by_role("button", name="Pay R").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payment to Falcon Bus Lines")
    page.get_by_role("button", name="Pay R").click()


def buy(page: Page, site: str, schedule: Schedule) -> None:
    """Two adults on seats of our choice, paid."""
    page.goto(f"{site}{seats_page(schedule)}")
    page.get_by_role("button", name="Choose seats together for us").click()
    fill_names(page, ("Thandi", "Nkosi"), ("Sipho", "Nkosi"))
    pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Have a good trip")


class Effort:
    """What a purchase asks of a hand: clicks, keys and pages."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks, self.keys, self.pages = page, 0, 0, 0
        page.on("load", lambda _page: setattr(self, "pages", self.pages + 1))

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def type(self, text: str) -> None:
        self.keys += len(text)
        self.page.keyboard.type(text)

    def press(self, key: str) -> None:
        self.keys += 1
        self.page.keyboard.press(key)


def test_from_home_to_a_ticket_in_few_steps(watched: Page, site: str) -> None:
    departure_ahead(1, layout=make_layout(seats=12))
    page, hand = watched, Effort(watched)
    page.goto(f"{site}/")
    for label, start, city in (("From", "joh", "Johannesburg"), ("To", "cap", "Cape Town")):
        hand.click(page.get_by_role("combobox", name=label))
        hand.type(start)
        hand.click(page.get_by_role("option", name=city, exact=True))
    hand.click(page.get_by_role("button", name="Find coaches"))
    hand.click(page.get_by_role("button", name="Book"))
    hand.click(page.get_by_label("First name"))
    hand.type("Thandi")
    hand.press("Tab")
    hand.type("Nkosi")
    hand.press("Tab")
    hand.press("Tab")
    hand.type("thandi@example.com")
    expect(page.get_by_label("E-mail", exact=True)).to_have_value("thandi@example.com")
    hand.click(page.get_by_role("button", name="Pay R600"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Payment to Falcon Bus Lines")
    hand.click(page.get_by_role("button", name="Pay R600"))

    expect(page.get_by_role("heading", level=1)).to_have_text("Have a good trip")
    assert (hand.clicks <= 9, hand.pages <= 5, hand.keys <= 70) == (True, True, True), vars(hand)
    assert Order.objects.get().status == "confirmed"


def test_a_purchase_by_keyboard_alone(watched: Page, site: str, schedule: Schedule) -> None:
    page = watched
    page.goto(f"{site}{seats_page(schedule, passengers=1)}")

    tab_to(page, "Row 2 seat 2C")
    page.keyboard.press("Space")
    expect(page.locator("#chosen")).to_contain_text("2C · R600")
    tab_to(page, "Continue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who is travelling?")
    tab_to(page, "First name")
    page.keyboard.type("Thandi")
    page.keyboard.press("Tab")
    page.keyboard.type("Nkosi")
    tab_to(page, "E-mail")
    page.keyboard.type("thandi@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Is everything correct?")
    tab_to(page, "Pay R600")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Payment to Falcon Bus Lines")
    tab_to(page, "Pay R600")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Have a good trip")
    expect(page).to_have_url(re.compile(r"/bookings/[0-9A-Z]{8}/$"))
    assert Order.objects.get().status == "confirmed"
    assert violations(now=timezone.now()) == []


def test_a_purchase_and_its_cancellation_without_javascript(
    plain: Page, site: str, schedule: Schedule
) -> None:
    page = plain
    page.goto(f"{site}{seats_page(schedule)}")
    page.check("#seat-2A")
    page.check("#seat-2B")
    page.get_by_role("button", name="Continue").last.click()
    fill_names(page, ("Thandi", "Nkosi"), ("Sipho", "Nkosi"))
    pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Have a good trip")

    page.get_by_role("link", name="Cancel…").click()
    page.get_by_label("Thandi Nkosi").uncheck()
    page.get_by_role("button", name="Show the amount for these passengers").last.click()
    page.get_by_role("button", name="Cancel 1 ticket and get R600 back").click()

    expect(page.get_by_text("Cancelled. Your refund is R600")).to_be_visible()
    assert list(SeatClaim.objects.values_list("seat__label", flat=True).distinct()) == ["2A"]
    assert violations(now=timezone.now()) == []


def test_there_and_back_in_one_order(watched: Page, site: str, schedule: Schedule) -> None:
    back = departure_ahead(6)
    page = watched
    page.goto(f"{site}{seats_page(schedule)}")
    page.get_by_role("button", name="Choose seats together for us").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who is travelling?")
    token = Hold.objects.get().token
    page.goto(f"{site}{seats_page(back, hold=token)}")
    page.check("#seat-2A")
    page.check("#seat-2B")
    page.get_by_role("button", name="Continue").last.click()
    fill_names(page, ("Thandi", "Nkosi"), ("Sipho", "Nkosi"))
    pay(page)

    expect(page.get_by_role("heading", level=2, name="Johannesburg → Cape Town")).to_have_count(2)
    assert Order.objects.get().bookings.filter(status="confirmed").count() == 2
    assert violations(now=timezone.now()) == []


def test_cancelling_gives_the_quoted_refund(watched: Page, site: str, schedule: Schedule) -> None:
    page = watched
    buy(page, site, schedule)
    page.get_by_role("link", name="Cancel…").click()
    page.get_by_label("Sipho Nkosi").uncheck()
    page.get_by_role("button", name="Cancel 1 ticket and get R600 back").click()

    expect(page.get_by_text("Cancelled. Your refund is R600")).to_be_visible()
    assert [refund.amount for refund in Refund.objects.all()] == [600]


def test_a_slow_buyer_keeps_what_was_typed_and_gets_the_seats_again(
    watched: Page, site: str, schedule: Schedule
) -> None:
    page = watched
    page.goto(f"{site}{seats_page(schedule)}")
    page.check("#seat-2A")
    page.check("#seat-2B")
    page.get_by_role("button", name="Continue").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who is travelling?")
    past = timezone.now() - timedelta(seconds=1)
    Hold.objects.update(expires_at=past)
    SeatClaim.objects.update(expires_at=past)

    fill_names(page, ("Thandi", "Nkosi"), ("Sipho", "Nkosi"))
    page.get_by_role("button", name="Review first").click()
    page.get_by_role("button", name="Try for the same seats again").click()

    expect(page.locator("#p1-first_name")).to_have_value("Sipho")
    pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Have a good trip")


def test_ticks_survive_a_refresh_of_the_map(watched: Page, site: str, schedule: Schedule) -> None:
    page = watched
    page.goto(f"{site}{seats_page(schedule)}")
    page.check("#seat-2A")
    page.check("#seat-2B")
    Schedule.objects.update(revision=99)

    with page.expect_response(lambda answer: "rev=" in answer.url):
        page.evaluate(
            "htmx.ajax('GET', document.getElementById('seat-map').getAttribute('hx-get'), "
            "{source: '#seat-map'})"
        )
    expect(page.locator("#seat-map")).to_have_attribute("hx-get", re.compile("rev=99"))

    expect(page.locator("#seat-2A")).to_be_checked()
    expect(page.locator("#seat-2B")).to_be_checked()
    expect(page.locator("#chosen")).to_contain_text("2A, 2B")


def test_no_page_has_a_serious_barrier(watched: Page, site: str, schedule: Schedule) -> None:
    page, found = watched, {}

    def check(name: str, heading: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        found[name] = troubles_at_sizes(page)

    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site}{seats_page(schedule)}")
    page.check("#seat-2A")
    check("seats", "Johannesburg → Cape Town")
    page.check("#as-list")
    check("list", "Johannesburg → Cape Town")
    page.get_by_role("button", name="Choose seats together for us").click()
    page.get_by_role("button", name="Review first").click()
    expect(page.locator("#error-summary")).to_be_visible()
    check("errors", "Who is travelling?")
    fill_names(page, ("Thandi", "Nkosi"), ("Sipho", "Nkosi"))
    page.get_by_role("button", name="Review first").click()
    check("review", "Is everything correct?")
    page.get_by_role("button", name="Pay R").click()
    check("gateway", "Payment to Falcon Bus Lines")
    page.get_by_role("link", name="Back to Falcon Bus Lines").click()
    check("status", "We are confirming your payment")
    page.go_back()
    page.get_by_role("button", name="Pay R").click()
    check("booking", "Have a good trip")
    page.get_by_role("link", name="Cancel…").click()
    expect(page.get_by_role("button", name="Cancel 2 tickets")).to_be_visible()
    check("cancel", "Cancel Johannesburg → Cape Town?")
    page.goto(f"{site}/bookings/")
    check("find", "Find your booking")

    assert {name: faults for name, faults in found.items() if faults} == {}
