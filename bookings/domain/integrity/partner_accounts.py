"""What must always be true of what partners sell on account. Queries that should find nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, Round, TruncMonth

from bookings.base.money import cents
from bookings.domain.company.setting_changes import highest_since
from bookings.domain.partners.monthly_commission import MONTHLY
from bookings.domain.partners.partners import RECEIVED
from bookings.models import (
    Account,
    Commission,
    LedgerEntry,
    Partner,
    PartnerPayment,
    Payment,
    Refund,
    Settlement,
    Total,
)

_AMOUNT: Final = LedgerEntry._meta.get_field("amount")
_HALF_CENT: Final = Decimal("0.0051")
# Limits change, and what was done under an older one stays as it is
_LIMITS_HOLD: Final = timedelta(days=30)


def partners_owe_what_the_ledger_says(now: datetime) -> Iterator[object]:
    entries = (
        LedgerEntry.objects.filter(account=Account.PARTNER, partner=OuterRef("pk"))
        .order_by()
        .values("partner")
    )
    sums = entries.annotate(total=Total("amount")).values("total")
    posted = Coalesce(Subquery(sums), 0, output_field=LedgerEntry._meta.get_field("amount"))
    yield from (
        Partner.objects.annotate(posted=posted).exclude(owes=F("posted")).values_list("slug", flat=True)
    )


def charges_belong_to_partners(now: datetime) -> Iterator[object]:
    """Only the order of a partner is charged to an account, that partner's own, and only what was charged
    there is credited there.
    """
    on_account, no_partner = Q(method=Account.PARTNER), Q(order__partner=None)
    yield from (
        f"payment {pk}" for pk in Payment.objects.filter(on_account, no_partner).values_list("pk", flat=True)
    )
    yield from (
        f"refund {pk}" for pk in Refund.objects.filter(on_account, no_partner).values_list("pk", flat=True)
    )
    entries = LedgerEntry.objects.filter(account=Account.PARTNER, order__isnull=False)
    yield from (
        f"entry {pk}" for pk in entries.exclude(partner=F("order__partner")).values_list("pk", flat=True)
    )


def commissions_are_in_the_ledger(now: datetime) -> Iterator[object]:
    """What partners earned and lost again is posted with its amount: net with the sale or refund, gross for
    the whole month once that is over; and nothing else is.
    """
    net = Commission.objects.filter(settlement=Settlement.NET).order_by()
    sold = net.filter(refund=None).values_list("payment").annotate(total=Total("amount"))
    expected = {f"commission:{payment}": cents(total) for payment, total in sold}
    back = net.filter(refund__isnull=False).exclude(amount=0).values_list("refund", "amount")
    expected |= {f"commission-back:{refund}": amount for refund, amount in back}
    months = (
        Commission.objects.filter(settlement=Settlement.GROSS)
        .annotate(month=TruncMonth("at"))
        .order_by()
        .values_list("payment__order__partner", "month")
        .annotate(total=Total("amount"))
    )
    monthly = {
        MONTHLY % {"partner": partner, "month": f"{month:%Y-%m}"}: cents(total)
        for partner, month, total in months
    }
    entries = LedgerEntry.objects.filter(account=Account.COMMISSION).values_list("cause", "amount")
    posted = dict(entries)
    expected |= {cause: total for cause, total in monthly.items() if cause in posted}
    yield from sorted(cause for cause in expected | posted if expected.get(cause) != posted.get(cause))


def commissions_follow_their_rate(now: datetime) -> Iterator[object]:
    """A partner earned its percentage of what it was charged, to the cent, and loses no more than it earned
    by a payment.
    """
    exact = F("base") * F("percent") / Value(Decimal(100))
    gap = ExpressionWrapper(Round(F("amount") - exact, precision=4), output_field=_AMOUNT)
    sold = Commission.objects.filter(refund=None).annotate(gap=gap)
    wrong = sold.filter(Q(gap__gt=_HALF_CENT) | Q(gap__lt=-_HALF_CENT))
    yield from (f"commission {pk}" for pk in wrong.values_list("pk", flat=True))
    sums = Commission.objects.order_by().values("payment").annotate(left=Total("amount"), base=Total("base"))
    wrong_sums = sums.filter(Q(left__lt=0) | Q(base__gt=F("payment__amount")) | Q(base__lt=0))
    yield from (f"payment {pk}" for pk in wrong_sums.values_list("payment", flat=True))


def nobody_is_credited_more_than_was_charged(now: datetime) -> Iterator[object]:
    """Of no order a partner's account got more back than was charged to it."""
    entries = LedgerEntry.objects.filter(account=Account.PARTNER, order__isnull=False).order_by()
    sums = entries.values("order").annotate(total=Total("amount"))
    yield from sums.filter(total__lt=0).values_list("order", flat=True)


def payments_of_partners_are_posted(now: datetime) -> Iterator[object]:
    """Each transfer of a partner is in the ledger with its amount, and signed by a second person over the
    limit.
    """
    payments = PartnerPayment.objects.annotate(
        cause=Concat(Value(RECEIVED), Cast("pk", CharField()), output_field=CharField()), minus=-F("amount")
    )
    entry = LedgerEntry.objects.filter(
        cause=OuterRef("cause"),
        account=Account.PARTNER,
        partner=OuterRef("partner"),
        amount=OuterRef("minus"),
    )
    yield from payments.exclude(Exists(entry)).values_list("pk", flat=True)
    since = now - _LIMITS_HOLD
    limit = highest_since("partner_payment_approval_over", since)
    over = PartnerPayment.objects.filter(approver=None, at__gte=since, amount__gt=limit)
    yield from (f"payment {pk} alone" for pk in over.values_list("pk", flat=True))
    causes = set(payments.values_list("cause", flat=True))
    received = LedgerEntry.objects.filter(cause__startswith=RECEIVED, account=Account.PARTNER)
    yield from (cause for cause in received.values_list("cause", flat=True) if cause not in causes)
