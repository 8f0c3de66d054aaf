"""What goes back to the account of a partner: just what was charged to it."""

from datetime import datetime

from bookings.domain.sales.commission import take_back_commission
from bookings.domain.sales.messages import notify_partner
from bookings.models import Account, LedgerEntry, Partner, Posting, Refund, Webhook


def lock_partner(partner_id: int | None) -> Partner:
    """The last lock before the ledger, like that of a till."""
    return Partner.objects.select_for_update(no_key=True).get(pk=partner_id or 0)


def is_on_account(refund: Refund) -> bool:
    """Whether this money was charged to a partner, so that it goes back there and to nobody else."""
    return refund.payment is not None and refund.payment.method == Account.PARTNER


def credit_partner(refund: Refund, *, now: datetime) -> None:
    """Take a refund off what the partner owes, once. Within the caller's transaction."""
    lock_partner(refund.order.partner_id)
    owed = Refund.objects.filter(pk=refund.pk, status=Refund.Status.OWED)
    if owed.update(status=Refund.Status.PAID, paid_at=now, method=Account.PARTNER):
        amounts = {Account.REFUNDS_OWED: refund.amount, Account.PARTNER: -refund.amount}
        LedgerEntry.objects.post(Posting(f"refund:{refund.pk}", amounts, at=now, order=refund.order))
        take_back_commission(refund, now=now)
        notify_partner(refund.order, Webhook.Event.REFUNDED, refund, at=now)
        refund.refresh_from_db()
