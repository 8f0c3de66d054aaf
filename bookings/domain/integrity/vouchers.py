"""What must always be true of vouchers. Queries that should find nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from bookings.base.money import ZERO, cents
from bookings.models import VOUCHER, Account, LedgerEntry, Payment, Refund, Total, Voucher, VoucherMovement

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
    """What is on all vouchers is what we owe by them."""
    held = cents(Voucher.objects.aggregate(total=Total("balance"))["total"] or ZERO)
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
