"""Many customers use one voucher at the same moment."""

import pytest
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.gateway_refunds import pay_refund
from bookings.domain.sales.voucher_payments import VoucherPayment, pay_with_voucher
from bookings.models import Order, Refund, Voucher
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import make_voucher
from bookings.tests.passenger.buying import departure_ahead
from bookings.tests.races.crowd import crowd, kinds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def test_ten_orders_on_a_voucher_for_one_and_a_bit_are_one() -> None:
    """The second gets what the first left, the others nothing; what ran out is there again once."""
    now, coaches = timezone.now(), [departure_ahead(seats=12), departure_ahead(seats=12)]
    orders = []
    for number in range(10):  # two coaches, so that no coach's lock decides it
        coach = coaches[number % 2]
        label = coach.layout.seats.order_by("pk")[number // 2].label
        orders.append(ordered(coach, label, owner=f"visitor{number}", now=now))
    fare = orders[0].total
    voucher, code = make_voucher(int(fare * 5 / 4), now=now)

    def pay(number: int) -> VoucherPayment:
        return pay_with_voucher(orders[number].pk, code, submission=f"form{number}", now=now)

    answers = crowd(10, pay)

    assert kinds(answers) == {"ok": 2, "VoucherRefused": 8}
    paid = sorted(answer.amount for answer in answers if isinstance(answer, VoucherPayment))
    assert paid == [voucher.value - fare, fare]
    voucher.refresh_from_db()
    assert voucher.balance == 0
    assert Order.objects.filter(status="confirmed").count() == 1
    assert violations(now=now) == []

    later = max(order.pay_by for order in Order.objects.all())
    expire_unpaid(now=later)
    refund = Refund.objects.get()
    assert kinds(crowd(8, lambda number: pay_refund(refund.pk, now=later))) == {"ok": 8}
    assert Voucher.objects.get().balance == voucher.value - fare
    assert violations(now=later) == []
