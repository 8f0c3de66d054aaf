from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from .counter import Shift
from .payments import Payment
from .sales import Booking, Order


class Refund(models.Model):
    """Money that has to go back, or went back, of the payment that it was taken from.

    What goes back to several payments is a refund each, under one cause. `paying` is the gateway's alone: it
    has been asked, and what it did is not known yet.
    """

    class Status(models.TextChoices):
        OWED = "owed", _("to be paid")
        PAYING = "paying", _("being paid")
        PAID = "paid", _("paid")

    OPEN: Final = (Status.OWED, Status.PAYING)

    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    booking = models.ForeignKey(Booking, models.PROTECT, null=True, blank=True, related_name="refunds")
    # None only of refunds from before payments were noted, where it cannot be told
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="refunds", db_index=False
    )
    cause = models.CharField(max_length=120)
    amount = models.DecimalField(max_digits=11, decimal_places=2)
    status = models.CharField(max_length=6, choices=Status, default=Status.OWED)
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)  # when the gateway was last asked to pay it
    paid_at = models.DateTimeField(null=True, blank=True)
    method = models.CharField(
        max_length=20, blank=True
    )  # how it went back: a gateway's name, cash, card, eft
    shift = models.ForeignKey(Shift, models.PROTECT, null=True, blank=True, related_name="refunds")
    reference = models.CharField(max_length=40, blank=True)
    receipt_printed_at = models.DateTimeField(null=True, blank=True)  # by staff, the first time
    # The second person who let it go another way or over the limit, and why
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cause", "payment"],
                condition=Q(payment__isnull=False),
                name="unique_refund_of_payment",
            ),
            models.UniqueConstraint(
                fields=["cause"], condition=Q(payment__isnull=True), name="unique_refund_without_payment"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive"),
            models.CheckConstraint(
                condition=Q(status__in=["owed", "paying"], paid_at__isnull=True)
                | Q(status="paid", paid_at__isnull=False),
                name="paid_refund_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="paying", asked_at__isnull=True), name="paying_refund_was_asked"
            ),
        ]
        indexes = [
            models.Index(Upper("reference"), name="refund_slip_idx"),
            models.Index(
                fields=["created_at"], name="refund_open_idx", condition=Q(status__in=["owed", "paying"])
            ),
            models.Index(fields=["paid_at"], name="refund_paid_idx"),
        ]

    def __str__(self) -> str:
        return f"refund {self.pk}"


class RefundAttempt(models.Model):
    """One request to a gateway to send a refund back, under a key that it pays once.

    `unknown`: no answer came, so the gateway is looked up before it is asked again. `accepted`: it will pay,
    and says so later.
    """

    class Status(models.TextChoices):
        ASKED = "asked", _("asked")
        ACCEPTED = "accepted", _("accepted")
        SETTLED = "settled", _("settled")
        REFUSED = "refused", _("refused")
        UNKNOWN = "unknown", _("no answer yet")

    OPEN: Final = (Status.ASKED, Status.ACCEPTED, Status.UNKNOWN)

    refund = models.ForeignKey(Refund, models.PROTECT, related_name="attempts")
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refund_attempts", db_index=False)
    key = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=11, decimal_places=2)
    status = models.CharField(max_length=10, choices=Status, default=Status.ASKED)
    external_id = models.CharField(max_length=80, blank=True)
    asked_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=1)
    next_try = models.DateTimeField()
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="unique_refund_attempt_key"),
            # A gateway that has no key of ours cannot tell two refunds of one payment apart
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(status__in=["asked", "accepted", "unknown"]),
                name="one_open_refund_attempt",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_attempt_positive"),
            models.CheckConstraint(
                condition=Q(status__in=["asked", "accepted", "settled", "refused", "unknown"]),
                name="refund_attempt_status_known",
            ),
        ]
        indexes = [models.Index(fields=["external_id"], name="refund_attempt_external_idx")]

    def __str__(self) -> str:
        return self.key


class BankDetails(models.Model):
    """The bank account that a refund is paid to where it cannot go back by itself: asked for, given, and
    deleted when the refund is paid.
    """

    class AccountKind(models.TextChoices):
        CURRENT = "current", _("current (cheque)")
        SAVINGS = "savings", _("savings")

    refund = models.OneToOneField(Refund, models.PROTECT, related_name="bank_details")
    banks = models.JSONField(default=list)  # that the gateway pays to, [name, label] each; none: all we know
    sealed = models.TextField(blank=True, default="")  # base.encryption of the account; "" until it is given
    asked_at = models.DateTimeField()
    next_reminder = models.DateTimeField(null=True, blank=True)  # while nothing was given
    given_at = models.DateTimeField(null=True, blank=True)
    usable_at = models.DateTimeField(null=True, blank=True)  # the contact was changed shortly before
    given_by = models.ForeignKey(  # None: the customer
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name_plural = "bank details"
        constraints = [
            models.CheckConstraint(
                condition=Q(given_at__isnull=True, sealed="") | (Q(given_at__isnull=False) & ~Q(sealed="")),
                name="given_bank_details_are_there",
            )
        ]
        indexes = [
            models.Index(
                fields=["next_reminder"],
                name="bank_details_reminder_idx",
                condition=Q(next_reminder__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"bank details of refund {self.refund_id}"
