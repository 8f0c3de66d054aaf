"""Managers make promo codes, see their uses and stop them; auditors look."""

import pytest
from django.test import Client

from bookings.domain.sales.checkout import CheckoutRequest, place_order
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.domain.sales.promo_codes import channels_of, keep_promo_code
from bookings.models import PromoCode, User
from bookings.tests.domain.sales.buy import held
from bookings.tests.make import NOW, make_fare_classes, make_promo_code, make_schedule, make_user

pytestmark = pytest.mark.django_db
PAGE = "/office/promo-codes/"


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_user(role=User.Role.MANAGER))
    return client


def test_a_code_is_made_with_its_rules_and_shown_with_its_uses(manager: Client) -> None:
    line, (standard, _premium) = make_schedule().route.line, make_fare_classes()
    form = {"code": "summer", "kind": "percent", "value": "12,5", "minimum": "R300", "max_uses": "40"}
    form |= {"channels": ["counter", "api"]}
    form |= {"sale_from": "2026-12-01", "travel_to": "2027-01-31", "funder": "partner"}

    answer = manager.post(PAGE, form | {"lines": [line.pk], "classes": [standard.pk]}, follow=True)

    promo = PromoCode.objects.get()
    assert (promo.code, promo.plain_code, promo.max_uses, promo.created_by.role) == (
        "SUMMER",
        "SVMMER",
        40,
        "manager",
    )
    page = answer.content.decode()
    for text in ("SUMMER", "12.5%", "0 of 40", "orders of R300 or more", f"lines {line.code}", "a partner"):
        assert text in page
    assert "counter, API" in page
    assert channels_of(promo) == ["counter", "api"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"channels": []}, "Choose where the code can be used"),
        ({"code": "a b"}, "3 to 20 letters and digits"),
        ({"value": "101"}, "at most 100 percent"),
        ({"value": "0"}, "greater than or equal"),
        ({"code": "SAVEIO"}, "already a promo code like this one"),
        ({"sale_from": "2026-12-02", "sale_to": "2026-12-01"}, "before the first"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_lost(manager: Client, wrong: dict, words: str) -> None:
    make_promo_code("SAVE10")

    form = {"code": "NEW", "kind": "percent", "value": "5", "funder": "company", "channels": ["web"]}
    answer = manager.post(PAGE, form | wrong)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert all(f'value="{typed}"' in page for name, typed in wrong.items() if name != "channels")
    assert PromoCode.objects.count() == 1


def test_a_stopped_code_stays_in_the_list(manager: Client) -> None:
    promo = make_promo_code()

    pages = [manager.post(f"{PAGE}{promo.pk}/stop/", follow=True).content.decode() for _click in range(2)]

    assert all("stopped" in page for page in pages)
    promo.refresh_from_db()
    assert promo.stopped_by is not None
    assert manager.post(f"{PAGE}99999/stop/").status_code == 404


def test_what_codes_took_off_is_shown_by_who_pays_for_it(manager: Client) -> None:
    make_promo_code(funder="partner")
    make_promo_code("OWN", kind="rand", value=100)
    schedule = make_schedule()
    for number, (code, is_paid) in enumerate([("SAVE10", True), ("OWN", True), ("OWN", False)], 1):
        hold = held(schedule, f"1{'ABC'[number - 1]}", owner=f"o{number}")
        keep_promo_code(hold.token, code, owner=hold.owner)
        order = place_order(
            CheckoutRequest(hold.token, hold.owner), submission=f"f{number}", content="", now=NOW
        )
        if is_paid:
            settle(order.pk, ReceivedPayment("eft", f"e{number}", order.total), now=NOW)

    page = " ".join(manager.get(PAGE).content.decode().split())

    assert "<b>R60</b> <span>a partner<" in page
    assert "<b>R100</b> <span>the company<" in page


def test_auditors_look_and_clerks_do_not(client: Client) -> None:
    promo = make_promo_code()
    client.force_login(make_user(role=User.Role.AUDITOR))
    assert "Make a promo code" not in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}{promo.pk}/stop/").status_code == 403
    client.force_login(make_user(role=User.Role.CLERK))
    assert client.get(PAGE).status_code == 403
