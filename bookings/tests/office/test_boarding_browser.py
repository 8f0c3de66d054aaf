"""The door on a tablet, with a scanner that types."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from bookings.models import BookingEvent, Schedule, Ticket
from bookings.tests.browser import SCHEMES, barriers, type_there, watch
from bookings.tests.domain.boarding.door import make_coach, sell, stand_by
from bookings.tests.office.conftest import StaffClient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SCANNED: Final = "Scan the ticket"
TABLET: Final = {"width": 768, "height": 1024}
OLD: Final = "FBL1.aBcD9eF1gH2iJ3kL4mNo"
NO_CAMERA: Final = """
    window.BarcodeDetector = class { static getSupportedFormats() { return Promise.resolve(["qr_code"]); } };
    Object.defineProperty(navigator, "mediaDevices", { value: {
        getUserMedia: () => Promise.reject(new DOMException("no", window.cameraError)),
    } });
"""


@pytest.fixture
def door(page: Page, live_server: Any, clerk: StaffClient) -> Iterator[Page]:
    """A tablet at which the clerk is signed in, and on which nothing may go wrong."""
    troubles = watch(page, expected="net::ERR_FAILED")  # the line that a test has cut
    page.set_viewport_size(TABLET)
    session = clerk.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": str(live_server)}]
    )
    yield page
    assert troubles == []


def coach_in(minutes: int) -> Schedule:
    return make_coach(departs=timezone.now() + timedelta(minutes=minutes))


def tickets_of(coach: Schedule, *names: str) -> list[Ticket]:
    return list(sell(coach, *names, now=timezone.now()).tickets.order_by("pk"))


def scan(door: Page, code: str) -> None:
    type_there(door, SCANNED, code)
    door.keyboard.press("Enter")


def test_scan_after_scan_without_touching_anything(door: Page, live_server: Any) -> None:
    coach = coach_in(20)
    thandi, sipho, _lwazi = tickets_of(coach, "Thandi Nkosi", "Sipho Zulu", "Lwazi Mbeki")
    door.goto(f"{live_server}/office/departures/{coach.pk}/board/")
    door.evaluate("window.kept = true")

    for code in (thandi.code, sipho.spoken_code.lower()):
        scan(door, code)
    expect(door.locator(".scan-result.is-green .scan-result-name")).to_have_text("Sipho Zulu")
    expect(door.locator(".board-count b")).to_have_text("2")
    expect(door.locator("#status")).to_have_text("Boarded. Sipho Zulu. To Cape Town")
    scan(door, thandi.code)
    expect(door.locator(".scan-result.is-red .scan-result-title")).to_have_text("Already on board")
    door.locator(".board-person", has_text="Lwazi Mbeki").click()
    expect(door.locator(".scan-result.is-green .scan-result-name")).to_have_text("Lwazi Mbeki")
    door.locator(".scan-result").get_by_role("button", name="Undo").click()
    expect(door.locator("#board .notice")).to_have_text("Undone: Lwazi Mbeki is not on board.")

    expect(door.locator(".board-person")).to_have_count(1)
    assert door.evaluate("window.kept")  # the page itself was never left
    assert sorted(Ticket.objects.values_list("status", flat=True)) == ["boarded", "boarded", "valid"]


def test_a_scan_without_a_connection_is_kept_and_sent_again(door: Page, live_server: Any) -> None:
    coach = coach_in(20)
    [thandi] = tickets_of(coach, "Thandi Nkosi")
    door.goto(f"{live_server}/office/departures/{coach.pk}/board/")
    cut: list[Route] = []

    def cut_once(route: Route) -> None:
        if route.request.method == "POST" and not cut:
            cut.append(route)
            return route.abort()
        return route.continue_()

    door.route("**/board/", cut_once)
    scan(door, thandi.code)

    expect(door.locator("[data-scan-waiting]")).to_contain_text(
        "No connection. Saved on this device and sent again automatically: 1"
    )
    expect(door.locator(".scan-result.is-green")).to_be_visible()
    expect(door.locator("[data-scan-waiting]")).to_be_hidden()


def test_scans_without_a_connection_outlive_the_page_and_conflicts_are_listed(
    door: Page, live_server: Any
) -> None:
    coach = coach_in(20)
    thandi, sipho = tickets_of(coach, "Thandi Nkosi", "Sipho Zulu")
    address = f"{live_server}/office/departures/{coach.pk}/board/"
    door.goto(address)
    door.route(
        "**/board/", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )

    for code, words in (
        (thandi.code, f"On the list, seat {thandi.seat.label}"),
        ("ZZZZZZ", "Not on the list"),
        (sipho.spoken_code, "On the list"),
    ):
        scan(door, code)
        expect(door.locator(".scan-result-title")).to_contain_text(words)
    kept = door.evaluate("JSON.stringify(localStorage)")
    Ticket.objects.filter(pk=sipho.pk).update(status="cancelled")
    door.goto("about:blank")  # or the old page might send them, once there is a line again
    door.unroute("**/board/")
    door.goto(address)

    expect(door.locator(".board-count b")).to_have_text("1")
    expect(door.locator("[data-scan-later] li")).to_have_count(2)
    expect(door.locator("[data-scan-waiting]")).to_be_hidden()
    assert "Nkosi" not in kept
    assert "csrf" not in kept
    assert door.evaluate("localStorage.length") == 0
    assert sorted(Ticket.objects.values_list("status", flat=True)) == ["boarded", "cancelled"]
    door.get_by_role("button", name="Dismiss").click()
    expect(door.locator("[data-scan-later]")).to_be_hidden()


def test_without_a_connection_a_ticket_passes_once_on_this_device(door: Page, live_server: Any) -> None:
    coach = coach_in(20)
    thandi, sipho, ann = tickets_of(coach, "Thandi Nkosi", "Sipho Zulu", "Ann Abel")
    Ticket.objects.filter(pk=sipho.pk).update(code=OLD)
    Ticket.objects.filter(pk=ann.pk).update(status="boarded")
    address = f"{live_server}/office/departures/{coach.pk}/board/"
    door.goto(address)
    door.route(
        "**/board/", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    title, count = door.locator("#board > .scan-result .scan-result-title"), door.locator(".board-count b")

    # by a scanner with caps lock on, on a German keyboard, and once more as it sends it
    for ticket, sent, boarded in ((thandi, thandi.code.swapcase(), "2"), (sipho, OLD.swapcase(), "3")):
        scan(door, sent)
        expect(title).to_have_text(f"On the list, seat {ticket.seat.label}")
        expect(count).to_have_text(boarded)
    expect(door.locator("[data-missing]")).to_have_text("0")
    expect(door.locator("[data-unsent]")).to_have_text("2 not sent yet")
    for again, name in (
        (thandi.code, "Thandi Nkosi"),
        (f"]Q3{thandi.code.lower()} ", "Thandi Nkosi"),
        (thandi.spoken_code, "Thandi Nkosi"),
        (OLD, "Sipho Zulu"),
    ):
        scan(door, again)
        expect(door.locator(".scan-result.is-red .scan-result-name")).to_have_text(name)
        expect(title).to_have_text("Already scanned")
        expect(door.locator(".scan-result-reason")).to_contain_text("On this device at ")
    scan(door, ann.code)
    expect(door.locator(".scan-result.is-red .scan-result-name")).to_have_text("Ann Abel")
    expect(count).to_have_text("3")

    door.goto("about:blank")
    door.unroute("**/board/")
    door.goto(address)
    expect(door.locator("[data-scan-later] li")).to_have_count(1)  # who was on board before
    expect(door.locator("[data-unsent]")).to_be_hidden()
    expect(count).to_have_text("3")
    events = BookingEvent.objects.filter(to_status="boarded").values_list("ticket", flat=True)
    assert sorted(events) == sorted([thandi.pk, sipho.pk])


def test_names_are_found_by_keyboard_and_a_camera_that_does_not_work_says_why(
    door: Page, live_server: Any
) -> None:
    coach = coach_in(20)
    thandi, _lech = tickets_of(coach, "Thandi Nkosi", "Lech Wałęsa")
    door.add_init_script(NO_CAMERA)
    door.goto(f"{live_server}/office/departures/{coach.pk}/board/?stop=0")
    rows, find = door.locator(".board-person"), door.get_by_label("Find on the list")

    find.press_sequentially("LECH wal")
    expect(rows.filter(visible=True)).to_have_count(1)
    find.press("Enter")
    expect(rows.filter(has_text="Wałęsa")).to_be_focused()
    door.keyboard.press("Enter")
    expect(door.locator(".scan-result.is-green .scan-result-name")).to_have_text("Lech Wałęsa")
    expect(rows.filter(visible=True)).to_have_count(1)  # the field is empty again
    find.press_sequentially("zzz")
    expect(rows.filter(visible=True)).to_have_count(0)
    find.press("Escape")
    expect(rows.filter(visible=True)).to_have_count(1)
    find.press_sequentially(thandi.code)  # a scanner types wherever the focus is
    find.press("Enter")
    expect(door.locator(".scan-result.is-green .scan-result-name")).to_have_text("Thandi Nkosi")

    for error, words in (
        ("NotAllowedError", "allow Camera for this site"),
        ("NotFoundError", "has no camera"),
    ):
        door.evaluate("error => { window.cameraError = error; }", error)
        door.get_by_role("button", name="Camera").click()
        expect(door.locator("[data-camera-help]")).to_contain_text(words)
        expect(door.locator("[data-camera-help]")).to_contain_text("can also be typed here")
    assert barriers(door) == []


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_the_door_works_without_script(door: Page, live_server: Any) -> None:
    coach = coach_in(8)
    [thandi] = tickets_of(coach, "Thandi Nkosi")
    door.goto(f"{live_server}/office/departures/{coach.pk}/board/")

    door.get_by_label(SCANNED).fill(thandi.spoken_code)
    door.get_by_role("button", name="Check in").click()
    expect(door.locator(".scan-result.is-amber .scan-result-title")).to_have_text("Late")
    door.get_by_role("button", name="Board late").click()
    expect(door.locator(".scan-result.is-green .scan-result-title")).to_have_text("Boarded")
    door.get_by_role("link", name="Close boarding…").click()
    door.get_by_role("button", name="Close boarding").click()

    expect(door.get_by_text("Boarding is closed: 0 no-shows, 0 from standby seated.")).to_be_visible()


def test_the_door_and_the_list_are_accessible_and_fit_a_tablet(door: Page, live_server: Any) -> None:
    coach = coach_in(8)
    thandi, sipho = tickets_of(coach, "Thandi Nkosi", "Sipho Zulu")
    waits = stand_by(coach, now=timezone.now())
    base = f"{live_server}/office/departures/{coach.pk}"

    def check(where: str) -> None:
        for scheme, rules in SCHEMES:
            door.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert barriers(door, *rules) == [], f"{where} {scheme}"
        assert door.evaluate("document.documentElement.scrollWidth") <= TABLET["width"], where

    door.goto(f"{base}/board/")
    check("ready")
    for ticket, tone in ((waits, "amber"), (thandi, "amber")):
        scan(door, ticket.code)
        expect(door.locator(f".scan-result.is-{tone} .scan-result-name")).to_have_text(ticket.full_name)
    check("amber")
    door.get_by_role("button", name="Board late").click()
    expect(door.locator(".scan-result.is-green")).to_be_visible()
    check("green")
    scan(door, "ZZZZZZ")
    expect(door.locator(".scan-result.is-red")).to_be_visible()
    check("red")
    for path in ("board/close/?stop=0", "depart/", "manifest/", "board/?stop=2", "arrive/?stop=2"):
        door.goto(f"{base}/{path}")
        check(path)
    assert sipho.status == "valid"
