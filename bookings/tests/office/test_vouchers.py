"""Staff give vouchers in goodwill, find and stop them; the list says what is left on all."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from bookings.domain.sales.voucher_payments import pay_with_voucher
from bookings.domain.sales.vouchers import find_voucher
from bookings.models import StaffTask, User, Voucher
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import app_code, make_second_factor, make_user, make_voucher
from bookings.tests.passenger.buying import departure_ahead

pytestmark = pytest.mark.django_db
PAGE = "/office/vouchers/"
PASSWORD = "a good long password"
GIFT = {"value": "300", "reason": "two hours late", "valid_until": "2027-06-30", "submission": "form"}


@pytest.fixture
def clerk(client: Client) -> Client:
    client.force_login(make_user())
    return client


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_user(role=User.Role.MANAGER))
    return client


def code_on(page: str) -> str:
    return re.search(r'id="voucher-code">([-0-9A-Z]+)<', page)[1]


def text(answer: object) -> str:
    return answer.content.decode().replace("\xa0", " ")


def test_a_clerk_gives_a_voucher_whose_code_is_shown_once(clerk: Client) -> None:
    order = ordered(departure_ahead(), now=timezone.now())
    reference = order.bookings.get().booking_reference

    answer = clerk.post(f"{PAGE}new/", GIFT | {"reference": reference.lower()})

    page = text(answer)
    voucher = find_voucher(code_on(page))
    assert (voucher.value, voucher.order, voucher.sealed_code) == (300, order, "")
    assert "no-store" in answer["Cache-Control"]
    again = text(clerk.post(f"{PAGE}new/", GIFT | {"reference": reference.lower()}))
    assert "came a second time" in again
    assert Voucher.objects.count() == 1
    record = text(clerk.get(f"{PAGE}{voucher.pk}/"))
    for words in ("R300", "goodwill", "two hours late", "Wed 30 Jun 2027"):
        assert words in record


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"value": ""}, "required"),
        ({"value": "-5"}, "greater than or equal"),
        ({"value": "9999"}, "of R5 000 at most"),
        ({"reason": ""}, "required"),
        ({"valid_until": "2026-11-30"}, "in the past"),
        ({"email": "nobody"}, "valid email"),
        ({"reference": "ABCD1234"}, "could not find"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_lost(clerk: Client, wrong: dict, words: str) -> None:
    answer = clerk.post(f"{PAGE}new/", GIFT | wrong)

    page = text(answer)
    assert answer.status_code in (404, 422)
    assert words in page
    if answer.status_code == 422:
        assert all(f'value="{typed}"' in page for typed in (GIFT | wrong).values() if typed)
    assert not Voucher.objects.exists()


def test_more_than_the_limit_of_a_day_wants_a_second_person(clerk: Client) -> None:
    supervisor = make_user(role=User.Role.SUPERVISOR, username="second", password=PASSWORD)
    make_second_factor(supervisor)

    alone = clerk.post(f"{PAGE}new/", GIFT | {"value": "600"})
    assert alone.status_code == 422
    assert "need the approval of a second person" in text(alone)
    assert 'name="approver_name"' in text(alone)
    assert StaffTask.objects.get().kind == "limit_refused"

    signature = {
        "approver_name": "second",
        "approver_password": PASSWORD,
        "approver_code": app_code(supervisor),
    }
    signed = clerk.post(f"{PAGE}new/", GIFT | {"value": "600"} | signature)
    assert code_on(text(signed))
    assert Voucher.objects.get().movements.get().approver == supervisor


def test_the_list_is_found_through_and_says_what_is_left(manager: Client) -> None:
    voucher, code = make_voucher(2000, now=timezone.now(), email="ann@example.com")
    make_voucher(300, now=timezone.now())
    order = ordered(departure_ahead(), now=timezone.now())
    pay_with_voucher(order.pk, code, submission="pay")

    page = text(manager.get(PAGE))
    left = 2300 - order.total
    assert f"R{left:,.0f}".replace(",", " ") in page
    assert "more in the ledger" not in page
    assert text(manager.get(f"{PAGE}?q=ANN@example.com")).count("<tr>") == 2
    assert text(manager.get(f"{PAGE}?q={code[-4:].lower()}")).count("<tr>") == 2
    assert manager.post(PAGE, {"voucher_code": code})["Location"] == f"{PAGE}{voucher.pk}/"
    unknown = manager.post(PAGE, {"voucher_code": "0000-0000"})
    assert (unknown.status_code, 'value="0000-0000"' in text(unknown)) == (422, True)
    file = b"".join(manager.get("/office/vouchers.csv")).decode()
    assert file.count("\n") == 3
    assert f",{2000 - order.total:.2f}," in file
    assert code not in page + file
    record = text(manager.get(f"{PAGE}{voucher.pk}/"))
    assert order.bookings.get().booking_reference in record


def test_a_lost_code_is_stopped_and_replaced(manager: Client) -> None:
    voucher, code = make_voucher(now=timezone.now(), kind="sold")
    form = {"reason": "lost", "replaces": "on", "submission": "stop"}

    assert manager.post(f"{PAGE}{voucher.pk}/stop/", form | {"reason": ""}).status_code == 422
    page = text(manager.post(f"{PAGE}{voucher.pk}/stop/", form))

    assert find_voucher(code_on(page)).balance == 500
    assert find_voucher(code).balance == 0
    assert "Another voucher replaces it" in text(manager.get(f"{PAGE}{voucher.pk}/"))
    taken = manager.post(f"{PAGE}{find_voucher(code_on(page)).pk}/stop/", {"reason": "x", "submission": "s2"})
    assert (taken.status_code, "was paid for" in text(taken)) == (422, True)


def test_a_voucher_gets_more_time(manager: Client) -> None:
    voucher, _code = make_voucher(now=timezone.now())
    address = f"{PAGE}{voucher.pk}/extend/"

    assert manager.post(address, {"valid_until": "2026-12-02", "reason": "ill"}).status_code == 422
    manager.post(address, {"valid_until": "2028-12-02", "reason": "ill"})

    voucher.refresh_from_db()
    assert voucher.valid_until.isoformat() == "2028-12-02"
    assert (
        manager.post(f"{PAGE}99999/extend/", {"valid_until": "2028-12-02", "reason": "x"}).status_code == 404
    )


def test_clerks_do_not_stop_and_auditors_look(client: Client) -> None:
    voucher, _code = make_voucher(now=timezone.now())
    for role, statuses in ((User.Role.CLERK, (200, 403, 403)), (User.Role.AUDITOR, (200, 403, 200))):
        client.force_login(make_user(role=role))
        answers = (
            client.get(f"{PAGE}{voucher.pk}/"),
            client.post(f"{PAGE}{voucher.pk}/stop/", {"reason": "x"}),
            client.get("/office/vouchers.csv"),
        )
        assert tuple(answer.status_code for answer in answers) == statuses
    assert client.post(f"{PAGE}new/", GIFT).status_code == 403
