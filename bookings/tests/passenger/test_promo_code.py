"""A promo code at the checkout, without JavaScript: applied, shown and charged, or refused in words."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from bookings.models import Hold, Order, PaymentAttempt, PromoCode
from bookings.tests.make import make_promo_code
from bookings.tests.passenger.buying import departure_ahead, details, hold_by, review_form

pytestmark = pytest.mark.django_db


@pytest.fixture
def token(client: Client) -> str:
    return hold_by(client, departure_ahead())


def post(client: Client, token: str, action: str, code: str, **changes: str) -> tuple[int, str]:
    form = details(action=action, promo_code=code, **changes)
    answer = client.post(f"/checkout/{token}/", form, follow=True)
    return answer.status_code, answer.content.decode()


def test_the_price_that_is_shown_with_a_code_is_what_is_ordered_and_paid(client: Client, token: str) -> None:
    make_promo_code(value=10)

    _status, applied = post(client, token, "promo", "save10", email="")  # the rest may come later
    _status, review = post(client, token, "details", "save10")
    client.post(f"/checkout/{token}/", review_form(client, token))

    for page in (applied, review):
        assert re.search(r"Promo code SAVE10\s*</span><span class=\"num\">−R90<", page)
        assert "R810" in page
        assert "data-total>" not in page  # or the script would add up the fares alone
    assert 'value="Mokoena"' in applied
    assert (Order.objects.get().total, PaymentAttempt.objects.get().amount) == (Decimal(810), Decimal(810))


def test_who_pays_at_once_with_a_new_code_is_asked_to_look_at_the_new_total(
    client: Client, token: str
) -> None:
    make_promo_code(value=10)

    _status, page = post(client, token, "pay", "SAVE10", total="900.00")
    assert "The total is R810" in page
    assert not Order.objects.exists()

    client.post(
        f"/checkout/{token}/", details(action="pay", promo_code="SAVE10", total="810.00", submission="a")
    )
    assert Order.objects.get().total == Decimal(810)


@pytest.mark.parametrize("action", ["promo", "details", "pay", "pay_later"])
def test_a_wrong_code_is_refused_beside_its_field_and_nothing_is_lost(
    client: Client, token: str, action: str
) -> None:
    status, page = post(client, token, action, "N0NE", total="900.00")

    assert status == 422
    assert "We do not know this promo code" in page
    assert re.search(r'<input[^>]*name="promo_code"[^>]*aria-describedby="promo_code_refusal"', page)
    assert all(f'value="{typed}"' in page for typed in ("N0NE", "Ann", "Mokoena", "ann@example.com"))
    assert not Order.objects.exists()


def test_a_code_can_be_taken_away_again(client: Client, token: str) -> None:
    post(client, token, "promo", "N0NE")

    client.post(f"/checkout/{token}/", details(action="pay", promo_code="", total="900.00", submission="a"))

    assert Order.objects.get().total == Decimal(900)


def test_a_code_that_was_used_up_while_its_total_was_read_orders_nothing(client: Client, token: str) -> None:
    make_promo_code(max_uses=1)
    post(client, token, "details", "SAVE10")
    form = review_form(client, token)
    PromoCode.objects.update(uses=1)

    answer = client.post(f"/checkout/{token}/", form)

    assert answer.status_code == 409
    assert "has been used up" in answer.content.decode()
    assert (Order.objects.count(), Hold.objects.get().promo_code) == (0, "SAVE10")


@pytest.mark.parametrize("code", ["x" * 21, "💚", "'; --", "a\x00b"])
def test_odd_codes_are_refused(client: Client, token: str, code: str) -> None:
    assert post(client, token, "promo", code)[0] == 422


def test_guessing_is_limited_beside_its_field_and_a_code_that_there_is_counts_for_nobody(
    client: Client, token: str, settings: Any
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "promo": "2/15m"}
    make_promo_code()

    known = [post(client, token, "promo", code)[0] for code in ("SAVE10", "", "save10", "")]
    guesses = [post(client, token, "promo", f"GUESS{number}", surname_0="Nkosi") for number in range(3)]
    _status, other = post(client, hold_by(Client(), departure_ahead()), "promo", "SAVE10")

    assert known == [200, 200, 200, 200]
    assert [status for status, _page in guesses] == [422, 422, 429]
    assert re.search(r'id="promo_code_refusal" role="alert">Too many attempts', guesses[2][1])
    assert 'value="GUESS2"' in guesses[2][1]
    assert "Too many attempts" not in other
