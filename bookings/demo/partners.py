"""A partner who sells a few of the demo's bookings through the API, with a key to try it."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from bookings.domain.partners.api_keys import KeyTerms, count_live_keys, make_key
from bookings.domain.partners.partners import Transfer, add_partner, receive_payment, set_commission
from bookings.domain.partners.webhooks import add_webhook, switch_webhook
from bookings.domain.sales.approvals import Approval
from bookings.models import ApiKey, Partner, Settlement, User, Webhook

NAME: Final = "TravelHub"
_EMAIL: Final = "desk@travelhub.example"
_CREDIT: Final = Decimal(50_000)
_COMMISSION: Final = Decimal(8)  # percent
_THOUSAND: Final = 1_000
_HOOK: Final = "https://hooks.travelhub.example/falcon"
_EVENTS: Final = (Webhook.Event.CONFIRMED, Webhook.Event.CANCELLED)


def make_partner(now: datetime) -> Partner:
    """Earns 8 % of what it sells, credited at the end of each month."""
    partner = Partner.objects.filter(name=NAME).first()
    if partner:
        return partner
    partner = add_partner(name=NAME, email=_EMAIL, credit_limit=_CREDIT, now=now)
    return set_commission(partner, _COMMISSION, Settlement.GROSS, now=now)


def make_webhook(now: datetime) -> None:
    """The partner's webhook. Its address leads nowhere, so it is switched off."""
    partner = Partner.objects.get(name=NAME)
    if partner.webhooks.exists():
        return
    manager = User.objects.get(username=User.Role.MANAGER)
    switch_webhook(
        add_webhook(partner, url=_HOOK, events=_EVENTS, actor=manager, now=now),
        is_on=False,
        actor=manager,
        now=now,
    )


def settle_account(now: datetime) -> None:
    """Whoever owes more than half of the credit has paid most of it this morning, so that there is something
    left to sell on.
    """
    partner = Partner.objects.get(name=NAME)
    if partner.owes <= partner.credit_limit / 2:
        return
    amount = Decimal(int(partner.owes - partner.credit_limit / 4) // _THOUSAND * _THOUSAND)
    manager, reference = User.objects.get(username=User.Role.MANAGER), f"TravelHub {now:%Y-%m-%d}"
    supervisor = User.objects.filter(role=User.Role.SUPERVISOR, is_active=True).order_by("pk")[0]
    transfer = Transfer(amount, reference, Approval(supervisor, "seen in the list of the bank"))
    receive_payment(partner, transfer, actor=manager, submission=f"demo:{reference}", now=now)


def give_key(now: datetime, *, reset: bool) -> str:
    """A key for the demo's partner, of this installation alone; empty if it has one and is to keep it."""
    partner = Partner.objects.get(name=NAME)
    if count_live_keys(partner) and not reset:
        return ""
    return make_key(partner, KeyTerms("demo", ApiKey.Scope.values), now=now).text
