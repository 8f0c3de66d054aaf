"""Django's admin in Chromium, under the site's content security policy."""

import pytest
from django.urls import reverse
from playwright.sync_api import ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from bookings.models import Stop, User
from bookings.tests.make import make_city, make_layout, make_schedule

PASSWORD = "a-long-enough-pass"


@pytest.mark.browser
def test_a_manager_logs_in_and_adds_a_stop_without_a_violation(page: Page, live_server: LiveServer) -> None:
    user = User(username="manager", role=User.Role.MANAGER, is_staff=True)
    user.set_password(PASSWORD)
    user.save()
    make_city("Kimberley")
    schedule = make_schedule(layout=make_layout())
    violations: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            violations.append(message.text)

    page.on("console", listen)
    page.goto(live_server.url + reverse("admin:index"))
    page.get_by_label("User name").fill("manager")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Reference data and records")).to_be_visible()

    for address in (
        reverse("admin:bookings_schedule_changelist"),
        reverse("admin:bookings_schedule_change", args=[schedule.pk]),
    ):
        page.goto(live_server.url + address)
    page.goto(live_server.url + reverse("admin:bookings_refundpolicy_add"))
    page.locator(".add-row a").click()
    expect(page.locator("#id_tiers-0-hours_before")).to_be_visible()
    page.goto(live_server.url + reverse("admin:bookings_stop_add"))
    page.locator(".select2-selection").click()
    page.keyboard.type("Kimb")
    page.locator(".select2-results__option--highlighted", has_text="Kimberley").click()
    page.locator("#id_code").fill("kim")
    page.locator("#id_name").fill("Station")
    page.locator("[name=_save]").click()

    expect(page.locator(".success")).to_contain_text("was added successfully")
    assert Stop.objects.get(code="kim").city.slug == "kimberley"
    assert violations == []
