from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .payments import Payment
from .refunds import Refund
from .sales import Order

VOUCHER: Final = (
    "voucher"  # the method of a payment by one, and of a refund that became one or went back on it
)


class Voucher(models.Model):
    """What we owe in travel to whoever has its code: paid for, given, or taken in place of a refund.

    Its code is known by a digest alone. `balance` is the sum of its movements; `domain.sales.vouchers` and
    `domain.sales.voucher_payments` alone write it.
    """

    class Kind(models.TextChoices):
        SOLD = "sold", _("sold")
        GOODWILL = "goodwill", _("goodwill")
        REFUND = "refund", _("instead of a refund")

    PAID_FOR: Final = (Kind.SOLD, Kind.REFUND)  # what is left of it stays the bearer's property: CPA s63

    kind = models.CharField(max_length=8, choices=Kind)
    code_digest = models.CharField(max_length=64)  # HMAC-SHA256 under one of VOUCHER_KEYS
    code_end = models.CharField(max_length=4)  # its last signs, by which staff tell one from another
    # base.encryption of the code, until the mail that tells it is sent; "" afterwards, or if it was shown
    # only
    sealed_code = models.TextField(blank=True, default="")
    value = models.DecimalField(max_digits=9, decimal_places=2)
    balance = models.DecimalField(max_digits=9, decimal_places=2)
    valid_until = models.DateField()  # through this day
    email = models.EmailField(max_length=254, blank=True)
    order = models.ForeignKey(  # that it was sold by, or that it makes good
        Order, models.PROTECT, null=True, blank=True, related_name="vouchers"
    )
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    issued_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["code_digest"], name="unique_voucher_code"),
            models.CheckConstraint(
                condition=Q(kind__in=["sold", "goodwill", "refund"]), name="voucher_kind_known"
            ),
            models.CheckConstraint(condition=Q(value__gt=0), name="voucher_value_positive"),
            models.CheckConstraint(condition=Q(balance__gte=0), name="voucher_balance_not_negative"),
        ]
        indexes = [
            models.Index(fields=["id"], name="voucher_sealed_idx", condition=~Q(sealed_code="")),
            models.Index(fields=["valid_until"], name="voucher_open_idx", condition=Q(balance__gt=0)),
        ]

    def __str__(self) -> str:
        return f"voucher …{self.code_end}"


class VoucherMovement(models.Model):
    """What came on a voucher or went off it, signed, in rand. Append-only, by a trigger on either database.

    The postings are those of its payment or refund, or have the cause `voucher-<kind>:<id>`.
    """

    class Kind(models.TextChoices):
        ISSUED = "issued", _("issued")
        REDEEMED = "redeemed", _("redeemed")
        RESTORED = "restored", _("restored")
        EXTENDED = "extended", _("valid for longer")
        EXPIRED = "expired", _("expired")
        STOPPED = "stopped", _("stopped")
        RESUMED = "resumed", _("good again")  # its payment was charged back, and came again
        REVIVED = "revived", _("good again after it expired")

    voucher = models.ForeignKey(Voucher, models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=8, choices=Kind)
    amount = models.DecimalField(max_digits=9, decimal_places=2)
    payment = models.OneToOneField(  # that was made by it
        Payment, models.PROTECT, null=True, blank=True, related_name="voucher_movement"
    )
    refund = models.OneToOneField(  # that went back on it, or became it
        Refund, models.PROTECT, null=True, blank=True, related_name="voucher_movement"
    )
    valid_until = models.DateField(null=True, blank=True)  # from now on, where it changes
    reason = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    approver = models.ForeignKey(  # the second person
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["at"], name="voucher_movement_at_idx")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["issued", "restored", "revived"], amount__gt=0)
                | Q(kind="redeemed", amount__lt=0, payment__isnull=False)
                | Q(kind__in=["expired", "stopped"], amount__lte=0)
                | Q(kind__in=["extended", "resumed"], amount=0),
                name="voucher_movement_signed",
            ),
            models.CheckConstraint(
                condition=~Q(kind="restored") | Q(refund__isnull=False), name="restored_by_a_refund"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class VoucherSale(models.Model):
    """What an order sells that has no booking: a voucher, issued once it is paid. `recipient` gets the code
    with the `message`; "" is the buyer, or at the counter nobody: then it is handed over.
    """

    order = models.OneToOneField(Order, models.PROTECT, related_name="voucher_sale")
    value = models.DecimalField(max_digits=9, decimal_places=2)
    recipient = models.EmailField(max_length=254, blank=True)
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(value__gt=0), name="voucher_sale_value_positive"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What stands where that of a booking does: on the receipt, at the gateway, in mails."""
        return voucher_reference(self.order_id)


def voucher_reference(order_id: int) -> str:
    return f"V{order_id:06d}"
