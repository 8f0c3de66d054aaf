"""The simulator's Yoco: its checkouts, its webhooks, its refunds, under keys that do a thing once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from bookings.demo.payment_simulator.answers import (
    LOST,
    SimulatedAnswer,
    SimulatedRequest,
    json_answer,
    redirect_answer,
    text_answer,
)
from bookings.demo.payment_simulator.moods import Moods
from bookings.demo.payment_simulator.page import CHOICES, pay_page
from bookings.demo.payment_simulator.sender import Pace, Plan, SimulatedNotification, send, send_plan
from bookings.demo.payment_simulator.signatures import sign_webhook

_UNPAID: Final = ("cancel", "fail", "pending_only", "foreign")
# Refunds that are only promised at once: how each ends, and whether a webhook says so
_LATER: Final = {
    "later": ("succeeded", True),
    "later_refused": ("failed", True),
    "later_lost": ("succeeded", False),
}


@dataclass(frozen=True)
class YocoKeys:
    secret_key: str
    webhook_secret: str


@dataclass
class SimulatedRefund:
    id: str
    amount: int  # in cents
    status: str = "succeeded"


@dataclass
class SimulatedCheckout:
    id: str
    request: dict[str, Any]
    page: str
    amount: int  # in cents: what is paid, which the customer may not have been asked for
    status: str = "created"
    refunds: dict[str, SimulatedRefund] = field(default_factory=dict)  # by the key under which it was asked

    @property
    def payment_id(self) -> str:
        return self.id.replace("ch_", "p_")

    @property
    def given_back(self) -> int:
        return sum(refund.amount for refund in self.refunds.values() if refund.status == "succeeded")

    @property
    def left(self) -> int:
        taken = sum(refund.amount for refund in self.refunds.values() if refund.status != "failed")
        return self.amount - taken


class YocoFace:
    def __init__(self, address: str, keys: YocoKeys, pace: Pace, moods: Moods) -> None:
        self.address, self.keys, self.pace, self.moods = address, keys, pace, moods
        self.lock = threading.RLock()
        self.checkouts: dict[str, SimulatedCheckout] = {}
        self._by_key: dict[str, SimulatedCheckout] = {}
        self._events = 0

    def answer(self, request: SimulatedRequest) -> SimulatedAnswer | None:
        """None: this is none of its addresses."""
        match (request.method, *request.parts):
            case ("GET", "checkout", checkout_id):
                return self._with(checkout_id, self._show)
            case ("POST", "checkout", checkout_id):
                choice = dict(parse_qsl(request.body.decode())).get("choice", "")
                return self._with(checkout_id, partial(self._decide, choice=choice))
            case (_, "api", "checkouts", *_rest):
                return self._call(request)
        return None

    def _with(self, checkout_id: str, act: Any) -> SimulatedAnswer:
        checkout = self.checkouts.get(checkout_id)
        return act(checkout) if checkout else _refusal(404, "Checkout not found")

    # The page

    def _show(self, checkout: SimulatedCheckout) -> SimulatedAnswer:
        items = checkout.request.get("lineItems") or [{}]
        name = str(items[0].get("displayName", ""))
        return pay_page(
            "Yoco", name, checkout.amount, action=f"/checkout/{checkout.id}", ways={"card": "card"}
        )

    def _decide(self, checkout: SimulatedCheckout, *, choice: str) -> SimulatedAnswer:
        if choice not in CHOICES:
            return text_answer("not found", 404)
        back = {"cancel": "cancelUrl", "fail": "failureUrl"}.get(choice, "successUrl")
        if checkout.status != "completed":
            self._happen(checkout, choice)
        return redirect_answer(checkout.request[back])

    def _happen(self, checkout: SimulatedCheckout, choice: str) -> None:
        """Let the customer's choice happen, and tell of it as the choice says. Of what is not paid, and of a
        bank that has not decided, Yoco tells nothing.
        """
        if choice == "wrong_amount":
            checkout.amount -= 100
        if choice == "pending_only":
            checkout.status = "processing"
        elif choice == "pending":
            checkout.status = "processing"
            threading.Thread(target=self._complete_later, args=(checkout,), daemon=True).start()
        elif choice not in _UNPAID:
            checkout.status = "completed"
        paid = partial(self._webhook, checkout, "payment.succeeded", self._payment(checkout))
        if choice == "wrong_signature":
            right = paid()
            signature = "v1," + right.headers["webhook-signature"][:2:-1]
            wrong = {**right.headers, "webhook-signature": signature}
            send(SimulatedNotification(right.address, right.body, wrong))
        elif choice == "foreign":
            unknown = self._payment(checkout) | {"metadata": {"checkoutId": f"{checkout.id}_of_another"}}
            send(self._webhook(checkout, "payment.succeeded", unknown))
        else:
            card_before = self._payment(checkout) | {
                "id": f"{checkout.payment_id}_before",
                "status": "failed",
            }
            failed = partial(self._webhook, checkout, "payment.failed", card_before)
            plans: dict[str, Plan] = {
                "pay": [(0, paid)],
                "wrong_amount": [(0, paid)],
                "duplicate": [(0, paid)] * 3,
                "reorder": [(0, paid), (0, failed)],  # of another card, tried before
                "late": [(self.pace.late, paid)],
            }
            send_plan(plans.get(choice, []), self.pace)

    def _complete_later(self, checkout: SimulatedCheckout) -> None:
        time.sleep(self.pace.step)
        checkout.status = "completed"
        send(self._webhook(checkout, "payment.succeeded", self._payment(checkout)))

    def _payment(self, checkout: SimulatedCheckout) -> dict[str, Any]:
        return {
            "id": checkout.payment_id,
            "type": "payment",
            "amount": checkout.amount,
            "currency": "ZAR",
            "status": "succeeded",
            "mode": "test",
            "metadata": {"checkoutId": checkout.id},
        }

    def _webhook(
        self, checkout: SimulatedCheckout, kind: str, payload: Mapping[str, Any]
    ) -> SimulatedNotification:
        """Signed with the time at which it is sent, to where the shop would have registered it."""
        with self.lock:
            self._events += 1
            number = self._events
        shop = urlsplit(checkout.request["successUrl"])
        body = json.dumps({"id": f"evt_{number}", "type": kind, "payload": payload})
        message_id, timestamp = f"msg_{number}", str(int(time.time()))
        return SimulatedNotification(
            f"{shop.scheme}://{shop.netloc}/payments/yoco/notify/",
            body,
            {
                "Content-Type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": timestamp,
                "webhook-signature": sign_webhook(self.keys.webhook_secret, message_id, timestamp, body),
            },
        )

    # The API

    def _call(self, request: SimulatedRequest) -> SimulatedAnswer:
        if request.headers.get("Authorization") != f"Bearer {self.keys.secret_key}":
            return _refusal(401, "The key is not known")
        key = request.headers.get("Idempotency-Key", "")
        try:
            sent = json.loads(request.body or b"{}")
            amount = sent.get("amount")
        except (ValueError, AttributeError):
            return _refusal(400, "malformed")
        match (request.method, *request.parts[2:]):
            case ("POST",):
                return self._create(sent, key)
            case ("GET", checkout_id):
                return self._with(checkout_id, lambda checkout: json_answer(self._described(checkout)))
            case ("POST", checkout_id, "refund"):
                return self._with(checkout_id, lambda checkout: self._refund(checkout, amount, key))
        return _refusal(404, "not found")

    def _create(self, sent: dict[str, Any], key: str) -> SimulatedAnswer:
        amount = sent.get("amount")
        if type(amount) is not int or amount < 200 or sent.get("currency") != "ZAR" or not key:
            return _refusal(400, "amount, currency or key")
        mood = self.moods.next("checkout")
        if mood == "lost_before":
            return LOST
        with self.lock:
            checkout = self._by_key.get(key)
            if checkout is None:
                number = f"ch_{len(self.checkouts) + 1:06}"
                checkout = SimulatedCheckout(number, sent, f"{self.address}/checkout/{number}", amount)
                self.checkouts[number] = self._by_key[key] = checkout
        return LOST if mood == "lost" else json_answer(self._described(checkout))

    def _described(self, checkout: SimulatedCheckout) -> dict[str, Any]:
        return {
            "id": checkout.id,
            "redirectUrl": checkout.page,
            "status": checkout.status,
            "amount": checkout.amount,
            "currency": "ZAR",
            "paymentId": checkout.payment_id if checkout.status in ("processing", "completed") else None,
            "processingMode": "test",
        }

    def _refund(self, checkout: SimulatedCheckout, amount: Any, key: str) -> SimulatedAnswer:
        mood = self.moods.next("refund")
        if mood == "lost_before":
            return LOST
        if mood == "busy":
            return _refusal(429, "Too many requests")
        with self.lock:
            refund, status = checkout.refunds.get(key), "pending" if mood in _LATER else "succeeded"
            if refund is None:
                is_possible = type(amount) is int and 0 < amount <= checkout.left
                if mood == "refused" or not key or checkout.status != "completed" or not is_possible:
                    return _refusal(400, "The refund is not possible.")
                refund = SimulatedRefund(f"rfd_{checkout.id}_{len(checkout.refunds) + 1}", amount)
                refund.status = status
                checkout.refunds[key] = refund
                self._tell_of_refund(checkout, refund, mood)
            else:
                status = refund.status
        if mood in ("lost", "lost_but_told"):
            return LOST
        answer = {"id": checkout.id, "refundId": refund.id, "status": status, "message": ""}
        return json_answer(answer)

    def _tell_of_refund(self, checkout: SimulatedCheckout, refund: SimulatedRefund, mood: str) -> None:
        if mood == "lost":
            return
        status, is_heard = _LATER.get(mood, ("succeeded", True))

        def finished() -> SimulatedNotification:
            refund.status = status
            payload = self._payment(checkout) | {
                "id": refund.id,
                "type": "refund",
                "amount": refund.amount,
                "paymentId": checkout.payment_id,
                "status": status,
                "failureReason": "" if status == "succeeded" else "The card is closed.",
            }
            return self._webhook(checkout, f"refund.{status}", payload)

        if is_heard:
            send_plan([(self.pace.step if mood in _LATER else 0, finished)], self.pace)
        else:
            finished()


def _refusal(status: int, description: str) -> SimulatedAnswer:
    return json_answer({"errorType": "invalid", "description": description}, status)
