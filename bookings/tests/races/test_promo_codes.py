"""Many customers order at once with a code for a few of them."""

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
from bookings.tests.races.crowd import crowd, figure, kinds, many

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def test_of_many_orders_at_once_as_many_as_the_code_is_for_get_it() -> None:
    people, most = many(20, 100), many(4, 10)
    make_promo_code(max_uses=most)
    coaches = [departure_ahead(seats=52), departure_ahead(seats=52)]  # so that no coach's lock decides it
    now, tokens = timezone.now(), []
    for number in range(people):
        coach = coaches[number % 2]
        label = coach.layout.seats.order_by("pk")[number // 2].label
        tokens.append(held(coach, label, owner=f"visitor{number}", now=now).token)
        keep_promo_code(tokens[-1], "SAVE10", owner=f"visitor{number}")

    def order(number: int) -> Order:
        request = CheckoutRequest(tokens[number], f"visitor{number}")
        return place_order(request, submission=f"form{number}", content="", now=now)

    assert kinds(crowd(people, order)) == {"ok": most, "PromoCodeRefused": people - most}
    assert (Order.objects.count(), PromoCode.objects.get().uses) == (most, most)
    assert violations(now=now) == []
    figure("orders at once on a promo code", orders=people, code_for=most, got_it=most)

    later = max(order.pay_by for order in Order.objects.all())
    crowd(4, lambda number: expire_unpaid(now=later))
    assert PromoCode.objects.get().uses == 0
    assert violations(now=now) == []
