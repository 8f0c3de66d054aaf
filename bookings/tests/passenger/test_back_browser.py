from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bookings.tests.passenger.timetable import make_day

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_back_and_reload_after_a_mistake_keep_what_was_typed(page: Page, live_server: Any) -> None:
    """A browser that has to ask whether to send the form again shows an empty page of its own instead."""
    (schedule,) = make_day(8)
    page.goto(f"{live_server}/departures/{schedule.pk}/?from=johannesburg&to=cape-town&passengers=1")
    page.get_by_role("button", name="Choose seats together for us").click()
    page.get_by_label("First name").fill("Thandi")
    page.get_by_label("E-mail", exact=True).fill("thandi@example")
    page.get_by_role("button", name="Review first").click()
    expect(page.locator("#error-summary")).to_be_focused()

    page.reload()
    expect(page.get_by_label("First name")).to_have_value("Thandi")
    page.get_by_label("Surname").fill("Nkosi")
    page.get_by_label("E-mail", exact=True).fill("thandi@")
    page.get_by_role("button", name="Review first").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_label("E-mail", exact=True).fill("thandi@example.com")
    page.get_by_role("button", name="Review first").click()
    expect(page.get_by_role("heading", name="Is everything correct?")).to_be_visible()

    page.go_back()

    expect(page.get_by_label("Surname")).to_have_value("Nkosi")
    expect(page.get_by_label("E-mail", exact=True)).to_have_value("thandi@example.com")
