"""What was paid by a voucher goes back on it, whatever became of it meanwhile; other money becomes one where
the customer wants that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.base.money import ZERO
from bookings.database.transactions import short_transaction
from bookings.domain.company.settings import company_settings
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.breakage import revive
from bookings.domain.sales.messages import notify_partner, write_message
from bookings.domain.sales.vouchers import NewVoucher, add_movement, paid_for_until, write_voucher
from bookings.models import (
    VOUCHER,
    Account,
    LedgerEntry,
    Order,
    OutboxMessage,
    Posting,
    Refund,
    User,
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
        if movement.valid_until:
            revive(voucher, actor=None, now=now)
        _post(refund, order, now)
        notify_partner(order, Webhook.Event.REFUNDED, refund, at=now)
        recipient = order.email or voucher.email
        if recipient:
            write_message(OutboxMessage.Kind.VOUCHER_RESTORED, order, movement, recipient=recipient, now=now)
    return True


def can_become_voucher(refund: Refund) -> bool:
    """Whether a customer may have it as a voucher: money of theirs that was not sent yet."""
    payment = refund.payment
    if payment is None or payment.method in (VOUCHER, Account.PARTNER):
        return False
    return refund.status == Refund.Status.OWED


def take_as_voucher(
    order: Order,
    refunds: Sequence[Refund],
    *,
    actor: User | None,
    approval: Approval | None,
    now: datetime,
) -> list[Refund]:
    """Let new refunds of an order become a voucher, as its customer chose: the code goes to the order's
    address. Within the caller's transaction, which has written them; returns those that go back as they came.

    Raises Refusal without an address, NeedsApproval where staff do it alone.
    """
    written = Refund.objects.select_related("payment").filter(pk__in=[refund.pk for refund in refunds])
    taken = [refund for refund in written.order_by("pk") if can_become_voucher(refund)]
    if not taken:
        return list(refunds)
    if not order.email:
        raise Refusal(_("A voucher needs an e-mail address for its code: add one to the booking first."))
    value = sum((refund.amount for refund in taken), ZERO)
    if actor and approval is None:
        raise NeedsApproval(_("A voucher instead of a refund needs the approval of a second person."))
    if actor and approval:
        approval.check(actor, now=now)
    new = NewVoucher(Voucher.Kind.REFUND, value, paid_for_until(now), order.email, order)
    voucher = write_voucher(new, now=now).voucher
    for refund in taken:
        Refund.objects.filter(pk=refund.pk).update(status=Refund.Status.PAID, paid_at=now, method=VOUCHER)
        movement = VoucherMovement(
            kind=VoucherMovement.Kind.ISSUED,
            amount=refund.amount,
            refund=refund,
            actor=actor,
            approver=approval.approver if approval else None,
            reason=approval.reason[:200] if approval else "",
            at=now,
        )
        add_movement(voucher, movement)
        _post(refund, order, now)
    return [refund for refund in refunds if refund not in taken]


def _post(refund: Refund, order: Order, now: datetime) -> None:
    amounts = {Account.REFUNDS_OWED: refund.amount, Account.VOUCHER_LIABILITY: -refund.amount}
    LedgerEntry.objects.post(Posting(f"refund:{refund.pk}", amounts, at=now, order=order))


def _voucher_to_restore(refund: Refund) -> Voucher:
    """The one that paid, or the last of those that replaced it; locked."""
    movement = VoucherMovement.objects.get(payment=refund.payment_id)
    voucher_id = movement.voucher_id
    while newer := Voucher.objects.filter(replaces=voucher_id).values_list("pk", flat=True).first():
        voucher_id = newer
    return Voucher.objects.select_for_update(no_key=True).get(pk=voucher_id)


def _valid_until(voucher: Voucher, now: datetime) -> date | None:
    """None: as before."""
    least = timezone.localdate(now) + timedelta(days=company_settings.voucher_restored_days)
    return least if least > voucher.valid_until else None
