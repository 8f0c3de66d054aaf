"""The dashboard as it is looked at.

It refreshes itself, reads well in light and dark, and needs no script.
"""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings.models import OutboxMessage, SaleStatus, Schedule, StaffTask, User
from bookings.tests.make import make_booking, make_order, make_route, make_schedule, make_shift, make_user
from bookings.tests.office.test_browser import PASSWORD, assert_readable, sign_in, watched  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def make_day(user: User) -> Schedule:
    """A departure of each kind, and something in each block."""
    now, route = timezone.now(), make_route()
    full = make_schedule(route=route, departs=now + timedelta(minutes=40), seats=4)
    booking = make_booking(schedule=full, names=("A One", "B Two", "C Three", "D Four"), now=now)
    make_schedule(route=route, departs=now - timedelta(minutes=30))
    make_schedule(route=route, departs=now + timedelta(hours=2), status="cancelled")
    later = make_schedule(route=route, departs=now + timedelta(hours=30))
    order = make_order(status=SaleStatus.PENDING, pay_by=now + timedelta(minutes=50), pays_later=True)
    make_booking(schedule=later, order=order, status=SaleStatus.PENDING, now=now)
    failed = {
        "kind": "confirmation",
        "subject": "order:1",
        "created_at": now,
        "next_try": now,
        "failed_at": now,
        "message_id": "1",
    }
    OutboxMessage.objects.create(order=booking.order, last_error="550 no mailbox", **failed)
    StaffTask.objects.create(
        kind=StaffTask.Kind.MAIL_FAILED,
        order=booking.order,
        subject="message:1",
        detail="550",
        created_at=now,
    )
    make_shift(user, opened_at=now)
    return later


def signed_in(page: Page, address: object, role: str = User.Role.CLERK) -> User:
    user = make_user(username=role, role=role, password=PASSWORD, first_name="Nomsa")
    sign_in(page, f"{address}/office/login/", role)
    expect(page.locator(".office-who")).to_be_visible()
    return user


def test_the_dashboard_reads_well_and_refreshes_itself(watched: Page, live_server: object) -> None:  # noqa: F811
    page = watched
    user = signed_in(page, live_server)
    later = make_day(user)
    page.goto(f"{live_server}/office/")
    assert_readable(page)
    page.evaluate("window.kept = true")
    cell = page.locator(f"#cell-{later.pk}")
    expect(cell).to_have_text("12 %")
    cell.focus()

    make_booking(schedule=later, names=("E Five",))
    Schedule.objects.filter(pk=later.pk).update(revision=1)
    page.evaluate(
        "htmx.ajax('GET', document.querySelector('#block-outlook').getAttribute('hx-get'), '#block-outlook')"
    )

    expect(cell).to_have_text("25 %")
    expect(cell).to_be_focused()  # who stands in a block with the keyboard stays there
    assert page.evaluate("window.kept")


def test_an_unchanged_block_stays_as_it_is(watched: Page, live_server: object) -> None:  # noqa: F811
    page = watched
    make_day(signed_in(page, live_server))
    page.goto(f"{live_server}/office/")
    page.evaluate("document.querySelector('#block-tasks').dataset.mine = '1'")

    with page.expect_response("**/office/today/tasks/**") as answer:
        page.evaluate(
            "htmx.ajax('GET', document.querySelector('#block-tasks').getAttribute('hx-get'), '#block-tasks')"
        )

    assert answer.value.status == 204
    expect(page.locator("#block-tasks")).to_have_attribute("data-mine", "1")


@pytest.mark.parametrize("path", ["tasks/", "departures/{id}/curve/", ""])
def test_each_page_fits_a_phone(watched: Page, live_server: object, path: str) -> None:  # noqa: F811
    page = watched
    later = make_day(signed_in(page, live_server, User.Role.SUPERVISOR))
    page.set_viewport_size({"width": 390, "height": 844})

    page.goto(f"{live_server}/office/{path.format(id=later.pk)}")

    assert_readable(page)


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_a_task_is_done_without_script(page: Page, live_server: object) -> None:
    make_day(signed_in(page, live_server, User.Role.SUPERVISOR))
    page.goto(f"{live_server}/office/")

    page.get_by_role("link", name="E-mail cannot be delivered").click()
    page.get_by_label("What was done").fill("Phoned her")
    page.get_by_role("button", name="Done").click()

    expect(page.get_by_text("The task is done.")).to_be_visible()
    assert StaffTask.objects.get().done_note == "Phoned her"
