"""Extra luggage through the API: priced on the seat, charged with the order, on the ticket."""

from typing import Any

import pytest

from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.webhooks.payload import event_body
from bookings.domain.partners.webhooks import add_webhook
from bookings.models import Order, OutboxMessage, Schedule
from bookings.tests.api.conftest import Program, problem
from bookings.tests.api.sale import PEOPLE, details, hold
from bookings.tests.api.sale import segment_request as ride
from bookings.tests.make import NOW, make_luggage_rule, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def coach() -> Schedule:
    return make_schedule(seats=20)


def body(held: Any, pieces: object) -> dict[str, Any]:
    thandi, sipho = PEOPLE
    return details(held, [thandi | {"extra_luggage": pieces}, sipho])


def test_pieces_are_priced_ordered_paid_and_given_back(program: Program, coach: Schedule) -> None:
    make_luggage_rule()
    add_webhook(program.partner, url="https://hub.example/falcon", events=["booking.confirmed"])
    held = hold(program, ride(coach))

    order = program.post("/orders/", body(held, 2)).json()
    paid = program.post(f"/orders/{order['id']}/pay/", {"amount_zar": order["owed_zar"]}).json()
    booking = paid["bookings"][0]
    quoted = program.get(f"/bookings/{booking['reference']}/cancellation/").json()

    assert held["rides"][0]["seats"][0]["luggage_prices_zar"] == ["80.00", "160.00"]
    assert (order["total_zar"], paid["status"]) == ("1060.00", "confirmed")
    assert [(ticket["extra_luggage"], ticket["luggage_zar"]) for ticket in booking["tickets"]] == [
        (2, "160.00"),
        (0, "0.00"),
    ]
    assert [line["fare_zar"] for line in quoted["tickets"]] == ["760.00", "300.00"]
    assert quoted["refund_zar"] == "1060.00"
    assert '"extra_luggage":2' in event_body(OutboxMessage.objects.get(event="booking.confirmed"))
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=NOW) == []


@pytest.mark.parametrize(
    ("pieces", "status", "words"),
    [
        (2, 409, "Only 1 more extra piece"),
        (3, 422, "at most 2 extra pieces"),
        (-1, 400, "not valid"),
        ("many", 400, "not valid"),
    ],
)
def test_what_cannot_be_had_is_refused_and_orders_nothing(
    program: Program, coach: Schedule, pieces: object, status: int, words: str
) -> None:
    make_luggage_rule(schedule=coach, space=1)
    refused = program.post("/orders/", body(hold(program, ride(coach)), pieces))

    assert (refused.status_code, words in problem(refused)["detail"]) == (status, True)
    assert not Order.objects.exists()
