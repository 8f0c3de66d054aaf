"""The same request again leads to the same thing, and nothing happens twice."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.domain.partners import documents as queries
from bookings.models import Hold, LedgerEntry, Order, Payment, Refund, Schedule, Submission
from bookings.tests.api.conftest import Program, problem
from bookings.tests.api.sale import details, hold, order, quote, segment_request, sell
from bookings.tests.make import make_api_key, make_partner, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def coach() -> Schedule:
    return make_schedule()


def twice(program: Program, path: str, body: dict[str, Any]) -> None:
    first, again = (program.post(path, body, once="the-same") for _each in range(2))

    assert first.status_code == again.status_code < 300
    assert first.content == again.content
    assert first["Content-Type"] == again["Content-Type"] == "application/json"
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"


def test_each_step_of_a_sale_is_done_once(program: Program, coach: Schedule) -> None:
    quoted = quote(program, segment_request(coach))
    twice(program, "/holds/", {"quote": quoted["quote"]})
    assert Hold.objects.count() == 1

    held = program.get(f"/holds/{Hold.objects.get().token}/").json()
    program.key = make_api_key(program.partner)  # scopes are per key, so the same word is new again
    twice(program, "/orders/", details(held))
    made = Order.objects.get()

    program.key = make_api_key(program.partner)
    twice(program, f"/orders/{made.token}/pay/", {"amount_zar": "900.00"})
    assert (Payment.objects.count(), LedgerEntry.objects.filter(account="partner").count()) == (1, 1)

    program.key = make_api_key(program.partner)
    twice(
        program, f"/bookings/{made.bookings.get().booking_reference}/cancellation/", {"refund_zar": "900.00"}
    )
    assert (Refund.objects.count(), LedgerEntry.objects.filter(account="partner").count()) == (1, 2)


def test_a_repeat_gets_the_first_answer_whatever_happened_since(
    program: Program, coach: Schedule, clock: Any
) -> None:
    quoted = quote(program, segment_request(coach))
    held = program.post("/holds/", {"quote": quoted["quote"]}, once="hold")
    body = details(held.json())
    placed = program.post("/orders/", body, once="order")
    address = f"/orders/{placed.json()['id']}/pay/"
    paid = program.post(address, {"amount_zar": "900.00"}, once="pay")
    reference = paid.json()["bookings"][0]["reference"]
    program.post(f"/bookings/{reference}/cancellation/", {"refund_zar": "900.00"})
    clock.shift(timedelta(minutes=30))  # the quote is old, the hold is an order, that is cancelled

    for first, path, sent, once in (
        (held, "/holds/", {"quote": quoted["quote"]}, "hold"),
        (placed, "/orders/", body, "order"),
        (paid, address, {"amount_zar": "900.00"}, "pay"),
    ):
        again = program.post(path, sent, once=once)
        assert (again.status_code, again.content) == (first.status_code, first.content), path
        assert again["Idempotent-Replayed"] == "true"
    assert placed.json()["status"] == "pending"
    assert program.get(address.removesuffix("pay/")).json()["status"] == "cancelled"


def test_what_was_done_before_answers_were_kept_is_told_as_it_is(program: Program, coach: Schedule) -> None:
    body = details(hold(program, segment_request(coach)))
    placed = program.post("/orders/", body, once="k")
    Submission.objects.update(answer="")

    again = program.post("/orders/", body, once="k")

    assert (again.status_code, again.json()) == (201, placed.json())
    assert again["Idempotent-Replayed"] == "true"


def test_an_answer_is_kept_with_what_was_done_or_neither(
    program: Program, coach: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = details(hold(program, segment_request(coach)))
    with monkeypatch.context() as broken:
        broken.setattr(queries, "order_docs", lambda *_args, **_options: 1 / 0)
        assert program.post("/orders/", body, once="k").status_code == 500
    assert not Order.objects.exists()
    assert not Submission.objects.filter(token="k").exists()

    assert program.post("/orders/", body, once="k").status_code == 201


def test_the_same_key_with_another_request_is_refused(program: Program, coach: Schedule) -> None:
    held = hold(program, segment_request(coach))
    program.post("/orders/", details(held), once="k")

    for path, body in (
        ("/orders/", details(held, pay_later=True)),
        (f"/orders/{Order.objects.get().token}/pay/", {"amount_zar": "900.00"}),
    ):
        refused = program.post(path, body, once="k")
        assert refused.status_code == 422
        assert problem(refused)["type"].endswith("#already-submitted")
    assert Order.objects.get().status == "pending"


def test_another_partner_may_use_the_same_word(program: Program, make_program: Any, coach: Schedule) -> None:
    other = make_program(partner=make_partner("Rival"))

    for each in (program, other):
        quoted = quote(each, segment_request(coach))
        assert each.post("/holds/", {"quote": quoted["quote"]}, once="k").status_code == 201
    assert Hold.objects.count() == 2


def test_what_was_refused_may_be_tried_again_with_the_same_key(program: Program, coach: Schedule) -> None:
    placed = order(program, coach)
    assert program.post(f"/orders/{placed['id']}/pay/", {"amount_zar": "1.00"}, once="k").status_code == 409

    assert program.post(f"/orders/{placed['id']}/pay/", {"amount_zar": "900.00"}, once="k").status_code == 200


def test_an_order_is_paid_once_whatever_the_keys(program: Program, coach: Schedule) -> None:
    sold = sell(program, coach)

    assert program.post(f"/orders/{sold['id']}/pay/", {"amount_zar": "900.00"}).status_code == 409
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("word", ["", "with blank", "ä", "x" * 81])
def test_a_key_is_needed_and_looks_like_one(program: Program, coach: Schedule, word: str) -> None:
    quoted = quote(program, segment_request(coach))

    answer = program.post("/holds/", {"quote": quoted["quote"]}, **{"Idempotency-Key": word})

    assert problem(answer)["errors"][0]["field"] == "Idempotency-Key"
    assert not Hold.objects.exists()
