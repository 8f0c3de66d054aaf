"""Twenty customers order at once with a code for four."""

import pytest
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.checkout import CheckoutRequest, place_order
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.promo_codes import keep_promo_code
from bookings.models import Order, PromoCode
from bookings.tests.domain.sales.buy import held
from bookings.tests.make import make_promo_code
from bookings.tests.passenger.buying import departure_ahead
from bookings.tests.races.crowd import crowd, kinds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def test_twenty_orders_on_a_code_for_four_are_four() -> None:
    make_promo_code(max_uses=4)
    coaches = [departure_ahead(seats=12), departure_ahead(seats=12)]  # so that no coach's lock decides it
    now, tokens = timezone.now(), []
    for number in range(20):
        coach = coaches[number % 2]
        label = coach.layout.seats.order_by("pk")[number // 2].label
        tokens.append(held(coach, label, owner=f"visitor{number}", now=now).token)
        keep_promo_code(tokens[-1], "SAVE10", owner=f"visitor{number}")

    def order(number: int) -> Order:
        request = CheckoutRequest(tokens[number], f"visitor{number}")
        return place_order(request, submission=f"form{number}", content="", now=now)

    assert kinds(crowd(20, order)) == {"ok": 4, "PromoCodeRefused": 16}
    assert (Order.objects.count(), PromoCode.objects.get().uses) == (4, 4)
    assert violations(now=now) == []

    later = max(order.pay_by for order in Order.objects.all())
    crowd(4, lambda number: expire_unpaid(now=later))
    assert PromoCode.objects.get().uses == 0
    assert violations(now=now) == []
