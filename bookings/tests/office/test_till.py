from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bookings.base.dates import time_text
from bookings.domain.counter.shifts import BlindCount, close_shift, expected
from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.integrity.invariants import violations
from bookings.models import Shift, TillMovement, User
from bookings.tests.make import make_booking, make_branch, make_schedule, make_shift, make_user
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
FLOAT = {"of_20000": "1", "of_5000": "6", "of_50": "2"}  # R501
PASSWORD = "correct horse battery"


def opened(client: StaffClient, **more: str) -> Any:
    return client.post("/office/shift/open/", {"submission": "morning"} | FLOAT | more)


def counted(client: StaffClient, shift: Shift, submission: str = "evening", **more: str) -> Any:
    return client.post(
        "/office/shift/close/", {"submission": submission, "shift": str(shift.pk)} | FLOAT | more
    )


def sale(shift: Shift, fare: int = 600, tender: str = "cash", schedule: Any = None) -> None:
    order = make_booking(status="pending", fare=fare, now=timezone.now(), schedule=schedule).order
    take_payment(
        order, Tender(tender, reference="T4 1"), shift=shift, submission=f"sale {order.pk}", content=""
    )


@pytest.fixture
def shift(clerk: StaffClient) -> Shift:
    return make_shift(clerk.user, opening_float=501, opened_at=timezone.now())


def test_without_a_shift_the_till_asks_for_the_float(clerk: StaffClient) -> None:
    page = clerk.get("/office/shift/").content.decode()

    assert "Open your shift" in page
    assert "from the safe in Johannesburg." in page
    assert 'name="of_20000"' in page


def test_a_float_counted_by_notes_opens_the_shift(clerk: StaffClient) -> None:
    response = opened(clerk)

    assert (response.status_code, response["Location"]) == (302, "/office/shift/")
    assert Shift.objects.get().opening_float == 501
    assert "float of R501" in clerk.get("/office/shift/").content.decode()


@pytest.mark.parametrize("quantity", ["-1", "x", "1.5", "99999999999999999999"])
def test_odd_quantities_are_shown_again(clerk: StaffClient, quantity: str) -> None:
    response = opened(clerk, of_1000=quantity)

    assert response.status_code == 422
    assert f'value="{quantity}"' in response.content.decode()
    assert not Shift.objects.exists()


def test_a_second_tab_that_opens_too_is_told(clerk: StaffClient) -> None:
    opened(clerk)

    response = opened(clerk, submission="other tab")

    assert response.status_code == 409
    assert "already have an open shift" in response.content.decode()


def test_the_till_shows_takings_but_not_what_the_drawer_should_hold(clerk: StaffClient, shift: Shift) -> None:
    sale(shift)
    sale(shift, 400, "card")

    page = clerk.get("/office/shift/").content.decode()

    assert "R1\u00a0000" in page
    assert "taken in 2 sales" in page
    assert "R1\u00a0101" not in page
    assert "expected" not in page.lower()
    assert "R1\u00a0101" not in clerk.get("/office/shift/close/").content.decode()
    assert "R1\u00a0101" not in clerk.get(f"/office/shifts/{shift.pk}/").content.decode()


def test_times_of_a_shift_over_midnight_say_their_day(clerk: StaffClient) -> None:
    opened_at = timezone.now() - timedelta(days=1)
    night = make_shift(clerk.user, opening_float=501, opened_at=opened_at)
    sale(night)

    page = clerk.get("/office/shift/").content.decode()

    assert f"since {timezone.localtime(opened_at):%H:%M} on " in page
    assert f'">{timezone.localtime(opened_at):%H:%M}</time>' in page  # its float
    assert f'">{time_text(timezone.localtime(), timezone.localtime(opened_at).date())}</time>' in page


def test_paying_out_needs_a_reason_and_cash(clerk: StaffClient, shift: Shift) -> None:
    def pay(**form: str) -> Any:
        return clerk.post(
            "/office/shift/move/",
            {"submission": "move", "direction": "out", "amount": "50,50", "reason": "taxi"} | form,
        )

    assert pay(reason="").status_code == 422
    assert pay(amount="501.01").status_code == 422
    assert pay(amount="1e9").status_code == 422
    assert pay(direction="up").status_code == 422
    assert not TillMovement.objects.exists()

    assert pay().status_code == 302
    assert pay().status_code == 302  # the same form again
    assert TillMovement.objects.get().amount == Decimal("-50.50")
    assert expected(shift)["cash"] == Decimal("450.50")


def test_without_a_shift_nothing_moves(clerk: StaffClient) -> None:
    response = clerk.post(
        "/office/shift/move/", {"submission": "m", "direction": "in", "amount": "5", "reason": "x"}
    )

    assert response.status_code == 422
    assert "Open your shift first" in response.content.decode()


def test_a_count_that_agrees_leads_to_the_slip(clerk: StaffClient, shift: Shift) -> None:
    response = counted(clerk, shift)

    assert response["Location"] == f"/office/shifts/{shift.pk}/"
    slip = clerk.get(response["Location"]).content.decode()
    assert "Deposited in the safe" in slip
    assert "6 × R50" in slip
    assert "paper-roll" in clerk.get(f"{response['Location']}?paper=roll").content.decode()
    assert violations(now=timezone.now()) == []


def test_a_count_that_is_far_off_shows_the_difference_and_asks_for_a_second_person(
    clerk: StaffClient, shift: Shift
) -> None:
    make_user(role=User.Role.SUPERVISOR, username="pieter", password=PASSWORD)
    sale(shift)
    signed = {"approver_name": "pieter", "approver_password": PASSWORD}

    page = clerk.get(counted(clerk, shift, "1")["Location"]).content.decode()
    assert "−R600" in page
    assert 'name="approver_password"' in page
    assert 'value="6"' in page  # what was counted
    assert 'id="result" tabindex="-1"' in page  # so that a browser goes there by the address
    assert counted(clerk, shift, "2", **signed).status_code == 422  # no reason
    assert (
        counted(
            clerk, shift, "3", reason="Lost", approver_name="pieter", approver_password="wrong"
        ).status_code
        == 422
    )
    assert Shift.objects.get().closed_at is None

    response = counted(clerk, shift, "4", reason="Lost", **signed)

    assert response["Location"] == f"/office/shifts/{shift.pk}/"
    assert "Reason for the difference: Lost" in clerk.get(response["Location"]).content.decode()
    assert violations(now=timezone.now()) == []


def test_two_tabs_that_close_at_once_close_once(clerk: StaffClient, shift: Shift) -> None:
    first = counted(clerk, shift, "one tab")

    assert counted(clerk, shift, "one tab")["Location"] == first["Location"]
    response = counted(clerk, shift, "other tab")

    assert response.status_code == 409
    assert "closed" in response.content.decode()


def test_a_shift_is_seen_by_its_clerk_and_by_who_looks_after_the_branch(
    clerk: StaffClient,
    supervisor: StaffClient,
    manager: StaffClient,
    auditor: StaffClient,
    dispatcher: StaffClient,
    shift: Shift,
) -> None:
    elsewhere = make_shift(make_user(branch=make_branch("Durban")))

    assert clerk.get(f"/office/shifts/{shift.pk}/").status_code == 200
    assert clerk.get(f"/office/shifts/{elsewhere.pk}/").status_code == 404
    assert supervisor.get(f"/office/shifts/{shift.pk}/").status_code == 200
    assert supervisor.get(f"/office/shifts/{elsewhere.pk}/").status_code == 404
    assert manager.get(f"/office/shifts/{elsewhere.pk}/").status_code == 200
    assert auditor.get(f"/office/shifts/{elsewhere.pk}/").status_code == 200
    assert dispatcher.get(f"/office/shifts/{shift.pk}/").status_code == 403
    assert f"/office/shifts/{elsewhere.pk}/" not in supervisor.get("/office/shifts/").content.decode()
    assert f"/office/shifts/{elsewhere.pk}/" in auditor.get("/office/shifts/").content.decode()
    assert clerk.get("/office/shifts/").status_code == 403


def test_lists_are_paged(clerk: StaffClient, supervisor: StaffClient, shift: Shift) -> None:
    for number in range(21):
        past = make_shift(make_user(), opened_at=timezone.now() - timedelta(days=number + 1), opening_float=0)
        close_shift(past, BlindCount({}), submission=str(number), content="")

    first, second = (supervisor.get(f"/office/shifts/?page={page}").content.decode() for page in (1, 2))

    assert first.count('<th scope="row">') == 20
    assert second.count('<th scope="row">') == 2


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999", "²"])
def test_an_odd_page_number_is_no_error(supervisor: StaffClient, page: str) -> None:
    assert supervisor.get(f"/office/shifts/?page={page}").status_code == 200


@pytest.mark.parametrize("sales", [1, 3])
def test_the_till_asks_the_same_number_of_questions_however_much_happened(
    clerk: StaffClient, shift: Shift, sales: int, django_assert_num_queries: Any
) -> None:
    schedule = make_schedule()
    for _number in range(sales):
        sale(shift, schedule=schedule)

    with django_assert_num_queries(9):
        clerk.get("/office/shift/")


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_shifts_asks_the_same_number_of_questions(
    supervisor: StaffClient, count: int, django_assert_num_queries: Any
) -> None:
    for _number in range(count):
        make_shift(make_user())

    with django_assert_num_queries(6):
        supervisor.get("/office/shifts/")


@pytest.mark.parametrize("path", ["/office/shift/open/", "/office/shift/move/", "/office/shift/close/"])
@pytest.mark.parametrize("junk", ["\x00", "💥" * 300, "1e999", "-0", "' OR 1=1"])
def test_junk_in_a_form_is_never_an_error_of_ours(clerk: StaffClient, path: str, junk: str) -> None:
    names = [
        "submission",
        "shift",
        "of_20000",
        "card",
        "eft",
        "amount",
        "direction",
        "reason",
        "approver_name",
        "approver_password",
    ]
    if path != "/office/shift/open/":
        make_shift(clerk.user)

    response = clerk.post(path, dict.fromkeys(names, junk))

    assert response.status_code < 500
