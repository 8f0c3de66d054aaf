"""What partners earn by selling, and what they have paid."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .network import Line
from .partners import Partner, Settlement
from .payments import Payment
from .refunds import Refund
from .sales import Booking


class CommissionRate(models.Model):
    """What a partner earns on one line, where that differs from its commission_percent."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="rates", db_index=False)
    line = models.ForeignKey(Line, models.PROTECT, related_name="+", db_index=False, verbose_name=_("line"))
    percent = models.DecimalField(_("percent"), max_digits=5, decimal_places=2)

    class Meta:
        ordering = ["partner", "line"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "line"], name="unique_commission_rate"),
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100), name="commission_rate_percent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} %"


class Commission(models.Model):
    """What a partner earned by what it was charged for a booking, at the rate of that moment; taken back in
    proportion by each refund, then with `refund` and negative. Append-only.
    """

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="commissions")
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="+", db_index=False)
    refund = models.OneToOneField(Refund, models.PROTECT, null=True, blank=True, related_name="commission")
    percent = models.DecimalField(max_digits=5, decimal_places=2)
    base = models.DecimalField(max_digits=11, decimal_places=2)  # rand that were charged, or went back
    amount = models.DecimalField(max_digits=11, decimal_places=2)
    settlement = models.CharField(max_length=5, choices=Settlement)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="commission_at_idx")]
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "booking"],
                condition=Q(refund__isnull=True),
                name="unique_commission_of_sale",
            ),
            models.CheckConstraint(
                condition=Q(refund__isnull=True, amount__gte=0) | Q(refund__isnull=False, amount__lte=0),
                name="commission_is_taken_back_by_refunds",
            ),
            models.CheckConstraint(
                condition=Q(settlement__in=Settlement.values), name="commission_settlement_known"
            ),
        ]

    def __str__(self) -> str:
        return f"commission {self.pk}"


class PartnerPayment(models.Model):
    """Money that a partner transferred to us for what it owes. Append-only."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="transfers", db_index=False)
    amount = models.DecimalField(max_digits=11, decimal_places=2)
    reference = models.CharField(max_length=60)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    approver = models.ForeignKey(  # the second person, over the limit
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=200, blank=True)  # of the approval

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="partner_payment_positive"),
            models.CheckConstraint(
                condition=Q(approver__isnull=True) | ~Q(approver=models.F("actor")),
                name="partner_payment_approved_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"payment of partner {self.partner_id}"
