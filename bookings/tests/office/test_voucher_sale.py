"""A clerk sells a voucher into the till and takes it back."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from bookings.domain.counter.shift_records import till_view
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.vouchers import find_voucher
from bookings.models import Account, LedgerEntry, Order, Refund, Shift, Voucher
from bookings.tests.make import make_shift, make_user

pytestmark = pytest.mark.django_db
SELL = "/office/vouchers/sell/"
FORM = {"value": "300", "tender": "cash", "given": "400", "submission": "form"}


@pytest.fixture
def shift(client: Client) -> Shift:
    shift = make_shift(make_user(), opened_at=timezone.now())
    client.force_login(shift.clerk)
    return shift


def text(answer: object) -> str:
    return " ".join(answer.content.decode().replace("\xa0", " ").split())


def test_a_clerk_sells_a_voucher_for_cash_and_its_code_is_shown_once(client: Client, shift: Shift) -> None:
    answer = client.post(SELL, FORM)

    code = re.search(r'id="voucher-code">([-0-9A-Z]+)<', text(answer))[1]
    voucher = find_voucher(code)
    assert (voucher.kind, voucher.balance, voucher.sealed_code) == ("sold", 300, "")
    assert "no-store" in answer["Cache-Control"]
    assert "came a second time" in text(client.post(SELL, FORM))
    assert Voucher.objects.count() == 1
    assert LedgerEntry.objects.balance(Account.CASH, shift=shift) == shift.opening_float + 300
    line = till_view(shift).lines[0]
    assert (line.about, line.is_booking, line.voucher_id) == (
        f"V{voucher.order_id:06d}",
        False,
        voucher.pk,
    )
    assert f"/office/vouchers/{voucher.pk}/" in text(client.get("/office/shift/"))
    receipt = text(client.get(f"/office/vouchers/{voucher.pk}/receipt/"))
    for words in (line.about, "R300", "Change"):
        assert words in receipt
    assert violations(now=timezone.now()) == []


def test_it_is_paid_in_parts(client: Client, shift: Shift) -> None:
    client.post(SELL, FORM | {"card_part": "100", "slip": "T4 8812", "given": "200"})

    paid = dict(Order.objects.get().payments.values_list("method", "amount"))
    assert paid == {"card": 100, "cash": 200}
    assert violations(now=timezone.now()) == []


@pytest.mark.parametrize(
    ("typed", "words"),
    [({"value": "20"}, "from R50"), ({"given": "100"}, "not enough"), ({"tender": "card"}, "reference")],
)
def test_what_cannot_be_sold_changes_nothing(
    client: Client, shift: Shift, typed: dict[str, str], words: str
) -> None:
    answer = client.post(SELL, FORM | typed)

    assert answer.status_code >= 400
    assert words in text(answer)
    assert not Order.objects.exists()


def test_taken_back_the_cash_leaves_the_till(client: Client, shift: Shift) -> None:
    client.post(SELL, FORM)
    voucher = Voucher.objects.get()

    answer = client.post(
        f"/office/vouchers/{voucher.pk}/return/",
        {"reason": "changed mind", "submission": "back"},
        follow=True,
    )

    assert "Hand over now: cash R300" in text(answer)
    refund = Refund.objects.get()
    assert (refund.amount, refund.method, refund.status, refund.shift) == (300, "cash", "paid", shift)
    assert violations(now=timezone.now()) == []
