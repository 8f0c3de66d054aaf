import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from bookings.base.money import ZERO, cents
from bookings.database.compiled import insert_rows

from .counter import Shift
from .partners import Partner
from .sales import Booking, Order
from .staff import User


class PaymentAttempt(models.Model):
    """One try to pay an order through a gateway. `token` is what the gateway gets to know of us.

    `pending`: the bank has not decided. `abandoned`: the customer left the gateway's page without paying.
    `superseded`: its amount is no longer what is owed. Whatever it is, money that comes by it is booked.
    """

    class Status(models.TextChoices):
        STARTED = "started", _("started")
        PENDING = "pending", _("waiting for the bank")
        PAID = "paid", _("paid")
        FAILED = "failed", _("failed")
        ABANDONED = "abandoned", _("left without paying")
        SUPERSEDED = "superseded", _("superseded")

    UNPAID: Final = (Status.FAILED, Status.ABANDONED)

    order = models.ForeignKey(Order, models.PROTECT, related_name="attempts")
    gateway = models.CharField(max_length=20)
    token = models.CharField(max_length=32)
    amount = models.DecimalField(max_digits=11, decimal_places=2)
    status = models.CharField(max_length=10, choices=Status, default=Status.STARTED)
    created_at = models.DateTimeField()
    # When the gateway is asked what became of it; None: nothing is to be asked any more
    next_check = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_check"], name="attempt_check_idx", condition=Q(next_check__isnull=False)
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["token"], name="unique_attempt_token"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="attempt_amount_positive"),
            models.CheckConstraint(
                condition=Q(status__in=["started", "pending", "paid", "failed", "abandoned", "superseded"]),
                name="attempt_status_known",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk}"


class GatewayNotification(models.Model):
    """The raw inbox: verified and stored before it is answered, acted upon in the queue.

    `unconfirmed`: the gateway itself did not say that it is true, so it is asked again. `refused`: it cannot
    be acted upon. What is neither waiting nor acted upon has a StaffTask.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        ACTED = "acted", _("acted upon")
        REFUSED = "refused", _("refused")
        UNCONFIRMED = "unconfirmed", _("not confirmed by the gateway")

    gateway = models.CharField(max_length=20)
    external_id = models.CharField(max_length=80)
    attempt = models.ForeignKey(PaymentAttempt, models.PROTECT, related_name="notifications")
    body = models.TextField()
    received_at = models.DateTimeField()
    peer = models.CharField(max_length=45, blank=True, default="", db_default="")  # the address it came from
    state = models.CharField(
        max_length=12, choices=State, default=State.RECEIVED, db_default=State.RECEIVED.value
    )
    next_try = models.DateTimeField(null=True, blank=True)  # of one that is unconfirmed
    acted_at = models.DateTimeField(null=True, blank=True)  # or given up; until then it waits
    outcome = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "external_id"], name="unique_notification"),
            models.CheckConstraint(
                condition=Q(state__in=["received", "acted", "refused", "unconfirmed"]),
                name="notification_state_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["received_at"], name="notification_waiting_idx", condition=Q(acted_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.external_id}"


class Payment(models.Model):
    """Money that came."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="payments")
    attempt = models.ForeignKey(
        PaymentAttempt, models.PROTECT, null=True, blank=True, related_name="payments", db_index=False
    )
    method = models.CharField(max_length=20)  # a gateway's name, later cash, card, eft
    external_id = models.CharField(max_length=80)
    amount = models.DecimalField(max_digits=11, decimal_places=2)
    paid_at = models.DateTimeField()
    shift = models.ForeignKey(Shift, models.PROTECT, null=True, blank=True, related_name="payments")
    reference = models.CharField(
        max_length=40, blank=True
    )  # of the card terminal or the transfer; never a card number
    given = models.DecimalField(  # cash that was handed over; none if it was not noted
        max_digits=11, decimal_places=2, null=True, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["method", "external_id"], name="unique_payment"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
        ]
        indexes = [models.Index(Upper("reference"), name="payment_slip_idx")]

    def __str__(self) -> str:
        return f"payment {self.pk}"


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

    def __str__(self) -> str:
        return self.key


class Account(models.TextChoices):
    RECEIVABLE = "receivable", _("owed by customers")
    REVENUE = "revenue", _("revenue")
    FEE = "fee", _("fees")
    GATEWAY = "gateway", _("payment gateway")
    CASH = "cash", _("cash")
    CARD = "card", _("card")
    EFT = "eft", _("EFT")
    REFUNDS_OWED = "refunds_owed", _("refunds owed")
    CASH_OVER_SHORT = "cash_over_short", _("cash over or short")
    SAFE = "safe", _("safe of the branch")
    PETTY_CASH = "petty_cash", _("paid in or out of the till")
    PARTNER = "partner", _("owed by partners")


class Total(models.Sum):
    """Σ of rand, exact to the cent.

    SQLite adds decimals as floating point, so there the sum is rounded before it is compared.
    """

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        sql, params = super().as_sqlite(compiler, connection, **context)
        return f"CAST(ROUND({sql}, 2) AS NUMERIC)", params


@dataclass(frozen=True)
class Posting:
    """A group of entries: account → signed rand, debits positive, 0 in all. Posted under a `cause` that is
    used once.

    An amount on the partners' account is that of `partner`, else of the order's.
    """

    cause: str
    amounts: Mapping[Account, Decimal]
    at: datetime = field(kw_only=True)
    order: Order | None = field(default=None, kw_only=True)
    booking: Booking | None = field(default=None, kw_only=True)
    shift: Shift | None = field(default=None, kw_only=True)
    partner: Partner | None = field(default=None, kw_only=True)
    actor: User | None = field(default=None, kw_only=True)

    @property
    def order_id(self) -> int | None:
        return self.order.pk if self.order else self.booking.order_id if self.booking else None

    @property
    def debtor_id(self) -> int | None:
        return self.partner.pk if self.partner else self.order.partner_id if self.order else None


class LedgerManager(models.Manager["LedgerEntry"]):
    def post(self, posting: Posting) -> None:
        """Write it; what a partner owes changes with it.

        A second posting of the same cause is an IntegrityError.
        """
        if sum(posting.amounts.values()) != 0:
            raise ValueError(f"Posting {posting.cause} does not balance: {dict(posting.amounts)}")
        group = uuid.uuid4()
        entries = [
            LedgerEntry(
                posting=group,
                account=account,
                amount=amount,
                order_id=posting.order_id,
                booking=posting.booking,
                shift=posting.shift,
                partner_id=posting.debtor_id if account == Account.PARTNER else None,
                actor=posting.actor,
                at=posting.at,
                cause=posting.cause,
            )
            for account, amount in posting.amounts.items()
            if amount != 0
        ]
        insert_rows(entries)
        owed = posting.amounts.get(Account.PARTNER)
        if owed and posting.debtor_id:
            Partner.objects.filter(pk=posting.debtor_id).charge(owed)

    def balance(
        self,
        account: str,
        *,
        order: Order | int | None = None,
        booking: Booking | int | None = None,
        shift: Shift | int | None = None,
    ) -> Decimal:
        """The sum of an account's entries, of one order, booking or shift if it is given."""
        entries = self.filter(account=account)
        if order is not None:
            entries = entries.filter(order=order)
        if booking is not None:
            entries = entries.filter(booking=booking)
        if shift is not None:
            entries = entries.filter(shift=shift)
        return cents(entries.aggregate(total=Total("amount"))["total"] or ZERO)


class LedgerEntry(models.Model):
    """Double entry, append-only (a trigger on either database says so).

    Debits are positive; the amounts of a posting sum to 0.
    """

    posting = models.UUIDField()
    account = models.CharField(max_length=20, choices=Account)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="entries")
    booking = models.ForeignKey(Booking, models.PROTECT, null=True, blank=True, related_name="entries")
    shift = models.ForeignKey(Shift, models.PROTECT, null=True, blank=True, related_name="entries")
    partner = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="entries", db_index=False
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    cause = models.CharField(max_length=120)

    objects = LedgerManager()

    class Meta:
        ordering = ["at", "id"]
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(fields=["cause", "account"], name="one_entry_per_cause_and_account"),
            models.CheckConstraint(condition=~Q(amount=0), name="ledger_entry_not_zero"),
            models.CheckConstraint(condition=Q(account__in=Account.values), name="ledger_account_known"),
            models.CheckConstraint(
                condition=Q(account="partner", partner__isnull=False)
                | (~Q(account="partner") & Q(partner__isnull=True)),
                name="partner_entry_has_partner",
            ),
        ]
        indexes = [
            models.Index(
                fields=["partner", "-at"], name="ledger_partner_idx", condition=Q(partner__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount} ({self.cause})"
