"""How a partner finds its orders: by its own reference, by what changed since, past the hundredth page."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.domain.sales.expiry import expire_unpaid
from bookings.models import Order, Schedule
from bookings.tests.api.conftest import Program, problem
from bookings.tests.api.sale import PEOPLE, details, hold, order, segment_request, sell
from bookings.tests.make import NOW, make_booking, make_partner, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def coach() -> Schedule:
    return make_schedule(seats=20)


def ids(program: Program, **query: Any) -> list[str]:
    answer = program.get("/orders/", query)
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_a_partners_own_reference_is_kept_answered_and_found(program: Program, coach: Schedule) -> None:
    named = order(program, coach, external_reference="PO 4711/A")
    unnamed = order(program, coach)

    assert (named["external_reference"], unnamed["external_reference"]) == ("PO 4711/A", None)
    assert program.get(f"/orders/{named['id']}/").json()["external_reference"] == "PO 4711/A"
    assert ids(program, external_reference="PO 4711/A") == [named["id"]]
    assert ids(program, external_reference="PO 4712/A") == []
    assert ids(program) == [unnamed["id"], named["id"]]


def test_a_reference_is_of_one_order_of_a_partner_and_the_refusal_names_that(
    program: Program, make_program: Any, coach: Schedule
) -> None:
    first = order(program, coach, external_reference="PO-1")
    body = details(hold(program, segment_request(coach)), external_reference="PO-1")

    refused = program.post("/orders/", body)

    assert refused.status_code == 409
    assert problem(refused)["type"].endswith("#reference-taken")
    assert problem(refused)["order"] == first["id"]
    assert problem(refused)["detail"] == (
        f"Your order {first['id']} has the reference “PO-1” already. Nothing was ordered."
    )
    assert program.post("/orders/", {**body, "external_reference": "PO-2"}).status_code == 201
    assert order(make_program(partner=make_partner("Rival")), coach, external_reference="PO-1")


def test_of_two_who_name_an_order_alike_at_once_one_is_refused(
    program: Program, coach: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unique index decides where both have looked before either has written."""
    first = order(program, coach, external_reference="PO-1")
    looks = iter([None])
    look = Order.objects.filter

    def blind_once(*args: Any, **filters: Any) -> Any:
        if "external_reference" in filters and next(looks, "seen") is None:
            return Order.objects.none()
        return look(*args, **filters)

    body = details(hold(program, segment_request(coach)), external_reference="PO-1")
    monkeypatch.setattr(Order.objects, "filter", blind_once)
    refused = program.post("/orders/", body)

    assert problem(refused)["order"] == first["id"]
    assert Order.objects.count() == 1


@pytest.mark.parametrize("reference", [" x", "x" * 65, "\u00e4", 7, None])
def test_a_reference_is_up_to_64_plain_characters(program: Program, coach: Schedule, reference: Any) -> None:
    body = details(hold(program, segment_request(coach)), external_reference=reference)

    answer = program.post("/orders/", body)

    if reference in (" x", 7):  # read as x and "7"
        assert answer.json()["external_reference"] == str(reference).strip()
    else:
        assert problem(answer)["errors"][0]["field"] == "external_reference"


def test_an_unknown_filter_never_answers_all_orders(program: Program, coach: Schedule) -> None:
    order(program, coach)

    assert program.get("/orders/", {"external_ref": "PO-1"}).status_code == 400


def test_what_changed_since_comes_by_its_time(program: Program, coach: Schedule, clock: Any) -> None:
    paid, lapsed, quiet = order(program, coach), order(program, coach), sell(program, coach)
    clock.shift(timedelta(minutes=5))
    program.post(f"/orders/{paid['id']}/pay/", {"amount_zar": "900.00"})
    clock.shift(timedelta(minutes=30))
    expire_unpaid()
    since = (NOW + timedelta(minutes=1)).isoformat()

    assert ids(program, updated_since=since) == [paid["id"], lapsed["id"]]
    assert quiet["id"] not in ids(program, updated_since=since)
    clock.shift(timedelta(minutes=1))
    reference = quiet["bookings"][0]["reference"]
    refund = program.get(f"/bookings/{reference}/cancellation/").json()["refund_zar"]
    program.post(f"/bookings/{reference}/cancellation/", {"refund_zar": refund})
    assert ids(program, updated_since=since) == [paid["id"], lapsed["id"], quiet["id"]]
    assert ids(program, updated_since=since, status="cancelled") == [quiet["id"]]
    changed = program.get(f"/orders/{quiet['id']}/").json()
    assert changed["updated_at"] == "2026-12-01T10:36:00+02:00"


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("0001-01-01T00:00:00+14:00", 1),
        ("2026-12-01t07:59:59.5z", 1),
        ("2026-12-01T10:00:01+02:00", 0),
        ("9999-12-31T23:59:59.999999-14:00", 0),
    ],
)
def test_a_moment_is_read_as_rfc_3339_writes_it(
    program: Program, coach: Schedule, moment: str, number: int
) -> None:
    order(program, coach)

    assert len(ids(program, updated_since=moment)) == number


@pytest.mark.parametrize("query", [{}, {"updated_since": "2026-01-01T00:00:00Z"}])
def test_a_cursor_leads_through_the_whole_list(
    program: Program, coach: Schedule, query: dict[str, str]
) -> None:
    for _number in range(5):
        order(program, coach, people=PEOPLE[:1])
    whole, walked = ids(program, **query), list[str]()
    cursor: str | None = ""

    while cursor is not None:
        answer = program.get(
            "/orders/", {**query, "page_size": 2, **({"cursor": cursor} if cursor else {})}
        ).json()
        walked += [row["id"] for row in answer["results"]]
        cursor = answer["next_cursor"]

    assert walked == whole
    assert len(walked) == 5


def test_a_cursor_goes_on_where_pages_end(
    program: Program, coach: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.api.pagination.LAST_PAGE", 2)
    for _number in range(3):
        order(program, coach, people=PEOPLE[:1])

    last = program.get("/orders/", {"page_size": 1, "page": 2}).json()

    assert last["next"] is None
    assert (
        len(program.get("/orders/", {"page_size": 1, "cursor": last["next_cursor"]}).json()["results"]) == 1
    )


def test_what_no_partner_sold_is_not_watched(coach: Schedule) -> None:
    assert make_booking(schedule=coach).order.updated_at is None
