"""A partner's sale without its program: the same functions."""

from datetime import datetime

from bookings.domain.sales.checkout import CheckoutRequest, place_order
from bookings.domain.sales.partner_accounts import pay_on_account
from bookings.models import Channel, Order, Partner, Schedule, Webhook
from bookings.tests.domain.sales.buy import held
from bookings.tests.make import NOW

ALL = list(Webhook.Event.values)


def partner_order(partner: Partner, schedule: Schedule, *labels: str, now: datetime = NOW) -> Order:
    """Unpaid: two seats unless said."""
    hold = held(schedule, *labels, owner=f"partner:{labels}", now=now)
    request = CheckoutRequest(hold.token, f"partner:{labels}", channel=Channel.API, partner=partner)
    return place_order(request, submission=f"form-{hold.pk}", content="", now=now)


def sold_by(partner: Partner, schedule: Schedule, *labels: str, now: datetime = NOW) -> Order:
    order = partner_order(partner, schedule, *labels, now=now)
    return pay_on_account(order.pk, external_id=f"order-{order.pk}", amount=order.total, now=now)
