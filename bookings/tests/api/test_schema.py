"""The OpenAPI document tells the truth.

Made without a warning, kept by every answer to whatever a fuzzer sends, and readable.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import jsonschema
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from openapi_spec_validator import validate
from playwright.sync_api import Page, expect

from bookings.api.schema import document
from bookings.tests.api.conftest import Program
from bookings.tests.api.sale import hold, order, quote, segment_request, sell
from bookings.tests.make import make_api_key, make_city, make_schedule
from bookings.tests.races.crowd import SCALE, many

EXAMPLES: Final = many(3, 300)  # for each operation; `make soak` sends more
# Generated clients call them so
COMPONENTS: Final = {
    "Account", "Ageing", "Booking", "Call", "CancelRequest", "Cancellation", "Cancelled", "City", "CityPage",
    "End", "HeldRide", "HeldSeat", "Hold", "HoldRequest", "Offer", "OfferPage", "Order", "OrderPage",
    "OrderRequest", "PassengerRequest", "PassengerType", "PassengerTypePage", "PayRequest", "Point",
    "Problem", "Quote", "QuoteRequest", "Refund", "RefundLine", "Ride", "RideRequest", "Route", "RouteCall",
    "RoutePage", "Schedule", "ScheduleDetail", "SchedulePage", "Seat", "SeatClass", "SeatMap", "Statement",
    "Stop", "StopPage", "Ticket", "Change", "ChangeQuote", "ChangeQuoteRequest", "ChangeRequest",
    "LuggageChangeRequest", "NameChangeRequest", "SeatChangeRequest", "TripChangeRequest",
}  # fmt: skip
KEYED: Final = tuple(
    f"/api/v1/{name}" for name in ("account", "bookings", "changes", "holds", "orders", "quotes")
)
OPERATIONS: Final = [
    f"{method.upper()} {path}"
    for path, methods in json.loads(document())["paths"].items()
    for method in methods
]


def test_the_document_is_made_without_a_warning(capfd: pytest.CaptureFixture[str]) -> None:
    document.cache_clear()

    made = json.loads(document())

    assert capfd.readouterr().err == ""
    assert {"/api/v1/search/", "/api/v1/orders/{token}/pay/"} <= set(made["paths"])


def test_every_operation_says_what_it_is_and_which_problems_it_has() -> None:
    paths = json.loads(document())["paths"]

    for path, methods in paths.items():
        for method, operation in methods.items():
            keyed = bool(operation.get("security"))
            problems = {"400", "404", "422", "429", "500", "503"} | (
                {"401", "403", "409"} if keyed else set()
            )
            assert problems <= set(operation["responses"]), (path, method)
            assert operation["summary"]
            assert operation["operationId"]
            assert keyed == path.startswith(KEYED)


def components() -> dict[str, Any]:
    return json.loads(document())["components"]["schemas"]


def parts(of: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document."""
    if isinstance(of, dict):
        yield of
        of = list(of.values())
    if isinstance(of, list):
        for inner in of:
            yield from parts(inner)


def test_the_document_is_valid_openapi() -> None:
    validate(json.loads(document()))


def test_a_default_is_a_value_that_may_be_sent() -> None:
    with_default = [part for part in parts(json.loads(document())) if "default" in part and "type" in part]

    assert with_default
    for part in with_default:
        jsonschema.validate(part["default"], part)


def test_origin_and_destination_have_one_shape_in_every_answer() -> None:
    schemas = components()
    names = {
        prop.get("allOf", [prop])[0]["$ref"].rpartition("/")[2]
        for name, schema in schemas.items()
        for end in ("origin", "destination")
        if not name.endswith("Request") and (prop := schema["properties"].get(end))
    }

    assert names == {"End", "Point"}
    for name in names:
        assert list(schemas[name]["properties"]) == [
            "ref",
            "stop",
            "city",
            "city_slug",
            "time",
            "expected_time",
            "news_at",
            "is_skipped",
        ]


def test_what_is_always_answered_is_required() -> None:
    for name, schema in components().items():
        if name in ("Problem", *[each for each in components() if each.endswith(("Request", "Part"))]):
            continue
        assert set(schema["required"]) == set(schema["properties"]), name
    assert "required" not in components()["OrderPart"]


def test_what_is_sent_has_no_fields_that_are_not_documented() -> None:
    sent = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for methods in json.loads(document())["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    }

    assert len(sent) == 7
    for name in sent | {"RideRequest", "PassengerRequest"}:
        assert components()[name]["additionalProperties"] is False


def test_no_component_has_lost_its_name() -> None:
    assert set(components()) >= COMPONENTS


@pytest.fixture
def shop(db: None) -> Iterator[dict[str, Any]]:
    """A departure and a partner with something of everything, and what stands for them in addresses and
    bodies.
    """
    coach = make_schedule(seats=40, departs=timezone.now() + timedelta(days=3))
    program = Program(make_api_key())
    held, sold = hold(program, segment_request(coach)), sell(program, coach)
    owed, offered = order(program, coach), quote(program, segment_request(coach), types=("adult",))
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # the test's transaction is on this connection
    yield {
        "key": program.key.text,
        "schedule_id": str(coach.pk),
        "route_id": str(coach.route_id),
        "token": held["id"],
        "hold": held["id"],
        "quote": offered["quote"],
        "order": owed["id"],
        "amount_zar": owed["owed_zar"],
        "refund_zar": "0.00",
        "reference": sold["bookings"][0]["reference"],
        "from": "johannesburg",
        "to": "cape-town",
        "origin": "johannesburg",
        "destination": "cape-town",
    }
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def with_real(case: Any, shop: dict[str, Any]) -> bool:
    """Every second request that is in order asks for what there is, else none would ever come past a 404."""
    if (
        not case.meta.generation.mode.is_positive
        or sum(map(ord, f"{case.path_parameters} {case.query} {case.body}")) % 2
    ):
        return False
    in_address = {**shop, "token": shop["order"] if "/orders/" in case.path else shop["token"]}
    for part in (case.path_parameters, case.query):
        for name in part or {}:
            part[name] = in_address.get(name, part[name])
    case.body = _filled(
        case.body, {**shop, "schedule_id": int(shop["schedule_id"]), "seats": [], "passenger_type": "adult"}
    )
    return True


def _filled(part: Any, real: dict[str, Any]) -> Any:
    if isinstance(part, dict):
        return {name: real.get(name, _filled(value, real)) for name, value in part.items()}
    return [_filled(each, real) for each in part] if isinstance(part, list) else part


@pytest.mark.django_db
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_answer_is_outside_the_document(operation: str, shop: dict[str, Any]) -> None:
    from bookings.tests.api import fuzzed  # only here: slow to import, and every worker collects this file

    # Of the edges of each parameter, of which there are hundreds, every second; `make soak` sends all
    number, every = 0, 1 if SCALE else 2
    keys: set[str] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=EXAMPLES < 100,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        nonlocal number
        number += 1
        if number % every:
            return
        is_real = with_real(case, shop)

        headers = {"Authorization": f"Bearer {shop['key']}", "Accept-Encoding": "identity"}
        # What is in order by the document is refused by rules only where it is about something that there is
        excluded = [fuzzed.ANY_REFUSAL] if is_real else []
        key = (case.headers or {}).get("Idempotency-Key", "")
        if key in keys:  # with another request, which is refused and rightly so
            excluded.append(fuzzed.ANY_REFUSAL)
        keys.add(key)
        if "Authorization" not in (case.headers or {}):
            # What is wrong with the request may be that it has no key, and here it gets one
            excluded.append(fuzzed.ACCEPTED_WRONG)
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    fuzzed.send_requests(*operation.split(), send)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_documentation_works_under_our_content_policy(page: Page, live_server: object) -> None:
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    make_city("Durban")

    page.goto(f"{live_server}/api/v1/docs/")
    page.locator("#operations-Network-cities .opblock-summary-control").click()
    page.get_by_role("button", name="Execute").click()

    expect(
        page.locator("#operations-Network-cities .live-responses-table .microlight").first
    ).to_contain_text("durban")
    assert troubles == []
