"""What the ledger says of an order and of a booking: what is owed, and what is sold."""

from decimal import Decimal
from typing import Final

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from bookings.base.money import ZERO, cents
from bookings.database.compiled import compiled
from bookings.models import Account, Booking, LedgerEntry, Order, Total

EARNED: Final = (Account.UNEARNED_FARES, Account.REVENUE)  # by travelling: until the departure, and after it
PLACED: Final = "sale:"  # how the causes of an order's first postings begin


def owed_on(order: Order) -> Decimal:
    """What is still owed on an order; negative: what was paid too much."""
    rows = _receivable(order.pk)
    return cents(rows[0][0]) if rows else ZERO


@compiled
def _receivable(order_id: int) -> QuerySet[LedgerEntry, tuple[Decimal]]:
    entries = LedgerEntry.objects.filter(order=order_id, account=Account.RECEIVABLE)
    return entries.order_by().values("order").annotate(total=Total("amount")).values_list("total")


def sold(booking: Booking) -> Decimal:
    """What a booking's trip is sold for now, earned or not: nothing once all of it is taken back."""
    return sum(sold_by_account(booking).values(), ZERO)


def sold_by_account(booking: Booking) -> dict[Account, Decimal]:
    """The same, by what is not yet earned and what is."""
    entries = LedgerEntry.objects.filter(booking=booking, account__in=EARNED).order_by()
    sums = dict(entries.values_list("account").annotate(Total("amount")))
    return {account: -cents(sums.get(account) or ZERO) for account in EARNED}


def placed_total() -> Coalesce:
    """For queries of orders: what one was placed for, whatever was changed or taken back since."""
    entries = LedgerEntry.objects.filter(
        order=OuterRef("pk"), account=Account.RECEIVABLE, cause__startswith=PLACED
    )
    sums = entries.order_by().values("order").annotate(total=Total("amount")).values("total")
    return Coalesce(Subquery(sums), 0, output_field=LedgerEntry._meta.get_field("amount"))
