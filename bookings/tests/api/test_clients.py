"""Clients that are generated from the document have every operation and sell."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.utils import timezone

from bookings.api.schema import document
from bookings.tests.make import make_api_key, make_passenger_types, make_schedule

NAME = "generated_client"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The package that openapi-python-client makes."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "document.json").write_bytes(document())
    (folder / "config.yaml").write_text("post_hooks: []\n")
    command = [sys.executable, "-W", "ignore", "-m", "openapi_python_client", "generate", "--meta", "none"]
    files = ["--path", "document.json", "--output-path", NAME, "--config", "config.yaml"]
    made = subprocess.run([*command, *files], cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "WARNING" not in made.stdout.upper()
    sys.path.insert(0, str(folder))
    yield folder / NAME
    sys.path.remove(str(folder))


def operation(tag: str, name: str) -> ModuleType:
    return importlib.import_module(f"{NAME}.api.{tag}.{name}")


def test_no_operation_is_dropped(generated: Path) -> None:
    wanted = {
        f"{operation['tags'][0].lower()}/{operation['operationId']}.py"
        for methods in json.loads(document())["paths"].values()
        for operation in methods.values()
    }

    made = {f"{path.parent.name}/{path.name}" for path in (generated / "api").glob("*/*.py")}

    assert wanted == {path for path in made if not path.endswith("__init__.py")}


@pytest.mark.django_db(transaction=True)
def test_a_generated_client_makes_a_whole_sale(generated: Path, live_server: Any) -> None:
    make_passenger_types()
    departs = timezone.now() + timedelta(days=3)
    make_schedule(departs=departs)
    models = importlib.import_module(f"{NAME}.models")
    make_client = importlib.import_module(f"{NAME}.client").AuthenticatedClient
    with make_client(base_url=str(live_server), token=make_api_key().text) as program:
        sell_and_cancel(program, models, timezone.localdate(departs))


def sell_and_cancel(program: Any, models: Any, day: date) -> None:
    def call(tag: str, name: str, *args: Any, **options: Any) -> Any:
        answer = operation(tag, name).sync_detailed(*args, client=program, **options)
        assert answer.status_code in (200, 201), answer.content
        return answer.parsed

    (offer,) = call(
        "timetable",
        "search",
        from_="johannesburg",
        to="cape-town",
        date=day,
        passengers=2,
        types="child",
    ).results
    rides = [
        models.RideRequest(
            schedule_id=offer.schedule_id, origin=offer.origin.ref, destination=offer.destination.ref
        )
    ]
    quote = call("selling", "quote", body=models.QuoteRequest(rides=rides, passengers=["adult", "child"]))
    assert quote.total_zar == offer.price_zar
    hold = call("selling", "hold", body=models.HoldRequest(quote.quote), idempotency_key="hold-1")
    people = [
        models.PassengerRequest(first_name=name, surname="Nkosi", passenger_type=kind)
        for name, kind in (("Thandi", "adult"), ("Sipho", "child"))
    ]
    body = models.OrderRequest(email="thandi@example.com", hold=hold.id, passengers=people)
    order = call("selling", "order_held_seats", body=body, idempotency_key="order-1")
    pay = models.PayRequest(order.owed_zar)
    paid = call("selling", "pay", order.id, body=pay, idempotency_key="pay-1")
    assert paid.status == models.OrderStatus.CONFIRMED

    read = call("orders", "order", order.id)
    (listed,) = call("orders", "orders", status=models.OrdersStatus.CONFIRMED).results
    assert read == listed == paid
    assert all(ticket.code for ticket in read.bookings[0].tickets)
    some = call(
        "orders", "order", order.id, fields=[models.OrderFieldsItem.STATUS, models.OrderFieldsItem.ID]
    )
    assert some.to_dict() == {"id": order.id, "status": "confirmed"}

    reference = read.bookings[0].reference
    back = call("orders", "cancellation_quote", reference)
    body = models.CancelRequest(refund_zar=back.refund_zar)
    gone = call("orders", "cancel", reference, body=body, idempotency_key="cancel-1")
    assert gone.order.status == models.OrderStatus.CANCELLED
    assert [refund.amount_zar for refund in gone.order.refunds] == [back.refund_zar]
