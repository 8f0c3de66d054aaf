"""A passenger buys a voucher on the website and gives it back."""

import pytest
from django.test import Client
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.notifications import act_on_notification
from bookings.models import Order, Refund, Voucher, VoucherSale
from bookings.tests.domain.sales.buy import paid_notification

pytestmark = pytest.mark.django_db
FORM = {"value": "250", "email": "ann@example.com", "recipient": "bob@example.com", "message": "Enjoy"}


def buy(client: Client, **typed: str) -> object:
    return client.post("/vouchers/buy/", {**FORM, "submission": "form", **typed})


def text(answer: object) -> str:
    return " ".join(answer.content.decode().replace("\xa0", " ").split())


def test_a_voucher_is_bought_and_given_back(client: Client) -> None:
    assert "Buy a voucher" in text(client.get("/vouchers/buy/"))
    answer = buy(client)
    order = Order.objects.get()
    page = f"/orders/{order.token}/"
    assert answer["Location"] == f"{page}status/"
    shown = text(client.get(answer["Location"]))
    for words in (f"V{order.pk:06d}", "R250", "bob@example.com"):
        assert words in shown
    for words in ("Your seats", "View your booking", "Pay with a voucher"):
        assert words not in shown

    act_on_notification(paid_notification(order, now=timezone.now()).pk, now=timezone.now())

    shown = text(client.get(f"{page}status/"))
    assert "on its way to bob@example.com" in shown
    receipt = text(client.get(f"{page}receipt/"))
    assert f"V{order.pk:06d}" in receipt
    assert client.get(f"{page}receipt.pdf").content.startswith(b"%PDF")

    given = text(client.post(f"{page}give-back/", follow=True))

    assert "This voucher was given back" in given
    assert (Refund.objects.get().amount, Voucher.objects.get().balance) == (250, 0)
    assert client.post(f"{page}give-back/").status_code == 302
    assert Refund.objects.count() == 1
    assert violations(now=timezone.now()) == []


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"value": "10"}, "from R50 to R5 000"),
        ({"value": "ten"}, "Enter the amount"),
        ({"email": "ann"}, "valid email address"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    client: Client, typed: dict[str, str], words: str
) -> None:
    answer = buy(client, **typed)

    assert answer.status_code in (400, 409, 422)
    assert words in text(answer)
    assert "bob@example.com" in text(answer)
    assert not VoucherSale.objects.exists()
