"""Companies that sell our seats on account.

Taken on, changed, switched off, and what they pay of what they owe.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import Count, Max, Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.base.money import ZERO, format_zar, is_rand_and_cents
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.company.settings import company_settings
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.ledger import placed_total
from bookings.domain.sales.partner_credit import lock_partner
from bookings.models import (
    Account,
    CommissionRate,
    LedgerEntry,
    Line,
    Order,
    Partner,
    PartnerEvent,
    PartnerPayment,
    Posting,
    SaleStatus,
    Settlement,
    Total,
    User,
)

_LATEST: Final = 20
RECEIVED: Final = "partner-received:"  # the cause of the posting of a PartnerPayment


def get_partner(slug: str) -> Partner:
    """The partner of this short name. Raises NotFound."""
    partner = Partner.objects.filter(slug=slug).first()
    if partner is None:
        raise NotFound(_("We could not find this partner."))
    return partner


def add_partner(
    *,
    name: str,
    email: str,
    credit_limit: Decimal = Decimal(0),
    actor: User | None = None,
    now: datetime | None = None,
) -> Partner:
    """Take a partner on. Raises Refusal for a name without letters, Conflict for one that is taken."""
    name, now = " ".join(name.split()), now or database_now()
    slug = slugify(name)[:40].strip("-")
    if not slug or slug == "add":
        raise Refusal(_("Enter a name with letters or digits."))
    _check_credit(credit_limit)
    try:
        with short_transaction():
            partner = Partner.objects.create(
                name=name[:80], slug=slug, email=email, credit_limit=credit_limit, created_at=now
            )
            PartnerEvent.objects.record(
                partner,
                _("added, credit %(limit)s") % {"limit": format_zar(credit_limit)},
                at=now,
                actor=actor,
            )
    except IntegrityError as clash:
        raise Conflict(_("There is already a partner with this name.")) from clash
    return partner


def change_partner(
    partner: Partner,
    *,
    email: str,
    credit_limit: Decimal,
    is_active: bool,
    actor: User | None = None,
    now: datetime | None = None,
) -> Partner:
    """Change contact and credit limit, or switch the partner off.

    Then its keys open nothing, and its orders stand.
    """
    _check_credit(credit_limit)
    now = now or database_now()
    with short_transaction():
        before = lock_partner(partner.pk)
        changes: list[str] = []
        if before.email != email:
            changes.append(_("contact %(email)s") % {"email": email})
        if before.credit_limit != credit_limit:
            changes.append(_("credit %(limit)s") % {"limit": format_zar(credit_limit)})
        if before.is_active != is_active:
            changes.append(_("switched on") if is_active else _("switched off"))
        if changes:
            Partner.objects.filter(pk=partner.pk).update(
                email=email, credit_limit=credit_limit, is_active=is_active
            )
            PartnerEvent.objects.record(partner, ", ".join(changes), at=now, actor=actor)
    return Partner.objects.get(pk=partner.pk)


def set_commission(
    partner: Partner,
    percent: Decimal,
    settlement: str,
    *,
    actor: User | None = None,
    now: datetime | None = None,
) -> Partner:
    """What the partner earns from now on where its line has no rate of its own, and when it is credited. What
    was sold before keeps its own.
    """
    _check_percent(percent)
    now = now or database_now()
    with short_transaction():
        before = lock_partner(partner.pk)
        if (before.commission_percent, before.settlement) != (percent, settlement):
            Partner.objects.filter(pk=partner.pk).update(commission_percent=percent, settlement=settlement)
            facts = {"percent": percent, "settlement": Settlement(settlement).label}
            what = _("commission %(percent)s %%, %(settlement)s") % facts
            PartnerEvent.objects.record(partner, what, at=now, actor=actor)
    return Partner.objects.get(pk=partner.pk)


def set_line_rate(
    partner: Partner,
    line: Line,
    percent: Decimal | None,
    *,
    actor: User | None = None,
    now: datetime | None = None,
) -> None:
    """What the partner earns from now on on one line; None: what it earns on all that have no rate."""
    if percent is not None:
        _check_percent(percent)
    now = now or database_now()
    facts = {"line": line.name, "percent": percent}
    with short_transaction():
        lock_partner(partner.pk)
        if percent is None:
            CommissionRate.objects.filter(partner=partner, line=line).delete()
            what = _("no commission of its own on %(line)s any more") % facts
        else:
            CommissionRate.objects.update_or_create(partner=partner, line=line, defaults={"percent": percent})
            what = _("commission %(percent)s %% on %(line)s") % facts
        PartnerEvent.objects.record(partner, what, at=now, actor=actor)


def list_line_rates(partner: Partner) -> list[CommissionRate]:
    """The lines that have a rate of their own, by code: one query."""
    return list(partner.rates.select_related("line").order_by("line__code"))


def _check_percent(percent: Decimal) -> None:
    if not is_rand_and_cents(percent) or not 0 <= percent <= 100:
        raise Refusal(_("Enter the commission in percent, from 0 to 100."))


def _check_credit(amount: Decimal) -> None:
    if not is_rand_and_cents(amount) or amount < 0:
        raise Refusal(_("Enter the credit limit in rand and cents."))


@dataclass(frozen=True)
class Transfer:
    """Money that a partner has sent: rand, the reference on the bank's list, and who signed it."""

    amount: Decimal
    reference: str
    approval: Approval | None = None

    def check(self, actor: User, *, alone: Decimal, now: datetime) -> None:
        """Raises Refusal, and NeedsApproval over PARTNER_PAYMENT_APPROVAL_OVER, together with what was booked
        `alone` before.
        """
        if not is_rand_and_cents(self.amount) or self.amount <= 0:
            raise Refusal(_("Enter an amount in rand and cents."))
        if not self.reference.strip():
            raise Refusal(_("Enter the reference of the transfer."))
        if self.approval:
            self.approval.check(actor, now=now)
        elif alone + self.amount > company_settings.partner_payment_approval_over:
            limit = format_zar(company_settings.partner_payment_approval_over)
            raise NeedsApproval(
                _("Transfers over %(limit)s a day need the approval of a second person.") % {"limit": limit}
            )


def receive_payment(
    partner: Partner,
    transfer: Transfer,
    *,
    actor: User,
    submission: str,
    now: datetime | None = None,
) -> None:
    """Book a transfer by which the partner pays what it owes, once per `submission`.

    More than it owes is its credit. Raises what `Transfer.check` raises.
    """
    at = now or database_now()
    reference, approval = " ".join(transfer.reference.split())[:60], transfer.approval

    def book() -> str:
        lock_partner(partner.pk)
        transfer.check(actor, alone=_booked_alone(partner, at), now=at)
        payment = PartnerPayment.objects.create(
            partner=partner,
            amount=transfer.amount,
            reference=reference,
            at=at,
            actor=actor,
            approver=approval.approver if approval else None,
            reason=approval.reason[:200] if approval else "",
        )
        facts = {"amount": format_zar(transfer.amount), "reference": reference}
        what = _("%(amount)s received, %(reference)s") % facts
        if approval:
            what += _(", approved by %(name)s") % {"name": approval.approver.display_name}
        PartnerEvent.objects.record(partner, what, at=at, actor=actor)
        amounts = {Account.EFT: transfer.amount, Account.PARTNER: -transfer.amount}
        cause = f"{RECEIVED}{payment.pk}"
        LedgerEntry.objects.post(Posting(cause, amounts, at=at, partner=partner, actor=actor))
        return str(payment.pk)

    content = f"{partner.slug} {transfer.amount} {reference}"
    run_once("partner-payment", submission, content, action=book, now=at)


def _booked_alone(partner: Partner, now: datetime) -> Decimal:
    """What was booked for the partner in a day without a second person: no sum is smaller in pieces."""
    alone = PartnerPayment.objects.filter(partner=partner, approver=None, at__gt=now - timedelta(days=1))
    return alone.aggregate(total=Total("amount"))["total"] or ZERO


@dataclass(frozen=True)
class PartnerSummary:
    """A partner in the list of all."""

    name: str
    slug: str
    is_active: bool
    owes: Decimal
    credit_limit: Decimal
    live_keys: int  # that were not revoked
    used_at: datetime | None  # when one was last used


def list_partners() -> list[PartnerSummary]:
    """All partners, the active ones first: one query."""
    rows = Partner.objects.annotate(
        live_keys=Count("keys", filter=Q(keys__revoked_at=None)), used_at=Max("keys__last_used_at")
    )
    columns = ("name", "slug", "is_active", "owes", "credit_limit", "live_keys", "used_at")
    return [PartnerSummary(*row) for row in rows.order_by("-is_active", "name").values_list(*columns)]


@dataclass(frozen=True)
class PartnerOrder:
    """One of the orders that a partner sold."""

    reference: str  # of its first booking
    placed_at: datetime
    status: SaleStatus
    total: Decimal


@dataclass(frozen=True)
class PartnerRecord:
    """What a partner owes, its latest orders, and what was done about the partner."""

    partner: Partner
    orders: tuple[PartnerOrder, ...]
    events: tuple[PartnerEvent, ...]

    @property
    def credit_left(self) -> Decimal:
        return self.partner.credit_limit - self.partner.owes


def get_partner_record(partner: Partner) -> PartnerRecord:
    """Three queries."""
    orders = Order.objects.filter(partner=partner).annotate(placed_total=placed_total())
    orders = orders.prefetch_related("bookings").order_by("-pk")[:_LATEST]
    events = partner.events.select_related("actor")[:_LATEST]
    return PartnerRecord(partner, tuple(_order(order) for order in orders), tuple(events))


def _order(order: Any) -> PartnerOrder:
    first = next(iter(order.bookings.all()), None)
    return PartnerOrder(
        first.booking_reference if first else "",
        order.placed_at,
        SaleStatus(order.status),
        order.placed_total,
    )
