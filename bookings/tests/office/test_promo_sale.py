"""A promo code at the counter: shown before the money is asked for, sold for what was shown."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.domain.counter.sale import Sale, sell_now
from bookings.domain.counter.tender import Tender
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.holds import SeatRequest
from bookings.domain.sales.promo_codes import PromoCodeRefused
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Hold, Order, OutboxMessage, PromoCode, Schedule
from bookings.tests.domain.sales.buy import ANN
from bookings.tests.make import make_promo_code, make_shift
from bookings.tests.office.conftest import StaffClient
from bookings.tests.office.test_sale import address, held_token, payment
from bookings.tests.passenger.buying import departure_ahead

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    return departure_ahead(seats=8)


@pytest.fixture
def token(clerk: StaffClient, schedule: Schedule) -> str:
    make_shift(clerk.user)
    return held_token(clerk, schedule)


def post(clerk: Client, token: str, **changes: str) -> tuple[int, str]:
    answer = clerk.post(address(hold=token), payment(**changes), follow=True)
    return answer.status_code, " ".join(answer.content.decode().split())


@pytest.mark.parametrize("action", ["promo", "pay", "reserve"])
def test_the_new_total_is_shown_first_and_sold_when_it_is_posted(
    clerk: StaffClient, token: str, action: str
) -> None:
    make_promo_code(max_uses=1)

    status, shown = post(clerk, token, action=action, promo_code="save10")
    assert (status, Order.objects.exists()) == (200, False)
    assert re.search(r"Promo code SAVE10</span> <b>−R60</b>", shown)
    assert re.search(r"<b data-total data-fixed>R540<", shown)
    assert 'value="Thandi Nkosi"' in shown

    status, sold = post(clerk, token, promo_code="save10", shown="540.00")
    order = Order.objects.get()
    receipt = clerk.get(
        f"/office/bookings/{order.bookings.get().booking_reference}/receipt/"
    ).content.decode()
    assert (status, order.total, order.payments.get().amount) == (200, Decimal(540), Decimal(540))
    assert "R540" in sold
    assert re.search(r"Promo code: Thandi Nkosi.*?<td>−R60", receipt, re.DOTALL)
    assert PromoCode.objects.get().uses == 1
    OutboxMessage.objects.update(sent_at=timezone.now())
    assert violations(now=timezone.now()) == []


def test_a_change_of_type_after_it_was_shown_is_shown_again(clerk: StaffClient, token: str) -> None:
    make_promo_code()

    _status, page = post(clerk, token, promo_code="SAVE10", shown="540.00", **{"type-0": "child"})

    assert not Order.objects.exists()
    assert "R270" in page


def test_a_part_is_taken_off_what_the_code_leaves(clerk: StaffClient, token: str) -> None:
    make_promo_code()
    part = {"action": "split", "promo_code": "SAVE10", "amount": "40", "tender": "card", "reference": "T1"}

    _status, page = post(clerk, token, **part)

    assert re.search(r"data-rest data-paid=\"4000\">R500<", page)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"code": "OTHER"}, "We do not know this promo code"),
        ({"for_counter": False}, "It can be used: web, API"),
        ({"max_uses": 0}, "has been used up"),
    ],
)
def test_a_code_that_is_refused_says_why_beside_its_field_and_nothing_is_lost(
    clerk: StaffClient, token: str, rules: dict[str, Any], words: str
) -> None:
    make_promo_code(**{"code": "SAVE10"} | rules)

    status, page = post(clerk, token, promo_code="SAVE10")
    assert (status, Order.objects.exists()) == (422, False)
    assert words in page
    assert re.search(r'<input[^>]*name="promo_code"[^>]*aria-describedby="promo_code_refusal"', page)
    assert all(f'value="{typed}"' in page for typed in ("SAVE10", "Thandi Nkosi"))

    post(clerk, token, promo_code="")  # without it the seats are sold
    assert Order.objects.get().total == Decimal(600)
    assert Hold.objects.get().promo_code == ""


def test_clerks_guess_as_seldom_as_others(clerk: StaffClient, token: str, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "promo": "1/15m"}

    pages = [post(clerk, token, promo_code=f"GUESS{number}")[1] for number in range(2)]

    assert ["Too many attempts" in page for page in pages] == [False, True]


def test_a_sale_whose_code_was_used_up_takes_no_money(clerk: StaffClient, schedule: Schedule) -> None:
    make_promo_code(max_uses=1)
    shift = make_shift(clerk.user)
    seats = SegmentRef(schedule.pk, "johannesburg", "cape-town")

    def sell(label: str) -> Order:
        sale = Sale((ANN,), Tender("cash"), seats=(SeatRequest(seats, (label,)),), promo_code="SAVE10")
        return sell_now(sale, shift=shift, submission=label)

    assert sell("1A").total == Decimal(540)
    with pytest.raises(PromoCodeRefused):
        sell("1B")
    assert Order.objects.count() == 1
