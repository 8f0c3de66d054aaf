"""A sale as a clerk makes it: in Chromium, by keyboard alone, keys counted; and the same without a script."""

import re
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from bookings.domain.counter.sale import SeatRequest, keep_seats
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Order, Shift, Ticket
from bookings.tests.browser import SCHEMES, barriers, watch
from bookings.tests.make import make_promo_code, make_route, make_shift, make_user
from bookings.tests.passenger.timetable import make_day, tomorrow
from bookings.tests.races.crowd import figure

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MOST_KEYS: Final = 40


@pytest.fixture
def till() -> Shift:
    return make_shift(make_user(first_name="Nomsa", last_name="Dlamini"))


@pytest.fixture
def watched(page: Page, live_server: Any, till: Shift) -> Iterator[Page]:
    """The clerk's browser, on which nothing may go wrong.

    No error in the console, no violation of the content policy.
    """
    troubles = watch(page)
    page.set_viewport_size({"width": 1280, "height": 720})
    enter(page, live_server, till)
    yield page
    assert troubles == []


def enter(page: Page, live_server: Any, till: Shift) -> None:
    client = Client()
    client.force_login(till.clerk)
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": str(live_server)}]
    )


class Keyboard:
    """Types, and counts the keys."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def type(self, text: str) -> None:
        self.count += len(text)
        self.page.keyboard.type(text)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.count += 1
            self.page.keyboard.press(key)

    def at(self, field: str) -> None:
        expect(self.page.locator(field)).to_be_focused()


def assert_fits(page: Page) -> None:
    assert page.evaluate(
        "[document.documentElement.scrollHeight <= innerHeight, "
        "document.documentElement.scrollWidth <= innerWidth]"
    ) == [
        True,
        True,
    ], page.url


def assert_readable(page: Page) -> None:
    for scheme, rules in SCHEMES:
        page.emulate_media(
            color_scheme=scheme, reduced_motion="reduce"
        )  # a colour on its way is none to judge
        assert barriers(page, *rules) == [], f"{page.url} {scheme}"


def test_one_passenger_is_sold_in_fewer_than_forty_keys(watched: Page, live_server: Any) -> None:
    make_day(8, 17)
    page, keys = watched, Keyboard(watched)
    page.goto(f"{live_server}/office/sell/")

    keys.at("#sale-to")
    started = time.monotonic()
    keys.type("cape")
    keys.press("Tab")
    keys.at("#sale-date")
    keys.type("+")
    keys.press("Enter")
    keys.at("#pick")
    keys.type("2")
    keys.press("Enter")
    keys.at("#wanted")
    keys.press("Enter")
    keys.at("#name-0")
    keys.type("Thandi Nkosi")
    keys.press("Enter")
    keys.at("#contact")
    keys.press("Enter")
    keys.at("#amount")
    keys.type("700")
    expect(page.locator("[data-change] b")).to_have_text("R100")
    keys.press("Enter")

    expect(page.locator(".sale-back b")).to_have_text("R100")
    expect(page.locator("a[data-letter=n]")).to_be_focused()
    ticket = Ticket.objects.get()
    assert (ticket.full_name, ticket.booking.status, f"{ticket.schedule.departure_time:%H}") == (
        "Thandi Nkosi",
        "confirmed",
        "15",
    )
    assert keys.count < MOST_KEYS, keys.count
    figure(
        "counter: one passenger, by keyboard", keys=keys.count, took_s=round(time.monotonic() - started, 1)
    )
    keys.press("Enter")
    keys.at("#sale-to")


def test_an_ambiguous_place_opens_the_list_from_which_a_key_chooses(watched: Page, live_server: Any) -> None:
    make_day(8)
    make_route("Cape Agulhas", "Johannesburg")
    page, keys = watched, Keyboard(watched)
    page.goto(f"{live_server}/office/sell/")

    keys.at("#sale-to")
    keys.type("cape")
    keys.press("Tab")
    keys.at("#sale-date")
    keys.type("+")
    keys.press("Enter")

    keys.at("#sale-to")
    expect(page.locator("#to-list [role=option] span:first-child")).to_have_text(
        ["Cape Agulhas", "Cape Town"]
    )
    expect(page.locator("#to-list")).to_be_visible()
    assert_readable(page)
    keys.press("ArrowDown", "ArrowDown", "Enter", "Enter")
    keys.at("#pick")
    expect(page.locator("#departures-title")).to_contain_text("Cape Town")


def test_every_step_fits_the_screen_and_is_readable(watched: Page, live_server: Any, till: Shift) -> None:
    (schedule, *_others) = make_day(*range(5, 16), seats=44)
    page = watched
    hold = keep_seats(
        SeatRequest(SegmentRef(schedule.pk, "johannesburg", "cape-town"), count=4), clerk=till.clerk
    )
    search = f"from=johannesburg&to=cape-town&date={tomorrow().isoformat()}"
    steps = [
        "",
        f"?{search}",
        f"?{search}&ride={schedule.pk}|johannesburg|cape-town",
        f"?hold={hold.token}",
        "?order=NOSUCH",
    ]

    for step in steps:
        page.goto(f"{live_server}/office/sell/{step}")
        assert_fits(page)
        assert_readable(page)


def test_a_family_with_a_child_pays_by_card_and_esc_goes_back(watched: Page, live_server: Any) -> None:
    make_day(8)
    page, keys = watched, Keyboard(watched)
    page.goto(f"{live_server}/office/sell/?from=johannesburg&to=cape-town&date=%2B1")
    keys.at("#pick")
    keys.press("ArrowDown", "Enter")
    keys.at("#wanted")
    keys.type("2a 2b")
    keys.press("Enter")
    keys.at("#name-0")
    keys.type("Ann Abel")
    keys.press("Enter")
    keys.at("#name-1")

    keys.press("Escape")
    keys.at("#wanted")
    expect(page.locator("#wanted")).to_have_value("2A 2B")
    page.locator("input[value='2B']").uncheck()
    page.locator("input[value='2C']").check()
    expect(page.locator("#wanted")).to_have_value("2A 2C")
    page.locator("#wanted").focus()
    keys.press("Enter")

    expect(page.locator("#name-0")).to_have_value("Ann Abel")
    page.locator("#name-1").focus()
    keys.type("Bob")
    page.evaluate(
        "document.addEventListener('keydown', (event) => { window.isTaken = event.defaultPrevented })"
    )
    keys.press("Tab", "c")
    assert page.evaluate("window.isTaken") is False  # a letter is left to the browser, to find the option by
    page.locator(":focus").select_option("child")  # which one without windows does not
    expect(page.locator("[data-total]")).to_have_text("R900")
    keys.press("F3")
    keys.at("#reference")
    keys.type("T1 0042")
    keys.press("Enter")

    expect(page.locator(".sale-back b")).to_have_text("R900")
    people = Ticket.objects.order_by("pk").values_list("surname", "passenger_type__slug", "seat__label")
    assert list(people) == [("Abel", "adult", "2A"), ("Abel", "child", "2C")]


def test_the_day_moves_by_plus_and_minus(watched: Page, live_server: Any) -> None:
    page, keys = watched, Keyboard(watched)
    page.goto(f"{live_server}/office/sell/")
    day = page.locator("#sale-date")
    day.focus()

    keys.press("+", "+")
    expect(day).to_have_value(tomorrow(2).isoformat())
    keys.press("-")
    expect(day).to_have_value(tomorrow(1).isoformat())
    keys.press("+", "3")
    expect(day).to_have_value("+3")


def test_letters_choose_the_tender_and_f8_finds_an_order(
    watched: Page, live_server: Any, till: Shift
) -> None:
    (schedule,) = make_day(8)
    hold = keep_seats(
        SeatRequest(SegmentRef(schedule.pk, "johannesburg", "cape-town"), count=1), clerk=till.clerk
    )
    page, keys = watched, Keyboard(watched)
    page.goto(f"{live_server}/office/sell/?hold={hold.token}")
    keys.at("#name-0")
    keys.type("Ann Abel")
    keys.press("Enter", "Enter", "d")
    keys.at("#reference")
    keys.press("F2")
    keys.at("#amount")

    keys.press("F8")
    keys.at("#sale-order")
    keys.type("NOSUCH")
    keys.press("Enter")

    expect(page.locator("#refusal")).to_contain_text("We could not find booking NOSUCH")
    keys.at("#sale-order")


def test_money_that_is_refused_is_typed_again_where_the_cursor_is(
    watched: Page, live_server: Any, till: Shift
) -> None:
    (schedule,) = make_day(8)
    hold = keep_seats(
        SeatRequest(SegmentRef(schedule.pk, "johannesburg", "cape-town"), count=1), clerk=till.clerk
    )
    page, keys = watched, Keyboard(watched)
    page.goto(f"{live_server}/office/sell/?hold={hold.token}")
    keys.at("#name-0")
    keys.type("Ann Abel")
    keys.press("Enter")
    keys.at("#contact")
    keys.type("082 123 4567")
    keys.press("Enter")
    keys.at("#amount")
    keys.type("1")
    keys.press("Enter")
    expect(page.locator("#refusal")).to_contain_text("is due; that is not enough")
    keys.at("#amount")

    keys.press("F3")
    keys.at("#reference")
    keys.press("Enter")
    expect(page.locator("#refusal")).to_contain_text("Enter the reference on the slip")
    keys.at("#reference")
    keys.type("T1 0042")
    keys.press("Enter")

    expect(page.locator(".sale-back b")).to_have_text("R600")
    assert Order.objects.get().phone == "+27821234567"


def test_paper_for_both_printers(watched: Page, live_server: Any, till: Shift) -> None:
    (schedule,) = make_day(8)
    hold = keep_seats(
        SeatRequest(SegmentRef(schedule.pk, "johannesburg", "cape-town"), count=1), clerk=till.clerk
    )
    page, keys = watched, Keyboard(watched)
    page.goto(f"{live_server}/office/sell/?hold={hold.token}")
    keys.at("#name-0")
    keys.type("Ann Abel")
    keys.press("Enter", "Enter")
    keys.at("#amount")
    keys.press("Enter")
    expect(page.locator(".sale-done")).to_be_visible()
    assert_readable(page)
    sold = page.url
    page.add_init_script(
        "window.print = () => { window.isPrinted = true }"
    )  # its dialogue would lock the page against page.pdf

    # The ticket and the receipt, which the printer of rolls cuts apart
    for paper, width, pages in (("80", 226.8, 2), ("a4", 595, 1)):
        page.goto(f"{sold}print/?paper={paper}")
        page.wait_for_function("window.isPrinted")
        pdf = page.pdf(prefer_css_page_size=True)
        box = [float(number) for number in re.search(rb"/MediaBox \[([\d. ]+)\]", pdf)[1].split()]
        assert abs(box[2] - width) < 2, paper
        assert len(re.findall(rb"/Type /Page\b", pdf)) == pages
        assert_readable(page)


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_the_same_sale_without_a_script(page: Page, live_server: Any, till: Shift) -> None:
    make_day(8, 17)
    make_day(9, route=make_route("Cape Town", "Bloemfontein", "Johannesburg", minutes_apart=300), days=4)
    enter(page, live_server, till)
    page.goto(f"{live_server}/office/sell/")

    page.locator("#sale-to").fill("cape town")
    page.locator("#sale-date").fill("+1")
    page.locator("#sale-return").fill(tomorrow(4).isoformat())
    page.get_by_role("button", name="Find").click()
    page.locator("#pick").fill("2")
    page.get_by_role("button", name="Choose").click()
    page.locator("#wanted").fill("")
    page.locator("input[value='1B']").check(force=True)
    page.get_by_role("button", name="Hold seats").click()
    page.get_by_role("button", name="Choose").click()
    page.locator("#wanted").press("Enter")
    page.get_by_label("Name of passenger 1").fill("Thandi Nkosi")
    page.get_by_label("Cash given").fill("1500")
    page.get_by_label("Cash given").press("Enter")

    expect(page.locator(".sale-back b")).to_have_text("R300")
    order = Order.objects.get()
    assert (order.status, order.bookings.count(), order.total) == ("confirmed", 2, 1200)


def test_a_promo_code_a_part_by_card_and_the_rest_in_cash_by_keyboard(
    watched: Page, live_server: Any, till: Shift
) -> None:
    make_promo_code()
    (schedule,) = make_day(8)
    ref = SegmentRef(schedule.pk, "johannesburg", "cape-town")
    hold = keep_seats(SeatRequest(ref, ("1A",)), clerk=till.clerk)
    page, keys = watched, Keyboard(watched)
    page.goto(f"{live_server}/office/sell/?hold={hold.token}")

    keys.at("#name-0")
    keys.type("Thandi Nkosi")
    keys.press("Enter")
    keys.at("#contact")
    keys.press("F10")
    keys.at("#promo_code")
    keys.type("save10")
    keys.press("F10")
    expect(page.locator("[data-total]")).to_have_text("R540")
    keys.at("#name-0")
    keys.press("Enter", "Enter")
    keys.at("#amount")
    keys.type("250")
    keys.press("F3")
    keys.at("#reference")
    keys.type("T4 1")
    keys.press("F6")
    expect(page.locator("[data-rest]")).to_have_text("R290")
    keys.at("#amount")
    assert_fits(page)
    assert_readable(page)
    keys.type("400")
    expect(page.locator("[data-change] b")).to_have_text("R110")
    keys.press("Enter")

    expect(page.locator(".sale-back b")).to_have_text("R110")
