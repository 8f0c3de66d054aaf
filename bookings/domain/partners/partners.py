"""The partner itself: taken on, changed, switched off, and what it pays of what it owes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import IntegrityError
from django.db.models import Count, Max, Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.base.money import format_zar, is_rand_and_cents
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.counter.booking_record import name_of
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.partner_accounts import lock_partner
from bookings.domain.timetable.trips import local_text
from bookings.models import Account, LedgerEntry, Order, Partner, PartnerEvent, Posting, User

_LATEST: Final = 20


def partner_called(slug: str) -> Partner:
    """Raises NotFound."""
    partner = Partner.objects.filter(slug=slug).first()
    if partner is None:
        raise NotFound(_("We do not know this partner."))
    return partner


def add_partner(
    *, name: str, email: str, credit_limit: Decimal = Decimal(0), actor: User | None = None, now: datetime | None = None
) -> Partner:
    """Raises Refusal for a name without letters, Conflict for one that is taken."""
    name, now = " ".join(name.split()), now or database_now()
    slug = slugify(name)[:40].strip("-")
    if not slug or slug == "add":
        raise Refusal(_("Give the partner a name with letters or digits."))
    _check_credit(credit_limit)
    try:
        with short_transaction():
            partner = Partner.objects.create(name=name[:80], slug=slug, email=email, credit_limit=credit_limit, created_at=now)
            PartnerEvent.objects.record(partner, _("taken on, credit %(limit)s") % {"limit": format_zar(credit_limit)}, at=now, actor=actor)
    except IntegrityError as clash:
        raise Conflict(_("There is a partner of this name already.")) from clash
    return partner


def change_partner(
    partner: Partner, *, email: str, credit_limit: Decimal, is_active: bool, actor: User | None = None, now: datetime | None = None
) -> Partner:
    """An inactive partner's keys open nothing; its orders stand. Each change is written down with who made it."""
    _check_credit(credit_limit)
    now = now or database_now()
    with short_transaction():
        before = lock_partner(partner.pk)
        told = []
        if before.email != email:
            told.append(_("contact %(email)s") % {"email": email})
        if before.credit_limit != credit_limit:
            told.append(_("credit %(limit)s") % {"limit": format_zar(credit_limit)})
        if before.is_active != is_active:
            told.append(_("switched on") if is_active else _("switched off"))
        if told:
            Partner.objects.filter(pk=partner.pk).update(email=email, credit_limit=credit_limit, is_active=is_active)
            PartnerEvent.objects.record(partner, ", ".join(told), at=now, actor=actor)
    return Partner.objects.get(pk=partner.pk)


def _check_credit(amount: Decimal) -> None:
    if not is_rand_and_cents(amount) or amount < 0:
        raise Refusal(_("Give the credit limit in rand and cents."))


def receive_payment(
    partner: Partner, amount: Decimal, *, reference: str, actor: User, submission: str, content: str, now: datetime | None = None
) -> None:
    """A transfer by which the partner pays what it owes came to our bank: booked once per `submission`. More than it owes is its credit."""
    reference = " ".join(reference.split())[:60]
    if not is_rand_and_cents(amount) or amount <= 0:
        raise Refusal(_("Give an amount in rand and cents."))
    if not reference:
        raise Refusal(_("Give the reference of the transfer."))

    def book() -> str:
        lock_partner(partner.pk)
        at = now or database_now()
        words = _("%(amount)s received, %(reference)s") % {"amount": format_zar(amount), "reference": reference}
        event = PartnerEvent.objects.record(partner, words, at=at, actor=actor)
        amounts = {Account.EFT: amount, Account.PARTNER: -amount}
        LedgerEntry.objects.post(Posting(f"partner-payment:{event.pk}", amounts, at=at, partner=partner, actor=actor))
        return str(event.pk)

    run_once("partner-payment", submission, content, book, now=now or database_now())


@dataclass(frozen=True)
class PartnerRow:
    name: str
    slug: str
    is_active: bool
    keys: int  # that open something
    used: str  # when one was last used; "" never
    owes: str
    credit_limit: str


def partner_rows() -> list[PartnerRow]:
    """All partners, the active ones first: one query."""
    rows = Partner.objects.annotate(live=Count("keys", filter=Q(keys__revoked_at=None)), used_at=Max("keys__last_used_at"))
    return [
        PartnerRow(
            each.name,
            each.slug,
            each.is_active,
            each.live,
            local_text(each.used_at) if each.used_at else "",
            format_zar(each.owes),
            format_zar(each.credit_limit),
        )
        for each in rows.order_by("-is_active", "name")
    ]


@dataclass(frozen=True)
class SoldLine:
    reference: str
    placed: str
    status: str
    total: str


@dataclass(frozen=True)
class DoneLine:
    at: str
    who: str
    what: str


@dataclass(frozen=True)
class PartnerRecord:
    owes: str
    left: str  # of its credit
    credit_limit: str
    sold: tuple[SoldLine, ...]  # the latest
    done: tuple[DoneLine, ...]


def partner_record(partner: Partner) -> PartnerRecord:
    """What a partner owes, has sold and what was done about it: three queries."""
    orders = Order.objects.filter(partner=partner).prefetch_related("bookings").order_by("-pk")[:_LATEST]
    return PartnerRecord(
        owes=format_zar(partner.owes),
        left=format_zar(partner.credit_limit - partner.owes),
        credit_limit=format_zar(partner.credit_limit),
        sold=tuple(_sold(order) for order in orders),
        done=tuple(
            DoneLine(local_text(event.at), name_of(event.actor) or _("by command"), event.what)
            for event in partner.events.select_related("actor")[:_LATEST]
        ),
    )


def _sold(order: Order) -> SoldLine:
    first = next(iter(order.bookings.all()), None)
    reference = first.booking_reference if first else ""
    return SoldLine(reference, local_text(order.placed_at), str(order.get_status_display()), format_zar(order.total))
