"""What one clerk may give back in cash without a second person: no sum is smaller in pieces."""

from datetime import timedelta
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.money import ZERO, format_zar
from bookings.domain.company.settings import company_settings
from bookings.models import Account, Refund, Shift, Total


def given_alone_of(order_id: int) -> Decimal:
    """What was given back of an order in cash without a second person: one passenger after the other is no
    way around the limit. A void has a limit of its own.
    """
    alone = _alone().filter(order=order_id).exclude(cause__startswith="void:")
    return alone.aggregate(total=Total("amount"))["total"] or ZERO


def over_day_limit(amount: Decimal, shift: Shift) -> str:
    """Why the clerk of this shift needs a second person for so much more cash, or nothing: with what they
    gave back alone in it and in their shifts of the day before, voids too.
    """
    limit = company_settings.cash_refunds_of_day_approval_over
    shifts = {
        "shift__clerk": shift.clerk_id,
        "shift__opened_at__gt": shift.opened_at - timedelta(days=1),
        "shift__opened_at__lte": shift.opened_at,
    }
    given = _alone().filter(**shifts).aggregate(total=Total("amount"))["total"] or ZERO
    if amount + given <= limit:
        return ""
    return _(
        "You have given back %(given)s in cash today: over %(limit)s in all a second person must approve."
    ) % {"given": format_zar(given), "limit": format_zar(limit)}


def _alone() -> QuerySet[Refund]:
    return Refund.objects.filter(status=Refund.Status.PAID, method=Account.CASH, approver=None)
