import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.base.money import ZERO, cents
from bookings.database.compiled import insert_rows

from .counter import Shift
from .partners import Partner
from .sales import Booking, Order
from .staff import User


class Account(models.TextChoices):
    RECEIVABLE = "receivable", _("owed by customers")
    REVENUE = "revenue", _("revenue")
    UNEARNED_FARES = "unearned_fares", _("fares not yet travelled")
    FEE = "fee", _("fees")
    GATEWAY = "gateway", _("payment gateway")
    CASH = "cash", _("cash")
    CARD = "card", _("card")
    EFT = "eft", _("EFT")
    REFUNDS_OWED = "refunds_owed", _("refunds owed")
    CASH_OVER_SHORT = "cash_over_short", _("cash over or short")
    CASH_ROUNDING = "cash_rounding", _("cash rounding")
    SAFE = "safe", _("safe of the branch")
    PETTY_CASH = "petty_cash", _("paid in or out of the till")
    PARTNER = "partner", _("owed by partners")
    GATEWAY_FEES = "gateway_fees", _("fees of payment gateways")
    BANK = "bank", _("bank")
    CHARGEBACKS = "chargebacks", _("chargebacks")
    VOUCHER_LIABILITY = "voucher_liability", _("vouchers not yet used")
    COMMISSION = "commission", _("commission of partners")
    GOODWILL = "goodwill", _("vouchers given in goodwill")
    BREAKAGE = "breakage", _("vouchers that nobody used")
    WRITE_OFF = "write_off", _("differences written off")
    INTEREST = "interest", _("interest paid to passengers")


PER_GATEWAY: Final = (Account.GATEWAY, Account.GATEWAY_FEES, Account.CHARGEBACKS)


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

    An amount on the partners' account is that of `partner`, else of the order's. One on an account that each
    gateway has of its own (PER_GATEWAY) is that of `gateway`.
    """

    cause: str
    amounts: Mapping[Account, Decimal]
    at: datetime = field(kw_only=True)
    order: Order | None = field(default=None, kw_only=True)
    booking: Booking | None = field(default=None, kw_only=True)
    shift: Shift | None = field(default=None, kw_only=True)
    partner: Partner | None = field(default=None, kw_only=True)
    actor: User | None = field(default=None, kw_only=True)
    gateway: str = field(default="", kw_only=True)

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
                gateway=posting.gateway if account in PER_GATEWAY else "",
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
        gateway: str | None = None,
    ) -> Decimal:
        """The sum of an account's entries, of one order, booking, shift or gateway if it is given."""
        entries = self.filter(account=account)
        if order is not None:
            entries = entries.filter(order=order)
        if booking is not None:
            entries = entries.filter(booking=booking)
        if shift is not None:
            entries = entries.filter(shift=shift)
        if gateway is not None:
            entries = entries.filter(gateway=gateway)
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
    # Of an account that each gateway has of its own; "" on any other, and on those from before this was noted
    gateway = models.CharField(max_length=20, blank=True, default="", db_default="")

    objects = LedgerManager()

    class Meta:
        ordering = ["at", "id"]
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(
                fields=["cause", "account", "gateway"], name="one_entry_per_cause_account_gateway"
            ),
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
            # What lies on an account, without its entries
            models.Index(fields=["account", "gateway"], include=["amount"], name="ledger_account_idx"),
            # What is paid for trips to come, without the entries themselves
            models.Index(
                fields=["booking"],
                include=["amount"],
                name="ledger_unearned_idx",
                condition=Q(account="unearned_fares"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount} ({self.cause})"
