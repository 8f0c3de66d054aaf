"""The site's side of a payment gateway that is another company's, as in production."""

from typing import Final
from urllib.parse import urlencode
from urllib.request import urlopen

from django.conf import settings
from django.urls import reverse

from bookings.benchmarks.cashier import CONFIRM, PAY, TRUE
from bookings.domain.sales.gateways import HandOver, RawNotification, VerifiedNotification
from bookings.domain.sales.gateways.demo import PAID, DemoGateway, notification_body
from bookings.models import PaymentAttempt

_SECONDS: Final = 10

_URL: str = getattr(settings, "OUTSIDE_GATEWAY_URL")  # noqa: B009  of benchmarks.settings


class OutsideGateway(DemoGateway):
    """Where to send the browser, what to believe, and a question over HTTP whether it is true."""

    name = "outside"

    def hand_over(self, attempt: PaymentAttempt) -> HandOver:
        bill = {
            "notification": notification_body(attempt, PAID).decode(),  # what the gateway would sign itself
            "notify_url": settings.SITE_URL + reverse("passenger:notify", args=[self.name]),
            "return_url": settings.SITE_URL + reverse("passenger:order_status", args=[attempt.order.token]),
        }
        return HandOver(f"{_URL}{PAY}?{urlencode(bill)}")

    def confirm(self, notification: VerifiedNotification, raw: RawNotification) -> bool:
        data = urlencode({"payment": notification.external_id}).encode()
        with urlopen(f"{_URL}{CONFIRM}", data=data, timeout=_SECONDS) as answer:
            return bool(answer.read(100) == TRUE)
