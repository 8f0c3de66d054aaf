"""What was paid by a voucher goes back on it, whatever became of it meanwhile."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from bookings.database.transactions import short_transaction
from bookings.domain.sales.messages import notify_partner, write_message
from bookings.domain.sales.vouchers import add_movement
from bookings.models import (
    VOUCHER,
    Account,
    LedgerEntry,
    Order,
    OutboxMessage,
    Posting,
    Refund,
    Voucher,
    VoucherMovement,
    Webhook,
)


def restore_voucher(refund: Refund, *, now: datetime) -> bool:
    """Put an owed refund back on the voucher that paid it, once, and tell its bearer; True if it is there.

    A voucher has VOUCHER_RESTORED_DAYS left at least from now on, also if it had expired. Of one that was
    replaced it goes on the new one; of one that was stopped it waits for staff, who replace it.
    """
    with short_transaction():
        order = Order.objects.select_for_update(no_key=True).get(pk=refund.order_id)
        owed = Refund.objects.select_for_update(no_key=True).filter(pk=refund.pk, status=Refund.Status.OWED)
        if not owed.exists():
            return Refund.objects.filter(pk=refund.pk, status=Refund.Status.PAID).exists()
        voucher = _voucher_to_restore(refund)
        owed.update(status=Refund.Status.PAID, paid_at=now, method=VOUCHER)
        movement = VoucherMovement(
            kind=VoucherMovement.Kind.RESTORED,
            amount=refund.amount,
            refund=refund,
            valid_until=_valid_until(voucher, now),
            at=now,
        )
        add_movement(voucher, movement)
        amounts = {Account.REFUNDS_OWED: refund.amount, Account.VOUCHER_LIABILITY: -refund.amount}
        LedgerEntry.objects.post(Posting(f"refund:{refund.pk}", amounts, at=now, order=order))
        notify_partner(order, Webhook.Event.REFUNDED, refund, at=now)
        recipient = order.email or voucher.email
        if recipient:
            write_message(OutboxMessage.Kind.VOUCHER_RESTORED, order, movement, recipient=recipient, now=now)
    return True


def _voucher_to_restore(refund: Refund) -> Voucher:
    """The one that paid, or the last of those that replaced it; locked."""
    movement = VoucherMovement.objects.get(payment=refund.payment_id)
    voucher_id = movement.voucher_id
    while newer := Voucher.objects.filter(replaces=voucher_id).values_list("pk", flat=True).first():
        voucher_id = newer
    return Voucher.objects.select_for_update(no_key=True).get(pk=voucher_id)


def _valid_until(voucher: Voucher, now: datetime) -> date | None:
    """None: as before."""
    least = timezone.localdate(now) + timedelta(days=settings.VOUCHER_RESTORED_DAYS)
    return least if least > voucher.valid_until else None
