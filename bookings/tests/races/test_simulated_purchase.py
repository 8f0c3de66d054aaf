"""What `make run` offers: a purchase through the payment simulator whose notification is lost, found by
asking, cancelled, its refund given back once although the answer is lost.
"""

import html
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.gateway_refunds import pay_waiting_refunds
from bookings.domain.sales.notifications import ask_after_attempts
from bookings.models import Account, LedgerEntry, Payment, Refund
from bookings.tests.domain.sales.gateways.simulation import use_simulator
from bookings.tests.passenger.buying import departure_ahead
from bookings.tests.races.buyer import Buyer
from bookings.tests.races.service import service
from bookings.tests.servers import free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
WAY = ("johannesburg", "cape-town")


def pay_on_the_simulator(buyer: Buyer, leads_to: str, choice: str) -> str:
    """Follow the site to the gateway, press a button there, and come back to the order."""
    page = buyer.get(leads_to)
    if page.status_code == 302:
        address = page.headers["location"]
        page = httpx.get(address)
    else:
        address = re.search(r'action="(http[^"]+)"', page.text)[1]
        form = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
        fields = {name: html.unescape(value) for name, value in form if name != "csrfmiddlewaretoken"}
        page = httpx.post(address, data=fields)
    action = re.search(r'action="([^"]+)"', page.text)[1]
    back = httpx.post(urljoin(address, action), data={"way": "cc", "choice": choice})
    return back.headers["location"].removeprefix(buyer.url)


def wait_until_it_answers(url: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            httpx.get(url)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the simulator does not answer")


def test_money_is_found_and_given_back_once_whatever_gets_lost(
    settings: Any, tmp_path: Path, static_files: Path
) -> None:
    simulator, schedule = f"http://127.0.0.1:{free_port()}", departure_ahead()
    (tmp_path / "site").mkdir()
    use_simulator(settings, simulator)
    with service(tmp_path / "site", static=static_files, queue=False, PAYMENT_SIMULATOR=simulator) as site:
        site.start("payments")
        wait_until_it_answers(simulator)
        for gateway in ("payfast", "yoco"):
            buyer = Buyer(site.url)
            buyer.look(schedule.pk, *WAY)
            buyer.hold(any_of=1)
            buyer.fill_in()
            form = buyer.order_form() | {"gateway": gateway}
            buyer.order = pay_on_the_simulator(buyer, buyer.place(form), "lose")
            assert "We are confirming your payment" in buyer.get(buyer.order).text

            ask_after_attempts(now=timezone.now() + timedelta(minutes=4))
            buyer.wait_for_ticket(5)
            httpx.post(f"{simulator}/moods/refund", data={"mood": "lost"})
            assert buyer.cancel().status_code == 302
            for hours in range(4):
                pay_waiting_refunds(now=timezone.now() + timedelta(hours=hours))

            payment, refund = Payment.objects.latest("pk"), Refund.objects.latest("pk")
            assert payment.method == gateway
            cents = [int(amount * 100) for amount in (payment.amount, refund.amount)]
            assert httpx.get(f"{simulator}/book").json()[payment.external_id] == cents
            assert "paid on" in buyer.get(f"/bookings/{buyer.reference}/").text
            buyer.close()
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == 0
    assert violations(now=timezone.now()) == []
