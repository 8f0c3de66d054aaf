import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.sales.notifications import act_on_waiting
from bookings.domain.sales.payments import start_payment
from bookings.models import Order
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.domain.sales.gateways.letterbox import Letterbox, open_letterbox
from bookings.tests.domain.sales.gateways.simulation import arrive, choose, use_simulator
from bookings.tests.passenger.buying import departure_ahead

_ROOT = Path(__file__).resolve().parents[5]


@pytest.fixture(scope="session")
def simulator() -> Iterator[str]:
    """The address of one simulator for all tests of a session, where nothing is waited for."""
    arguments = ["manage.py", "payment_simulator", "--port", "0", "--step", "0", "--late", "0"]
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=_ROOT,
        env={**os.environ, "ENVIRONMENT": "demo"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            yield re.search(r"http://[.:0-9]+", process.stdout.readline())[0]
        finally:
            process.terminate()


@pytest.fixture
def simulated(settings: Any, simulator: str, letterbox: Letterbox) -> str:
    """The simulator's address, in the place of both gateways; what it tells comes to the letterbox."""
    use_simulator(settings, simulator)
    settings.SITE_URL = letterbox.url
    return simulator


@pytest.fixture(scope="session")
def letterbox() -> Iterator[Letterbox]:
    with open_letterbox() as box:
        yield box


@pytest.fixture(params=["payfast", "yoco"])
def gateway(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def order(simulated: str, gateway: str) -> Order:
    now = timezone.now()
    order = ordered(departure_ahead(), now=now)
    start_payment(order.pk, gateway=gateway, now=now)
    return order


@pytest.fixture
def paid(order: Order, letterbox: Letterbox) -> Order:
    choose("pay")
    arrive(letterbox, "pay")
    act_on_waiting()
    order.refresh_from_db()
    assert order.status == "confirmed"
    return order
