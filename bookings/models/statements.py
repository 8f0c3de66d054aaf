from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .commissions import PartnerPayment
from .payments import Payment
from .refunds import Refund


class StatementLine(models.Model):
    """A movement of money as a gateway, the card terminal's settlement or the bank tells it; append-only.

    Rand as on the account there: what came is positive, a fee negative. `gateway` is also a tender, card or
    EFT, whose statement is a file that was uploaded.
    """

    class Kind(models.TextChoices):
        PAYMENT = "payment", _("payment")
        REFUND = "refund", _("refund")
        FEE = "fee", _("fee")
        PAYOUT = "payout", _("payout to the bank")
        CHARGEBACK = "chargeback", _("chargeback")
        OTHER = "other", _("other")

    # What must have a payment or refund of ours beside it
    MATCHED: Final = (Kind.PAYMENT, Kind.REFUND)

    gateway = models.CharField(max_length=20)
    line_id = models.CharField(max_length=120)  # the same whenever the line is read again
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField()
    day = models.DateField()  # the business day, in South Africa
    external_id = models.CharField(max_length=80, blank=True)  # of a payment there; of a slip or transfer
    our_id = models.CharField(max_length=40, blank=True)  # what we called the attempt to pay
    text = models.CharField(max_length=200, blank=True)
    gross = models.DecimalField(max_digits=11, decimal_places=2)
    fee = models.DecimalField(max_digits=11, decimal_places=2)
    noted_at = models.DateTimeField()
    noted_by = models.ForeignKey(  # who uploaded it
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    approver = models.ForeignKey(  # the second person, who has seen where the file came from
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "line_id"], name="unique_statement_line"),
            models.CheckConstraint(
                condition=Q(kind__in=["payment", "refund", "fee", "payout", "chargeback", "other"]),
                name="statement_kind_known",
            ),
        ]
        indexes = [models.Index(fields=["gateway", "day"], name="statement_day_idx")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.line_id}"

    @property
    def net(self) -> Decimal:
        """In rand."""
        return self.gross + self.fee


class StatementMatch(models.Model):
    """Which payment, refund or transfer of a partner in our books a line of a statement is; append-only. The
    amounts may differ.
    """

    line = models.OneToOneField(StatementLine, models.PROTECT, related_name="match")
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="matches", db_index=False
    )
    refund = models.ForeignKey(
        Refund, models.PROTECT, null=True, blank=True, related_name="matches", db_index=False
    )
    partner_payment = models.ForeignKey(  # what a partner transferred
        PartnerPayment, models.PROTECT, null=True, blank=True, related_name="matches", db_index=False
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment"], condition=Q(payment__isnull=False), name="unique_match_of_payment"
            ),
            models.UniqueConstraint(
                fields=["refund"], condition=Q(refund__isnull=False), name="unique_match_of_refund"
            ),
            models.UniqueConstraint(
                fields=["partner_payment"],
                condition=Q(partner_payment__isnull=False),
                name="unique_match_of_transfer",
            ),
            models.CheckConstraint(
                condition=Q(payment__isnull=False, refund__isnull=True, partner_payment__isnull=True)
                | Q(payment__isnull=True, refund__isnull=False, partner_payment__isnull=True)
                | Q(payment__isnull=True, refund__isnull=True, partner_payment__isnull=False),
                name="match_is_of_one_thing",
            ),
        ]
        verbose_name_plural = "statement matches"

    def __str__(self) -> str:
        return f"line {self.line_id}"

    @property
    def thing(self) -> Payment | Refund | PartnerPayment:
        """What of ours the line is."""
        thing = self.payment or self.refund or self.partner_payment
        assert thing
        return thing


class StatementDay(models.Model):
    """When the statement of a business day was last read, and why it could not be."""

    gateway = models.CharField(max_length=20)
    day = models.DateField()
    read_at = models.DateTimeField(null=True, blank=True)  # None: it never could be
    problem = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-day", "gateway"]
        constraints = [models.UniqueConstraint(fields=["gateway", "day"], name="unique_statement_day")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.day}"
