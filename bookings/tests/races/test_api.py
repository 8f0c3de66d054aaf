"""Partners' programs that send the same thing at once, or ask for more than there is.

Real threads, real transactions, both databases.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.models import Hold, Order, Partner, Payment, Schedule, SeatClaim, Submission
from bookings.tests.api.conftest import Program
from bookings.tests.api.sale import PEOPLE, details, hold, order, quote, segment_request
from bookings.tests.make import make_api_key, make_partner, make_schedule
from bookings.tests.races.crowd import crowd, figure, kinds, many

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
TWINS = many(8, 24)
_TRIES = 20


@pytest.fixture
def coach() -> Schedule:
    return make_schedule(seats=20, departs=timezone.now().replace(microsecond=0) + timedelta(days=3))


def post(program: Program, path: str, body: Any, once: str) -> Any:
    """Like a good client: told that we are busy, it sends the very same again."""
    for _try in range(_TRIES):
        answer = program.post(path, body, once=once)
        if answer.status_code != 409 or not answer.json()["type"].endswith("#busy"):
            break
    return answer


def together(program: Program, path: str, body: Any) -> list[Any]:
    """What each of the twins got, who sent the same request with the same key at the same moment."""
    return crowd(TWINS, lambda _number: post(Program(program.key), path, body, "twin"))


def the_same(answers: list[Any], status: int) -> None:
    assert kinds(answers) == {"ok": TWINS}, answers
    assert {answer.status_code for answer in answers} == {status}, [answer.content for answer in answers]
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer for answer in answers) == 1


def test_twins_hold_order_and_pay_once(coach: Schedule) -> None:
    program = Program(make_api_key(now=timezone.now()))
    quoted = quote(program, segment_request(coach))

    the_same(together(program, "/holds/", {"quote": quoted["quote"]}), 201)
    held = program.get(f"/holds/{Hold.objects.get().token}/").json()
    program.key = make_api_key(program.partner)
    the_same(together(program, "/orders/", details(held)), 201)
    made = Order.objects.get()
    program.key = make_api_key(program.partner)
    the_same(together(program, f"/orders/{made.token}/pay/", {"amount_zar": "900.00"}), 200)

    assert (Payment.objects.count(), Partner.objects.get().owes) == (1, Decimal(900))
    assert Submission.objects.filter(token="twin").count() == 3
    assert violations(now=timezone.now()) == []
    figure("API twins", twins=TWINS, orders=Order.objects.count(), payments=Payment.objects.count())


def test_one_credit_is_not_spent_twice(coach: Schedule) -> None:
    """Six orders of R600 at once on a credit of R1 800: three are paid, whoever comes first."""
    program = Program(make_api_key(make_partner(credit=1_800), now=timezone.now()))
    orders = [order(program, coach, people=PEOPLE[:1]) for _each in range(6)]

    answers = crowd(
        6,
        lambda number: post(
            Program(program.key),
            f"/orders/{orders[number]['id']}/pay/",
            {"amount_zar": "600.00"},
            f"{number}",
        ),
    )

    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 3
    assert Partner.objects.get().owes == 1_800
    assert violations(now=timezone.now()) == []


def test_two_holds_never_share_a_seat(coach: Schedule) -> None:
    program = Program(make_api_key(now=timezone.now()))
    quotes = [quote(program, segment_request(coach, seats=["3A", "3B"]))["quote"] for _each in range(8)]

    answers = crowd(
        8, lambda number: post(Program(program.key), "/holds/", {"quote": quotes[number]}, f"{number}")
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert SeatClaim.objects.count() == 4


def test_a_hold_is_ordered_once_whatever_the_keys(coach: Schedule) -> None:
    program = Program(make_api_key(now=timezone.now()))
    held = hold(program, segment_request(coach))

    answers = crowd(8, lambda number: post(Program(program.key), "/orders/", details(held), f"{number}"))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert Order.objects.count() == 1
