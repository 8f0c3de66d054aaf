"""A voucher pays at the counter, all of a sale or a part of it, and is nothing to count."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings.base.errors import RuleBroken
from bookings.domain.counter.shift_records import till_view
from bookings.domain.counter.shifts import expected
from bookings.domain.counter.tender import Tender, TenderPart, take_payment
from bookings.domain.counter.void import VoidRequest, void_sale
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.gateway_refunds import pay_waiting_refunds
from bookings.domain.tickets.receipt_text import receipt_text
from bookings.domain.tickets.receipts import receipt_of
from bookings.models import Order, Payment, Shift, Voucher
from bookings.tests.make import NOW, make_booking, make_schedule, make_shift, make_user, make_voucher

pytestmark = pytest.mark.django_db


@pytest.fixture
def shift(db: None) -> Shift:
    return make_shift(make_user(), opening_float=500)


@pytest.fixture
def order(db: None) -> Order:
    """A seat for R450.04."""
    coach = make_schedule(departs=NOW + timedelta(days=6))
    return make_booking(schedule=coach, status="pending", fare="450.04").order


def take(order: Order, tender: Tender, shift: Shift) -> object:
    return take_payment(order, tender, shift=shift, submission="pay", content=repr(tender), now=NOW)


def left() -> Decimal:
    return Voucher.objects.get().balance


def test_a_voucher_pays_to_the_cent_and_a_void_gives_it_back(order: Order, shift: Shift) -> None:
    voucher, code = make_voucher()

    taken = take(order, Tender("voucher", reference=code), shift)

    assert (taken.due, taken.change, left()) == (Decimal("450.04"), 0, Decimal("49.96"))
    payment = Payment.objects.get()
    assert (payment.shift, payment.reference) == (shift, "")
    assert voucher.movements.get(kind="redeemed").actor == shift.clerk
    assert expected(shift) == {"cash": 500, "card": 0, "eft": 0}
    till = till_view(shift)
    assert (till.takings, till.vouchers_text) == (0, "R450.04")
    assert [(line.tender, line.amount) for line in till.lines if line.tender == "voucher"] == [
        ("voucher", Decimal("450.04"))
    ]
    assert "Paid, voucher" in [row.label for row in receipt_text(receipt_of(order.pk)).money]
    assert violations(now=NOW) == []

    reference = order.bookings.get().booking_reference
    void_sale(VoidRequest(reference, "wrong day"), shift=shift, submission="void", content="", now=NOW)
    pay_waiting_refunds(now=NOW)
    assert (left(), expected(shift)["cash"]) == (500, 500)
    assert violations(now=NOW) == []


def test_a_voucher_and_cash_share_a_sale(order: Order, shift: Shift) -> None:
    _voucher, code = make_voucher(200)

    taken = take(order, Tender("cash", parts=(TenderPart("voucher", Decimal(200), code),)), shift)

    assert (taken.due, left()) == (Decimal("250.00"), 0)
    methods = Payment.objects.order_by("pk").values_list("method", "amount")
    assert list(methods) == [("voucher", 200), ("cash", Decimal("250.04"))]
    assert violations(now=NOW) == []


@pytest.mark.parametrize(
    ("tender", "words"),
    [
        (lambda code: Tender("voucher", reference=code), "R200 is on this voucher, not R450.04"),
        (lambda code: Tender("voucher", reference=""), "Enter the code"),
        (lambda code: Tender("voucher", reference="0000"), "do not know"),
        (
            lambda code: Tender("cash", parts=(TenderPart("voucher", Decimal(201), code),)),
            "R200 is on this voucher, not R201",
        ),
        (
            lambda code: Tender("cash", parts=(TenderPart("voucher", Decimal(150), code),) * 2),
            "R50 is on this voucher, not R150",
        ),
    ],
)
def test_what_is_not_on_it_is_not_paid(order: Order, shift: Shift, tender: object, words: str) -> None:
    _voucher, code = make_voucher(200)

    with pytest.raises(RuleBroken, match=words):
        take(order, tender(code), shift)

    assert left() == 200
    assert not Payment.objects.exists()
