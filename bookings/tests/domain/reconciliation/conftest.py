import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bookings.demo.payment_simulator.account import SimulatedAccount
from bookings.demo.payment_simulator.sender import Pace
from bookings.demo.payment_simulator.server import Simulator
from bookings.management.commands.payment_simulator import KEYS, MERCHANT


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[Simulator]:
    server = Simulator(("127.0.0.1", 0), MERCHANT, KEYS, Pace(0, 0))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def account(settings: Any, running_simulator: Simulator) -> SimulatedAccount:
    """Our account at the simulator's Payfast, empty; the site asks it for its statements."""
    settings.PAYMENT_GATEWAYS = {
        "payfast": "bookings.domain.sales.gateways.payfast.PayfastGateway",
        "demo": "bookings.domain.sales.gateways.demo.DemoGateway",
    }
    settings.OFFERED_GATEWAYS = ["payfast"]
    settings.PAYFAST_URL = settings.PAYFAST_API_URL = running_simulator.url
    settings.PAYFAST_MERCHANT_ID, settings.PAYFAST_MERCHANT_KEY = MERCHANT.id, MERCHANT.key
    settings.PAYFAST_PASSPHRASE = MERCHANT.passphrase
    account = running_simulator.payfast.account
    account.payments.clear()
    account.moves.clear()
    return account
