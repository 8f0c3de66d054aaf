import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from bookings.tests.browser import troubles_at_sizes, watch
from bookings.tests.make import make_route
from bookings.tests.passenger.timetable import make_day, search_address, tomorrow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def watched(page: Page) -> Iterator[Page]:
    """A page on which nothing may go wrong: no error in the console, no violation of the content policy."""
    troubles = watch(page)
    yield page
    assert troubles == []


def results_address(**changes: object) -> str:
    return "/search/?" + "&".join(f"{name}={value}" for name, value in search_address(**changes).items())


def test_search_by_keyboard_alone(watched: Page, live_server: object) -> None:
    make_day(8, 17)
    page = watched
    page.goto(f"{live_server}/")
    start = page.get_by_role("combobox", name="From")

    start.focus()
    page.keyboard.insert_text(
        "joh"
    )  # at once: key by key a slow machine shows a list for each letter, and takes it away again
    expect(page.locator("#from-list [role=option]").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(start).to_have_attribute("aria-activedescendant", "from-list-0")
    page.keyboard.press("Enter")
    expect(start).to_have_value("Johannesburg")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("combobox", name="To")).to_be_focused()
    page.keyboard.insert_text("cape")
    expect(page.locator("#to-list [role=option]").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("combobox", name="To")).to_have_attribute("aria-activedescendant", "to-list-0")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Johannesburg to Cape Town")
    expect(page).to_have_url(
        f"{live_server}{results_address()}"
    )  # at once the one address, without a redirect
    expect(page.get_by_role("link", name="Choose seats")).to_have_count(2)


def test_the_first_coach_is_few_tabs_away(watched: Page, live_server: object) -> None:
    for days in range(1, 7):
        make_day(8, days=days)
    page = watched
    page.goto(f"{live_server}{results_address(date=tomorrow(3).isoformat())}")

    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the coaches")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.locator("#coaches .offer-actions button").first).to_be_focused()


def test_the_days_are_one_stop_of_tab_and_arrows_walk_them(watched: Page, live_server: object) -> None:
    for days in range(1, 7):
        make_day(8, days=days)
    page = watched
    page.goto(f"{live_server}{results_address(date=tomorrow(3).isoformat())}")
    days = page.locator(".days a")

    expect(days).to_have_count(6)
    expect(page.locator('.days a[tabindex="0"]')).to_have_attribute("aria-current", "date")
    expect(page.locator('.days a[tabindex="-1"]')).to_have_count(5)
    page.locator(".days a[aria-current]").focus()
    page.keyboard.press("ArrowRight")
    expect(days.nth(3)).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect(days.nth(0)).to_be_focused()
    page.keyboard.press("End")
    expect(days.nth(5)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".days a:focus")).to_have_count(0)


def test_ordering_and_filters_swap_the_list_and_back_undoes_them(watched: Page, live_server: object) -> None:
    make_day(8, 17)
    page = watched
    page.goto(f"{live_server}{results_address()}")
    page.evaluate("window.kept = true")

    page.get_by_role("link", name="12–18").click()
    expect(page.get_by_role("link", name="Choose seats")).to_have_count(1)
    expect(page).to_have_url(re.compile("time=afternoon"))
    expect(page.locator("#status")).to_have_text("1 coach")
    expect(page.get_by_role("link", name="12–18")).to_be_focused()
    page.get_by_role("link", name="Fastest").click()
    expect(page.get_by_role("link", name="Fastest")).to_have_attribute(
        "aria-current", "true"
    )  # the new list, whose field is filled in
    page.get_by_label("Maximum price").fill("1")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="No coaches match your filters")).to_be_visible()
    assert page.evaluate("window.kept")  # the page itself was never left

    page.go_back()
    page.go_back()
    page.go_back()
    expect(page.get_by_role("link", name="Choose seats")).to_have_count(2)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".party .is-live")).to_have_count(3)  # what script adds is there again


def test_the_party_is_counted_as_it_changes(watched: Page, live_server: object) -> None:
    make_day(8)
    page = watched
    page.goto(f"{live_server}{results_address()}")

    page.set_viewport_size({"width": 390, "height": 844})
    today, next_day = (page.get_by_role("button", name=name) for name in ("Leave today", "Leave tomorrow"))
    page.get_by_text("Change search").click()
    expect(next_day).to_have_attribute("aria-pressed", "true")
    today.click()
    expect(today).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#search-date")).to_have_value(tomorrow(0).isoformat())
    next_day.click()
    page.locator(".party summary").click()
    page.get_by_role("button", name="More adults").click()
    page.get_by_role("button", name="More children").click()
    expect(page.locator("[data-party-sum]")).to_have_text("2 adults, 1 child")
    page.get_by_role("button", name="Find coaches").click()

    expect(page.get_by_text("for 3 passengers")).to_be_visible()
    expect(page).to_have_url(re.compile(f"date={tomorrow().isoformat()}&passengers=3&child=1$"))
    page.get_by_role("link", name="Choose seats").click()
    seats, bar = (page.locator(name).first.bounding_box() for name in (".seat", ".choose-bar"))
    assert seats
    assert bar
    assert seats["y"] + seats["height"] < bar["y"]  # the first of them in sight at once


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_search_works_without_script(page: Page, live_server: object) -> None:
    make_day(8, 17)
    page.goto(f"{live_server}/")

    page.get_by_role("textbox", name="From").fill("johannesburg")
    page.get_by_role("textbox", name="To").fill("Cape Town")
    page.get_by_role("button", name="Find coaches").click()
    expect(page.get_by_role("link", name="Choose seats")).to_have_count(2)
    page.get_by_role("link", name="12–18").click()

    expect(page.get_by_role("link", name="Choose seats")).to_have_count(1)


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_a_place_that_may_be_two_is_chosen_without_script(page: Page, live_server: object) -> None:
    make_day(8, 17)
    make_route("Cape Agulhas", "Johannesburg")
    page.goto(f"{live_server}/")

    page.get_by_role("textbox", name="From").fill("johanesburg")
    page.get_by_role("textbox", name="To").fill("cape")
    page.get_by_role("button", name="Find coaches").click()
    page.get_by_role("link", name="Cape Town").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Johannesburg to Cape Town")
    expect(page.get_by_role("link", name="Choose seats")).to_have_count(2)


def addresses() -> list[str]:
    wrong = "/search/?from=Atlantis&to=&date=2020-01-01&passengers=500"
    boards = ["/departures/", "/departures/?city=johannesburg", "/departures/?city=cape"]
    return [
        "/",
        results_address(),
        results_address(to="bloemfontien"),
        results_address(to="cape"),
        wrong,
        *boards,
        "/routes/",
        "/routes/johannesburg-to-cape-town/",
        "/no/such/page/",
    ]


@pytest.mark.parametrize("half", [0, 1])
def test_every_page_is_accessible_and_fits_a_small_phone(
    watched: Page, live_server: object, half: int
) -> None:
    make_day(3, 8, seats=2)
    make_route("Cape Agulhas", "Johannesburg")  # "cape" may be either
    page = watched

    for address in addresses()[half::2]:
        page.set_viewport_size({"width": 320, "height": 700})
        page.goto(f"{live_server}{address}")
        page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address
        assert troubles_at_sizes(page) == {}, address
