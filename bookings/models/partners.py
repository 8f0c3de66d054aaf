"""Companies that sell our seats through the API.

Who they are, their keys, what is told to them, and what they owe.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
from django.utils.translation import gettext_lazy as _

from bookings.base.money import ZERO

from .staff import User


class PartnerQuerySet(models.QuerySet["Partner"]):
    def charge(self, amount: Decimal) -> int:
        """Let them owe so much more (less if negative), to the cent.

        SQLite adds decimals as floating point, so the sum is rounded.
        """
        return self.update(owes=Round(F("owes") + amount, precision=2))


class Settlement(models.TextChoices):
    """When a partner's commission comes off what it owes: gross, for a whole month at its end; net, with each
    sale.
    """

    GROSS = "gross", _("gross: commission is credited at the end of the month")
    NET = "net", _("net: commission is deducted from each sale")


class Partner(models.Model):
    """Sells on account: `owes` is what it has sold and not yet paid, never more than `credit_limit` by a new
    sale.

    `owes` is a summary of its ledger entries, kept in the same transaction as they are (LedgerManager.post).
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(_("short name"), max_length=40, unique=True)
    email = models.EmailField(_("contact e-mail"), max_length=254)
    is_active = models.BooleanField(_("active"), default=True)
    credit_limit = models.DecimalField(_("credit limit"), max_digits=11, decimal_places=2, default=ZERO)
    owes = models.DecimalField(_("owes"), max_digits=12, decimal_places=2, default=ZERO)
    created_at = models.DateTimeField(_("since"))
    commission_percent = models.DecimalField(
        _("commission in percent"), max_digits=5, decimal_places=2, default=ZERO, db_default=ZERO
    )  # of lines that have no CommissionRate
    settlement = models.CharField(
        _("settlement"),
        max_length=5,
        choices=Settlement,
        default=Settlement.GROSS,
        db_default=Settlement.GROSS.value,
    )

    objects = PartnerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        constraints = [
            models.CheckConstraint(condition=Q(credit_limit__gte=0), name="partner_credit_not_negative"),
            models.CheckConstraint(
                condition=Q(commission_percent__gte=0, commission_percent__lte=100),
                name="partner_commission_percent",
            ),
            models.CheckConstraint(
                condition=Q(settlement__in=["gross", "net"]), name="partner_settlement_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_settled_net(self) -> bool:
        return self.settlement == Settlement.NET


LENIENCY: Final = timedelta(days=90)


class ApiKey(models.Model):
    """What a partner's program shows us.

    We keep the SHA-256 of the whole key; `prefix` is its beginning, for people to tell keys apart.
    """

    class Scope(models.TextChoices):
        READ = "read", _("see its own orders")
        BOOK = "book", _("quote, hold, order and pay")
        CANCEL = "cancel", _("cancel and get refunds")

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="keys")
    name = models.CharField(_("name"), max_length=60)  # what it is for: "website", "kiosks"
    prefix = models.CharField(max_length=16)
    key_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    limit = models.CharField(
        _("requests at most"), max_length=12, blank=True
    )  # "120/m"; empty: RATE_LIMIT_API_KEY
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)  # to some minutes
    # Made before unknown parameters and fields were refused: until then they are ignored with a warning
    lenient_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["partner", "-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def allows(self, scope: str) -> bool:
        return scope in self.scopes


class Webhook(models.Model):
    """Where a partner wants to hear of its orders. Each message is signed with `secret`."""

    class Event(models.TextChoices):
        CONFIRMED = "booking.confirmed", _("a booking was paid")
        CHANGED = "booking.changed", _("another departure, seat or name")
        TIMES_CHANGED = "booking.times_changed", _("the coach is late, on time again, or skips a stop")
        CANCELLED = "booking.cancelled", _("a booking was cancelled")
        EXPIRED = "booking.expired", _("an unpaid booking expired")
        PAID = "payment.received", _("a payment was received")
        REFUNDED = "payment.refunded", _("a refund was paid")
        ERASED = "subject.erased", _("personal data were erased, and must be there too")

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="webhooks")
    url = models.URLField(_("address"), max_length=300)
    secret = models.CharField(max_length=64)
    old_secret = models.CharField(
        max_length=64, blank=True
    )  # still signs, beside the new one, until `old_until`
    old_until = models.DateTimeField(null=True, blank=True)
    events = models.JSONField(default=list)  # of Event
    is_active = models.BooleanField(_("active"), default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["partner", "id"]
        constraints = [models.UniqueConstraint(fields=["partner", "url"], name="unique_webhook_url")]

    def __str__(self) -> str:
        return self.url

    def wants(self, event: str) -> bool:
        return event in self.events


class PartnerEventManager(models.Manager["PartnerEvent"]):
    def record(self, partner: Partner, what: str, *, at: datetime, actor: User | None = None) -> PartnerEvent:
        return self.create(partner=partner, what=what[:_LONGEST_WHAT], actor=actor, at=at)


_LONGEST_WHAT: Final = 200


class PartnerEvent(models.Model):
    """Who changed what about a partner, and when.

    Keys made and revoked, limits, switching off. Without an actor: by command.
    """

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="events")
    what = models.CharField(max_length=_LONGEST_WHAT)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()

    objects = PartnerEventManager()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return self.what
