"""Commission of partners that settle gross: credited for a whole month when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models.functions import TruncMonth
from django.utils import timezone

from bookings.base.money import cents
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.sales.partner_credit import lock_partner
from bookings.models import Account, Commission, LedgerEntry, Posting, Settlement, Total

MONTHLY: Final = "commission-month:%(partner)s:%(month)s"


def credit_monthly_commission(*, now: datetime | None = None) -> int:
    """Credit to partners that settle gross what they earned in each month that is over, once. Returns how
    many credits there were.
    """
    now = now or database_now()
    first = timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = (
        Commission.objects.filter(settlement=Settlement.GROSS, at__lt=first)
        .annotate(month=TruncMonth("at"))
        .order_by()
        .values_list("payment__order__partner", "month")
        .annotate(total=Total("amount"))
    )
    causes = {
        MONTHLY % {"partner": partner, "month": f"{month:%Y-%m}"}: (partner, month, cents(total))
        for partner, month, total in months
        if total
    }
    posted = LedgerEntry.objects.filter(cause__in=causes, account=Account.COMMISSION)
    for cause in posted.values_list("cause", flat=True):
        del causes[cause]
    for cause, (partner_id, month, total) in causes.items():
        with short_transaction():
            partner = lock_partner(partner_id)
            if LedgerEntry.objects.filter(cause=cause).exists():
                continue
            end = (month + timedelta(days=32)).replace(day=1) - timedelta(microseconds=1)
            amounts = {Account.COMMISSION: total, Account.PARTNER: -total}
            LedgerEntry.objects.post(Posting(cause, amounts, at=end, partner=partner))
    return len(causes)
