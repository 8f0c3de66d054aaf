"""What must always be true of vouchers. Queries that should find nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from bookings.base.money import ZERO, cents
from bookings.models import (
    VOUCHER,
    Account,
    LedgerEntry,
    OrderLine,
    Payment,
    Refund,
    SaleStatus,
    Total,
    Voucher,
    VoucherMovement,
    VoucherSale,
)

_Kind = VoucherMovement.Kind


def vouchers_hold_their_movements(now: datetime) -> Iterator[object]:
    """What is on a voucher is the sum of its movements, of which the first are what it was issued for."""
    own = VoucherMovement.objects.filter(voucher=OuterRef("pk")).order_by().values("voucher")
    amount = VoucherMovement._meta.get_field("amount")
    moved = Coalesce(Subquery(own.annotate(total=Total("amount")).values("total")), 0, output_field=amount)
    issued = own.filter(kind=_Kind.ISSUED).annotate(total=Total("amount")).values("total")
    rows = Voucher.objects.annotate(
        moved=moved, issued=Coalesce(Subquery(issued), 0, output_field=amount)
    ).exclude(balance=F("moved"), value=F("issued"))
    yield from (f"voucher {pk}" for pk in rows.values_list("pk", flat=True))


def vouchers_are_in_the_ledger(now: datetime) -> Iterator[object]:
    """What is on all vouchers, and was ordered and is not paid yet, is what we owe by them."""
    unpaid = OrderLine.objects.filter(kind=OrderLine.Kind.VOUCHER_SALE, order__status=SaleStatus.PENDING)
    ordered = unpaid.aggregate(total=Total("amount"))["total"] or ZERO
    held = cents((Voucher.objects.aggregate(total=Total("balance"))["total"] or ZERO) + ordered)
    owed = -LedgerEntry.objects.balance(Account.VOUCHER_LIABILITY)
    if held != owed:
        yield f"{held} on vouchers, {owed} in the ledger"


def payments_by_voucher_are_movements(now: datetime) -> Iterator[object]:
    """Each payment by a voucher went off one, and each refund of that way came on one: of the same amount."""
    paid = Payment.objects.filter(method=VOUCHER).exclude(voucher_movement__amount=-F("amount"))
    yield from (f"payment {pk}" for pk in paid.values_list("pk", flat=True))
    back = Refund.objects.filter(method=VOUCHER, status=Refund.Status.PAID)
    back = back.exclude(voucher_movement__amount=F("amount"))
    yield from (f"refund {pk}" for pk in back.values_list("pk", flat=True))
    moved = VoucherMovement.objects.filter(
        Q(payment__isnull=False) & ~Q(payment__method=VOUCHER)
        | Q(refund__isnull=False) & ~Q(refund__method=VOUCHER)
    )
    yield from (f"movement {pk}" for pk in moved.values_list("pk", flat=True))


def sold_vouchers_are_paid_for(now: datetime) -> Iterator[object]:
    """An order that sells a voucher has issued it if it is paid, once, for what was sold; no other has."""
    own = Voucher.objects.filter(order=OuterRef("order"), kind=Voucher.Kind.SOLD, replaces=None)
    issued = own.order_by().values("order").annotate(total=Total("value")).values("total")
    value = VoucherSale._meta.get_field("value")
    sales = VoucherSale.objects.annotate(issued=Coalesce(Subquery(issued), 0, output_field=value))
    paid = Q(order__status__in=(SaleStatus.CONFIRMED, SaleStatus.CANCELLED))
    wrong = sales.filter(paid & ~Q(issued=F("value")) | ~paid & ~Q(issued=0))
    yield from (f"order {pk}" for pk in wrong.values_list("order", flat=True))
    lines = OrderLine.objects.filter(kind=OrderLine.Kind.VOUCHER_SALE, order__status=SaleStatus.CONFIRMED)
    sums = lines.order_by().values("order").annotate(total=Total("amount"))
    short = sums.exclude(total=F("order__voucher_sale__value")).values_list("order", flat=True)
    yield from (f"order {pk}" for pk in short)
    foreign = Voucher.objects.filter(kind=Voucher.Kind.SOLD, order__voucher_sale=None)
    yield from (f"voucher {pk}" for pk in foreign.values_list("pk", flat=True))


def breakage_is_in_the_movements(now: datetime) -> Iterator[object]:
    """What was posted as breakage is what lapsed of vouchers that were paid for, less what revived."""
    lapsed = VoucherMovement.objects.filter(
        kind__in=(_Kind.EXPIRED, _Kind.REVIVED), voucher__kind__in=Voucher.PAID_FOR
    )
    moved = cents(lapsed.aggregate(total=Total("amount"))["total"] or ZERO)
    posted = LedgerEntry.objects.balance(Account.BREAKAGE)
    if moved != posted:
        yield f"{-moved} lapsed, {-posted} in the ledger"
