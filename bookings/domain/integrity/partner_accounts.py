"""What must always be true of what partners sell on account. Queries that should find nothing."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from bookings.models import Account, LedgerEntry, Partner, Payment, Refund, Total


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
