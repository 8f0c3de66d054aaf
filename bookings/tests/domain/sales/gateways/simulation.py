"""The simulator as customers and the site meet it, whichever gateway it plays."""

import json
import re
from typing import Any, Final
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.hand_over import get_hand_over
from bookings.models import Order, Payment, PaymentAttempt, Refund, Ticket
from bookings.tests.domain.sales.gateways.letterbox import Letterbox

# How many notifications of an attempt a choice sends, where it is not one
COUNTS: Final = {
    "payfast": {"pending": 2, "duplicate": 3, "reorder": 2, "lose": 0},
    # Yoco tells only of what is paid
    "yoco": {"duplicate": 3, "reorder": 2, "lose": 0, "cancel": 0, "fail": 0, "pending_only": 0},
}


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        """Where it leads is what is asked for."""


def use_simulator(settings: Any, address: str) -> None:
    """Let this process find both gateways at the simulator's address."""
    gateways = "bookings.domain.sales.gateways"
    settings.PAYMENT_GATEWAYS = {
        "demo": f"{gateways}.demo.DemoGateway",
        "payfast": f"{gateways}.payfast.PayfastGateway",
        "yoco": f"{gateways}.yoco.YocoGateway",
    }
    settings.OFFERED_GATEWAYS = ["payfast", "yoco"]
    settings.PAYFAST_URL = settings.PAYFAST_API_URL = settings.YOCO_URL = address
    settings.PAYFAST_MERCHANT_ID, settings.PAYFAST_MERCHANT_KEY, settings.PAYFAST_PASSPHRASE = (
        settings.SIMULATED_PAYFAST
    )
    settings.YOCO_SECRET_KEY, settings.YOCO_WEBHOOK_SECRET = settings.SIMULATED_YOCO


def newest() -> PaymentAttempt:
    return PaymentAttempt.objects.latest("pk")


def choose(choice: str, *, way: str = "cc") -> str:
    """Hand the newest attempt over and press a button of the page; where the browser is sent back."""
    target = get_hand_over(newest())
    form = urlencode(target.fields).encode() if target.fields else None
    with urlopen(Request(target.address, data=form)) as answer:
        page = answer.read().decode()
    action = urljoin(target.address, re.search(r'action="([^"]+)"', page)[1])
    try:
        build_opener(_Stay).open(Request(action, data=urlencode({"way": way, "choice": choice}).encode()))
    except OSError as redirect:
        return str(redirect.headers["Location"])  # type: ignore[attr-defined]
    raise AssertionError("no redirect")


def name_of(attempt: PaymentAttempt) -> str:
    """What the gateway calls it in its notifications, as text that no other begins with."""
    return f'"checkoutId": "{attempt.external_id}' if attempt.external_id else attempt.token


def arrive(letterbox: Letterbox, choice: str) -> list[int]:
    """Let what the choice sends of the newest attempt reach the site; its answers."""
    count = COUNTS[newest().gateway].get(choice, 1)
    return [letter.hand_on() for letter in letterbox.wait_for(name_of(newest()), count)]


def set_moods(simulator: str, *names: str, kind: str = "refund") -> None:
    """How the next calls of this kind go wrong."""
    data = urlencode([("mood", name) for name in names]).encode()
    with urlopen(f"{simulator}/moods/{kind}", data=data) as answer:
        answer.read()


def given_back(simulator: str, payment: Payment | None = None) -> list[int]:
    """What the gateway has paid back of the payment, in cents."""
    with urlopen(f"{simulator}/book") as answer:
        _taken, *back = json.loads(answer.read())[(payment or Payment.objects.get()).external_id]
    return back


def cancelled(order: Order, *tickets: Ticket) -> Refund:
    """What is owed for these tickets, or for all."""
    booking = Ticket.objects.get(pk=tickets[0].pk).booking if tickets else order.bookings.get()
    ids = [ticket.pk for ticket in tickets] or None
    request = CancellationRequest(booking.booking_reference, ticket_ids=ids)
    cancel_booking(request, submission=f"form-{order.pk}-{order.refunds.count()}", content="")
    return order.refunds.latest("pk")
