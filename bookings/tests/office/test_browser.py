"""Signing in as people see it: in Chromium, light and dark, under the site's content policy."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from bookings.models import User
from bookings.tests.browser import SCHEMES, barriers, type_there, watch
from bookings.tests.make import app_code, make_booking, make_shift, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD: Final = "a-long-enough-pass"


@pytest.fixture
def watched(page: Page) -> Iterator[Page]:
    """A page on which nothing may go wrong: no error in the console, no violation of the content policy."""
    troubles = watch(page)
    page.set_viewport_size({"width": 1280, "height": 720})
    yield page
    assert troubles == []


def assert_readable(page: Page) -> None:
    """Nothing for axe to find in light and dark; and the page fits the screen's width."""
    for scheme, rules in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert barriers(page, *rules) == [], f"{page.url} {scheme}"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def press_access_key(page: Page, key: str) -> None:
    """Alt and the key, as the keyboard sends it.

    Access keys hear the character, which Playwright leaves out.
    """
    event = {"type": "char", "modifiers": 1, "key": key, "text": key, "unmodifiedText": key}
    page.context.new_cdp_session(page).send("Input.dispatchKeyEvent", event)


def sign_in(page: Page, address: str, username: str) -> None:
    page.goto(address)
    type_there(page, "User name", username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_clerk_signs_in_by_keyboard_and_walks_by_access_keys(watched: Page, live_server: object) -> None:
    user = make_user(username="nomsa", first_name="Nomsa", last_name="Dlamini", password=PASSWORD)
    make_shift(user)
    page = watched
    page.goto(f"{live_server}/office/")
    assert_readable(page)

    sign_in(page, page.url, "nomsa")
    expect(page.locator(".office-who")).to_contain_text("Nomsa Dlamini")
    for width in (1280, 1500, 1920):  # with the keys in the menu or without, it is one line
        page.set_viewport_size({"width": width, "height": 720})
        assert page.locator(".office-bar").evaluate("bar => bar.getBoundingClientRect().height") < 60, width
    page.set_viewport_size({"width": 1280, "height": 720})
    assert_readable(page)
    page.get_by_role("link", name="Nomsa Dlamini").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    assert_readable(page)
    press_access_key(page, "h")
    page.wait_for_url(f"{live_server}/office/")

    one, other = make_booking(names=("Ann Abel",)), make_booking(names=("Ben Abel",))
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    assert_readable(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    type_there(page, page.locator("#find-q"), "abel")
    expect(page.locator("#find-hits a")).to_have_count(2)
    assert_readable(page)
    for _step in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server}/office/bookings/{one.booking_reference}/")
    expect(page.locator("[accesskey=x]")).to_contain_text("Alt+X")
    press_access_key(page, "b")
    type_there(page, page.locator("#id_q"), other.booking_reference)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server}/office/bookings/{other.booking_reference}/")
    sign_out(page)


def test_a_second_factor_is_set_up_and_asked_for(watched: Page, live_server: object) -> None:
    user = make_user(username="priya", role=User.Role.MANAGER, password=PASSWORD)
    page = watched
    sign_in(page, f"{live_server}/office/login/?next=/office/account/second-factor/", "priya")
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    assert_readable(page)

    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert_readable(page)
    page.get_by_role("textbox", name="Code").fill(app_code(user))
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("listitem")).to_have_count(10)
    assert_readable(page)
    recovery = page.get_by_role("listitem").first.inner_text()
    sign_out(page)

    sign_in(page, f"{live_server}/office/login/", "priya")
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    assert_readable(page)
    type_there(page, "Code", recovery)
    page.keyboard.press("Enter")
    expect(page.locator(".office-who")).to_contain_text("manager")


def test_a_wrong_password_is_said_in_words(watched: Page, live_server: object) -> None:
    page = watched

    sign_in(page, f"{live_server}/office/login/", "nobody")

    expect(page.get_by_role("alert")).to_contain_text("user name or password")
    assert_readable(page)


def test_a_manager_lets_somebody_in_who_then_chooses_a_password(watched: Page, live_server: object) -> None:
    make_user(username="priya", role=User.Role.MANAGER, password=PASSWORD)
    page = watched
    sign_in(page, f"{live_server}/office/login/?next=/office/staff/", "priya")
    expect(page.get_by_role("link", name="New user")).to_be_visible()
    assert_readable(page)
    page.get_by_role("link", name="New user").click()
    type_there(page, "User name", "lerato")
    for label, text in (("First name", "Lerato"), ("Surname", "Molefe"), ("Your password", PASSWORD)):
        page.get_by_label(label).fill(text)
    assert_readable(page)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Initial password")).to_be_visible()
    assert_readable(page)
    given = page.locator(".initial-password").inner_text()
    page.get_by_role("link", name="I have passed it on").click()
    expect(page.get_by_text("account created: Lerato Molefe")).to_be_visible()
    assert_readable(page)
    sign_out(page)

    type_there(page, "User name", "lerato")
    page.get_by_label("Password").fill(given)
    page.keyboard.press("Enter")

    expect(page.get_by_text("To continue, choose one that only you know.")).to_be_visible()
    assert_readable(page)
