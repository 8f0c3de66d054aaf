"""What must always be true of money that came and went back: each has its posting, and no posting is without.

Queries that should find nothing.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, Round

from bookings.domain.reconciliation.postings import STATEMENT_CAUSE, WRITE_OFF_CAUSE
from bookings.domain.sales.gateway_refunds import OWED_TOO_LONG
from bookings.models import (
    VOUCHER,
    Account,
    BankDetails,
    Chargeback,
    GatewayNotification,
    LedgerEntry,
    Order,
    Payment,
    PaymentAttempt,
    Refund,
    StaffTask,
    Total,
)

_ACTION_TIME: Final = timedelta(days=1)
_SWEEP_TIME: Final = timedelta(hours=1)  # for the sweep that opens tasks
_AMOUNT: Final = LedgerEntry._meta.get_field("amount")
_OF_ACCOUNTS: Final = (Account.CASH, Account.CARD, Account.EFT, Account.PARTNER, Account.CHARGEBACKS)
_OWN_ACCOUNTS: Final = (*_OF_ACCOUNTS, VOUCHER)
# As sales.payments.account_of
_ACCOUNT: Final = Case(
    When(method__in=_OF_ACCOUNTS, then=F("method")),
    When(method=VOUCHER, then=Value(Account.VOUCHER_LIABILITY.value)),
    default=Value(Account.GATEWAY.value),
    output_field=CharField(),
)
_GATEWAYS_OPENED: Final = "opening:gateway:"  # the account of all gateways became one for each
_ROUNDING: Final = Q(cause__startswith="rounding:") | Q(cause__startswith="refund:")
_COUNT: Final = Q(cause__startswith="count:")
_LARGEST_ROUNDING: Final = Decimal(1)


def _cause(prefix: str) -> Concat:
    """The cause of the posting of a payment or refund."""
    return Concat(Value(f"{prefix}:"), Cast("pk", CharField()), output_field=CharField())


def _entry(**values: object) -> Exists:
    """An entry of the row's own posting; the ledger finds it by its cause and account."""
    return Exists(
        LedgerEntry.objects.filter(cause=OuterRef("cause_of_entry"), order=OuterRef("order"), **values)
    )


def payments_are_posted(now: datetime) -> Iterator[object]:
    """Each payment is in the ledger with its amount: the account it lies in, and what was owed."""
    payments = Payment.objects.annotate(
        cause_of_entry=_cause("payment"), account=_ACCOUNT, minus=-F("amount")
    )
    yield from payments.exclude(
        _entry(account=OuterRef("account"), amount=OuterRef("amount")),
        _entry(account=Account.RECEIVABLE, amount=OuterRef("minus")),
    ).values_list("pk", flat=True)


def refunds_are_posted(now: datetime) -> Iterator[object]:
    """Each refund that was paid is in the ledger with its amount; cash is rounded, and its till counted."""
    paid = Refund.objects.filter(status=Refund.Status.PAID).annotate(
        cause_of_entry=_cause("refund"), account=_ACCOUNT, minus=-F("amount")
    )
    no_longer_owed = _entry(account=Account.REFUNDS_OWED, amount=OuterRef("amount"))
    went_out = _entry(account=OuterRef("account"), amount=OuterRef("minus"))
    posted = Q(no_longer_owed) & (Q(method=Account.CASH) | Q(went_out))
    yield from paid.exclude(posted).values_list("pk", flat=True)


def gateways_hold_what_came(now: datetime) -> Iterator[object]:
    """What lies with the gateways of an order is its payments through them without its refunds and
    chargebacks, and never less than nothing: but for a bank that takes what went back before.
    """
    entries = LedgerEntry.objects.filter(account=Account.GATEWAY)
    of_statements = Q(cause__startswith=STATEMENT_CAUSE)  # see `statements`
    of_write_offs = Q(cause__startswith=WRITE_OFF_CAUSE)  # see `write_offs`
    known = of_statements | of_write_offs | Q(cause__startswith=_GATEWAYS_OPENED)
    loose = entries.filter(order=None).exclude(known)
    yield from (f"entry {pk}" for pk in loose.values_list("pk", flat=True))
    moved = entries.filter(cause__startswith=_GATEWAYS_OPENED).aggregate(total=Total("amount"))["total"]
    if moved:
        yield f"{moved} came in when gateways got accounts of their own"
    through_gateway = ~Q(method__in=_OWN_ACCOUNTS)
    orders = Order.objects.annotate(
        lies=_total(entries),
        came=_total(Payment.objects.filter(through_gateway)),
        back=_total(Refund.objects.filter(through_gateway, status=Refund.Status.PAID)),
        taken=_taken_of(),
    )
    # SQLite adds decimals as floating point
    gap = Round(F("came") - F("back") - F("taken") - F("lies"), precision=2, output_field=_AMOUNT)
    least = Round(F("lies") + F("taken"), precision=2, output_field=_AMOUNT)
    wrong = orders.annotate(gap=gap, least=least).filter(~Q(gap=0) | Q(least__lt=0))
    yield from wrong.values_list("pk", flat=True)


def _taken_of() -> Coalesce:
    """Σ of an order's chargebacks of gateways that were not returned."""
    live = Chargeback.objects.filter(payment__order=OuterRef("pk"), returned_at=None).order_by()
    live = live.exclude(payment__method=Account.CARD)
    sums = live.values("payment__order").annotate(total=Total("amount"))
    return Coalesce(Subquery(sums.values("total")), 0, output_field=_AMOUNT)


def _total(rows: QuerySet[Any]) -> Coalesce:
    """Σ amount of an order's rows."""
    sums = rows.filter(order=OuterRef("pk")).order_by().values("order").annotate(total=Total("amount"))
    return Coalesce(Subquery(sums.values("total")), 0, output_field=_AMOUNT)


def attempts_agree_with_payments(now: datetime) -> Iterator[object]:
    """An attempt is paid exactly when a payment came by it, of its order, gateway and amount, or a person was
    told of another amount.
    """
    paid = PaymentAttempt.objects.filter(status=PaymentAttempt.Status.PAID)
    yield from (f"attempt {pk}" for pk in paid.filter(payments=None).values_list("pk", flat=True))
    payments = Payment.objects.filter(attempt__isnull=False)
    foreign = payments.exclude(
        order=F("attempt__order"),
        method=F("attempt__gateway"),
        attempt__status=PaymentAttempt.Status.PAID,
    )
    yield from (f"payment {pk}" for pk in foreign.values_list("pk", flat=True))
    tasks = StaffTask.objects.filter(order=OuterRef("order"), subject=OuterRef("subject"))
    other_amount = payments.exclude(amount=F("attempt__amount")).annotate(subject=_cause("payment"))
    yield from (f"payment {pk}" for pk in other_amount.exclude(Exists(tasks)).values_list("pk", flat=True))


def notifications_are_acted_on(now: datetime) -> Iterator[object]:
    """What a gateway says is acted on within a day."""
    waiting = GatewayNotification.objects.filter(acted_at=None, received_at__lte=now - _ACTION_TIME)
    yield from waiting.values_list("pk", flat=True)


def owed_refunds_are_watched(now: datetime) -> Iterator[object]:
    """What has been owed for more than a day has an open task."""
    tasks = StaffTask.objects.filter(
        kind=StaffTask.Kind.REFUND_DUE, done_at=None, subject=OuterRef("subject"), order=OuterRef("order")
    )
    late = Refund.objects.exclude(status=Refund.Status.PAID).filter(
        created_at__lte=now - OWED_TOO_LONG - _SWEEP_TIME
    )
    yield from late.annotate(subject=_cause("refund")).exclude(Exists(tasks)).values_list("pk", flat=True)


def bank_details_go_when_paid(now: datetime) -> Iterator[object]:
    """Nobody keeps the account of a customer whose refund is paid."""
    yield from BankDetails.objects.filter(refund__status=Refund.Status.PAID).values_list("refund", flat=True)


def refunds_go_back_the_way_money_came(now: datetime) -> Iterator[object]:
    """By no method more goes back of an order than came, but what a second person signed, or the customer
    took as a voucher.
    """
    came = Payment.objects.filter(order=OuterRef("order"), method=OuterRef("method")).order_by()
    sums = came.values("order").annotate(total=Total("amount")).values("total")
    back = (
        Refund.objects.filter(status=Refund.Status.PAID, approver=None)
        .exclude(method=Account.CHARGEBACKS)
        .exclude(~Q(payment__method=VOUCHER), method=VOUCHER)
        .order_by()
        .values("order", "method")
        .annotate(back=Total("amount"), came=Coalesce(Subquery(sums), 0, output_field=_AMOUNT))
    )
    for order, method in back.filter(back__gt=F("came")).values_list("order", "method"):
        yield f"order {order} {method}"


def fees_and_differences_have_a_cause(now: datetime) -> Iterator[object]:
    """A fee is of a booking, a rounding of a payment or refund in cash, and what is over or short comes from
    a count (or is a rounding from before it had its account): nothing moves between them.
    """
    yield from LedgerEntry.objects.filter(account=Account.FEE, booking=None).values_list("cause", flat=True)
    gaps = LedgerEntry.objects.filter(account=Account.CASH_OVER_SHORT)
    yield from gaps.exclude(_COUNT | _ROUNDING, shift__isnull=False).values_list("cause", flat=True)
    rounding = LedgerEntry.objects.filter(account=Account.CASH_ROUNDING)
    yield from rounding.exclude(_ROUNDING, shift__isnull=False).values_list("cause", flat=True)
    rounded = rounding | gaps.exclude(_COUNT)
    too_much = Q(amount__gte=_LARGEST_ROUNDING) | Q(amount__lte=-_LARGEST_ROUNDING)
    yield from rounded.filter(too_much).values_list("cause", flat=True)
