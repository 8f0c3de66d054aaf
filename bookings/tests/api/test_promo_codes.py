"""A promo code through the API: in the quote, on the hold, on the order."""

from typing import Any

import pytest

from bookings.domain.integrity.invariants import violations
from bookings.models import Order, OutboxMessage, PromoCode, Schedule
from bookings.tests.api.conftest import Program, problem
from bookings.tests.api.sale import details, segment_request
from bookings.tests.make import NOW, make_promo_code, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def coach() -> Schedule:
    return make_schedule(seats=20)


def asked(program: Program, coach: Schedule, code: Any = "save10") -> Any:
    body = {"rides": [segment_request(coach)], "passengers": ["adult", "child"], "promo_code": code}
    return program.post("/quotes/", body)


def test_the_price_that_is_quoted_with_a_code_is_held_ordered_and_paid(
    program: Program, coach: Schedule
) -> None:
    make_promo_code(max_uses=1)

    quote = asked(program, coach).json()
    hold = program.post("/holds/", {"quote": quote["quote"]}).json()
    order = program.post("/orders/", details(hold)).json()
    paid = program.post(f"/orders/{order['id']}/pay/", {"amount_zar": order["owed_zar"]}).json()
    after = program.get(f"/holds/{hold['id']}/").json()

    for doc in (quote, hold, after):
        assert (doc["total_zar"], doc["discount_zar"]) == ("810.00", "90.00")
    assert (quote["promo_code"], hold["promo_code"]) == ("SAVE10", "save10")
    assert (order["total_zar"], paid["status"]) == ("810.00", "confirmed")
    tickets = [(each["fare_zar"], each["discount_zar"]) for each in paid["bookings"][0]["tickets"]]
    assert tickets == [("540.00", "60.00"), ("270.00", "30.00")]
    assert PromoCode.objects.get().uses == 1
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=NOW) == []


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"code": "OTHER"}, "do not know"),
        ({"for_api": False}, "cannot be used here"),
        ({"minimum": 901}, "R901"),
    ],
)
def test_a_code_that_takes_nothing_off_is_refused(
    program: Program, coach: Schedule, rules: dict[str, Any], words: str
) -> None:
    make_promo_code(**{"code": "SAVE10"} | rules)
    refused = asked(program, coach)
    assert refused.status_code == 422
    assert words in problem(refused)["detail"]


def test_a_code_that_is_used_up_after_the_quote_holds_and_orders_nothing(
    program: Program, coach: Schedule
) -> None:
    promo = make_promo_code(max_uses=1)
    quotes = [asked(program, coach).json()["quote"] for _time in range(2)]
    hold = program.post("/holds/", {"quote": quotes[0]}).json()
    PromoCode.objects.filter(pk=promo.pk).update(max_uses=0)

    assert program.post("/holds/", {"quote": quotes[1]}).status_code == 422
    assert program.post("/orders/", details(hold)).status_code == 422
    assert not Order.objects.exists()


def test_guessing_is_limited(program: Program, coach: Schedule, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "promo": "2/15m"}
    make_promo_code()

    known = [asked(program, coach).status_code for _time in range(3)]
    guesses = [asked(program, coach, f"GUESS{number}").status_code for number in range(3)]

    assert (known, guesses) == ([200] * 3, [422, 422, 429])
    assert asked(program, coach, "x" * 21).status_code == 400
